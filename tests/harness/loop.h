/* SPDX-License-Identifier: MIT */
/* A correct loop over real calls, for harnesses that are wrong, or only unusual, in one other thing. */
#ifndef TESTS_HARNESS_LOOP_H
#define TESTS_HARNESS_LOOP_H

#include "sim/harness.h"

#define S		(1ull << 47)
#define PAGE		4096ull
#define RETRY		1
#define STALLS		5	/* RETRYs in a row without progress that it survives, and more than any VMM may be given */

/* 0: all of it is converted. */
static inline int ask(uint64_t gpa, uint64_t size, int to_shared)
{
	uint64_t at = gpa | (to_shared ? S : 0), end = at + size;

	for (int stalls = 0; stalls < STALLS; stalls++) {
		uint64_t gpr[16] = { [1] = 0x3c00, [11] = 0x10001, [12] = at, [13] = end - at };

		tdlab_tdcall(gpr);
		if (gpr[10] == 0)
			return 0;
		if (gpr[10] != RETRY || gpr[11] % PAGE != 0 || gpr[11] < at || gpr[11] >= end)
			return -1;
		if (gpr[11] > at)
			stalls = -1;
		at = gpr[11];
	}
	return -1;
}

/* 0: all of it is the TD's own. */
static inline int take(uint64_t gpa, uint64_t size)
{
	for (uint64_t page = gpa; page < gpa + size;) {
		uint64_t gpr[16] = { 6, page };

		tdlab_tdcall(gpr);
		if (gpr[0] >> 32 == 0x80000200)	/* OPERAND_BUSY: again */
			continue;
		if (gpr[0] >> 32 != 0 && gpr[0] >> 32 != 0x00000b0a)	/* ALREADY_ACCEPTED will do */
			return -1;
		page += PAGE;
	}
	return 0;
}

static inline int convert_all(uint64_t gpa, uint64_t size, int to_shared)
{
	int status = ask(gpa, size, to_shared);

	return status || to_shared ? status : take(gpa, size);
}

#endif
