/* SPDX-License-Identifier: MIT */
/* A harness that crashes before it asks anything, in a function that no other object can see. */
#include "sim/include/tdlab.h"

static __attribute__((noinline)) int look(const volatile int *at)
{
	return *at + 1;
}

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	(void)gpa, (void)size;
	return look((const volatile int *)(uintptr_t)(0x123 + to_shared)) + 1;
}

TDLAB_GUEST(convert);
