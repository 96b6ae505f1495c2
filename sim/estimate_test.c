/* SPDX-License-Identifier: MIT */
/* The estimate of a tree: right in the end, near it on the way. */
#include <stdio.h>

#include "sim/estimate.h"

#define tap_puts(s) fputs(s, stdout)
#include "wire/tap.h"

#define DEPTH	6
#define WIDTH	TD_ANSWER_KINDS
#define ON	4	/* choices 1 .. ON lead on, the others end */

static struct estimate e;
static double at[100000];

static void walk(uint8_t *taken, uint32_t depth)
{
	static const uint8_t widths[DEPTH] = { WIDTH, WIDTH, WIDTH, WIDTH, WIDTH, WIDTH };

	for (uint8_t choice = 0; choice < WIDTH; choice++) {
		taken[depth] = choice;
		if (choice >= 1 && choice <= ON && depth + 1 < DEPTH) {
			walk(taken, depth + 1);
		} else {
			estimate_add(&e, taken, widths, depth + 1);
			at[e.sequences] = estimate_total(&e);
		}
	}
}

int main(void)
{
	uint8_t taken[DEPTH];
	double total;

	walk(taken, 0);
	total = (double)e.sequences;
	tap_is((uint64_t)at[e.sequences], e.sequences, "in the end it is what there was");
	for (unsigned int tenth = 3; tenth < 10; tenth++) {
		double then = at[e.sequences * tenth / 10];

		tap_case_number("tenths", tenth);
		tap_ok(then > total * 0.7 && then < total * 1.4, "on the way it is near");
	}
	return tap_done();
}
