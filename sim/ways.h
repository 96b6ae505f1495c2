/* SPDX-License-Identifier: MIT */
/*
 * The minimal sequences of answers that lead to something: those of which nothing can be left out, as far as they were
 * tried. One that contains another, its answers in that order, is none.
 */
#ifndef SIM_WAYS_H
#define SIM_WAYS_H

#include "sim/answers.h"

#define WAYS 8

struct way {
	uint32_t length;
	uint8_t answers[TD_EXPLORE_DEPTH];
};

struct ways {
	uint32_t shape;		/* of the request that all of them are of: of sim_shapes, from 1 on; 0: there is only one */
	uint32_t count;
	bool more;		/* others were left out, for which there was no room */
	struct way all[WAYS];	/* the shortest first; of one length, in the order of the answers */
};

/* Those of one shape are kept: of the first that shows it. False: there are others. */
bool ways_begin(struct ways *ways, uint32_t shape);

void ways_add(struct ways *ways, const uint8_t *answers, uint32_t length);

/* cut: so many answers were given beyond those (td/explore.h): the last one again, if that brought nothing. */
void ways_add_cut(struct ways *ways, const uint8_t *answers, uint32_t length, uint32_t cut);

#endif
