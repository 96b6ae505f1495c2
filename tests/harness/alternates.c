/* SPDX-License-Identifier: MIT */
/* A loop that begins every other call with the first page alone: what it asks for does not follow from the answers. */
#include "tests/harness/loop.h"

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	static uint64_t calls;
	uint64_t left = calls++ % 2 ? PAGE : 0;
	int status = left ? ask(gpa, left, to_shared) : 0;

	if (!status)
		status = ask(gpa + left, size - left, to_shared);
	return status || to_shared ? status : take(gpa, size);
}

TDLAB_GUEST(convert);
