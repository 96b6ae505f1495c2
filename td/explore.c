/* SPDX-License-Identifier: MIT */
#include "td/state.h"

#define UNKNOWN_R10 0xdeadull
#define ALL_FROM 4ull	/* pages from which on every answer is possible */

uint64_t td_explore_least_pages(enum td_answer answer)
{
	switch (answer) {
	case TD_ANSWER_FIRST:
	case TD_ANSWER_OTHER_S:
	case TD_ANSWER_INVALID_AFTER:
		return 2;
	case TD_ANSWER_LAST:
		return 3;
	case TD_ANSWER_HALF:
		return 4;
	default:
		return 1;
	}
}

uint32_t td_explore_width(uint64_t pages)
{
	uint32_t width = 0;

	if (pages >= ALL_FROM)	/* most requests; this is called for each */
		return TD_ANSWER_KINDS;
	for (uint32_t answer = 0; answer < TD_ANSWER_KINDS; answer++)
		width += pages >= td_explore_least_pages((enum td_answer)answer);
	return width;
}

static enum td_answer nth_answer(uint64_t pages, uint32_t n)
{
	uint32_t answer = 0;

	if (pages >= ALL_FROM)
		return (enum td_answer)n;
	for (;; answer++)
		if (pages >= td_explore_least_pages((enum td_answer)answer) && n-- == 0)
			return (enum td_answer)answer;
}

static uint64_t pages_converted(enum td_answer answer, uint64_t n)
{
	switch (answer) {
	case TD_ANSWER_OK:
	case TD_ANSWER_END:
		return n;
	case TD_ANSWER_FIRST:
	case TD_ANSWER_OTHER_S:
	case TD_ANSWER_INVALID_AFTER:
		return 1;
	case TD_ANSWER_HALF:
		return n / 2;
	case TD_ANSWER_LAST:
		return n - 1;
	default:
		return 0;
	}
}

static uint32_t index_of(uint64_t pages, enum td_answer answer)
{
	uint32_t index = 0;

	for (uint32_t a = 0; a < answer; a++)
		index += pages >= td_explore_least_pages((enum td_answer)a);
	return pages >= td_explore_least_pages(answer) ? index : 0;
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
static enum td_answer choose(struct td *td, uint64_t pages)
{
	struct td_choices *c = &td->mem->choices;
	uint32_t width = td_explore_width(pages), at = c->at;

	if (at >= c->limit) {
		enum td_answer last = at > 0 ? (enum td_answer)c->answer[at - 1] : TD_ANSWER_OK;

		c->cut++;
		return pages_converted(last, td_explore_least_pages(last)) == 0 ? last : TD_ANSWER_OK;
	}
	if (at < c->named)
		c->taken[at] = (uint8_t)index_of(pages, (enum td_answer)c->answer[at]);
	if (at == c->depth)
		c->taken[c->depth++] = (uint8_t)draw(c, width);
	if (c->taken[at] >= width)	/* a string from elsewhere */
		c->taken[at] = (uint8_t)(width - 1);
	c->width[at] = (uint8_t)width;
	c->answer[at] = (uint8_t)nth_answer(pages, c->taken[at]);
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

static uint64_t refusal(enum td_answer answer)
{
	switch (answer) {
	case TD_ANSWER_INVALID:
	case TD_ANSWER_INVALID_AFTER:
		return TDVMCALL_INVALID_OPERAND;
	case TD_ANSWER_INUSE:
		return TDVMCALL_GPA_INUSE;
	case TD_ANSWER_ALIGN:
		return TDVMCALL_ALIGN_ERROR;
	case TD_ANSWER_UNSUPPORTED:
		return TDVMCALL_SUBFUNC_UNSUPPORTED;
	case TD_ANSWER_UNKNOWN:
		return UNKNOWN_R10;
	case TD_ANSWER_OK:
	case TD_ANSWER_LIE:
		return TDVMCALL_SUCCESS;
	default:
		return TDVMCALL_RETRY;
	}
}

/* gpa with S, as R11 has it. */
struct td_plan td_explore_plan(struct td *td, uint64_t gpa, uint64_t size)
{
	uint64_t n = size / TDX_PAGE_SIZE;
	enum td_answer answer = choose(td, n);
	struct td_plan plan = { .pages = pages_converted(answer, n), .r10 = refusal(answer) };

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
	return plan;
}
