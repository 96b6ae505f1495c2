/* SPDX-License-Identifier: MIT */
/* A correct loop that accepts by itself and links libc, whose accept() is about sockets. */
#include <sys/socket.h>

#include "tests/harness/loop.h"

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	return convert_all(gpa, size, to_shared);
}

/* So that libc is among the libraries of the object. */
int listens(int fd)
{
	return listen(fd, 1);
}

TDLAB_GUEST(convert);
