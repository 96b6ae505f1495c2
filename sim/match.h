/* SPDX-License-Identifier: MIT */
/*
 * A search that does not go twice from the same state. Where a guest asks MapGPA, all that is to come is determined by
 * the answers to come and by
 *
 *	the TD: td_fingerprint();
 *	what the judge has noted so far: struct sim_seen;
 *	the guest: where it is in its code and what it remembers. C code has that on its stack, where nobody can read it
 *	exactly. It is taken to be: converting or undoing, the request that it makes now, and how many times in a row it
 *	has made the same one.
 *
 * The last is an assumption, true of a loop whose variables are the place to go on from and a count of fruitless tries,
 * and whose limit of calls cannot be reached (libtdconv's: 4 calls a page and 4096, where at most 4 a page can be made
 * with 3 stalls survived). A guest for which it was read off the code says so (struct sim_guest). match_test.c checks
 * it: without merging, the same state and the same answer must always lead to the same next state or end.
 */
#ifndef SIM_MATCH_H
#define SIM_MATCH_H

#include "sim/sequence.h"

#define MATCH_DEPTH 2048	/* answers on one path: 4 for each of so many pages, and again to undo it */

struct match_tally {
	uint64_t states;	/* different ones */
	uint64_t runs;		/* from the start to the first state that was known, or to the end */
	uint64_t merged;	/* of those, ended in a known state */
	uint64_t calls;
	uint64_t torn;		/* with check: the same state and answer led elsewhere: the assumption is wrong */
	uint64_t found[TD_FINDING_KINDS], causes[TD_CAUSES][TD_FINDING_KINDS];
	uint32_t shortest[TD_FINDING_KINDS];	/* answers */
	uint32_t deepest;	/* answers */
	bool full;		/* too many states, or a path of more than MATCH_DEPTH answers: not all was seen */
};

/*
 * All states within depth answers, 0: all there are, for which sim must have been made with runaway_calls UINT64_MAX; a
 * guest that can be kept going for ever is then one that comes back to a state on the path to it. With a depth, a state
 * that is met again with more answers left is gone through again, so that nothing within it is missed. check: merge
 * nothing, and count what is torn.
 */
void match_search(struct sim *sim, const struct sim_job *job, uint32_t depth, bool check, struct match_tally *tally);

/* The engine's side: before and after the guest's MapGPA. */
struct match;
void match_request(struct sim *sim, const struct td_regs *regs);
void match_answered(struct sim *sim);

#endif
