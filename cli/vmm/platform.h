/* SPDX-License-Identifier: MIT */
/* What a TD is created with: small text files, and settings on top of them. The format is in tdlab-platform(5). */
#ifndef CLI_PLATFORM_H
#define CLI_PLATFORM_H

#include "cli/vmm/behaviour.h"
#include "td/td.h"

#define PLATFORM_DEFAULT "kvm"

struct platform {
	char name[BEHAVIOUR_NAME];
	char *path;
	char *spec;		/* as the user would write it again */
	char *title, *who, *source;
	struct td_platform packed;
};

/*
 * spec is NAME[:KEY=VALUE,...], NAME being that of a file in folder without ".platform", or a path; or KEY=VALUE,...
 * alone, which are settings of the default. spec NULL: the default; folder NULL: the platforms that came with tdlab.
 * Returns 0, or a status after a complaint.
 */
int platform_load(struct platform *platform, const char *spec, const char *folder);
void platform_free(struct platform *platform);

#endif
