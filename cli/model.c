/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/model.h"

/*
 * linux arch/x86/coco/tdx/tdx.c, tdx_map_gpa() of 6.7 and later: R11 must lie in [start, end), both with S; a RETRY at
 * start uses up one of three tries, any other progress resets them; every other status ends the loop.
 */
struct loop {
	uint64_t start, end;
	uint32_t stalls;
	bool done, succeeds;
};

static void answer(struct loop *loop, uint64_t r10, uint64_t r11, uint32_t stalls)
{
	loop->done = true;
	if (r10 != TDVMCALL_RETRY) {
		loop->succeeds = r10 == TDVMCALL_SUCCESS;
		return;
	}
	if (r11 < loop->start || r11 >= loop->end)
		return;
	loop->stalls = r11 == loop->start ? loop->stalls + 1 : 0;
	loop->start = r11;
	loop->done = loop->stalls >= stalls;
}

static void differs(struct model_verdict *verdict, size_t at, const char *what)
{
	verdict->agrees = false;
	verdict->at = at;
	snprintf(verdict->what, sizeof(verdict->what), "request %zu: %s", at + 1, what);
}

void model_compare(const struct td_event *const *calls, size_t ncalls, uint64_t shared_bit, bool cut, uint32_t stalls,
		   struct model_verdict *verdict)
{
	struct loop loop = { 0 };
	char what[96];

	(void)shared_bit;
	*verdict = (struct model_verdict){ .agrees = true };
	if (ncalls > 0) {
		loop.start = calls[0]->a[0];
		loop.end = loop.start + calls[0]->a[1];
	}
	for (size_t i = 0; i < ncalls; i++) {
		uint64_t size = loop.end - loop.start;

		if (loop.done) {
			differs(verdict, i, "the model has come to its end, the guest asks again");
			return;
		}
		if (calls[i]->a[0] != loop.start || calls[i]->a[1] != size) {
			snprintf(what, sizeof(what), "the model asks for 0x%lx, %lu bytes, the guest for 0x%lx, %lu bytes",
				 loop.start, size, calls[i]->a[0], calls[i]->a[1]);
			differs(verdict, i, what);
			return;
		}
		answer(&loop, calls[i]->a[2], calls[i]->a[3], stalls);
	}
	if (!loop.done && !cut)
		differs(verdict, ncalls, "the model asks again, the guest does not");
	verdict->succeeds = loop.succeeds;
}
