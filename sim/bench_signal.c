/* SPDX-License-Identifier: MIT */
/*
 * What the kernel takes to deliver a TDCALL's fault, and to come back: bench_signal N executes as many, with a handler
 * that does no more than go on behind the instruction. Prints seconds of processor time.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "abi/tdcall_fault.h"

static void go_on(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += TDCALL_LENGTH;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = go_on, .sa_flags = SA_SIGINFO | SA_NODEFER };

	for (unsigned int i = 0; i < sizeof(tdcall_signals) / sizeof(tdcall_signals[0]); i++)
		sigaction(tdcall_signals[i], &action, NULL);
	for (unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 0; n > 0; n--)
		__asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcc" : : : "memory");
	printf("%.3f\n", (double)clock() / CLOCKS_PER_SEC);
	return 0;
}
