/* SPDX-License-Identifier: MIT */
/* A harness that crashes when R11 is 0, and does not come back when the range is in use. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/include/tdlab.h"

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	uint64_t gpr[16] = { [1] = 0x3c00, [11] = 0x10001, [12] = gpa | (to_shared ? 1ull << 47 : 0), [13] = size };

	puts("a harness may print");
	tdlab_tdcall(gpr);
	if (gpr[10] == 1 && gpr[11] == 0)
		abort();
	while (gpr[10] == 0x8000000000000001ull)
		;
	return gpr[10] != 0;
}

TDLAB_GUEST(convert);
