/* SPDX-License-Identifier: MIT */
/* The real instruction, executed in this process, reaches td and comes back with the right registers. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/trap.h"

#define tap_puts(text) fputs(text, stdout)
#include "tests/tap.h"

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
	seen.rax = tdcall(TDG_VP_VMCALL, 0x3c00, &seen.r10, &seen.r11, SIM_RAM | 1ull << 47, 2 * TDX_PAGE_SIZE);
}

static void never_ends(struct sim *sim, const void *arg)
{
	for (;;)
		map_two_pages(sim, arg);
}

/* A #UD that is not TDCALL kills the process as it always does. */
static void other_ud(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		asm volatile("ud2");
		_exit(0);
	}
	waitpid(child, &status, 0);
	tap_ok(WIFSIGNALED(status), "an illegal instruction that is no TDCALL still kills");
}

int main(void)
{
	static const struct sim_setup one_page = { .pages = 16, .behaviour = { .nrules = 1, .rules = { { .complete = 1 } } } };
	struct sim *sim = sim_new(&one_page);

	if (!tap_ok(sim != NULL && sim_trap(sim), "a TD in this process"))
		return tap_done();
	tap_is(sim_run(sim, map_two_pages, NULL), SIM_DONE, "the guest comes back");
	tap_is(seen.rax, 0, "RAX");
	tap_is(seen.r10, TDVMCALL_RETRY, "R10: the VMM did one page of two");
	tap_is(seen.r11, (SIM_RAM + TDX_PAGE_SIZE) | 1ull << 47, "R11: the second page, with S");
	tap_is(td_real(sim->td, SIM_RAM), TD_REAL_SHARED, "the first page is shared");
	tap_is(td_real(sim->td, SIM_RAM + TDX_PAGE_SIZE), TD_REAL_MAPPED, "the second is not");
	sim->max_tdcalls = 10;
	tap_is(sim_run(sim, never_ends, NULL), SIM_TDCALLS, "a guest without end is stopped");
	other_ud();
	sim_trap(NULL);
	sim_free(sim);
	return tap_done();
}
