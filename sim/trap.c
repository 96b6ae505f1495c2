/* SPDX-License-Identifier: MIT */
/*
 * Real TDCALL instructions in a process: outside a TD they raise #UD, Linux sends SIGILL, and the handler does what the
 * module and the VMM would. Guest code runs unmodified, assembly included.
 */
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#include "sim/trap.h"

static struct sim *current;

/* gregset index of each general register, in the order of their encoding. */
static const int greg[TD_GPRS] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
				   REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

static bool is_tdcall(const unsigned char *rip)
{
	static const unsigned char tdcall[TDCALL_LENGTH] = TDCALL_BYTES;

	return memcmp(rip, tdcall, sizeof(tdcall)) == 0;
}

static void on_sigill(int signal_number, siginfo_t *info, void *context)
{
	greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct td_regs regs = { .rip = (uint64_t)gregs[REG_RIP], .long_mode = true };

	(void)info;
	if (current == NULL || !is_tdcall((const unsigned char *)gregs[REG_RIP])) {
		signal(signal_number, SIG_DFL);	/* a real illegal instruction: let it happen again */
		return;
	}
	for (unsigned int i = 0; i < TD_GPRS; i++)
		regs.gpr[i] = (uint64_t)gregs[greg[i]];
	sim_tdcall(current, &regs);
	for (unsigned int i = 0; i < TD_GPRS; i++)
		gregs[greg[i]] = (greg_t)regs.gpr[i];
	gregs[REG_RIP] += TDCALL_LENGTH;
}

/* sim_tdcall() may leave by longjmp(), so the signal must not stay blocked: SA_NODEFER. */
bool sim_trap(struct sim *sim)
{
	struct sigaction action = { .sa_sigaction = on_sigill, .sa_flags = SA_SIGINFO | SA_NODEFER };

	current = sim;
	return sigaction(SIGILL, &action, NULL) == 0;
}
