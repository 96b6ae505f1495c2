/* SPDX-License-Identifier: MIT */
/* The text of a behaviour or platform file as a list of settings, each with its line, before they mean anything. */
#ifndef CLI_VMM_H
#define CLI_VMM_H

#include "cli/tdlab.h"

#define VMM_SETTINGS 128

struct setting {
	unsigned int section;	/* 1, 2, ... in the order of the file; two [rule] are two sections */
	unsigned int line;
	char kind[16];		/* "behaviour", "parameter", "rule"; "platform" */
	char name[32];		/* of a parameter, else empty */
	char key[24];
	char *value;
};

struct vmm_text {
	const char *path, *what;	/* "behaviour" or "platform": also the section that it begins with */
	struct setting settings[VMM_SETTINGS];
	unsigned int nsettings;
	unsigned int nrules;
	unsigned int rule_section[16];	/* also of rules without a setting */
	bool failed;		/* a complaint was made; only the first one is */
};

/* Returns 0, or STATUS_INPUT after a complaint with path and line. */
int vmm_read(struct vmm_text *text, const char *path, const char *what);
void vmm_free(struct vmm_text *text);

/* Complains at a line of the file; STATUS_INPUT. */
int vmm_error(struct vmm_text *text, unsigned int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
