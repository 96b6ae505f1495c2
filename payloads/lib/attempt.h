/* SPDX-License-Identifier: MIT */
/* One instruction, and the exception that it ends in. */
#ifndef PAYLOADS_LIB_ATTEMPT_H
#define PAYLOADS_LIB_ATTEMPT_H

#include "payloads/lib/payload.h"

/*
 * A function name(RAX, RCX) with this instruction in it, which finds the upper half of RAX in RDX: the vector of the
 * exception that it ended in, 0 if in none. The label is that of one place: once in a program.
 */
#define TRAP_ATTEMPT(name, instruction) \
	extern const char name##_end[]; \
	static __attribute__((noinline)) unsigned int name(uint64_t value, uint64_t number) \
	{ \
		unsigned int before = trap_log()->resumed; \
		uint64_t high = value >> 32; \
		trap_resume((uint64_t)(uintptr_t)name##_end); \
		__asm__ volatile(instruction "; " #name "_end:" : "+a"(value), "+c"(number), "+d"(high) : : "memory"); \
		trap_resume(0); \
		return trap_log()->resumed == before ? 0 : trap_log()->vector; \
	}

#endif
