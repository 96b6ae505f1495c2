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

static uint32_t accept_page(struct sim *sim, uint64_t gpa)
{
	struct td_regs regs = { .long_mode = true };

	regs.gpr[TD_RAX] = TDG_MEM_PAGE_ACCEPT;
	regs.gpr[TD_RCX] = gpa;
	sim_tdcall(sim, &regs);
	return tdx_code(regs.gpr[TD_RAX]);
}

static int accept_range(struct sim *sim, uint64_t gpa, uint64_t end)
{
	int busy = 0;

	while (gpa < end) {
		uint32_t code = accept_page(sim, gpa);

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
			return to_shared ? 0 : accept_range(sim, gpa, gpa + size);
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
			return to_shared ? 0 : accept_range(sim, at & ~s, end & ~s);
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
			return to_shared ? 0 : accept_range(sim, gpa, gpa + size);
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
			return to_shared ? 0 : accept_range(sim, gpa, gpa + size);
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
			return to_shared ? 0 : accept_range(sim, gpa, gpa + size);
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
	return to_shared ? 0 : accept_range(sim, gpa, gpa + size);
}

/* [linux:tdx_map_gpa], [edk2:SetOrClearSharedBit] and others: R11 need not be page aligned, and a byte is progress. */
static int byte_trickle(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;

	for (int tries = 0; tries < TRIES; tries++) {
		struct answer a = ask(sim, at, end - at);

		if (a.r10 == TDVMCALL_SUCCESS)
			return to_shared ? 0 : accept_range(sim, gpa, gpa + size);
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
	return to_shared ? ret : accept_range(sim, gpa, gpa + size);
}

/* The piece [at, end) by a loop with every check that is due; at with S. */
static int ask_all(struct sim *sim, uint64_t at, uint64_t end)
{
	for (int tries = 0; tries < MORE_TRIES; tries++) {
		struct answer a = ask(sim, at, end - at);

		if (a.r10 == TDVMCALL_SUCCESS)
			return 0;
		if (a.r10 != TDVMCALL_RETRY || a.r11 % PAGE != 0 || a.r11 < at || a.r11 >= end)
			return -1;
		if (a.r11 > at)
			tries = -1;
		at = a.r11;
	}
	return -1;
}

/* An entry of the page table: 2 MiB where all of it is converted, else a page. */
static uint64_t entry_end(uint64_t gpa, uint64_t end)
{
	return gpa % TDX_2M_SIZE == 0 && end - gpa >= TDX_2M_SIZE ? gpa + TDX_2M_SIZE : gpa + PAGE;
}

/* Each entry by a loop of its own, and all that was asked for accepted. */
static int by_entry(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), next;

	for (uint64_t at = gpa; at < gpa + size; at = next) {
		next = entry_end(at, gpa + size);
		if (ask_all(sim, at | s, next | s) != 0 || (!to_shared && accept_range(sim, at, next) != 0))
			return -1;
	}
	return 0;
}

/* [edk2:SetOrClearSharedBit] as it is called: only an entry of 2 MiB is large enough to be done in parts. */
static int entry_tail(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), next;

	for (uint64_t entry = gpa; entry < gpa + size; entry = next) {
		uint64_t at = entry | s, end;

		next = entry_end(entry, gpa + size);
		end = next | s;
		for (int tries = 0; tries < MORE_TRIES && at < end; tries++) {
			struct answer a = ask(sim, at, end - at);

			if (a.r10 == TDVMCALL_SUCCESS && !to_shared && accept_range(sim, at & ~s, next) != 0)
				return -1;
			if (a.r10 == TDVMCALL_SUCCESS)
				at = a.r11 = end;
			if (a.r10 > TDVMCALL_RETRY || a.r11 % PAGE != 0 || a.r11 < at || a.r11 > end)
				return -1;
			if (a.r10 == TDVMCALL_RETRY && a.r11 == end)
				return -1;
			tries = a.r11 > at ? -1 : tries;
			at = a.r11;
		}
		if (at < end)
			return -1;
	}
	return 0;
}

/* 2 MiB at a time where they are all to be had, else page by page. */
static int accept_large(struct sim *sim, uint64_t gpa, uint64_t end)
{
	for (int busy = 0; gpa < end;) {
		bool whole = gpa % TDX_2M_SIZE == 0 && end - gpa >= TDX_2M_SIZE;
		uint32_t code = whole ? accept_page(sim, gpa | TDX_LEVEL_2M) : TDX_PAGE_SIZE_MISMATCH;
		uint64_t next = gpa + (whole ? TDX_2M_SIZE : PAGE);

		if (code == TDX_OPERAND_BUSY && busy++ < BUSY)
			continue;
		if (code == TDX_PAGE_SIZE_MISMATCH && accept_range(sim, gpa, next) != 0)
			return -1;
		if (code != TDX_SUCCESS && code != TDX_PAGE_ALREADY_ACCEPTED && code != TDX_PAGE_SIZE_MISMATCH)
			return -1;
		gpa = next;
	}
	return 0;
}

static int large_first(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared);

	if (ask_all(sim, gpa | s, (gpa | s) + size) != 0)
		return -1;
	return to_shared ? 0 : accept_large(sim, gpa, gpa + size);
}

/* [td-shim:parallel_accept_memory]: pages up to 2 MiB, then whole 2 MiB; the rest only if there was more than one. */
static int mailbox_tail(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), end = gpa + size, whole = (gpa + TDX_2M_SIZE - 1) & ~(TDX_2M_SIZE - 1), rest;

	if (ask_all(sim, gpa | s, (gpa | s) + size) != 0)
		return -1;
	whole = whole < end ? whole : end;
	rest = end - whole > TDX_2M_SIZE ? end % TDX_2M_SIZE : 0;
	if (to_shared)
		return 0;
	if (accept_range(sim, gpa, whole) != 0 ||
	    accept_large(sim, whole, whole + (end - rest - whole) / TDX_2M_SIZE * TDX_2M_SIZE) != 0)
		return -1;
	return accept_range(sim, end - rest, end);
}

/* [oak:map_gpa]: R12 and R13 are believed to be what they were; the compiler keeps the request in them. */
static int inputs_only(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;
	struct td_regs regs = { .long_mode = true };

	tdx_map_gpa(regs.gpr, at, size);
	for (int tries = 0; tries < MORE_TRIES; tries++) {
		uint64_t r11;

		regs.gpr[TD_R11] = GHCI_MAP_GPA;
		sim_tdcall(sim, &regs);
		r11 = regs.gpr[TD_R11];
		if (regs.gpr[TD_R10] == TDVMCALL_SUCCESS)
			return to_shared ? 0 : accept_range(sim, gpa, gpa + size);
		if (regs.gpr[TD_R10] != TDVMCALL_RETRY || r11 % PAGE != 0 || r11 < at || r11 >= end)
			return -1;
		if (r11 > at)
			tries = -1;
		regs.gpr[TD_R13] -= r11 - regs.gpr[TD_R12];
		regs.gpr[TD_R12] = at = r11;
		regs.gpr[TD_RAX] = TDG_VP_VMCALL;
		regs.gpr[TD_R10] = 0;
	}
	return -1;
}

/* [mu_msvm:HostVisibilityLib.c]: how much was done is read from R11 of a call that failed, too. */
static int failed_r11(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), at = gpa | s, end = at + size;

	for (int tries = 0; tries < MORE_TRIES; tries++) {
		struct answer a = ask(sim, at, end - at);
		bool all = a.r10 == TDVMCALL_SUCCESS || (a.r10 != TDVMCALL_RETRY && a.r11 == end);

		if (all)
			return to_shared ? 0 : accept_range(sim, gpa, gpa + size);
		if (a.r10 != TDVMCALL_RETRY || a.r11 % PAGE != 0 || a.r11 < at || a.r11 >= end)
			return -1;
		if (a.r11 > at)
			tries = -1;
		at = a.r11;
	}
	return -1;
}

/* [td-shim:tdcall_accept_page]: RAX, which holds the status, is the leaf of the second try. */
static int rax_reused(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared);

	if (ask_all(sim, gpa | s, (gpa | s) + size) != 0)
		return -1;
	for (uint64_t at = gpa; !to_shared && at < gpa + size; at += PAGE) {
		struct td_regs regs = { .long_mode = true, .gpr = { [TD_RAX] = TDG_MEM_PAGE_ACCEPT, [TD_RCX] = at } };

		do
			sim_tdcall(sim, &regs);
		while (tdx_code(regs.gpr[TD_RAX]) == TDX_OPERAND_BUSY);
		if (tdx_code(regs.gpr[TD_RAX]) != TDX_SUCCESS && tdx_code(regs.gpr[TD_RAX]) != TDX_PAGE_ALREADY_ACCEPTED)
			return -1;
	}
	return 0;
}

/* [linux:tdx_accept_memory], [oak:accept_memory_range]: one BUSY is an error like any other. */
static int one_busy(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared);

	if (ask_all(sim, gpa | s, (gpa | s) + size) != 0)
		return -1;
	for (uint64_t at = gpa; !to_shared && at < gpa + size; at += PAGE)
		if (accept_page(sim, at) != TDX_SUCCESS)
			return -1;
	return 0;
}

/* Each page once, and none that is accepted already. */
static int take_new(struct sim *sim, uint64_t gpa, uint64_t end)
{
	for (int busy = 0; gpa < end;) {
		uint32_t code = accept_page(sim, gpa);

		if (code == TDX_OPERAND_BUSY && busy++ < BUSY)
			continue;
		if (code != TDX_SUCCESS)
			return -1;
		gpa += PAGE;
	}
	return 0;
}

/*
 * [oak:accept_memory_range]: pages up to 2 MiB, whole 2 MiB, and the rest; what begins and ends in one of 2 MiB is both
 * the first and the last of these.
 */
static int twice_accepted(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = s_of(sim, to_shared), end = gpa + size;
	uint64_t first = (gpa + TDX_2M_SIZE - 1) & ~(TDX_2M_SIZE - 1), last = end & ~(TDX_2M_SIZE - 1);

	if (ask_all(sim, gpa | s, (gpa | s) + size) != 0)
		return -1;
	if (to_shared)
		return 0;
	if (first > gpa && take_new(sim, gpa, first < end ? first : end) != 0)
		return -1;
	if (last > first && accept_large(sim, first, last) != 0)
		return -1;
	return take_new(sim, gpa > last ? gpa : last, end);
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
TOY("by-entry", by_entry, "every check that is due, for each entry of its page table alone");
TOY("entry-tail", entry_tail, "accepts of an entry of 2 MiB what the last call converted");
TOY("large-first", large_first, "every check that is due, and accepts 2 MiB where it can");
TOY("mailbox-tail", mailbox_tail, "does not accept what is left of 2 MiB");
TOY("inputs-only", inputs_only, "believes that R12 and R13 come back as they were");
TOY("failed-r11", failed_r11, "takes an error with R11 at the end for success");
TOY("rax-reused", rax_reused, "repeats a busy ACCEPT with the status for a leaf");
TOY("one-busy", one_busy, "gives up at the first busy ACCEPT");
TOY("twice-accepted", twice_accepted, "accepts a range within 2 MiB twice, and takes that for an error");

const struct sim_guest *const sim_guests[] = { &sim_library, &sim_linux, &toy_correct, &toy_tail_only,
					       &toy_no_r11_check, &toy_unmasked_s, &toy_unbounded, &toy_end_is_success,
					       &toy_byte_trickle, &toy_swallowed_error, &toy_by_entry, &toy_entry_tail,
					       &toy_large_first, &toy_mailbox_tail, &toy_inputs_only, &toy_failed_r11,
					       &toy_rax_reused, &toy_one_busy, &toy_twice_accepted, NULL };
