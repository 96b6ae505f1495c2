/* SPDX-License-Identifier: MIT */
/* A VMM's answers as they were recorded somewhere: the n-th MapGPA call is answered as the n-th was then. */
#include "td/state.h"

uint64_t td_pages_answered(uint64_t r10, uint64_t r11, uint64_t gpa, uint64_t bytes)
{
	if (r10 == TDVMCALL_SUCCESS)
		return bytes / TDX_PAGE_SIZE;
	return r11 - gpa <= bytes && (r11 - gpa) % TDX_PAGE_SIZE == 0 ? (r11 - gpa) / TDX_PAGE_SIZE : 0;
}

/* Where R11 lies now. Out of what was asked for then, it is what it was: who said that said nothing of the request. */
static uint64_t moved(const struct td_recorded *r, uint64_t gpa)
{
	uint64_t offset = r->r11 - r->gpa;

	return offset <= r->bytes ? gpa + offset : r->r11;
}

/* Whether that answer can have been given to this request. */
static bool belongs(const struct td *td, const struct td_recorded *r, uint64_t gpa, uint64_t size)
{
	if (r->bytes != 0)
		return size == r->bytes && ((gpa ^ r->gpa) & td->mem->s) == 0;
	return r->r10 == TDVMCALL_SUCCESS || r->keeps_r11 || r->r11 - gpa <= size;
}

void td_recorded(struct td *td, uint64_t gpa, uint64_t size, struct td_plan *plan)
{
	const struct td_behaviour *b = &td->mem->config.behaviour;
	uint64_t call = td_call_number(td);
	const struct td_recorded *r;

	if (call - 1 >= b->nrecorded || td->mem->now.unrecorded)
		return;
	r = &b->recorded[call - 1];
	if (!belongs(td, r, gpa, size) || (r->r10 == TDVMCALL_SUCCESS && plan->r10 != TDVMCALL_SUCCESS)) {
		td->mem->now.unrecorded = 1;
		td_emit(td, UNRECORDED, unrecorded, 0, .answer = call, .gpa = gpa, .bytes = size);
		return;
	}
	plan->r10 = r->r10;
	plan->r11 = moved(r, gpa);
	plan->keeps_r11 = r->keeps_r11;
	plan->pages = r->pages != TD_AS_ANSWERED && r->pages < plan->pages ? r->pages : plan->pages;
	if (r->pages == TD_AS_ANSWERED)
		plan->pages = td_pages_answered(r->r10, plan->r11, gpa, size);
}
