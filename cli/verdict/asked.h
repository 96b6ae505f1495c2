/* SPDX-License-Identifier: MIT */
/*
 * Whose code asked for conversions: a row for each function, with what came of it. The function that executes TDCALL
 * for others is passed over, by what is found on the stack.
 */
#ifndef CLI_ASKED_H
#define CLI_ASKED_H

#include "cli/verdict/judge.h"
#include "cli/verdict/symbols.h"

#define ASKED_MOST	16	/* a guest has few places that call; those behind are left out, and that is said */

struct asked_row {
	char by[160];			/* "function" or "function [module]"; the address where it has no name */
	bool named;
	uint64_t callers[CALLERS];	/* of its first conversion */
	uint64_t conversions, completed, violations, calls, retries, stalls;
};

struct asked {
	struct asked_row rows[ASKED_MOST];
	unsigned int count;
	uint64_t others;		/* conversions of those left out */
};

/* s: the shared bit. Violations are charged to who asked last for that memory. */
void asked_read(struct asked *asked, const struct judgement *judgement, const struct records *records,
		const struct symbols *symbols, uint64_t s);

#endif
