/* SPDX-License-Identifier: MIT */
/*
 * The real instruction, executed in this process, reaches td and comes back with the right registers, as a CPU without
 * TDX reports it (#UD) and as one with TDX does (#GP); and every other fault stays what it is.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/tdcall_fault.h"
#include "sim/trap.h"

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

static uint64_t tdcall(uint64_t leaf, uint64_t rcx, uint64_t *r10, uint64_t *r11, uint64_t r12, uint64_t r13)
{
	register uint64_t a asm("r10") = *r10, b asm("r11") = *r11, c asm("r12") = r12, d asm("r13") = r13;
	uint64_t rax = leaf;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a"(rax), "+c"(rcx), "+r"(a), "+r"(b), "+r"(c), "+r"(d) : : "rdx", "r8", "r9", "memory");
	*r10 = a;
	*r11 = b;
	return rax;
}

struct seen {
	uint64_t rax, r10, r11;
};

static struct seen seen;

static void map_two_pages(struct sim *sim, const void *arg)
{
	(void)sim, (void)arg;
	seen.r10 = 0;
	seen.r11 = GHCI_MAP_GPA;
	seen.rax = tdcall(TDG_VP_VMCALL, TDX_MASK_R10_R13, &seen.r10, &seen.r11, SIM_RAM | 1ull << 47, 2 * TDX_PAGE_SIZE);
}

static void never_ends(struct sim *sim, const void *arg)
{
	for (;;)
		map_two_pages(sim, arg);
}

static struct sigaction ours[NSIG];	/* what sim_trap() installed */
static int told;			/* the signal that the handler is told of, whatever this CPU raises */

/* Stands between the CPU and the handler: a fault of TDCALL becomes the other kind, as another CPU would report it. */
static void translate(int number, siginfo_t *info, void *context)
{
	greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;

	if (tdcall_fault(number, info, context)) {
		number = told;
		info->si_code = told == SIGSEGV ? SI_KERNEL : ILL_ILLOPN;
		gregs[REG_TRAPNO] = told == SIGSEGV ? TDCALL_TRAP_GP : TDCALL_TRAP_UD;
	}
	ours[number].sa_sigaction(number, info, context);
}

static void as_told(int number)
{
	struct sigaction action = { .sa_sigaction = translate, .sa_flags = SA_SIGINFO | SA_NODEFER };

	told = number;
	for (unsigned int i = 0; i < 2; i++)
		sigaction(tdcall_signals[i], &action, NULL);
}

/* Executes code in a child: the signal that ends it, 0 if it came back. */
static int dies_of(void (*code)(void))
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		code();
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void ud2(void)
{
	__asm__ volatile("ud2");
}

static void privileged(void)
{
	__asm__ volatile("hlt");
}

static void not_canonical(void)
{
	__asm__ volatile("mov (%0), %%al" : : "r"(1ull << 62) : "rax");
}

static void unmapped(void)
{
	__asm__ volatile("mov (%0), %%al" : : "r"(8ull) : "rax");
}

static void sent(void)
{
	raise(SIGSEGV);
}

static void sent_ill(void)
{
	raise(SIGILL);
}

static void other_faults(void)
{
	tap_is(dies_of(ud2), SIGILL, "an illegal instruction that is no TDCALL still kills");
	tap_is(dies_of(privileged), SIGSEGV, "and so does #GP of another instruction");
	tap_is(dies_of(not_canonical), SIGSEGV, "and of an address that is none");
	tap_is(dies_of(unmapped), SIGSEGV, "and a page fault");
	tap_is(dies_of(sent), SIGSEGV, "and a signal that was sent");
	tap_is(dies_of(sent_ill), SIGILL, "of either kind");
}

/* A page that can only be executed, with nothing behind it: code ends where the page does. */
static void *last_bytes(const void *code, size_t bytes)
{
	size_t page = TDX_PAGE_SIZE;
	char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || munmap(at + page, page) != 0)
		return NULL;
	memcpy(at + page - bytes, code, bytes);
	return mprotect(at, page, PROT_EXEC) == 0 ? at + page - bytes : NULL;
}

static void *lone_ud2;

static void ud2_at_the_end(void)
{
	((void (*)(void))lone_ud2)();
}

/*
 * Faults that only look like it, and signals that were sent while RIP was there: trapno is then that of an older
 * fault.
 */
static void test_told_apart(void)
{
	static const unsigned char code[] = { 0x90, 0x66, 0x0f, 0x01, 0xcc, 0xc3 };
	static const struct {
		int number, code, trap, offset;
		bool is;
	} cases[] = {
		{ SIGILL, ILL_ILLOPN, TDCALL_TRAP_UD, 1, true },
		{ SIGSEGV, SI_KERNEL, TDCALL_TRAP_GP, 1, true },
		{ SIGILL, ILL_ILLOPN, TDCALL_TRAP_UD, 0, false },
		{ SIGSEGV, SI_KERNEL, TDCALL_TRAP_GP, 2, false },
		{ SIGSEGV, SEGV_MAPERR, 14, 1, false },
		{ SIGSEGV, SI_USER, TDCALL_TRAP_GP, 1, false },
		{ SIGILL, SI_TKILL, TDCALL_TRAP_UD, 1, false },
		{ SIGILL, ILL_ILLOPN, TDCALL_TRAP_GP, 1, false },
		{ SIGBUS, SI_KERNEL, TDCALL_TRAP_GP, 1, false },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ucontext_t context = { 0 };
		siginfo_t info = { .si_code = cases[i].code };
		char name[96];

		context.uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)(code + cases[i].offset);
		context.uc_mcontext.gregs[REG_TRAPNO] = cases[i].trap;
		snprintf(name, sizeof(name), "signal %d, si_code %d, trapno %d, byte %d: %s", cases[i].number,
			 cases[i].code, cases[i].trap, cases[i].offset, cases[i].is ? "TDCALL" : "not");
		tap_is(tdcall_fault(cases[i].number, &info, &context), cases[i].is, name);
	}
}

static void page_ends(void)
{
	static const unsigned char tdcall_ret[] = { 0x66, 0x0f, 0x01, 0xcc, 0xc3 };
	void *code = last_bytes(tdcall_ret, sizeof(tdcall_ret));
	unsigned char read[5] = { 0 };
	uint64_t rax = UINT64_MAX;

	lone_ud2 = last_bytes("\x0f\x0b", 2);
	if (!tap_ok(code != NULL && lone_ud2 != NULL, "pages that can be executed and no more"))
		return;
	tap_ok(tdcall_read_code((uint64_t)code, read, 5) && memcmp(read, tdcall_ret, 5) == 0, "are read");
	tap_ok(!tdcall_read_code((uint64_t)code + 2, read, 5), "not beyond their end");
	mprotect((void *)((uintptr_t)code & ~(TDX_PAGE_SIZE - 1)), TDX_PAGE_SIZE, PROT_READ | PROT_EXEC);
	tap_ok(tdcall_read_code((uint64_t)code, read, 5) && tdcall_read_code((uint64_t)code, read, 5) &&
	       !tdcall_read_code((uint64_t)code + 2, read, 5), "nor beyond that of one which was read before");
	__asm__ volatile("call *%1" : "=a"(rax) : "r"(code), "0"(1000ull)
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "memory");
	tap_is(rax >> 32, TDX_OPERAND_INVALID, "TDCALL in the last bytes of one reaches td");
	tap_is(dies_of(ud2_at_the_end), SIGILL, "an illegal instruction there kills");
}

static volatile sig_atomic_t noticed;

static void their_handler(int number)
{
	noticed = number;
	_exit(7);
}

/* Guest code that has a handler of its own keeps it. */
static void handled(void)
{
	signal(SIGSEGV, their_handler);
	if (sim_trap(NULL, 0))
		privileged();
}

static void calls(struct sim *sim)
{
	td_rollback(&sim->td);
	sim->seen.over = SIM_DONE;
	tap_is(sim_run(sim, map_two_pages, NULL), SIM_DONE, "the guest comes back");
	tap_is(seen.rax, 0, "RAX");
	tap_is(seen.r10, TDVMCALL_RETRY, "R10: the VMM did one page of two");
	tap_is(seen.r11, (SIM_RAM + TDX_PAGE_SIZE) | 1ull << 47, "R11: the second page, with S");
	tap_is(td_real(&sim->td, SIM_RAM), TD_REAL_SHARED, "the first page is shared");
	tap_is(td_real(&sim->td, SIM_RAM + TDX_PAGE_SIZE), TD_REAL_MAPPED, "the second is not");
}

int main(void)
{
	static const struct sim_setup one_page = { .pages = 16, .behaviour = { .nrules = 1, .rules = { { .complete = 1 } } } };
	struct sim *sim = sim_new(&one_page);

	signal(SIGILL, SIG_DFL);	/* a sanitizer's */
	signal(SIGSEGV, SIG_DFL);
	tap_is(dies_of(handled), -7, "a handler that was there before gets what is not ours");
	if (!tap_ok(sim != NULL && td_mark(&sim->td) && sim_trap(sim, 0), "a TD in this process"))
		return tap_done();
	sigaction(SIGILL, NULL, &ours[SIGILL]);
	sigaction(SIGSEGV, NULL, &ours[SIGSEGV]);
	test_told_apart();
	calls(sim);
	for (unsigned int i = 0; i < 2; i++) {
		as_told(tdcall_signals[i]);
		tap_case_number("as signal", (uint64_t)told);
		calls(sim);
		other_faults();
		page_ends();
	}
	tap_case(NULL);
	sim->max_tdcalls = 10;
	tap_is(sim_run(sim, never_ends, NULL), SIM_TDCALLS, "a guest without end is stopped");
	sim_trap(NULL, 0);
	sim_free(sim);
	return tap_done();
}
