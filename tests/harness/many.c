/* SPDX-License-Identifier: MIT */
/*
 * A harness that asks for all of it, and where that brings nothing for every other page, the last one first, and gives
 * up: more conversions are open then than td can follow.
 */
#include "tests/harness/loop.h"

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	uint64_t at = gpa | (to_shared ? S : 0), gpr[16] = { [1] = 0x3c00, [11] = 0x10001, [12] = at, [13] = size };

	tdlab_tdcall(gpr);
	if (gpr[10] != RETRY || gpr[11] != at)
		return gpr[10] != 0 || to_shared ? gpr[10] != 0 : take(gpa, size);
	for (uint64_t page = size - PAGE; page >= 2 * PAGE; page -= 2 * PAGE) {
		uint64_t one[16] = { [1] = 0x3c00, [11] = 0x10001, [12] = at + page, [13] = PAGE };

		tdlab_tdcall(one);
	}
	return -1;
}

TDLAB_GUEST(convert);
