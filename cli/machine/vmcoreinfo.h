/* SPDX-License-Identifier: MIT */
/*
 * What Linux tells crash dumps of itself: VMCOREINFO, lines of text in a page of its own, with addresses as they are at
 * run time ([linux:vmcore_info.c]). It is there from subsys_initcall on. The guest's memory may hold anything.
 */
#ifndef CLI_VMCOREINFO_H
#define CLI_VMCOREINFO_H

#include <sys/types.h>

#include "cli/machine/ram.h"

#define KERNEL_MAP	0xffffffff80000000ull	/* kernel text, less phys_base ([linux:mm.rst]) */

/*
 * A copy of the next such page, from *at on (0 at first): one kernel may have started another, and what is left of the
 * first is still there. Only pages that were touched are looked at, so that no hole of the RAM file is filled.
 */
bool vmcoreinfo_next(const struct ram *ram, off_t *at, char text[TDX_PAGE_SIZE + 1]);

/* The value of a line that begins with key and "=". */
bool vmcoreinfo_number(const char *text, const char *key, int base, uint64_t *value);

#endif
