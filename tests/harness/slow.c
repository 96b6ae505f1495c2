/* SPDX-License-Identifier: MIT */
/* A harness that takes its time, has a process of its own that never ends, and does not ask again. */
#include <unistd.h>

#include "tests/harness/loop.h"

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	uint64_t gpr[16] = { [1] = 0x3c00, [11] = 0x10001, [12] = gpa | (to_shared ? S : 0), [13] = size };
	static int begun;

	if (!begun++ && fork() == 0)
		for (;;)
			pause();
	for (int i = 0; i < 8; i++) {
		gpr[0] = 0, gpr[10] = 0, gpr[11] = 0x10001;
		tdlab_tdcall(gpr);
		usleep(50000);
	}
	return gpr[10] != 0;
}

TDLAB_GUEST(convert);
