/* SPDX-License-Identifier: MIT */
/*
 * How many sequences a tree of answers will have, guessed while it is walked: what has been under a choice so far is
 * expected under the same choice elsewhere. Only the uppermost levels are looked at, for the walk may be a fast one.
 */
#ifndef SIM_ESTIMATE_H
#define SIM_ESTIMATE_H

#include <stdint.h>

#include "td/explore.h"

#define ESTIMATE_LEVELS	4

struct estimate {
	uint64_t sequences;
	uint8_t taken[ESTIMATE_LEVELS], width[ESTIMATE_LEVELS];	/* of the last one; width 0: it was shorter */
	uint64_t below[ESTIMATE_LEVELS];			/* so far under that choice */
	struct {
		uint64_t sequences, times;
	} seen[ESTIMATE_LEVELS][TD_ANSWER_KINDS];		/* of choices that have been left */
};

/* One more sequence, in depth-first order. */
void estimate_add(struct estimate *estimate, const uint8_t *taken, const uint8_t *width, uint32_t count);

double estimate_total(const struct estimate *estimate);

#endif
