/* SPDX-License-Identifier: MIT */
/* A correct loop. With STOP in its environment, it sends SIGTERM to tdlab amid the third shape's requests. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness/loop.h"

#define THIRD	0x403fc000ull

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	static int times;

	if (gpa == THIRD && getenv("STOP") && times++ == 20) {
		kill(getppid(), SIGTERM);
		sleep(2);	/* it is noticed meanwhile, and this was the last sequence */
	}
	return convert_all(gpa, size, to_shared);
}

TDLAB_GUEST(convert);
