/* SPDX-License-Identifier: MIT */
/*
 * Conversions: what the guest asked for, how far the VMM claims to have come, and what the guest made of it. Only the
 * guest's requests and the answers that it saw count here; what the VMM really did is in sept.c.
 */
#include "td/state.h"

#define KNOWN(k)	(1u << TD_KNOWN_##k)
#define KNOWN_ALL	0xffu

static bool is_open(const struct td_conversion *c)
{
	return c->start != c->end;
}

static bool overlaps(const struct td_conversion *c, uint64_t start, uint64_t end)
{
	return is_open(c) && start < c->end && end > c->start;
}

static uint64_t with_s(const struct td *td, const struct td_conversion *c, uint64_t gpa)
{
	return c->to_shared ? gpa | td->mem->s : gpa;
}

static uint64_t pages_in(uint64_t bytes)
{
	return bytes / TDX_PAGE_SIZE;
}

/* Journal fields of 32 bits: 16 TiB of pages and more are all the same. */
static uint32_t saturated(uint64_t pages)
{
	return pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
}

static void blame_for_skip(struct td *td, const struct td_conversion *c)
{
	td_violation(td, TD_V_SKIPPED_PAGES, with_s(td, c, c->frontier), pages_in(c->end - c->frontier), c->went_on_rip,
		     c->end);
}

/*
 * Whether leaving a conversion like this is a fault. Not where there is no RAM. And not under a VMM that will not let
 * the guest complete: there it is the right thing to do, as long as what was not done is not used, and the fault is the
 * use (uses.c). Else a use is a part of this fault.
 */
static void blame(struct td *td, const struct td_conversion *c)
{
	struct td_use use;

	if (td->mem->config.behaviour.contain || !td_sept_any_ram(td, c->frontier, c->end))
		return;
	use = td_uses_take(td, c->frontier, c->end);
	if (c->beyond != 0)
		blame_for_skip(td, c);
	else
		td_violation(td, TD_V_ABANDONED, with_s(td, c, c->frontier), pages_in(c->end - c->frontier), use.rip, use.gpa);
}

/* Something behind those that were passed over was refused: a reason not to come back for them. */
static void excuse(struct td *td, const struct td_conversion *refused)
{
	for (unsigned int i = 0; i < td->mem->now.open_to; i++) {
		struct td_conversion *c = &td->mem->now.conversions[i];

		if (c->to_shared == refused->to_shared && c->end <= refused->start && refused->start < c->beyond)
			c->beyond = 0;
	}
}

static void close_conversion(struct td *td, struct td_conversion *c, enum td_close how)
{
	uint64_t done = pages_in(c->frontier - c->start), pages = pages_in(c->end - c->start);

	td_emit(td, CLOSE, close, 0, .how = how, .conversion = c->id, .gpa = with_s(td, c, c->start), .done = saturated(done),
		.pages = saturated(pages), .retries = c->retries, .calls = c->calls, .longest = c->longest_run,
		.stalls = c->stalls);
	if (how == TD_CLOSE_ABANDONED)
		blame(td, c);
	if (how == TD_CLOSE_REFUSED)
		excuse(td, c);
	if (how != TD_CLOSE_MERGED)	/* what is not claimed by now (skipped, refused, left) nobody may use */
		td_sept_known(td, c->start, pages, KNOWN(TO_SHARED) | KNOWN(TO_PRIVATE), TD_KNOWN_UNKNOWN);
	*c = (struct td_conversion){ 0 };
	while (td->mem->now.open_to > 0 && !is_open(&td->mem->now.conversions[td->mem->now.open_to - 1]))
		td->mem->now.open_to--;
}

/*
 * Whether a guest that asks for the opposite now took c for done: all that lay behind it is, and its own last answer
 * gave no reason to leave it. Who meets trouble may leave a part, and undo the rest.
 */
static bool passed_for_good(const struct td *td, const struct td_conversion *c)
{
	const struct td_conversion *d = td->mem->now.conversions;

	if (td->mem->config.behaviour.contain || c->beyond == 0 || c->stall_run != 0)
		return false;
	for (; d < td->mem->now.conversions + td->mem->now.open_to; d++)
		if (overlaps(d, c->end, c->beyond) && d->to_shared == c->to_shared)
			return false;
	return td_sept_any_ram(td, c->frontier, c->end);
}

/*
 * A request for the opposite direction ends what was open there: the guest undoes it, and may. All of it, even if only
 * a part is asked back: whoever does that has given up on the rest, and whoever has not begins a conversion of it.
 */
static void close_opposite(struct td *td, uint64_t start, uint64_t end, bool to_shared)
{
	for (unsigned int i = 0; i < td->mem->now.open_to; i++) {
		const struct td_conversion *c = &td->mem->now.conversions[i];

		if (overlaps(c, start, end) && c->to_shared != to_shared && passed_for_good(td, c))
			blame_for_skip(td, c);
	}
	for (unsigned int i = 0; i < td->mem->now.open_to; i++) {
		struct td_conversion *c = &td->mem->now.conversions[i];

		if (overlaps(c, start, end) && c->to_shared != to_shared)
			close_conversion(td, c, TD_CLOSE_UNDONE);
	}
}

/*
 * The open conversion that a request belongs to: the one that it starts in, be it where an answer stopped or elsewhere;
 * else any that it touches.
 */
static struct td_conversion *find(struct td *td, uint64_t start, uint64_t end, bool to_shared)
{
	struct td_conversion *found = NULL;

	for (unsigned int i = 0; i < td->mem->now.open_to; i++) {
		struct td_conversion *c = &td->mem->now.conversions[i];

		if (!overlaps(c, start, end) || c->to_shared != to_shared)
			continue;
		if (c->start <= start)
			return c;
		if (found == NULL)
			found = c;
	}
	return found;
}

static struct td_conversion *open_conversion(struct td *td, uint64_t start, uint64_t end, bool to_shared)
{
	struct td_conversion *c = td->mem->now.conversions;
	uint32_t i = 0;

	while (i < td->mem->now.open_to && is_open(&c[i]))
		i++;
	if (i == TD_MAX_CONVERSIONS) {
		td_untracked(td, to_shared ? start | td->mem->s : start, pages_in(end - start), 0);
		return NULL;
	}
	if (i == td->mem->now.open_to)
		td->mem->now.open_to++;
	c[i] = (struct td_conversion){ .start = start, .end = end, .frontier = start, .reached = start,
				       .id = ++td->mem->now.next_id, .to_shared = to_shared };
	td_emit(td, OPEN, open, 0, .conversion = c[i].id, .gpa = with_s(td, &c[i], start), .pages = pages_in(end - start));
	return &c[i];
}

/* A request that reaches over another open conversion takes it in: from now on they are one. */
static void merge_others(struct td *td, struct td_conversion *into, uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < td->mem->now.open_to; i++) {
		struct td_conversion *c = &td->mem->now.conversions[i];

		if (c == into || !overlaps(c, start, end) || c->to_shared != into->to_shared)
			continue;
		into->end = c->end > into->end ? c->end : into->end;
		into->reached = c->reached > into->reached ? c->reached : into->reached;
		close_conversion(td, c, TD_CLOSE_MERGED);
	}
}

/*
 * A request passes over what c has not come to yet. In which order a guest asks is its own affair, and two vCPUs may
 * share the work: from there on it is a conversion of its own, and what lies before it can still be asked for.
 */
static struct td_conversion *pass_over(struct td *td, struct td_conversion *c, uint64_t gpa, uint64_t rip)
{
	struct td_conversion whole = *c, *rest;

	if (gpa <= c->frontier || !td_sept_any_ram(td, c->frontier, gpa))
		return c;
	c->end = gpa;
	rest = open_conversion(td, gpa, whole.end, c->to_shared);
	if (rest == NULL) {
		c->end = whole.end;
		return c;
	}
	rest->reached = whole.reached > gpa ? whole.reached : gpa;
	c->reached = whole.reached > gpa ? gpa : whole.reached;
	c->beyond = whole.end;
	c->went_on_rip = rip;
	return rest;
}

/* A further request within c. Counts of stalls are of one frontier. */
static void go_on(struct td *td, struct td_conversion *c, uint64_t gpa, uint64_t end)
{
	if (gpa != c->frontier)
		c->stall_run = 0;
	c->beyond = 0;
	c->start = gpa < c->start ? gpa : c->start;
	c->end = end > c->end ? end : c->end;
	merge_others(td, c, gpa, end);
}

/*
 * Books a valid request for [gpa, gpa + size). NULL only if more conversions are open than TD_MAX_CONVERSIONS; the
 * pages are judged all the same then, but nothing can be called abandoned, and the run proves nothing.
 */
struct td_conversion *td_conversion_request(struct td *td, uint64_t gpa, uint64_t size, bool to_shared, uint64_t rip)
{
	uint64_t end = gpa + size, asked_from = gpa;
	struct td_conversion *c;

	close_opposite(td, gpa, end, to_shared);
	c = find(td, gpa, end, to_shared);
	if (c == NULL) {
		c = open_conversion(td, gpa, end, to_shared);
	} else {
		c = pass_over(td, c, gpa, rip);
		if (gpa == c->frontier && gpa == c->reached)
			asked_from = c->end;	/* the pages up to there are already booked */
		go_on(td, c, gpa, end);
	}
	if (asked_from < end)
		td_sept_known(td, asked_from, pages_in(end - asked_from), KNOWN_ALL,
			      to_shared ? TD_KNOWN_TO_SHARED : TD_KNOWN_TO_PRIVATE);
	return c;
}

static void count_answer(struct td_conversion *c, bool retry, bool progress)
{
	c->calls++;
	c->retries += retry;
	if (progress || !retry) {
		c->stall_run = 0;
		return;
	}
	c->stalls++;
	c->stall_run++;
	if (c->stall_run > c->longest_run)
		c->longest_run = c->stall_run;
}

/* A guest may go through all of a conversion once more, be it page by page and in any order: that is not too many. */
static void count_fruitless(struct td *td, uint64_t pages, bool progress)
{
	pages = pages < td->mem->pages ? pages : td->mem->pages;
	td->mem->now.fruitless_calls = progress ? 0 : td->mem->now.fruitless_calls + 1;
	if (progress || pages > td->mem->now.fruitless_pages)
		td->mem->now.fruitless_pages = progress ? 0 : pages;
}

/*
 * What an answer lets the guest believe. SUCCESS claims the request; RETRY claims up to R11, if R11 is an address that
 * GHCI allows there (page aligned, within the request; S is not looked at, so that a VMM that strips it is seen to have
 * made progress); an error claims nothing.
 */
void td_conversion_answer(struct td *td, struct td_conversion *c, uint64_t gpa_with_s, uint64_t size, uint64_t r10,
			  uint64_t r11)
{
	uint64_t gpa = gpa_with_s & ~td->mem->s, end = gpa + size, claimed = gpa, at = r11 & ~td->mem->s;
	bool retry = r10 == TDVMCALL_RETRY, to_shared = gpa_with_s & td->mem->s;

	if (r10 == TDVMCALL_SUCCESS)
		claimed = end;
	else if (retry && at >= gpa && at < end && at % TDX_PAGE_SIZE == 0)
		claimed = at;
	count_fruitless(td, c != NULL ? pages_in(c->end - c->start) : pages_in(size),
			claimed > (c != NULL ? c->reached : gpa));
	td_sept_known(td, gpa, pages_in(claimed - gpa), KNOWN_ALL,
		      to_shared ? TD_KNOWN_CLAIMED_SHARED : TD_KNOWN_CLAIMED_PRIVATE);
	if (c == NULL)
		return;
	count_answer(c, retry, claimed > gpa);
	c->frontier = claimed;
	if (claimed == end && c->reached > end)	/* a restart that ends within what was claimed before */
		c->frontier = td_sept_known_to(td, end, c->reached, to_shared ? KNOWN(CLAIMED_SHARED) :
					       KNOWN(CLAIMED_PRIVATE) | KNOWN(PRIVATE));
	c->reached = c->frontier > c->reached ? c->frontier : c->reached;
	if (r10 != TDVMCALL_SUCCESS && !retry)
		close_conversion(td, c, TD_CLOSE_REFUSED);
	else if (c->frontier >= c->end)
		close_conversion(td, c, TD_CLOSE_COMPLETE);
}

/* Pages that were passed over and are not asked for again. */
void td_conversions_left(struct td *td)
{
	for (unsigned int i = 0; i < td->mem->now.open_to; i++) {
		const struct td_conversion *c = &td->mem->now.conversions[i];

		if (is_open(c) && c->beyond != 0 && td_sept_any_ram(td, c->frontier, c->end))
			blame_for_skip(td, c);
	}
}

/*
 * The end. A run that was cut off, from outside or because the guest would not stop asking, says nothing about what was
 * still going on.
 */
bool td_conversions_finish(struct td *td)
{
	bool cut_off = td->mem->now.stop == TD_RUNNING || td->mem->now.stop == TD_STOP_RUNAWAY || td->mem->now.blameless;
	enum td_close how = cut_off ? TD_CLOSE_CUT_OFF : TD_CLOSE_ABANDONED;

	if (cut_off)
		td_uses_take(td, 0, td->mem->s);
	for (unsigned int i = 0; i < td->mem->now.open_to; i++)
		if (is_open(&td->mem->now.conversions[i]))
			close_conversion(td, &td->mem->now.conversions[i], how);
	return cut_off;
}
