/* SPDX-License-Identifier: MIT */
/*
 * Loops with the defects that were found in public guests, re-expressed in a few lines each: what explore and check
 * must catch, and the correct loop beside them that they must not. They share the two calls, nothing else, so that each
 * can be read alone.
 */
#include <stddef.h>

#include "sim/guest.h"

#define PAGE		TDX_PAGE_SIZE
#define TRIES		3	/* as the guests that they are of: each gives up too early as well */
#define MORE_TRIES	5	/* of the correct loop: three are soon used up ([kvm:3e2dec1ede0a]) */
#define BUSY		100000	/* answers that ACCEPT is busy, in all */

struct answer {
	uint64_t r10, r11;
};

static struct answer ask(struct sim *sim, uint64_t gpa, uint64_t size)
{
	struct td_regs regs = { .long_mode = true };

	tdx_map_gpa(regs.gpr, gpa, size);
	sim_tdcall(sim, &regs);
	return (struct answer){ regs.gpr[TD_R10], regs.gpr[TD_R11] };
}

static uint32_t take_page(struct sim *sim, uint64_t gpa)
{
	struct td_regs regs = { .long_mode = true };

	regs.gpr[TD_RAX] = TDG_MEM_PAGE_ACCEPT;
	regs.gpr[TD_RCX] = gpa;
	sim_tdcall(sim, &regs);
	return tdx_code(regs.gpr[TD_RAX]);
}

static int take(struct sim *sim, uint64_t gpa, uint64_t end)
{
	int busy = 0;

	while (gpa < end) {
		uint32_t code = take_page(sim, gpa);

		if (code == TDX_OPERAND_BUSY && busy++ < BUSY)
			continue;
		if (code != TDX_SUCCESS && code != TDX_PAGE_ALREADY_ACCEPTED)
			return -1;
		gpa += PAGE;
	}
	return 0;
}

static uint64_t s_of(const struct sim *sim, bool to_shared)
{
	return to_shared ? sim_shared_bit(sim) : 0;
}

/* Every check that is due. */
static int correct(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;

	for (int tries = 0; tries < MORE_TRIES; tries++) {
		struct answer a = ask(sim, at, end - at);

		if (a.r10 == TDVMCALL_SUCCESS)
			return to_shared ? 0 : take(sim, gpa, gpa + size);
		if (a.r10 != TDVMCALL_RETRY || a.r11 % PAGE != 0 || a.r11 < at || a.r11 >= end)
			return -1;
		if (a.r11 > at)
			tries = -1;
		at = a.r11;
	}
	return -1;
}

/* [edk2:SetOrClearSharedBit]: the loop moves what it then accepts. */
static int tail_only(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;

	for (int tries = 0; tries < TRIES; tries++) {
		struct answer a = ask(sim, at, end - at);

		if (a.r10 == TDVMCALL_SUCCESS)
			return to_shared ? 0 : take(sim, at & ~s, end & ~s);
		if (a.r10 != TDVMCALL_RETRY || a.r11 % PAGE != 0 || a.r11 < at || a.r11 >= end)
			return -1;
		if (a.r11 > at)
			tries = -1;
		at = a.r11;
	}
	return -1;
}

/* [svsm:tdvmcall_map_gpa]: R11 is believed whatever it is. (It has no bound either.) */
static int no_r11_check(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;

	for (int tries = 0; tries < TRIES; tries++) {
		struct answer a = ask(sim, at, end - at);

		if (a.r10 == TDVMCALL_SUCCESS)
			return to_shared ? 0 : take(sim, gpa, gpa + size);
		if (a.r10 != TDVMCALL_RETRY)
			return -1;
		if (a.r11 != at)
			tries = -1;
		at = a.r11;
	}
	return -1;
}

/* Gramine-TDX, Asterinas and Oak, each on its own: R11 with S is compared with a range without. */
static int unmasked_s(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa, end = gpa + size;

	for (int tries = 0; tries < TRIES; tries++) {
		struct answer a = ask(sim, at | s, end - at);

		if (a.r10 == TDVMCALL_SUCCESS)
			return to_shared ? 0 : take(sim, gpa, gpa + size);
		if (a.r10 != TDVMCALL_RETRY || a.r11 % PAGE != 0 || a.r11 < at || a.r11 >= end)
			return -1;
		if (a.r11 > at)
			tries = -1;
		at = a.r11;
	}
	return -1;
}

/* SVSM, OpenVMM, mu_msvm, Gramine: nothing counts the RETRYs that bring nothing. */
static int unbounded(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;

	for (;;) {
		struct answer a = ask(sim, at, end - at);

		if (a.r10 == TDVMCALL_SUCCESS)
			return to_shared ? 0 : take(sim, gpa, gpa + size);
		if (a.r10 != TDVMCALL_RETRY || a.r11 % PAGE != 0 || a.r11 < at || a.r11 >= end)
			return -1;
		at = a.r11;
	}
}

/* [openvmm:tdcall_map_gpa]: a RETRY that points to the end or beyond ends the loop as success. */
static int end_is_success(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;

	for (int tries = 0; at < end; tries++) {
		struct answer a = ask(sim, at, end - at);

		if (a.r10 == TDVMCALL_SUCCESS)
			break;
		if (a.r10 != TDVMCALL_RETRY || a.r11 % PAGE != 0 || a.r11 < at)
			return -1;
		if (a.r11 > at)
			tries = -1;
		else if (tries == TRIES - 1)
			return -1;
		at = a.r11;
	}
	return to_shared ? 0 : take(sim, gpa, gpa + size);
}

/* [linux:tdx_map_gpa], [edk2:SetOrClearSharedBit] and others: R11 need not be page aligned, and a byte is progress. */
static int byte_trickle(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;

	for (int tries = 0; tries < TRIES; tries++) {
		struct answer a = ask(sim, at, end - at);

		if (a.r10 == TDVMCALL_SUCCESS)
			return to_shared ? 0 : take(sim, gpa, gpa + size);
		if (a.r10 != TDVMCALL_RETRY || a.r11 < at || a.r11 >= end)
			return -1;
		if (a.r11 > at)
			tries = -1;
		at = a.r11;
	}
	return -1;
}

/* Gramine-TDX pal/src/host/tdx at f4405d38d1: the VMM's error is lost on the way to the caller. */
static int swallowed_error(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;
	int ret = 0;

	for (int tries = 0; tries < TRIES; tries++) {
		struct answer a = ask(sim, at, end - at);

		if (a.r10 != TDVMCALL_RETRY)
			break;
		if (a.r11 % PAGE != 0 || a.r11 < at || a.r11 >= end)
			return -1;
		if (a.r11 > at)
			tries = -1;
		else if (tries == TRIES - 1)
			return -1;
		at = a.r11;
	}
	return to_shared ? ret : take(sim, gpa, gpa + size);
}

#define TOY(id, function, text) \
	static const struct sim_guest toy_##function = { .name = id, .what = text, .convert = function, .matchable = true }

TOY("correct", correct, "every check that is due");
TOY("tail-only", tail_only, "accepts what the last call converted, not what was asked for");
TOY("no-r11-check", no_r11_check, "goes on from wherever R11 points");
TOY("unmasked-s", unmasked_s, "compares R11 with S against a range without");
TOY("unbounded", unbounded, "repeats without end when there is no progress");
TOY("end-is-success", end_is_success, "takes a RETRY that points to the end for success");
TOY("byte-trickle", byte_trickle, "takes an R11 inside a page");
TOY("swallowed-error", swallowed_error, "loses the error");

const struct sim_guest *const sim_guests[] = { &sim_library, &sim_linux, &toy_correct, &toy_tail_only,
					       &toy_no_r11_check, &toy_unmasked_s, &toy_unbounded, &toy_end_is_success,
					       &toy_byte_trickle, &toy_swallowed_error, NULL };
