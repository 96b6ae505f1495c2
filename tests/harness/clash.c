/* SPDX-License-Identifier: MIT */
/*
 * A correct loop in two files, with functions called as others are: by libc, by tdlab itself, and in the other file.
 * ASK: the other file.
 */
#include "tests/harness/loop.h"

int accept(uint64_t gpa, uint64_t size);
int td_tdcall(uint64_t gpa, uint64_t size, int to_shared);
void narrate(void);

#ifdef ASK
static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	return ask(gpa, size, to_shared);
}

int td_tdcall(uint64_t gpa, uint64_t size, int to_shared)
{
	narrate();
	return convert(gpa, size, to_shared);
}
#else
static int narrated;

void narrate(void)
{
	narrated++;
}

int accept(uint64_t gpa, uint64_t size)
{
	return take(gpa, size);
}

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	int before = narrated, status = td_tdcall(gpa, size, to_shared);

	return narrated == before + 1 ? status : -2;
}

TDLAB_GUEST(convert, .accept = accept);
#endif
