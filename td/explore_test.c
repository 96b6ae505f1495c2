/* SPDX-License-Identifier: MIT */
/* The tree of answers: what each of them is, that every string is taken once and in order, how strings are given. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/explore.h"
#include "td/fake.h"
#include "wire/tap.h"

#define S	FAKE_S
#define N	8
#define INVALID	TDVMCALL_INVALID_OPERAND
#define RETRY	TDVMCALL_RETRY
#define AT(n)	FAKE_PAGE(16 + (n))
#define KEPT	GHCI_MAP_GPA	/* R11 as it was */
#define CHANGED	1ull		/* R11 is something else */
#define SHARED	TD_ANSWER_BUSY	/* answers to a request to shared: those before the ones about ACCEPT */
#define ONE	(SHARED - 6)	/* of them, those that a request of one page can be given */
#define BUSY_RCX	0x8000020000000001ull
#define MISMATCH_4K	0xc0000b0b00000000ull
#define MISMATCH_2M	0xc0000b0b00000001ull

static struct td_choices *start(uint32_t limit)
{
	struct td_config c = fake_config(64);

	c.undo_steps = 1000;
	c.behaviour.nrules = 1;		/* not used while exploring */
	c.behaviour.rules[0] = (struct td_rule){ .complete = 7, .fail = 0x777 };
	fake_start(&c);
	fake_share(0, 1);
	td_mark(fake.td);
	td_explore_begin(fake.td, limit);
	return td_explore_choices(fake.td);
}

static void test_answers(void)
{
	static const struct { const char *name; enum td_answer answer; uint64_t r10, r11, pages; } rows[] = {
		{ "ok", TD_ANSWER_OK, 0, KEPT, N }, { "stall", TD_ANSWER_STALL, RETRY, AT(0), 0 },
		{ "first", TD_ANSWER_FIRST, RETRY, AT(1), 1 }, { "half", TD_ANSWER_HALF, RETRY, AT(4), 4 },
		{ "last", TD_ANSWER_LAST, RETRY, AT(7), 7 }, { "end", TD_ANSWER_END, RETRY, AT(8), 8 },
		{ "beyond", TD_ANSWER_BEYOND, RETRY, AT(9), 0 }, { "below", TD_ANSWER_BELOW, RETRY, AT(-1), 0 },
		{ "zero", TD_ANSWER_ZERO, RETRY, 0, 0 }, { "unaligned", TD_ANSWER_UNALIGNED, RETRY, AT(0) + 1, 0 },
		{ "other S", TD_ANSWER_OTHER_S, RETRY, AT(1) ^ S, 1 }, { "invalid", TD_ANSWER_INVALID, INVALID, AT(0), 0 },
		{ "invalid after", TD_ANSWER_INVALID_AFTER, INVALID, AT(1), 1 },
		{ "inuse", TD_ANSWER_INUSE, TDVMCALL_GPA_INUSE, AT(0), 0 },
		{ "align", TD_ANSWER_ALIGN, TDVMCALL_ALIGN_ERROR, AT(0), 0 },
		{ "unsupported", TD_ANSWER_UNSUPPORTED, TDVMCALL_SUBFUNC_UNSUPPORTED, AT(0), 0 },
		{ "unknown", TD_ANSWER_UNKNOWN, 0xdead, AT(0), 0 }, { "lie", TD_ANSWER_LIE, 0, KEPT, 0 },
		{ "ok-changed", TD_ANSWER_OK_CHANGED, 0, CHANGED, N },
		{ "first-changed", TD_ANSWER_FIRST_CHANGED, RETRY, AT(1), 1 },
		{ "invalid-end", TD_ANSWER_INVALID_END, INVALID, AT(8), 0 },
	};

	tap_is(sizeof(rows) / sizeof(rows[0]), SHARED, "every answer to shared is here");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t s = rows[i].r11 == KEPT || rows[i].r11 == 0 ? 0 : S;
		bool changed = rows[i].r11 == CHANGED;
		struct td_choices *c = start(4);
		struct fake_answer a;

		c->answer[0] = (uint8_t)rows[i].answer;
		c->named = c->depth = 1;
		a = fake_share(16, N);
		tap_ok(a.r10 == rows[i].r10 && (changed ? a.r11 != KEPT : a.r11 == (rows[i].r11 ^ s)), rows[i].name);
		tap_is(fake_real_pages(TD_REAL_SHARED), rows[i].pages + 1, "... converts what it says");
	}
}

/* What td does with an answer is what its labels in the table say, and stalls are counted at each frontier. */
static struct td_answers answered(const uint8_t *answers, uint32_t n)
{
	struct td_choices *c = start(n);
	struct td_answers told = { 0 };

	memcpy(c->answer, answers, n);
	c->named = c->depth = n;
	for (uint32_t i = 0, at = 16; i < n; i++) {
		struct fake_answer a = fake_share(at, 64 - at);

		td_answers_add(&told, fake_last(TD_EV_MAPGPA));
		if (a.r10 == RETRY && a.r11 >= (AT(0) | S) && a.r11 < (FAKE_PAGE(64) | S))
			at = (uint32_t)((a.r11 & ~S) - FAKE_RAM) / TDX_PAGE_SIZE;
	}
	return told;
}

static void test_labels(void)
{
	enum { PERMITTED, HOSTILE, COMPLETE, CONTAIN };
	static const struct { const char *name; int ghci, expect; } rows[] = {
#define TD_ANSWER(id, name, ghci, expect, ...) { name, ghci, expect },
		TD_ANSWERS(TD_ANSWER)
#undef TD_ANSWER
	};
	static const uint8_t stalls[] = { TD_ANSWER_STALL, TD_ANSWER_STALL, TD_ANSWER_STALL, TD_ANSWER_FIRST,
					  TD_ANSWER_STALL, TD_ANSWER_STALL, TD_ANSWER_STALL, TD_ANSWER_STALL };
	struct td_answers told;

	for (uint8_t i = 0; i < SHARED; i++) {
		told = answered(&i, 1);
		tap_ok(told.hostile == (rows[i].ghci == HOSTILE) &&
			       td_answers_complete(&told, TD_STALLS) == (rows[i].expect == COMPLETE), rows[i].name);
	}
	told = answered(stalls, 7);
	tap_ok(told.longest == 3 && td_answers_complete(&told, TD_STALLS),
	       "three stalls at each frontier are to be lived through");
	told = answered(stalls, 8);
	tap_ok(told.longest == 4 && !told.hostile && !td_answers_complete(&told, TD_STALLS),
	       "... four excuse, and are no lie");
	tap_ok(td_answers_complete(&told, 4), "... unless more is asked of a guest");
}

static void test_widths(void)
{
	tap_is(td_explore_width(1, true), ONE, "one page tells fewer answers apart");
	tap_is(td_explore_width(2, true), SHARED - 2, "two pages more");
	tap_is(td_explore_width(3, true), SHARED - 1, "three");
	tap_is(td_explore_width(4, true), SHARED, "four all");
	tap_is(td_explore_width(1 << 20, true), SHARED, "... and no more of them");
	tap_is(td_explore_width(1, false), ONE + 2, "to private there are those about ACCEPT too");
	tap_is(td_explore_width(511, false), TD_ANSWER_KINDS - 1, "... but for the one of 2 MiB");
	tap_is(td_explore_width(512, false), TD_ANSWER_KINDS, "... which needs so much");
}

/* A guest that asks for 4 pages, then for 1, whatever it is told. */
static void test_order(void)
{
	struct td_choices *c = start(2);
	uint32_t sequences = 0, out_of_order = 0, last = 0;

	do {
		uint32_t string;

		fake_share(16, 4);
		fake_share(32, 1);
		string = (uint32_t)c->taken[0] << 8 | c->taken[1];
		out_of_order += sequences > 0 && string <= last;
		last = string;
		sequences++;
		td_rollback(fake.td);
	} while (td_explore_next(fake.td));
	tap_is(sequences, SHARED * ONE, "every string of two answers, once");
	tap_is(out_of_order, 0, "... in order");
	tap_ok(fake_real_pages(TD_REAL_SHARED) == 1 && fake_consistent(), "and all are taken back");
}

/* Strings end where the guest ends: here at the first answer that is not RETRY, or after 3. */
static void test_depth(void)
{
	struct td_choices *c = start(TD_EXPLORE_DEPTH);
	uint32_t sequences = 0, cut = 0;

	do {
		for (int i = 0; i < 3 && fake_share(16, 1).r10 == RETRY; i++)
			;
		sequences++;
		cut += c->cut;
		td_rollback(fake.td);
	} while (td_explore_next(fake.td));
	/* 15 answers to one page: 6 of them RETRY */
	tap_is(sequences, 9 + 6 * 9 + 36 * 15, "a tree of different depths, each leaf once");
	tap_is(cut, 0, "... none cut");
}

static void test_limit(void)
{
	struct td_choices *c = start(1);

	c->named = c->depth = 1;
	c->answer[0] = TD_ANSWER_STALL;
	fake_share(16, 4);
	tap_is(fake_share(16, 4).r10, RETRY, "beyond the limit what brought nothing is said again");
	tap_is(c->cut, 1, "... and counted");
	c = start(1);
	c->named = c->depth = 1;
	c->answer[0] = TD_ANSWER_FIRST;
	fake_share(16, 4);
	tap_is(fake_share(17, 3).r10, 0, "what brought a page is followed by ok");
	c = start(1000);
	for (int i = 0; i < 100; i++)
		fake_share(16, 1);
	tap_is(c->depth, TD_EXPLORE_DEPTH, "no string is longer than there is room");
	tap_is(c->cut, 100 - TD_EXPLORE_DEPTH, "... the rest is counted");
	td_explore_next(fake.td);
	tap_ok(c->cut == 0 && c->at == 0, "... for this sequence only");
	td_explore_begin(fake.td, 0);
	tap_is(fake_share(16, 8).r10, 0x777, "switched off, the rules are back");
}

static void test_given(void)
{
	struct td_choices *c = start(2);
	uint32_t sequences = 0;

	c->taken[0] = 3;
	c->depth = c->fixed = 1;
	do {
		fake_share(16, 4);
		fake_share(32, 1);
		sequences += c->taken[0] == 3 ? 1 : 1000;
		td_rollback(fake.td);
	} while (td_explore_next(fake.td));
	tap_is(sequences, ONE, "a fixed beginning: the shard of all strings with it");
	c = start(2);
	c->taken[0] = 250;
	c->depth = 1;
	fake_share(16, 1);
	tap_is(c->answer[0], TD_ANSWER_INVALID_END, "a choice that is not possible here is the last that is");
	c = start(2);
	c->answer[0] = TD_ANSWER_HALF;
	c->named = c->depth = 1;
	fake_share(16, 2);
	tap_is(c->answer[0], TD_ANSWER_OK, "a name that is not possible here is ok");
}

static uint64_t drawn(uint64_t seed)
{
	struct td_choices *c = start(16);
	uint64_t print = 0;

	c->random = seed;
	for (int i = 0; i < 16; i++)
		fake_share(16, 4);
	for (int i = 0; i < 16; i++)
		print = print * 31 + c->taken[i];
	return print;
}

/* A string of names, for requests of just as many pages as tell the answers apart. */
static void test_names(void)
{
	static const struct { uint64_t pages; enum td_answer answer; } rows[] = {
		{ 1, TD_ANSWER_STALL }, { 2, TD_ANSWER_FIRST }, { 2, TD_ANSWER_END }, { 3, TD_ANSWER_LAST },
		{ 3, TD_ANSWER_BEYOND }, { 4, TD_ANSWER_HALF }, { 4, TD_ANSWER_LAST }, { 2, TD_ANSWER_INVALID_AFTER },
		{ 1, TD_ANSWER_LIE },
	};
	struct td_choices *c = start(16);

	c->named = c->depth = sizeof(rows) / sizeof(rows[0]);
	for (uint32_t i = 0; i < c->named; i++)
		c->answer[i] = (uint8_t)rows[i].answer;
	for (uint32_t i = 0; i < c->named; i++) {
		fake_share(16, rows[i].pages);
		tap_case_number("answer", i);
		tap_is(c->answer[i], rows[i].answer, "an answer that is possible is what its name says");
	}
}

static void test_drawn(void)
{
	uint64_t same = 0;

	tap_is(drawn(5), drawn(5), "drawn choices: the same seed, the same string");
	for (uint64_t seed = 6; seed < 70; seed++)
		same += drawn(seed) == drawn(5);
	tap_is(same, 0, "... another seed, another string");
}

#define MOST	4000

/*
 * Which strings are a shard's, as numbers, if the guest goes on until it gets another answer than RETRY, or whatever it
 * gets. Returns how many runs were for nothing.
 */
static uint32_t strings_of(uint32_t shard, uint32_t shards, uint32_t depth, bool stubborn, uint32_t *strings,
			   uint32_t *n)
{
	struct td_choices *c = start(depth);
	uint32_t idle = 0;

	td_explore_shard(fake.td, shard, shards);
	*n = 0;
	do {
		uint32_t string = 1;

		for (uint32_t i = 0; i < depth && (fake_share(16, 1).r10 == RETRY || stubborn); i++)
			;
		for (uint32_t i = 0; i < c->at; i++)
			string = string * 16 + c->taken[i];
		if (c->ours && *n < MOST)
			strings[(*n)++] = string;
		else
			idle++;
		td_rollback(fake.td);
	} while (td_explore_next(fake.td));
	return idle;
}

static void shards_make_up(bool stubborn, uint32_t depths)
{
	static uint32_t whole[MOST], part[MOST];
	uint32_t most = 0, missing = 0, twice = 0, idle = 0, n, m;

	for (uint32_t depth = 1; depth <= depths; depth++) {
		strings_of(0, 1, depth, stubborn, whole, &n);
		for (uint32_t shards = 2; shards <= 40; shards += depth < 4 ? 1 : 19) {
			uint8_t seen[MOST] = { 0 };

			for (uint32_t shard = 0; shard < shards; shard++) {
				idle = strings_of(shard, shards, depth, stubborn, part, &m);
				most = idle > most ? idle : most;
				for (uint32_t i = 0, at = 0; i < m; i++, at++) {
					while (at < n && whole[at] != part[i])
						at++;
					seen[at < n ? at : MOST - 1]++;
				}
			}
			for (uint32_t i = 0; i < MOST; i++) {
				missing += i < n && seen[i] == 0;
				twice += i < n ? seen[i] > 1 : seen[i] != 0;
			}
		}
	}
	tap_case(stubborn ? "a guest that goes on and on" : "a guest");
	tap_is(missing, 0, "the shards are all there is");
	tap_is(twice, 0, "... and nothing twice");
	tap_ok(most <= ONE, "... and no more is run for it than shows how the tree goes on");
	tap_case(NULL);
}

static void test_shards(void)
{
	shards_make_up(false, 4);
	shards_make_up(true, 3);
}

static uint64_t print_of(const struct td_choices *c)
{
	uint64_t print = c->at;

	for (uint32_t i = 0; i < c->at; i++)
		print = print * 31 + c->taken[i];
	return print;
}

static void test_drawn_shards(void)
{
	struct td_choices *c = start(16);
	uint64_t whole = 0, parts = 0, n = 0;

	td_explore_random(fake.td, 9, 100);
	do {
		for (int i = 0; i < 16; i++)
			fake_share(16, 4);
		whole += print_of(c) * 77;
		n++;
	} while (td_explore_next(fake.td));
	tap_is(n, 100, "so many are drawn");
	for (uint32_t shard = 0; shard < 7; shard++) {
		c = start(16);
		td_explore_random(fake.td, 9, 100);
		td_explore_shard(fake.td, shard, 7);
		do {
			for (int i = 0; i < 16; i++)
				fake_share(16, 4);
			parts += c->ours ? print_of(c) * 77 : 0;
		} while (td_explore_next(fake.td));
	}
	tap_ok(parts == whole && whole != 0, "... the same ones in shards");
	start(16);
	td_explore_random(fake.td, 9, 3);
	tap_ok(td_explore_any(fake.td), "there is a first one to be drawn");
	td_explore_shard(fake.td, 3, 4);
	tap_ok(!td_explore_any(fake.td), "... but not for a fourth shard of three");
}

/* The guest asks for 1024 shared pages back, from this one on, and is answered that. */
static const struct td_choices *unshared_from(unsigned int first, enum td_answer answer)
{
	struct td_config config = fake_config(2048);
	struct td_choices *c;

	config.undo_steps = 1000;
	fake_start(&config);
	td_explore_begin(fake.td, 2);	/* the first answer is ok */
	fake_share(first, 1024);
	c = td_explore_choices(fake.td);
	c->answer[1] = (uint8_t)answer;
	c->answer[0] = TD_ANSWER_OK;
	c->named = c->depth = 2;
	fake_unshare(first, 1024);
	return c;
}

static const struct td_choices *unshared(enum td_answer answer)
{
	return unshared_from(512, answer);
}

static void test_accept(void)
{
	const uint64_t middle = FAKE_PAGE(1024), before = FAKE_PAGE(1023), large = FAKE_PAGE(512);
	const struct td_choices *c;
	struct td_answers told = { 0 };
	uint32_t misplaced = 0;

	c = unshared(TD_ANSWER_BUSY);
	tap_is(fake_accept(before, TDX_LEVEL_4K), 0, "busy: not the page before the middle");
	tap_is(c->met, 0, "... so that it was not met yet");
	tap_is(fake_accept(middle, TDX_LEVEL_2M), BUSY_RCX, "... any ACCEPT that has the page in the middle");
	td_answers_add(&told, fake_last(TD_EV_ACCEPT));
	tap_ok(c->met == 2 && td_answers_complete(&told, TD_STALLS), "... which is met then, and has to be lived through");
	tap_is(fake_accept(middle, TDX_LEVEL_4K), 0, "... once");
	c = unshared_from(768, TD_ANSWER_BUSY);
	tap_is(fake_accept(FAKE_PAGE(1024), TDX_LEVEL_2M), BUSY_RCX, "... also where it is within the 2 MiB");
	c = unshared(TD_ANSWER_NO_SIZE);
	tap_is(fake_accept(before, TDX_LEVEL_4K), 0, "no size: not the page before the middle");
	tap_is(fake_accept(middle, TDX_LEVEL_2M), MISMATCH_2M, "... 2 MiB with that page");
	td_answers_add(&told, fake_last(TD_EV_ACCEPT));
	tap_ok(!told.refused, "... which does not excuse yet: the pages are smaller");
	tap_is(fake_accept(middle, TDX_LEVEL_4K), MISMATCH_4K, "... nor can the page be accepted alone");
	td_answers_add(&told, fake_last(TD_EV_ACCEPT));
	tap_ok(told.refused && !told.hostile, "... which excuses, and is permitted");
	tap_is(fake_accept(middle, TDX_LEVEL_4K), MISMATCH_4K, "... however often");
	fake_unshare(1024, 1);
	tap_is(fake_accept(middle, TDX_LEVEL_4K), 0, "... until MapGPA is asked again");
	c = unshared(TD_ANSWER_SMALL);
	tap_is(fake_accept(large, TDX_LEVEL_2M), MISMATCH_2M, "small: 2 MiB are none");
	tap_is(fake_accept(FAKE_PAGE(1024), TDX_LEVEL_2M), MISMATCH_2M, "... nowhere");
	tap_is(fake_accept(large, TDX_LEVEL_4K), 0, "... pages are");
	c = unshared(TD_ANSWER_OK);
	tap_is(fake_accept(large, TDX_LEVEL_2M), 0, "ok: 2 MiB are there");
	tap_is(c->met, 0, "... and nothing is met");
	for (uint32_t i = 0; i < TD_ANSWER_KINDS; i++)
		misplaced += (td_explore_class((enum td_answer)i) == TD_ANSWERS_ACCEPT) != (i >= TD_ANSWER_BUSY);
	tap_is(misplaced, 0, "what is about ACCEPT is what comes last");
}

/* Where pages have been is remembered over the way back. */
static void test_states(void)
{
	struct td_choices *c = start(4);
	uint64_t want = 1ull << TD_EXPLORE_STATE(TD_REAL_MAPPED, TD_KNOWN_TO_SHARED) |
			1ull << TD_EXPLORE_STATE(TD_REAL_SHARED, TD_KNOWN_TO_SHARED) |
			1ull << TD_EXPLORE_STATE(TD_REAL_SHARED, TD_KNOWN_CLAIMED_SHARED);

	c->states = 0;
	fake_share(16, 1);
	td_rollback(fake.td);
	tap_is(c->states, want, "asked for, done, said: three states of a page");
}

/* Of answers that are named, the first that was not the one which the guest was given. */
static void test_not_given(void)
{
	static const uint8_t named[TD_EXPLORE_DEPTH] = { TD_ANSWER_STALL, TD_ANSWER_FIRST, TD_ANSWER_HALF };
	struct td_choices *c = start(3);
	const struct td_choices *accepting;

	c->named = c->depth = c->fixed = 3;
	memcpy(c->answer, named, sizeof(named));
	tap_is(td_explore_not_given(c, named), 0, "nothing was asked for yet");
	fake_share(16, 4);
	tap_is(td_explore_not_given(c, named), 0, "the first is as named");
	fake_share(16, 1);
	tap_is(td_explore_not_given(c, named), 2, "a page has no first of several");
	fake_share(16, 1);
	tap_is(td_explore_not_given(c, named), 2, "... which stays the first that was not given");
	accepting = unshared(TD_ANSWER_BUSY);
	tap_is(td_explore_not_given(accepting, accepting->answer), 2, "what disturbs ACCEPT is not given before an ACCEPT");
	fake_accept(FAKE_PAGE(1024), TDX_LEVEL_2M);
	tap_is(td_explore_not_given(accepting, accepting->answer), 0, "... that meets it");
}

int main(void)
{
	test_answers();
	test_labels();
	test_widths();
	test_order();
	test_depth();
	test_limit();
	test_given();
	test_names();
	test_drawn();
	test_shards();
	test_drawn_shards();
	test_states();
	test_accept();
	test_not_given();
	return tap_done();
}
