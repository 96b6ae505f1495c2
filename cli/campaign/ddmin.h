/* SPDX-License-Identifier: MIT */
/*
 * Delta debugging of a sequence of answers: parts of it are left out as long as what is left still shows what is
 * wanted, halves first, then less, until no single answer can be left out (Zeller, Hildebrandt: "Simplifying and
 * isolating failure-inducing input", IEEE TSE 28(2), 2002). Whoever runs the candidates asks for one and says what came
 * of it.
 */
#ifndef CLI_DDMIN_H
#define CLI_DDMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "td/explore.h"

struct ddmin {
	uint8_t best[TD_EXPLORE_DEPTH];
	uint32_t count;		/* of best */
	uint32_t part, at;	/* the next candidate is without so many from here on */
	bool shorter;		/* something was left out in this round */
	uint32_t tried;
};

void ddmin_begin(struct ddmin *ddmin, const uint8_t *answers, uint32_t count);

/* False when best is what remains. A candidate has at least one answer. */
bool ddmin_candidate(struct ddmin *ddmin, uint8_t candidate[TD_EXPLORE_DEPTH], uint32_t *count);
void ddmin_result(struct ddmin *ddmin, bool shows);

#endif
