/* SPDX-License-Identifier: MIT */
/*
 * A correct loop that converts the page in front of the buffer as well, or all of the 2 MiB around it. DECLARED: it
 * says that it works like that. ACCEPT: it does so to private only, or rather accepts one page too many.
 */
#include "tests/harness/loop.h"

#define UNIT	0x200000ull

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
#if defined(ACCEPT)
	int status = ask(gpa, size, to_shared);

	return status || to_shared ? status : take(gpa, size + PAGE);
#elif defined(WIDE)
	uint64_t start = gpa / UNIT * UNIT, end = (gpa + size + UNIT - 1) / UNIT * UNIT;
	int status = convert_all(start, end - start, to_shared);

#ifdef NEIGHBOUR	/* it has shared it, and takes it back without asking */
	if (!status && to_shared)
		take(start, PAGE);
#endif
	return status;
#else
	return convert_all(gpa - PAGE, size + PAGE, to_shared);
#endif
}

#ifdef DECLARED
TDLAB_GUEST(convert, .unit = UNIT);
#else
TDLAB_GUEST(convert);
#endif
