/* SPDX-License-Identifier: MIT */
/* A loop with a lock around it, that is right but for one thing: it takes an error after the first page for success. */
#include "tests/harness/loop.h"

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	static volatile int locked;
	int status;

	while (locked)
		;
	locked = 1;
	status = ask(gpa, size, to_shared);
	if (!to_shared)
		status = take(gpa, size);
	locked = 0;
	return status;
}

TDLAB_GUEST(convert);
