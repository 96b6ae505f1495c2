/* SPDX-License-Identifier: MIT */
/*
 * Where a request lies and how large it is decides which code of a guest runs: whole entries of 2 MiB or pages, what is
 * left before and behind them, addresses of more than 32 bits. A search goes through these one after the other.
 */
#ifndef SIM_SHAPES_H
#define SIM_SHAPES_H

#include <stdint.h>

#define SIM_AT		0x40008000ull	/* where a request lies if nothing else is said */
#define SIM_PAGES	8		/* and how large it is */

#define SIM_LOWEST	0x08000000ull	/* of a request: room for what is before it, in the largest unit of a guest */
#define SIM_HIGHEST	0x4000000000ull	/* and behind it, within any GPAW */
#define SIM_MOST_PAGES	32768

#define SIM_DEPTH	6		/* answers that are chosen in the first shape, if nothing else is said */

struct sim_shape {
	const char *name;
	uint64_t at;		/* GPA */
	uint32_t pages;
	uint32_t less;		/* its share of the work: so many answers fewer than the first shape is given */
};

#define SIM_SHAPES 7

extern const struct sim_shape sim_shapes[SIM_SHAPES];

/*
 * For a guest that takes multiples of align (0: a page) only: all that these pages touch. No pages: that is one of
 * those before it.
 */
struct sim_shape sim_shape_of(uint32_t n, uint64_t align);

static inline uint32_t sim_shape_depth(const struct sim_shape *shape, uint32_t depth)
{
	return depth > shape->less ? depth - shape->less : 1;
}

#endif
