/* SPDX-License-Identifier: MIT */
/* The kernel modules that the device test needs, as an archive to be put behind the initrd (wire/evidence.h). */
#ifndef CLI_MODULES_H
#define CLI_MODULES_H

#include <stdbool.h>

#include "cli/machine/cpio.h"
#include "cli/opt.h"

/*
 * folder: a kernel package's or build tree's, holding modules.order; NULL: looked for beside the kernel and under
 * /lib/modules/RELEASE. wanted: names, ended by NULL, of which the kernel need not have all. own: files of the user's,
 * loaded after these. archive->bytes stays 0 if nothing is to be found. Returns 0, or a status after a complaint.
 */
int modules_collect(const char *kernel, const char *release, const char *folder, const char *const *wanted,
		    const struct opt_list *own, struct cpio *archive);

/* Whether the file at path is that module's, by its name. */
bool modules_same_name(const char *path, const char *name);

#endif
