/* SPDX-License-Identifier: MIT */
/* How a guest converts: MapGPA until every page is answered for, ACCEPT of what it got back, and what if it fails. */
#include "payloads/guests.h"

#define PATIENCE	16	/* RETRY without progress in a row; no VMM that means well needs so many here */
#define BUSY_PATIENCE	256

static void next_chunk(struct guest *g, struct guest_task *t)
{
	uint64_t left = t->pages - t->done, pages = t->chunk < left ? t->chunk : left;

	t->from = t->downwards ? t->first + left - pages : t->first + t->done;
	t->end = t->from + pages;
	t->own = pages;
	if (t->overlaps && !t->downwards && t->done > 0)
		t->from--;
	t->at = t->from;
	t->calls = t->stalls = 0;
	t->restarts = (unsigned int)guest_draw(g, 3);
}

void guest_begin(struct guest *g, struct guest_task *t, enum alias to)
{
	t->to = to;
	t->undoes = false;
	t->downwards = guest_draw(g, 3) == 0;
	t->overlaps = guest_draw(g, 4) == 0;
	t->strict = guest_draw(g, 2);
	t->chunk = guest_draw(g, 2) ? t->pages : 1 + guest_draw(g, t->pages);
	t->slice = guest_draw(g, 3) ? 0 : 1 + guest_draw(g, t->pages);
	t->tail_first = guest_draw(g, 4) == 0;
	t->changes_mind = to == TO_SHARED && guest_draw(g, 6) == 0 ? 1 + (unsigned int)guest_draw(g, 3) : 0;
	t->large = guest_draw(g, 4) != 0;
	t->backwards = guest_draw(g, 3) == 0;
	t->other_way = false;
	t->mark = 0;
	defect_in_plan(g, t);
	t->done = t->first_did = 0;
	t->doing = GUEST_ASKS;
	next_chunk(g, t);
}

/* Asks everything back, whatever was done of it: every page has to be accepted then, and may be used again. */
static void undo(struct guest *g, struct guest_task *t)
{
	guest_begin(g, t, TO_PRIVATE);
	t->undoes = true;
}

/*
 * The VMM refuses, stalls for ever, or says what it must not say. What was to be shared can be asked back, once; what
 * cannot be had back is left alone for good.
 */
static void guest_contain(struct guest *g, struct guest_task *t)
{
	g->contained++;
	if (t->to == TO_SHARED && guest_draw(g, 2))
		undo(g, t);
	else
		t->doing = GUEST_IS_OVER;
}

/* All of it is answered for. */
static void guest_done(struct guest *g, struct guest_task *t)
{
	if (t->to == TO_SHARED) {
		t->is = TO_SHARED;
		t->doing = GUEST_RESTS;
		return;
	}
	t->doing = GUEST_ACCEPTS;
	t->accepted = t->busy = 0;
	t->accept_end = t->first + t->pages;
	defect_before_accept(g, t);
}

static void advance(struct guest *g, struct guest_task *t, uint64_t to)
{
	t->at = to;
	t->stalls = 0;
	if (t->first_did == 0)
		t->first_did = to;
	if (t->at < t->end)
		return;
	t->done += t->own;
	if (t->done == t->pages)
		guest_done(g, t);
	else
		next_chunk(g, t);
}

/* A RETRY that GHCI allows: at page `next` of the request. */
static void retry(struct guest *g, struct guest_task *t, uint64_t next)
{
	if (next == t->at) {
		if (++t->stalls > PATIENCE && !defect_patient(g))
			guest_contain(g, t);
		return;
	}
	advance(g, t, next);
	if (t->changes_mind != 0 && --t->changes_mind == 0) {
		undo(g, t);
	} else if (t->restarts != 0 && guest_draw(g, 2)) {
		t->restarts--;
		t->at = t->from;
	}
}

/* GHCI: R11 is the first page that was not done, in the request, with the S that was asked for. */
static bool allowed(const struct guest *g, const struct guest_task *t, const struct scene *s, uint64_t r11,
		    uint64_t pages)
{
	uint64_t wanted = t->to == TO_SHARED ? s->shared : 0, start = guest_gpa(g, s, t->at);
	uint64_t gpa = r11 & ~s->shared;

	if ((r11 & s->shared) != wanted && (t->strict || t->to == TO_PRIVATE))
		return false;
	return gpa % TDX_PAGE_SIZE == 0 && gpa >= start && gpa < start + pages * TDX_PAGE_SIZE;
}

/* What is left after a RETRY in two halves, the second one first; if that is not done at once, all of it again. */
static bool ask_tail(struct guest *g, struct guest_task *t, struct scene *s)
{
	uint64_t middle = t->at + (t->end - t->at) / 2;
	struct map_answer a;

	if (!t->tail_first || t->calls == 0 || middle == t->at)
		return false;
	a = scene_map(s, guest_gpa(g, s, middle), t->end - middle, t->to);
	t->tail_first = false;
	if (a.r10 == TDVMCALL_SUCCESS)
		t->end = middle;
	else if (a.r10 != TDVMCALL_RETRY)
		guest_contain(g, t);
	return true;
}

void guest_ask(struct guest *g, struct guest_task *t, struct scene *s)
{
	enum alias to = t->other_way ? (enum alias)!t->to : t->to;
	struct map_answer a;
	uint64_t pages;

	if (t->calls == 0)
		defect_in_chunk(g, t);
	if (t->to == TO_SHARED && t->at > t->from && guest_draw(g, 8) == 0) {	/* what is answered for may be used */
		if (!guest_use(g, s, t->from + guest_draw(g, t->at - t->from), TO_SHARED, guest_draw(g, 2)))
			t->doing = GUEST_IS_OVER;
		return;
	}
	if (ask_tail(g, t, s))
		return;
	pages = t->end - t->at;
	if (t->slice != 0 && t->calls > 0 && pages > t->slice)
		pages = t->slice;
	t->last_call = t->at;
	a = scene_map(s, guest_gpa(g, s, t->at), pages, to);
	t->calls++;
	if (defect_in_answer(g, t, s, &a, pages))
		return;
	if (a.r10 == TDVMCALL_SUCCESS)
		advance(g, t, t->at + pages);
	else if (a.r10 == TDVMCALL_RETRY && allowed(g, t, s, a.r11, pages))
		retry(g, t, t->at + ((a.r11 & ~s->shared) - guest_gpa(g, s, t->at)) / TDX_PAGE_SIZE);
	else
		guest_contain(g, t);
}

/* What was accepted is private, and one can begin again. */
static void accepted(struct guest *g, struct guest_task *t, uint64_t pages)
{
	t->accepted += pages;
	t->busy = 0;
	if (t->accepted < t->accept_end - t->first)
		return;
	t->is = TO_PRIVATE;
	t->doing = GUEST_RESTS;
	defect_accepted(g, t);
}

void guest_accept(struct guest *g, struct guest_task *t, struct scene *s)
{
	uint64_t left = t->accept_end - t->first - t->accepted, status, code;
	uint64_t page = t->backwards ? t->first + left - 1 : t->first + t->accepted;
	bool large = t->large && !t->backwards && page % TDX_2M_PAGES == 0 && left >= TDX_2M_PAGES;

	status = scene_accept(s, guest_gpa(g, s, page), large ? TDX_LEVEL_2M : TDX_LEVEL_4K);
	code = tdx_code(status);
	if (defect_in_accept(g, t, page, status))
		return;
	if (code == TDX_SUCCESS || code == TDX_PAGE_ALREADY_ACCEPTED) {	/* ALREADY: an undo meets what was never done */
		accepted(g, t, large ? TDX_2M_PAGES : 1);
	} else if (code == TDX_PAGE_SIZE_MISMATCH && large) {
		t->large = false;
	} else if (code != TDX_OPERAND_BUSY || ++t->busy > BUSY_PATIENCE) {
		g->contained++;
		t->doing = GUEST_IS_OVER;
	}
}
