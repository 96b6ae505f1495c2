/* SPDX-License-Identifier: MIT */
/* Failures that the VMM is made to commit, and what is left of the memory afterwards. */
#include "payloads/lib/payload.h"
#include "payloads/builtin.h"

#define PAGES	96ull
#define BYTES	(PAGES * TDX_PAGE_SIZE)
#define ALWAYS	0xffffffffu

static struct tdconv_lost list[BUILTIN_LOST];

static bool succeeded(struct worker *w, const struct tdconv_result *res, const char *test)
{
	if (res->status == TDCONV_OK)
		return true;
	builtin_contain(w, res);
	builtin_skip(test);
	return false;
}

/*
 * A conversion to shared with this answer ends in this status, and can be undone completely. False if this VMM does not
 * let us undo it: the memory is in quarantine then, and nobody's to use.
 */
static bool fails_to_shared(struct worker *w, uint64_t gpa, struct inject inject, enum tdconv_status want,
			    const char *name)
{
	struct tdconv_quarantine lost = { list, BUILTIN_LOST, 0 };
	struct tdconv_result res, undone;

	contents_secret(gpa, BYTES);
	w->inject = inject;
	tdconv_convert(&w->tdc, gpa, BYTES, TDCONV_SHARED, &res);
	w->inject.times = 0;
	builtin_is(res.status, want, name);
	if (res.rest_state != TDCONV_STATE_UNKNOWN)
		return true;
	if (tdconv_undo(&w->tdc, &res, &lost, &undone) != TDCONV_OK) {
		builtin_note(tdconv_strstatus(undone.status), undone.r10);
		builtin_is(undone.proven.bytes + undone.lost, BYTES, "undone as far as this VMM lets us");
		return false;
	}
	builtin_ok(undone.proven.bytes == BYTES && lost.count == 0, "undone: every page is proven private");
	builtin_is(contents_dirty(gpa, BYTES), 0, "and zero");
	return true;
}

static void test_to_shared(struct worker *w, uint64_t gpa)
{
	struct inject refuse = { .times = 1, .real = BYTES / 2, .r10 = TDVMCALL_INVALID_OPERAND };
	struct inject stall = { .times = ALWAYS, .r10 = TDVMCALL_RETRY };
	struct inject beyond = { .times = 1, .real = TDX_PAGE_SIZE, .r10 = TDVMCALL_RETRY, .r11_offset = BYTES };
	struct inject unaligned = { .times = 1, .r10 = TDVMCALL_RETRY, .r11_offset = 8 };
	struct inject strange = { .times = 1, .r10 = 0x1234 };

	if (!fails_to_shared(w, gpa, refuse, TDCONV_E_VMM_INVALID, "refused halfway") ||
	    !fails_to_shared(w, gpa, stall, TDCONV_E_STALLED, "RETRY without end is given up") ||
	    !fails_to_shared(w, gpa, beyond, TDCONV_E_R11_BEYOND, "RETRY at the end is no success") ||
	    !fails_to_shared(w, gpa, unaligned, TDCONV_E_R11_UNALIGNED, "RETRY inside a page is no place to go on from") ||
	    !fails_to_shared(w, gpa, strange, TDCONV_E_VMM_UNKNOWN, "an answer that GHCI does not have"))
		builtin_note("bytes in quarantine that no further failure is tried on", BYTES);
}

/* The VMM refuses to give memory back, and refuses the undo too: all of it is lost, until it changes its mind. */
static void test_to_private(struct worker *w, uint64_t gpa)
{
	struct inject refuse = { .times = ALWAYS, .r10 = TDVMCALL_INVALID_OPERAND };
	struct tdconv_quarantine lost = { list, BUILTIN_LOST, 0 };
	struct tdconv_result res, undone;

	tdconv_convert(&w->tdc, gpa, BYTES, TDCONV_SHARED, &res);
	if (!succeeded(w, &res, "memory that is not given back"))
		return;
	w->inject = refuse;
	tdconv_convert(&w->tdc, gpa, BYTES, TDCONV_PRIVATE, &res);
	builtin_is(res.status, TDCONV_E_VMM_INVALID, "memory is not given back");
	builtin_is(res.rest_state, TDCONV_STATE_UNKNOWN, "so nothing is known about it");
	builtin_is(tdconv_undo(&w->tdc, &res, &lost, &undone), TDCONV_E_QUARANTINE, "nor can that be undone");
	builtin_ok(undone.lost == BYTES && lost.count == 1 && list[0].lost_gpa == gpa && list[0].lost_bytes == BYTES,
		   "all of it is in quarantine");
	w->inject.times = 0;
	lost.count = 0;
	tdconv_undo(&w->tdc, &res, &lost, &undone);
	if (!succeeded(w, &undone, "quarantine ends when the VMM gives in"))
		return;
	builtin_ok(undone.proven.bytes == BYTES && lost.count == 0, "quarantine ends when the VMM gives in");
	builtin_is(contents_dirty(gpa, BYTES), 0, "and the memory is zero");
}

static void test_arguments(struct worker *w, uint64_t gpa)
{
	struct tdconv_result res;

	builtin_is(tdconv_convert(&w->tdc, gpa + 8, BYTES, TDCONV_SHARED, &res), TDCONV_E_ARGUMENT, "not page aligned");
	builtin_is(tdconv_convert(&w->tdc, gpa + payload_info.shared, BYTES, TDCONV_SHARED, &res), TDCONV_E_ARGUMENT,
		   "an address with S");
	builtin_is(tdconv_convert(&w->tdc, payload_info.shared - TDX_PAGE_SIZE, BYTES, TDCONV_SHARED, &res),
		   TDCONV_E_ARGUMENT, "a range that reaches S");
}

void builtin_failures(struct worker *w, uint64_t gpa)
{
	test_arguments(w, gpa);
	test_to_shared(w, gpa);
	test_to_private(w, gpa + BYTES);
}
