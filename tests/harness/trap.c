/* SPDX-License-Identifier: MIT */
/*
 * A harness that executes the real TDCALL instruction, once: a guest without a loop. Built with CALLED, it calls in
 * place of it.
 */
#include "sim/include/tdlab.h"

#ifdef CALLED
#define TDCALL	TDLAB_TDCALL
#else
#define TDCALL	".byte 0x66, 0x0f, 0x01, 0xcc"
#endif

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	register uint64_t r10 __asm__("r10") = 0, r11 __asm__("r11") = 0x10001;
	register uint64_t r12 __asm__("r12") = gpa | (to_shared ? 1ull << 47 : 0), r13 __asm__("r13") = size;
	uint64_t rax = 0;

	__asm__ volatile(TDCALL
			 : "+a"(rax), "+r"(r10), "+r"(r11) : "c"(0x3c00), "r"(r12), "r"(r13)
			 : "rdx", "r8", "r9", "memory");
	return r10 != 0;
}

static int accept_pages(uint64_t gpa, uint64_t size)
{
	for (uint64_t page = gpa; page < gpa + size; page += 4096) {
		uint64_t rax = 6;

		__asm__ volatile(TDCALL
				 : "+a"(rax) : "c"(page) : "rdx", "r8", "r9", "r10", "r11", "memory");
		if (rax >> 32 != 0 && rax >> 32 != 0x0b0a)
			return 1;
	}
	return 0;
}

/* It remembers nothing from one call to the next. */
static void reset(void) {}

TDLAB_GUEST(convert, .accept = accept_pages, .reset = reset);
