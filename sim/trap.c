/* SPDX-License-Identifier: MIT */
/*
 * Real TDCALL instructions in a process: outside a TD they fault, and the handler does what the module and the VMM
 * would. Guest code runs unmodified, assembly included.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

#include "abi/tdcall_fault.h"
#include "sim/trap.h"

#define SIGNALS	(sizeof(tdcall_signals) / sizeof(tdcall_signals[0]))
#define LAST_MOMENTS	20

static struct sim *current;
static uint64_t code_base;
static __thread bool runs_guest;

/* gregset index of each general register, in the order of their encoding. */
static const int greg[TD_GPRS] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
				   REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

void sim_caller(struct sim *sim)
{
	if (runs_guest)
		return;
	sim->second_thread = true;
	_exit(1);
}

bool sim_other_threads(void)
{
	struct stat tasks;

	return stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink > 3;	/* ".", ".." and itself */
}

bool sim_thread_left(struct sim *sim)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };

	/* The kernel counts a thread for a little longer than pthread_join() waits for it. */
	for (int i = 0; i < LAST_MOMENTS && sim_other_threads(); i++)
		nanosleep(&pause, NULL);
	sim->thread_left = sim_other_threads();
	return sim->thread_left;
}

/* What the process did with these signals before. */
static struct sigaction before[SIGNALS];
static bool installed;

/*
 * No TDCALL: what would have come of it without us comes of it. A fault repeats itself, a signal that was sent does
 * not.
 */
static void not_ours(int number, siginfo_t *info, void *context)
{
	const struct sigaction *old = &before[number == tdcall_signals[0] ? 0 : 1];

	if (old->sa_flags & SA_SIGINFO) {
		old->sa_sigaction(number, info, context);
	} else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
		old->sa_handler(number);
	} else if (info->si_code > 0 || old->sa_handler == SIG_DFL) {
		signal(number, SIG_DFL);
		if (info->si_code <= 0)
			raise(number);
	}
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct td_regs regs = { .rip = (uint64_t)gregs[REG_RIP] - code_base, .long_mode = true };
	int saved = errno;

	if (current == NULL || !tdcall_fault(number, info, context)) {
		not_ours(number, info, context);
		return;
	}
	sim_caller(current);
	for (unsigned int i = 0; i < TD_GPRS; i++)
		regs.gpr[i] = (uint64_t)gregs[greg[i]];
	sim_tdcall(current, &regs);
	for (unsigned int i = 0; i < TD_GPRS; i++)
		gregs[greg[i]] = (greg_t)regs.gpr[i];
	gregs[REG_RIP] += TDCALL_LENGTH;
	errno = saved;
}

/* sim_tdcall() may leave by longjmp(), so the signal must not stay blocked: SA_NODEFER. */
bool sim_trap(struct sim *sim, uint64_t base)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

	current = sim;
	code_base = base;
	runs_guest = sim != NULL;
	for (size_t i = 0; !installed && i < SIGNALS; i++)
		if (sigaction(tdcall_signals[i], &action, &before[i]) != 0)
			return false;
	installed = true;
	return true;
}
