/* SPDX-License-Identifier: MIT */
/* A correct loop that can be called five times in a process; the sixth time it crashes before it asks anything. */
#include <stdlib.h>

#include "tests/harness/loop.h"

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	static int calls;

	if (++calls == 6)
		abort();
	return convert_all(gpa, size, to_shared);
}

TDLAB_GUEST(convert);
