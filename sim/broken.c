/* SPDX-License-Identifier: MIT */
/*
 * One guest for each thing that td can accuse a guest of and that no toy does: it asks as it should, and then breaks
 * that one rule. tests/violations.bats has explore find each under its name.
 */
#include <stddef.h>

#include "sim/guest.h"

#define PAGE	TDX_PAGE_SIZE
#define TRIES	(TD_STALLS + 1)

/* 0, or -1: refused, or given up for good reasons. */
static int ask(struct sim *sim, uint64_t at, uint64_t end, uint64_t skip)
{
	for (int tries = 0; tries < TRIES; tries++) {
		struct td_regs regs = { .long_mode = true };

		tdx_map_gpa(regs.gpr, at, end - at);
		sim_tdcall(sim, &regs);
		if (regs.gpr[TD_R10] == TDVMCALL_SUCCESS)
			return 0;
		if (regs.gpr[TD_R10] != TDVMCALL_RETRY || regs.gpr[TD_R11] % PAGE != 0 || regs.gpr[TD_R11] < at ||
		    regs.gpr[TD_R11] + skip >= end)
			return -1;
		if (regs.gpr[TD_R11] > at)
			tries = -1;
		at = regs.gpr[TD_R11] + skip;
	}
	return -1;
}

static int convert(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = to_shared ? sim_shared_bit(sim) : 0;

	return ask(sim, gpa | s, (gpa | s) + size, 0);
}

static int accept_each(struct sim *sim, uint64_t gpa, uint64_t size, uint64_t level)
{
	for (uint64_t at = gpa; at < gpa + size; at += PAGE) {
		struct td_regs regs = { .long_mode = true };

		regs.gpr[TD_RAX] = TDG_MEM_PAGE_ACCEPT;
		regs.gpr[TD_RCX] = at | level;
		sim_tdcall(sim, &regs);
		if (tdx_code(regs.gpr[TD_RAX]) != TDX_SUCCESS)
			return -1;
	}
	return 0;
}

static int private_alias(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	int status = convert(sim, gpa, size, to_shared);

	if (status == 0)
		sim_touch(sim, gpa, true);
	return status;
}

/* The buffer is used although the VMM would not share it. */
static int shared_alias(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	int status = convert(sim, gpa, size, to_shared);

	sim_touch(sim, gpa | sim_shared_bit(sim), true);
	return status;
}

/* Both directions: to shared it accepts what it has just given away. */
static int accept_unrequested(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	int status = convert(sim, gpa, size, to_shared);

	return status == 0 ? accept_each(sim, gpa, size, TDX_LEVEL_4K) : status;
}

static int double_accept(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	int status = convert(sim, gpa, size, to_shared);

	if (status == 0)
		status = accept_each(sim, gpa, size, TDX_LEVEL_4K);
	if (status == 0)
		accept_each(sim, gpa, size, TDX_LEVEL_4K);
	return status;
}

static int skipped_pages(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = to_shared ? sim_shared_bit(sim) : 0;

	return ask(sim, gpa | s, (gpa | s) + size, PAGE);
}

/* One request, and the end. */
static int abandoned(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	struct td_regs regs = { .long_mode = true };

	tdx_map_gpa(regs.gpr, gpa | (to_shared ? sim_shared_bit(sim) : 0), size);
	sim_tdcall(sim, &regs);
	if (regs.gpr[TD_R10] == TDVMCALL_SUCCESS)
		return to_shared ? 0 : accept_each(sim, gpa, size, TDX_LEVEL_4K);
	sim_power_off(sim);
	return -1;
}

/* 2 MiB that are not all its own are refused; page by page it would have worked. */
static int accept_abandoned(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	int status = convert(sim, gpa, size, to_shared);

	if (status == 0)
		status = accept_each(sim, gpa / TDX_2M_SIZE * TDX_2M_SIZE, PAGE, TDX_LEVEL_2M);
	sim_power_off(sim);
	return status;
}

/* The device that had the buffer was never told that it is gone. */
static int dma_to_private(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	int status = convert(sim, gpa, size, to_shared);

	if (status == 0)
		status = accept_each(sim, gpa, size, TDX_LEVEL_4K);
	if (status == 0)
		sim_dma(sim, gpa);
	sim_power_off(sim);
	return status;
}

/* Requests that no VMM takes, and that none led it to. */
static int ask_for(struct sim *sim, uint64_t gpa, uint64_t size)
{
	struct td_regs regs = { .long_mode = true };

	tdx_map_gpa(regs.gpr, gpa, size);
	sim_tdcall(sim, &regs);
	return regs.gpr[TD_R10] == TDVMCALL_SUCCESS ? 0 : -1;
}

static int empty_request(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	(void)size;
	return ask_for(sim, gpa | (to_shared ? sim_shared_bit(sim) : 0), 0);
}

static int unaligned_request(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	return ask_for(sim, (gpa + 8) | (to_shared ? sim_shared_bit(sim) : 0), size);
}

static int beyond_gpaw(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	(void)to_shared;
	return ask_for(sim, gpa | sim_shared_bit(sim) << 1, size);
}

/* It waits for the page to become what ACCEPT does not make of it. */
static int unbounded(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	int status = convert(sim, gpa, size, to_shared);

	while (status == 0 && td_real(&sim->td, gpa) != TD_REAL_REMOVED) {
		struct td_regs regs = { .long_mode = true };

		regs.gpr[TD_RAX] = TDG_VP_INFO;
		sim_tdcall(sim, &regs);
	}
	return status;
}

#define BROKEN(id, function, text) \
	static const struct sim_guest broken_##function = { .name = id, .what = text, .convert = function }

BROKEN("broken-private-alias-of-shared", private_alias, "uses shared memory through its private alias");
BROKEN("broken-shared-alias-of-private", shared_alias, "uses a buffer that the VMM would not share");
BROKEN("broken-accept-unrequested", accept_unrequested, "accepts what it has shared");
BROKEN("broken-double-accept", double_accept, "accepts everything twice");
BROKEN("broken-skipped-pages", skipped_pages, "goes on one page behind R11");
BROKEN("broken-abandoned", abandoned, "does not ask again");
BROKEN("broken-accept-abandoned", accept_abandoned, "accepts 2 MiB or nothing");
BROKEN("broken-dma-to-private", dma_to_private, "lets a device keep memory that is private again");

BROKEN("broken-empty-request", empty_request, "asks for no bytes");
BROKEN("broken-unaligned-request", unaligned_request, "asks for what is not whole pages");
BROKEN("broken-beyond-gpaw", beyond_gpaw, "asks for addresses that it does not have");
BROKEN("broken-unbounded", unbounded, "asks the module, and never stops");

const struct sim_guest *const sim_broken[] = { &broken_private_alias, &broken_shared_alias,
					       &broken_accept_unrequested, &broken_double_accept, &broken_skipped_pages,
					       &broken_abandoned, &broken_accept_abandoned, &broken_dma_to_private,
					       &broken_empty_request, &broken_unaligned_request,
					       &broken_beyond_gpaw, &broken_unbounded, NULL };
