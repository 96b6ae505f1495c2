/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables, one set for all vCPUs, with four levels or five, as the monitor's own have. Private memory is in
 * the lower half and shared memory in the upper half of the GPA space, so that no entry serves both. Four levels need a
 * GPAW of at most 48: a walk drops higher bits without a word, and both aliases become one.
 */
#ifndef MONITOR_NPT_H
#define MONITOR_NPT_H

#include <stdbool.h>
#include <stdint.h>

#define NPT_GPAW 48	/* with four levels */

void npt_init(bool five_levels);
uint64_t npt_root(void);

/* gpa with S. Whole 2 MiB blocks become large entries if the machine address is aligned too. */
void npt_map(uint64_t gpa, uint64_t pages, uint64_t machine);
void npt_unmap(uint64_t gpa, uint64_t pages);

/* Changes so far that took a translation away, and so must reach every TLB. */
uint64_t npt_generation(void);

/*
 * Write tracking: from npt_protect() on no page can be written by the guest, npt_unprotect_page() lifts that for the
 * page of gpa (with S) and says where it is; false if it is not there or was not protected. npt_unprotect() ends it.
 */
void npt_protect(void);
bool npt_unprotect_page(uint64_t gpa, uint64_t *machine);
void npt_unprotect(void);

/* Returns when no other CPU can use a translation that is gone. */
void npt_sync(void);

#endif
