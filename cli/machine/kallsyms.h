/* SPDX-License-Identifier: MIT */
/* The names of a kernel's functions, out of its own memory, where no vmlinux and no System.map lies beside it. */
#ifndef CLI_KALLSYMS_H
#define CLI_KALLSYMS_H

#include <sys/types.h>

#include "cli/machine/ram.h"

/*
 * Lines as System.map has them, with addresses as they were at run time; to be freed. *from: 0 at first, for the next
 * table then: one kernel may have started another, and what is left of the first is no table any more. NULL if there is
 * no other: the kernel did not come so far that it says where it is (subsys_initcall), or was built without. The
 * guest's memory may hold anything.
 */
char *kallsyms_text(const struct ram *ram, off_t *from);

#endif
