/* SPDX-License-Identifier: MIT */
/* A folder of this host that is the root of the guest's command: its copy lies in the initrd. */
#ifndef CLI_ROOT_H
#define CLI_ROOT_H

#include "cli/machine/cpio.h"

#define ROOT_PLACE	"root"	/* in the initrd */
#define ROOT_PATH	"/usr/bin:/bin:/usr/sbin:/sbin"

/*
 * The command is a program there, as Linux finds it after a chroot. Returns 0, or PROGRAM_NOT_... or STATUS_INPUT after
 * a complaint.
 */
int root_find(const char *root, const char *command);

/* What lies in it, for a guest of that much memory. Returns 0, or a status after a complaint. */
int root_archive(const char *root, uint64_t memory, struct cpio *archive);

#endif
