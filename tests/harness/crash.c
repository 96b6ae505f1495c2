/* SPDX-License-Identifier: MIT */
/* A harness that asks twice and crashes, whatever it is told. */
#include <stdlib.h>

#include "sim/include/tdlab.h"

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	for (int i = 0; i < 2; i++) {
		uint64_t gpr[16] = { [1] = 0x3c00, [11] = 0x10001, [12] = gpa | (to_shared ? 1ull << 47 : 0), [13] = size };

		tdlab_tdcall(gpr);
	}
	abort();
}

TDLAB_GUEST(convert);
