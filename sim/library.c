/* SPDX-License-Identifier: MIT */
/* libtdconv and its model of Linux as guests: their TDCALLs go to td. */
#include <stddef.h>

#include "guest/include/tdconv.h"
#include "guest/include/tdconv_linux.h"
#include "guest/plain_os.h"
#include "sim/guest.h"

#define EXTENTS	4

/*
 * The library as one CPU has it, new for each run because it adapts to what it met, and what it said last: undo needs
 * that. One sim at a time.
 */
static struct {
	struct sim *sim;
	struct tdconv fresh, tdc;
	struct tdconv_result last;
} cpu;

void tdconv_os_tdcall(void *os, struct tdconv_regs *r)
{
	struct td_regs regs = { .long_mode = true };
	uint64_t *g = regs.gpr;

	(void)os;
	g[TD_RAX] = r->rax, g[TD_RCX] = r->rcx, g[TD_RDX] = r->rdx, g[TD_R8] = r->r8, g[TD_R9] = r->r9;
	g[TD_R10] = r->r10, g[TD_R11] = r->r11, g[TD_R12] = r->r12, g[TD_R13] = r->r13;
	sim_tdcall(cpu.sim, &regs);
	r->rax = g[TD_RAX], r->rcx = g[TD_RCX], r->rdx = g[TD_RDX], r->r8 = g[TD_R8], r->r9 = g[TD_R9];
	r->r10 = g[TD_R10], r->r11 = g[TD_R11], r->r12 = g[TD_R12], r->r13 = g[TD_R13];
}

static void start(struct sim *sim)
{
	if (cpu.sim != sim) {
		cpu.sim = sim;
		tdconv_init(&cpu.fresh, NULL);
		if (sim->exploring)
			cpu.fresh.policy.work.stalls = cpu.fresh.policy.undo.stalls = TD_STALLS;	/* soon exhausted */
	}
	cpu.tdc = cpu.fresh;
}

static int convert(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	start(sim);
	return tdconv_convert(&cpu.tdc, gpa, size, to_shared ? TDCONV_SHARED : TDCONV_PRIVATE, &cpu.last) != TDCONV_OK;
}

static int undo(struct sim *sim, uint64_t gpa, uint64_t size)
{
	struct tdconv_lost lost[EXTENTS];
	struct tdconv_quarantine quarantine = { lost, EXTENTS, 0 };
	struct tdconv_result result;

	(void)sim, (void)gpa, (void)size;
	return tdconv_undo(&cpu.tdc, &cpu.last, &quarantine, &result) != TDCONV_OK;
}

const struct sim_guest sim_library = { .name = "libtdconv", .what = "the library of guest/, with undo",
				       .convert = convert, .undo = undo, .matchable = true };

static int linux_convert(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	struct tdconv_linux out;

	start(sim);
	return !tdconv_linux_convert(&cpu.tdc, gpa, gpa + size, to_shared ? TDCONV_SHARED : TDCONV_PRIVATE,
				     TDCONV_LINUX_TRIES, &out);
}

const struct sim_guest sim_linux = { .name = "linux", .what = "libtdconv's model of Linux 6.12's loop",
				     .convert = linux_convert, .matchable = true };
