/* SPDX-License-Identifier: MIT */
/*
 * A correct loop that accepts in two threads, as a mailbox of processors does. By how it is built, the second one:
 * LATE, is not waited for; CRASHES, before its TDCALLs; NOTHING, does not do its half.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness/loop.h"

static struct half {
	uint64_t gpa, size;
	int status;
} first, second;

static void *accept_half(void *arg)
{
	struct half *half = arg;

	half->status = take(half->gpa, half->size);
	return NULL;
}

static void *accept_second(void *arg)
{
#ifdef LATE
	sleep(1);
#endif
#ifdef CRASHES
	abort();
#endif
#ifdef NOTHING
	return NULL;
#endif
	return accept_half(arg);
}

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	int status = ask(gpa, size, to_shared);
	pthread_t thread;

	if (status || to_shared)
		return status;
	first = (struct half){ .gpa = gpa, .size = size / 2 };
	second = (struct half){ .gpa = gpa + size / 2, .size = size - size / 2 };
	if (pthread_create(&thread, NULL, accept_second, &second) != 0)
		return -1;
	accept_half(&first);
#ifdef LATE
	return 0;
#endif
	pthread_join(thread, NULL);
	return first.status || second.status;
}

TDLAB_GUEST(convert);
