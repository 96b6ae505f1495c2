/* SPDX-License-Identifier: MIT */
/* A correct loop over real calls, for harnesses that are wrong, or only unusual, in one other thing. */
#ifndef TESTS_HARNESS_LOOP_H
#define TESTS_HARNESS_LOOP_H

#include "sim/include/tdlab.h"

#ifndef GPAW
#define GPAW		48
#endif
#define S		(1ull << (GPAW - 1))
#define PAGE		4096ull
#define RETRY		1
#ifndef STALLS
#define STALLS		5	/* RETRYs in a row without progress that it survives, and more than any VMM may be given */
#endif

/* Built with CALLED, it calls in place of the instruction. */
static inline void tdcall(uint64_t gpr[16])
{
#ifdef CALLED
	register uint64_t r8 __asm__("r8") = gpr[8], r9 __asm__("r9") = gpr[9], r10 __asm__("r10") = gpr[10];
	register uint64_t r11 __asm__("r11") = gpr[11], r12 __asm__("r12") = gpr[12], r13 __asm__("r13") = gpr[13];

	__asm__ volatile(TDLAB_TDCALL : "+a"(gpr[0]), "+c"(gpr[1]), "+d"(gpr[2]), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r11),
			 "+r"(r12), "+r"(r13) : : "memory");
	gpr[10] = r10;
	gpr[11] = r11;
#else
	tdlab_tdcall(gpr);
#endif
}

/* 0: all of it is converted. */
static inline int ask(uint64_t gpa, uint64_t size, int to_shared)
{
	uint64_t at = gpa | (to_shared ? S : 0), end = at + size;

	for (int stalls = 0; stalls < STALLS; stalls++) {
		uint64_t gpr[16] = { 0, 0x3c00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10001, at, end - at };

		tdcall(gpr);
		if (gpr[10] == 0)
			return 0;
		if (gpr[10] != RETRY || gpr[11] % PAGE != 0 || gpr[11] < at || gpr[11] >= end)
			return -1;
		if (gpr[11] > at)
			stalls = -1;
		at = gpr[11];
	}
	return -1;
}

/* 0: all of it is the TD's own. */
static inline int take(uint64_t gpa, uint64_t size)
{
	for (uint64_t page = gpa; page < gpa + size;) {
		uint64_t gpr[16] = { 6, page };

		tdcall(gpr);
		if (gpr[0] >> 32 == 0x80000200)	/* OPERAND_BUSY: again */
			continue;
		if (gpr[0] >> 32 != 0 && gpr[0] >> 32 != 0x00000b0a)	/* ALREADY_ACCEPTED will do */
			return -1;
		page += PAGE;
	}
	return 0;
}

static inline int convert_all(uint64_t gpa, uint64_t size, int to_shared)
{
	int status = ask(gpa, size, to_shared);

	return status || to_shared ? status : take(gpa, size);
}

#endif
