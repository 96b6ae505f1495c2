/* SPDX-License-Identifier: MIT */
/*
 * libtdconv in a unikernel: a static ELF that shares 4 MiB, takes them back and powers off. The loader has paging on,
 * all memory mapped to itself as private, and a stack (tdlab-boot(1)). The same file is C and C++.
 */
#include "../common/round.h"

#define COM1	0x3f8

static uint8_t memory[ROUND_BYTES] __attribute__((aligned(4096)));
static uint8_t tables[ROUND_TABLES * TDCONV_PAGE] __attribute__((aligned(4096)));

#ifdef __cplusplus
extern "C" {
#endif
void unikernel_main(void);
#ifdef __cplusplus
}
#endif

__asm__(".globl _start\n_start: call unikernel_main\n");

void round_say(const char *text)
{
	for (; *text != '\0'; text++)
		round_out(COM1, (uint8_t)*text);
}

void unikernel_main(void)
{
	bool lost;

	round_end(round_trip(memory, tables, &lost) ? 0 : 1);
	for (;;)
		__asm__ volatile("pause");
}
