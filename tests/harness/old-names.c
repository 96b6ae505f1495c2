/* SPDX-License-Identifier: MIT */
/* A correct loop under the names that tdlab 0.1 wanted. */
#include "tests/harness/loop.h"

int convert(uint64_t gpa, uint64_t size, int to_shared);
int accept(uint64_t gpa, uint64_t size);

int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	return ask(gpa, size, to_shared);
}

int accept(uint64_t gpa, uint64_t size)
{
	return take(gpa, size);
}
