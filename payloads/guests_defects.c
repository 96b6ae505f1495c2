/* SPDX-License-Identifier: MIT */
/*
 * Mistakes, each put into a guest that makes none. They come in where a guest decides something. Most act once, as soon
 * as there is an occasion; what a guest does then is what it would do if it had been right.
 */
#include "payloads/guests.h"

static bool plant(struct guest *g, enum defect d)
{
	if (g->defect != d)
		return false;
	g->planted++;
	return true;
}

static bool once(struct guest *g, enum defect d)
{
	return g->planted == 0 && plant(g, d);
}

static void use_next(struct guest_task *t, enum guest_then what, enum alias alias, uint64_t page)
{
	t->then = (struct guest_then_do){ .what = what, .alias = alias, .page = page };
}

static void use_last(struct guest_task *t, enum guest_then what, enum alias alias, uint64_t page)
{
	use_next(t, what, alias, page);
	t->then.last = true;
}

static void use_later(struct guest_task *t, enum alias alias, uint64_t page)
{
	t->mark = page;
	t->mark_alias = alias;
}

static uint64_t last_page(const struct guest_task *t)
{
	return t->first + t->pages - 1;
}

bool defect_patient(const struct guest *g)
{
	return g->defect == DEFECT_UNBOUNDED;
}

static bool shared_at_rest(struct guest *g, struct guest_task *t)
{
	if (once(g, DEFECT_PRIVATE_ALIAS)) {
		use_last(t, THEN_STORE, TO_PRIVATE, last_page(t));
	} else if (once(g, DEFECT_ACCEPTS_SHARED)) {
		use_last(t, THEN_ACCEPT, TO_PRIVATE, t->first);
	} else if (once(g, DEFECT_RETURNS_ONE)) {
		use_next(t, THEN_RETURN, TO_SHARED, t->first);
	} else if (t->pages > 1 && once(g, DEFECT_RETURNS_SHORT)) {
		t->pages--;
		guest_begin(g, t, TO_PRIVATE);
	} else {
		return false;
	}
	return true;
}

/* A conversion to private is behind it. */
static bool back_at_rest(struct guest *g, struct guest_task *t)
{
	if (g->defect == DEFECT_RETURNS_SHORT && g->planted != 0)
		use_last(t, THEN_STORE, TO_PRIVATE, last_page(t) + 1);
	else if (once(g, DEFECT_STALE_S) || once(g, DEFECT_STALE_ELSEWHERE))
		use_last(t, THEN_STORE, TO_SHARED, last_page(t));
	else if (once(g, DEFECT_STALE_LOAD))
		use_last(t, THEN_LOAD, TO_SHARED, last_page(t));
	else if (once(g, DEFECT_DMA_RETURNED))
		use_last(t, THEN_DEVICE, TO_SHARED, last_page(t));
	else
		return false;
	t->then.elsewhere = g->defect == DEFECT_STALE_ELSEWHERE;
	return true;
}

bool defect_at_rest(struct guest *g, struct guest_task *t)
{
	if (g->defect == DEFECT_NONE)
		return false;
	if (once(g, DEFECT_NEVER_ASKED))
		use_next(t, THEN_STORE, TO_SHARED, t->first - 1);
	else if (once(g, DEFECT_DMA_PRIVATE))
		use_next(t, THEN_DEVICE, TO_SHARED, t->first - 1);
	else if (t->is == TO_SHARED)
		return shared_at_rest(g, t);
	else
		return t->done != 0 && back_at_rest(g, t);
	return true;
}

/* What would hide the defect, or be one of its own. */
void defect_in_plan(struct guest *g, struct guest_task *t)
{
	if (g->defect == DEFECT_NONE)
		return;
	t->changes_mind = 0;
	t->overlaps = t->tail_first = false;
	if (g->defect == DEFECT_STARTS_OVER)
		t->slice = 0;
	if (g->defect == DEFECT_LARGE_ONLY) {
		t->large = true;
		t->backwards = false;
	}
}

/* Before the first call of a chunk: what is asked for. */
void defect_in_chunk(struct guest *g, struct guest_task *t)
{
	if (g->defect == DEFECT_NONE || t->to != TO_SHARED || t->end - t->from != t->pages)
		return;
	if (t->pages > 1 && once(g, DEFECT_SHARES_SHORT)) {
		t->end--;
		use_later(t, TO_SHARED, last_page(t));
	} else if (t->pages > 1 && once(g, DEFECT_SHARES_LATE)) {
		t->from = ++t->at;
		use_later(t, TO_SHARED, t->first);
	} else if (once(g, DEFECT_SHARES_LONG)) {
		t->end++;
		use_later(t, TO_PRIVATE, last_page(t) + 1);
	} else if (once(g, DEFECT_SHARES_BEFORE)) {
		t->from = --t->at;
		use_later(t, TO_PRIVATE, t->first - 1);
	}
}

static bool give_up(struct guest_task *t)
{
	t->doing = GUEST_IS_OVER;
	return true;
}

/* All of the request is taken for done, and its last page used. */
static bool pretend(struct guest_task *t, struct map_answer *a, enum guest_then what, uint64_t pages)
{
	a->r10 = TDVMCALL_SUCCESS;
	use_next(t, what, TO_SHARED, t->at + pages - 1);
	return false;
}

static bool in_error(struct guest *g, struct guest_task *t, struct map_answer *a, uint64_t pages)
{
	if (t->to == TO_SHARED) {
		if (plant(g, DEFECT_ERROR_IS_SUCCESS) || plant(g, DEFECT_NEVER_LOOKS))
			return pretend(t, a, THEN_STORE, pages);
		if (once(g, DEFECT_FREES_REFUSED))
			use_last(t, THEN_STORE, TO_PRIVATE, t->at);
	} else if (once(g, DEFECT_ACCEPTS_REFUSED)) {
		use_last(t, THEN_ACCEPT, TO_PRIVATE, last_page(t));
	} else if (once(g, DEFECT_FREES_STUCK)) {
		use_last(t, THEN_STORE, TO_PRIVATE, last_page(t));
	}
	return t->then.last;
}

/* To shared, a RETRY in order that made progress. next: the first page that is left. */
static bool in_progress(struct guest *g, struct guest_task *t, uint64_t next)
{
	if (once(g, DEFECT_STORES_EARLY) || once(g, DEFECT_EARLY_ELSEWHERE)) {
		use_next(t, THEN_STORE, TO_SHARED, t->end - 1);
		t->then.elsewhere = g->defect == DEFECT_EARLY_ELSEWHERE;
	} else if (once(g, DEFECT_LOADS_EARLY)) {
		use_next(t, THEN_LOAD, TO_SHARED, t->end - 1);
	} else if (once(g, DEFECT_PRIVATE_EARLY) || once(g, DEFECT_NO_UNDO)) {
		use_last(t, THEN_STORE, TO_PRIVATE, next - 1);
	} else if (once(g, DEFECT_DMA_EARLY)) {
		use_last(t, THEN_DEVICE, TO_SHARED, t->end - 1);
	} else if (once(g, DEFECT_HALF_UNDO)) {
		t->undoes = true;
		t->to = TO_PRIVATE;
		t->at = t->from = next;
		use_later(t, TO_PRIVATE, next - 1);
		return true;
	} else if (once(g, DEFECT_UNDO_UNACCEPTED)) {
		guest_begin(g, t, TO_PRIVATE);
		t->undoes = true;
		use_later(t, TO_PRIVATE, next - 1);
		return true;
	} else if (once(g, DEFECT_KEEPS_LENGTH)) {
		use_later(t, TO_PRIVATE, t->end);
		t->end += next - t->at;
	}
	return t->then.last;
}

static bool in_stall(struct guest *g, struct guest_task *t)
{
	plant(g, DEFECT_UNBOUNDED);
	if ((t->to == TO_SHARED && once(g, DEFECT_IMPATIENT)) || (t->to == TO_PRIVATE && once(g, DEFECT_IMPATIENT_BACK)) ||
	    (t->stalls == 2 && once(g, DEFECT_THREE_STALLS)))
		return give_up(t);
	return false;
}

/* A RETRY in order, in either direction. */
static bool in_loop(struct guest *g, struct guest_task *t, uint64_t next, struct map_answer *a, uint64_t pages)
{
	if (t->calls == 2 && once(g, DEFECT_TWO_CALLS))
		return give_up(t);
	if (next == t->at)
		return in_stall(g, t);
	if (plant(g, DEFECT_STARTS_OVER)) {
		t->at = t->from;
		return true;
	}
	if (g->defect == DEFECT_ASKS_SHORT) {
		t->slice = next - t->at;
		t->restarts = 0;
	}
	if (next + 1 < t->at + pages && once(g, t->to == TO_SHARED ? DEFECT_SKIPS_PAGE : DEFECT_SKIPS_PRIVATE)) {
		a->r11 += TDX_PAGE_SIZE;
		t->restarts = 0;
	}
	return t->to == TO_SHARED && in_progress(g, t, next);
}

/* To shared, and R11 is not what GHCI allows. offset: of R11 from the start of the request. */
static bool in_odd(struct guest *g, struct guest_task *t, struct map_answer *a, uint64_t offset, uint64_t pages)
{
	if (offset >= pages * TDX_PAGE_SIZE)
		return plant(g, DEFECT_ODD_R11_IS_DONE) && pretend(t, a, THEN_STORE, pages);
	if (offset % TDX_PAGE_SIZE != 0 && offset / TDX_PAGE_SIZE + 1 < pages && once(g, DEFECT_ROUNDS_UP)) {
		use_last(t, THEN_STORE, TO_SHARED, t->at + offset / TDX_PAGE_SIZE);	/* which it takes for done */
		t->at += offset / TDX_PAGE_SIZE + 1;
		return true;
	}
	return false;
}

/* Uses R11 as it is for the next R12. */
static bool follow_r11(struct guest *g, struct guest_task *t, bool shared, uint64_t offset)
{
	if (g->defect != DEFECT_TAKES_S || t->to != TO_SHARED || offset == 0)
		return false;
	t->at += offset / TDX_PAGE_SIZE;
	t->other_way = !shared;
	if (!shared && once(g, DEFECT_TAKES_S))
		use_later(t, TO_SHARED, t->at);
	return true;
}

static bool in_retry(struct guest *g, struct guest_task *t, struct scene *s, struct map_answer *a, uint64_t pages)
{
	uint64_t offset = (a->r11 & ~s->shared) - guest_gpa(g, s, t->at);	/* wraps below: that is odd, too */
	bool shared = a->r11 & s->shared, inside = offset < pages * TDX_PAGE_SIZE && offset % TDX_PAGE_SIZE == 0;

	if (t->to == TO_SHARED && (plant(g, DEFECT_RETRY_IS_SUCCESS) || plant(g, DEFECT_NEVER_LOOKS) ||
				   plant(g, DEFECT_RETRY_RETURNED) || plant(g, DEFECT_RETRY_LOADS))) {
		pretend(t, a, g->defect == DEFECT_RETRY_LOADS ? THEN_LOAD : THEN_STORE, pages);
		t->then.last = g->defect != DEFECT_RETRY_RETURNED;
		return t->then.last;
	}
	if (inside && follow_r11(g, t, shared, offset))
		return true;
	if (inside && shared == (t->to == TO_SHARED))
		return in_loop(g, t, t->at + offset / TDX_PAGE_SIZE, a, pages);
	return t->to == TO_SHARED && in_odd(g, t, a, offset, pages);
}

/* True: the answer is dealt with. */
bool defect_in_answer(struct guest *g, struct guest_task *t, struct scene *s, struct map_answer *a, uint64_t pages)
{
	if (g->defect == DEFECT_NONE)
		return false;
	if (a->r10 == TDVMCALL_RETRY)
		return in_retry(g, t, s, a, pages);
	if (a->r10 != TDVMCALL_SUCCESS)
		return in_error(g, t, a, pages);
	if (t->calls > 1 && t->at + pages < t->end && once(g, DEFECT_ASKS_SHORT))
		return give_up(t);
	if (t->mark == 0 || t->at + pages < t->end || g->defect == DEFECT_UNDO_UNACCEPTED)
		return false;
	use_last(t, THEN_STORE, t->mark_alias, t->mark);
	return true;
}

/* All is back, and nothing of it accepted yet. */
void defect_before_accept(struct guest *g, struct guest_task *t)
{
	if (g->defect == DEFECT_UNDO_UNACCEPTED && t->mark != 0)
		use_last(t, THEN_STORE, TO_PRIVATE, t->mark);
	else if (once(g, DEFECT_USES_PENDING))
		use_last(t, THEN_LOAD, TO_PRIVATE, last_page(t));
	else if (once(g, DEFECT_ACCEPTS_NONE))
		use_last(t, THEN_STORE, TO_PRIVATE, t->first);
	else if (once(g, DEFECT_STALE_PENDING))
		use_last(t, THEN_STORE, TO_SHARED, t->first);
	if (t->pages > 1 && once(g, DEFECT_ACCEPTS_SHORT)) {
		t->accept_end--;
		use_later(t, TO_PRIVATE, last_page(t));
	}
	if (t->chunk != t->pages || t->first_did > last_page(t) || t->last_call == t->first)
		return;
	if (once(g, DEFECT_ACCEPTS_HEAD)) {
		t->accept_end = t->first_did;
		use_later(t, TO_PRIVATE, last_page(t));
	} else if (once(g, DEFECT_ACCEPTS_TAIL)) {
		t->accepted = t->last_call - t->first;
		t->backwards = false;
		use_later(t, TO_PRIVATE, t->first);
	}
}

/* All that it means to accept is accepted. */
void defect_accepted(struct guest *g, struct guest_task *t)
{
	if (g->defect != DEFECT_NONE && t->mark != 0)
		use_last(t, THEN_LOAD, t->mark_alias, t->mark);
}

bool defect_in_accept(struct guest *g, struct guest_task *t, uint64_t page, uint64_t status)
{
	uint64_t code = tdx_code(status);

	if (g->defect == DEFECT_NONE)
		return false;
	if ((code == TDX_OPERAND_BUSY && once(g, DEFECT_BUSY_IS_FAILURE)) ||
	    (code == TDX_PAGE_SIZE_MISMATCH && once(g, DEFECT_LARGE_ONLY)))
		return give_up(t);
	if (code == TDX_SUCCESS && (once(g, DEFECT_ACCEPTS_TWICE) || once(g, DEFECT_BOTH_ACCEPT))) {
		use_next(t, THEN_ACCEPT, TO_PRIVATE, page);
		t->then.elsewhere = g->defect == DEFECT_BOTH_ACCEPT;
	}
	return false;
}
