/* SPDX-License-Identifier: MIT */
/*
 * Optional: x86-64 page tables of 4 or 5 levels, for embedders that want the hooks of tdconv_set_memory() ready made.
 * Their tdconv_os_translate(), tdconv_os_set_pte() and tdconv_os_next_shared() can be one call each. Tested, not
 * proved: its loads and stores go through memory that the proof knows nothing of.
 *
 * Entries: SDM volume 3A, 4.5. Only present entries count; S is bit GPAW-1 of the address in a leaf. Tables themselves
 * are private. Addresses are canonical. Nothing is locked and no TLB is flushed here: the caller keeps other writers
 * away. CPUs may use the tables meanwhile; an accessed or dirty bit that one sets at that moment may be lost.
 */
#ifndef TDCONV_WALK_H
#define TDCONV_WALK_H

#include "tdconv_os.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tdconv_walk {
	void *os;		/* for the two functions below */
	uint64_t root;		/* GPA of the top table: CR3 without its low bits */
	uint32_t levels;	/* 4, or 5 with CR4.LA57 */
	uint64_t shared_bit;	/* of struct tdconv_td */
};

/* From the embedder: the 512 entries of the table at gpa, or NULL if it has none there; then it maps nothing. */
uint64_t *tdconv_walk_table(void *os, uint64_t gpa);

/* And: the GPA of a page for a new table, all zeroes, or 0. Asked for when a large leaf has to be split. */
uint64_t tdconv_walk_page(void *os);

/* The leaf that maps va: run->gpa and run->bytes from va on to the leaf's end; *shared says S. False: not mapped. */
bool tdconv_walk_translate(const struct tdconv_walk *walk, uint64_t va, struct tdconv_run *run, bool *shared);

/*
 * All leaves that map [va, va + bytes), page aligned, get S, lose it, or become not present. A leaf that reaches beyond
 * is split first. False: something there is not mapped, or there was no page for a table; what was changed by then
 * stays. Or it is no range of whole pages; then nothing was changed.
 */
bool tdconv_walk_set(const struct tdconv_walk *walk, uint64_t va, uint64_t bytes, enum tdconv_pte pte);

/* The first run of shared leaves in [va, end), page aligned, that is contiguous in both spaces; false: none. */
bool tdconv_walk_next_shared(const struct tdconv_walk *walk, uint64_t va, uint64_t end, struct tdconv_extent *extent);

#ifdef __cplusplus
}
#endif
#endif
