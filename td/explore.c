/* SPDX-License-Identifier: MIT */
#include "td/state.h"

#define TDVMCALL_UNKNOWN 0xdeadull
#define ALL_FROM	4ull	/* pages from which on every answer is possible, but for those of ACCEPT and of 2 MiB */

/* One number of each answer's row; n: the pages of the request. */
#define BY_ANSWER(name, type, ...) \
	static type name(enum td_answer answer, uint64_t n) \
	{ \
		(void)n; \
		switch (answer) { \
		TD_ANSWERS(__VA_ARGS__) \
		default: return (type)0; \
		} \
	}

#define ANSWER_LEAST(id, name, ghci, expect, class, least, done, r10, meaning)	case TD_ANSWER_##id: return least;
#define ANSWER_DONE(id, name, ghci, expect, class, least, done, r10, meaning)	case TD_ANSWER_##id: return done;
#define ANSWER_R10(id, name, ghci, expect, class, least, done, r10, meaning)	case TD_ANSWER_##id: return TDVMCALL_##r10;
#define ANSWER_CLASS(id, name, ghci, expect, class, least, done, r10, meaning) \
	case TD_ANSWER_##id: return TD_ANSWERS_##class;

BY_ANSWER(least_pages, uint64_t, ANSWER_LEAST)
BY_ANSWER(pages_converted, uint64_t, ANSWER_DONE)
BY_ANSWER(r10_of, uint64_t, ANSWER_R10)
BY_ANSWER(class_of, enum td_answer_class, ANSWER_CLASS)

enum td_answer_class td_explore_class(enum td_answer answer)
{
	return class_of(answer, 0);
}

bool td_explore_is_fruitless(enum td_answer answer)
{
	return pages_converted(answer, least_pages(answer, 0)) == 0;
}

uint32_t td_explore_not_given(const struct td_choices *c, const uint8_t named[TD_EXPLORE_DEPTH])
{
	for (uint32_t i = 0; i < c->at && i < c->named; i++) {
		bool met = class_of((enum td_answer)named[i], 0) != TD_ANSWERS_ACCEPT || (c->met >> i & 1);

		if (c->answer[i] != named[i] || !met)
			return i + 1;
	}
	return 0;
}

bool td_explore_possible(enum td_answer answer, uint64_t pages, bool to_shared)
{
	return pages >= least_pages(answer, 0) && !(to_shared && class_of(answer, 0) == TD_ANSWERS_ACCEPT);
}

/* Those of ACCEPT are the last in the table, and of them the one of 2 MiB. */
uint32_t td_explore_width(uint64_t pages, bool to_shared)
{
	uint32_t width = 0;

	if (pages >= ALL_FROM)	/* most requests; this is called for each */
		return to_shared ? TD_ANSWER_BUSY : pages >= TDX_2M_PAGES ? TD_ANSWER_KINDS : TD_ANSWER_SMALL;
	for (uint32_t answer = 0; answer < TD_ANSWER_KINDS; answer++)
		width += td_explore_possible((enum td_answer)answer, pages, to_shared);
	return width;
}

static enum td_answer nth_answer(uint64_t pages, bool to_shared, uint32_t n)
{
	uint32_t answer = 0;

	if (pages >= ALL_FROM)
		return (enum td_answer)n;
	for (;; answer++)
		if (td_explore_possible((enum td_answer)answer, pages, to_shared) && n-- == 0)
			return (enum td_answer)answer;
}

static uint32_t index_of(uint64_t pages, bool to_shared, enum td_answer answer)
{
	uint32_t index = 0;

	for (uint32_t a = 0; a < answer; a++)
		index += td_explore_possible((enum td_answer)a, pages, to_shared);
	return td_explore_possible(answer, pages, to_shared) ? index : 0;
}

/* xorshift64: enough to spread choices. */
static uint32_t draw(struct td_choices *c, uint32_t width)
{
	if (c->random == 0)
		return 0;
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return (uint32_t)(c->random >> 33) % width;
}

/* splitmix64's last steps: numbers that follow one another lead to states that do not. */
static void draw_from(struct td_choices *c)
{
	uint64_t x = (c->seed ^ c->number * 0x9e3779b97f4a7c15ull) + 0x9e3779b97f4a7c15ull;

	if (c->count == 0)
		return;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	c->random = (x ^ x >> 31) | 1;
}

/* Follows the string as far as it goes, then adds to it: first choices, or drawn ones. */
static enum td_answer choose(struct td *td, uint64_t pages, bool to_shared)
{
	struct td_choices *c = &td->mem->choices;
	uint32_t width = td_explore_width(pages, to_shared), at = c->at;

	if (at >= c->limit) {
		enum td_answer last = at > 0 ? (enum td_answer)c->answer[at - 1] : TD_ANSWER_OK;

		c->cut++;
		return td_explore_is_fruitless(last) ? last : TD_ANSWER_OK;
	}
	if (at < c->named)
		c->taken[at] = (uint8_t)index_of(pages, to_shared, (enum td_answer)c->answer[at]);
	if (at == c->depth)
		c->taken[c->depth++] = (uint8_t)draw(c, width);
	if (c->taken[at] >= width)	/* a string from elsewhere */
		c->taken[at] = (uint8_t)(width - 1);
	c->width[at] = (uint8_t)width;
	c->met = at == 0 ? 0 : c->met;
	c->answer[at] = (uint8_t)nth_answer(pages, to_shared, c->taken[at]);
	return (enum td_answer)c->answer[c->at++];
}

void td_explore_begin(struct td *td, uint32_t limit)
{
	td->mem->choices = (struct td_choices){ .limit = limit < TD_EXPLORE_DEPTH ? limit : TD_EXPLORE_DEPTH, .ours = true };
}

struct td_choices *td_explore_choices(struct td *td)
{
	return &td->mem->choices;
}

void td_explore_shard(struct td *td, uint32_t shard, uint32_t shards)
{
	struct td_choices *c = &td->mem->choices;

	/* Enough prefixes to share out evenly, few enough that what each shard runs only to see them is little. */
	c->split = c->limit < 3 ? 1 : c->limit < 6 ? 2 : 3;
	c->shard = shard;
	c->shards = shards;
	c->number = shard;
	c->ours = shard == 0 || c->count != 0;
	draw_from(c);
}

void td_explore_random(struct td *td, uint64_t seed, uint64_t count)
{
	td->mem->choices.seed = seed;
	td->mem->choices.count = count;
	draw_from(&td->mem->choices);
}

void td_explore_number(struct td *td, uint64_t number)
{
	if (td->mem->choices.count == 0)
		return;
	td->mem->choices.number = number;
	draw_from(&td->mem->choices);
}

bool td_explore_any(struct td *td)
{
	return td->mem->choices.count == 0 || td->mem->choices.number < td->mem->choices.count;
}

static bool next_drawn(struct td_choices *c)
{
	c->depth = 0;
	c->number += c->shards != 0 ? c->shards : 1;
	draw_from(c);
	return c->number < c->count;
}

/* The string has changed at its end. Whether it is another prefix, whose, and whether it has to be run. */
static bool deal(struct td_choices *c)
{
	if (c->shards < 2 || c->depth > c->split)
		return true;
	c->ours = ++c->dealt % c->shards == c->shard;
	return c->ours || c->depth < c->split;
}

bool td_explore_next(struct td *td)
{
	struct td_choices *c = &td->mem->choices;

	c->depth = c->at > c->fixed ? c->at : c->fixed;	/* what the sequence did not use is no branch of the tree */
	c->at = 0;
	c->cut = 0;
	if (c->count != 0)
		return next_drawn(c);
	if (!c->ours && c->depth > c->split)
		c->depth = c->split;
	while (c->depth > c->fixed) {
		if (++c->taken[c->depth - 1] >= c->width[c->depth - 1])
			c->depth--;
		else if (deal(c))
			return true;
	}
	return false;
}

/* What the VMM makes of the ACCEPTs from here to the next MapGPA. */
static void meddle(struct td *td, enum td_answer answer, uint64_t gpa, uint64_t n)
{
	struct td_meddling *m = &td->mem->now.meddling;

	*m = (struct td_meddling){ 0 };
	if (class_of(answer, n) == TD_ANSWERS_ACCEPT)
		*m = (struct td_meddling){ .gpa = gpa + n / 2 * TDX_PAGE_SIZE, .answer = answer };
}

/* gpa with S, as R11 has it. */
struct td_plan td_explore_plan(struct td *td, uint64_t gpa, uint64_t size)
{
	uint64_t n = size / TDX_PAGE_SIZE;
	enum td_answer answer = choose(td, n, gpa & td->mem->s);
	struct td_plan plan = { .pages = pages_converted(answer, n), .r10 = r10_of(answer, n) };

	plan.r11 = gpa + plan.pages * TDX_PAGE_SIZE;
	if (answer == TD_ANSWER_BEYOND)
		plan.r11 = gpa + size + TDX_PAGE_SIZE;
	else if (answer == TD_ANSWER_BELOW)
		plan.r11 = gpa - TDX_PAGE_SIZE;
	else if (answer == TD_ANSWER_ZERO)
		plan.r11 = 0;
	else if (answer == TD_ANSWER_UNALIGNED)
		plan.r11 = gpa + 1;
	else if (answer == TD_ANSWER_OTHER_S)
		plan.r11 ^= td->mem->s;
	else if (answer == TD_ANSWER_INVALID_END)
		plan.r11 = gpa + size;
	plan.changes = answer == TD_ANSWER_OK_CHANGED || answer == TD_ANSWER_FIRST_CHANGED;
	meddle(td, answer, gpa, n);
	return plan;
}

uint64_t td_explore_accept(struct td *td, uint64_t gpa, uint64_t level, uint64_t pages)
{
	struct td_meddling *m = &td->mem->now.meddling;
	struct td_choices *c = &td->mem->choices;
	bool there = m->gpa >= gpa && m->gpa - gpa < pages * TDX_PAGE_SIZE;
	enum td_answer answer = (enum td_answer)m->answer;

	if (!(answer == TD_ANSWER_SMALL ? level == TDX_LEVEL_2M : there))
		return 0;
	if (c->at > 0)
		c->met |= 1ull << (c->at - 1);
	if (answer != TD_ANSWER_BUSY)
		return tdx_status(TDX_PAGE_SIZE_MISMATCH, level);
	*m = (struct td_meddling){ 0 };
	return tdx_status(TDX_OPERAND_BUSY, TD_RCX);
}
