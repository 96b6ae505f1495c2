/* SPDX-License-Identifier: MIT */
/* Page tables made by hand, walked and changed: every leaf size, 4 and 5 levels, splitting, runs, refusals. */
#include <stdio.h>
#include <string.h>

#include "tdconv_walk.h"

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

#define S	(1ull << 47)
#define P	4096ull
#define M2	0x200000ull
#define G1	0x40000000ull
#define FLAGS	0x63ull		/* present, writable, accessed, dirty */
#define LARGE	0x80ull
#define NX	(1ull << 63)
#define TABLES	12
#define FIRST	0x1000ull	/* GPA of tables[0] */

static uint64_t tables[TABLES][512];
static unsigned int used, room;

uint64_t *tdconv_walk_table(void *os, uint64_t gpa)
{
	(void)os;
	return gpa >= FIRST && gpa < FIRST + TABLES * P ? tables[(gpa - FIRST) / P] : NULL;
}

uint64_t tdconv_walk_page(void *os)
{
	(void)os;
	return used < room ? FIRST + used++ * P : 0;
}

/* Maps one leaf of level (1 4K, 2 2M, 3 1G). */
static void map(const struct tdconv_walk *walk, uint64_t va, uint64_t entry, uint32_t leaf)
{
	uint64_t *table = tdconv_walk_table(NULL, walk->root);

	for (uint32_t level = walk->levels; level > leaf; level--) {
		uint64_t *e = &table[va >> (12 + 9 * (level - 1)) & 511];

		if (*e == 0)
			*e = (FIRST + used++ * P) | 0x67;
		table = tdconv_walk_table(NULL, *e & ~0xfffull);
	}
	table[va >> (12 + 9 * (leaf - 1)) & 511] = entry;
}

static struct tdconv_walk fresh(uint32_t levels)
{
	memset(tables, 0, sizeof(tables));
	used = 1;
	room = TABLES;
	return (struct tdconv_walk){ NULL, FIRST, levels, S };
}

static void expect(const struct tdconv_walk *walk, uint64_t va, uint64_t gpa, uint64_t bytes, bool shared,
		   const char *what)
{
	struct tdconv_run run = { 0, 0 };
	bool is_shared = !shared;

	tap_ok(tdconv_walk_translate(walk, va, &run, &is_shared), what);
	tap_is(run.gpa, gpa, "... GPA without S");
	tap_is(run.bytes, bytes, "... bytes to the end of the leaf");
	tap_is(is_shared, shared, "... S");
}

static void translate(uint32_t levels)
{
	struct tdconv_walk walk = fresh(levels);
	uint64_t high = levels == 5 ? 0xff11000000000000ull : 0xffff888000000000ull;
	struct tdconv_run run;
	bool shared;

	tap_case_number("levels", levels);
	map(&walk, high + P, 0x5000 | FLAGS | NX, 1);
	map(&walk, high + M2, 0x400000 | S | FLAGS | LARGE | 0x1000, 2);
	map(&walk, high + G1, 0x80000000 | FLAGS | LARGE, 3);
	expect(&walk, high + P + 8, 0x5008, P - 8, false, "4 KiB leaf");
	expect(&walk, high + M2 + P, 0x401000, M2 - P, true, "2 MiB leaf, shared, PAT set");
	expect(&walk, high + G1 + M2, 0x80000000 + M2, G1 - M2, false, "1 GiB leaf");
	tap_ok(!tdconv_walk_translate(&walk, high, &run, &shared), "an entry that is not present");
	tap_ok(!tdconv_walk_translate(&walk, 0x1000, &run, &shared), "a table that is not present");
	tap_case(NULL);
}

static void change(void)
{
	struct tdconv_walk walk = fresh(4);
	uint64_t *leaf;

	map(&walk, 0, 0x80000000 | FLAGS | LARGE | 0x1000 | NX, 3);
	tap_ok(tdconv_walk_set(&walk, M2 + P, 2 * P, TDCONV_PTE_SHARED), "two pages in a 1 GiB leaf become shared");
	expect(&walk, 0, 0x80000000, M2, false, "the 2 MiB before stay one leaf");
	expect(&walk, M2, 0x80000000 + M2, P, false, "the page before");
	expect(&walk, M2 + P, 0x80000000 + M2 + P, P, true, "the first");
	expect(&walk, M2 + 2 * P, 0x80000000 + M2 + 2 * P, P, true, "the second");
	expect(&walk, M2 + 3 * P, 0x80000000 + M2 + 3 * P, P, false, "the page behind");
	leaf = tdconv_walk_table(NULL, tables[(tables[1][0] >> 12) - 1][1] & ~0xfffull & ~NX);
	tap_is(leaf[0], (0x80000000 + M2) | FLAGS | 0x80 | NX, "4 KiB leaves: PAT where it belongs, no large bit, flags kept");
	tap_ok(tdconv_walk_set(&walk, M2 + P, 2 * P, TDCONV_PTE_PRIVATE), "and private again");
	expect(&walk, M2 + P, 0x80000000 + M2 + P, P, false, "the first of them");
	tap_ok(tdconv_walk_set(&walk, M2, P, TDCONV_PTE_NONE), "a page becomes not present");
	tap_ok(!tdconv_walk_set(&walk, M2, P, TDCONV_PTE_SHARED), "and cannot be set any more");
	room = used;
	tap_ok(!tdconv_walk_set(&walk, 2 * M2 + P, P, TDCONV_PTE_SHARED), "no page for a table: refused");
	expect(&walk, 2 * M2 + P, 0x80000000 + 2 * M2 + P, M2 - P, false, "and nothing has changed");
}

static void runs(void)
{
	struct tdconv_walk walk = fresh(4);
	struct tdconv_extent e = { 0 };

	map(&walk, 0, 0x10000 | S | FLAGS, 1);
	map(&walk, P, 0x11000 | S | FLAGS, 1);
	map(&walk, 2 * P, 0x20000 | S | FLAGS, 1);
	map(&walk, 3 * P, 0x21000 | FLAGS, 1);
	map(&walk, M2, 0x400000 | S | FLAGS | LARGE, 2);
	tap_ok(tdconv_walk_next_shared(&walk, 0, G1, &e), "the first run");
	tap_is(e.va, 0, "... where");
	tap_is(e.gpa, 0x10000, "... GPA");
	tap_is(e.bytes, 2 * P, "... ends where the GPAs part");
	tap_ok(tdconv_walk_next_shared(&walk, 2 * P, G1, &e) && e.gpa == 0x20000 && e.bytes == P,
	       "the second ends at a private page");
	tap_ok(tdconv_walk_next_shared(&walk, 3 * P, G1, &e) && e.va == M2 && e.bytes == M2, "the third is a large leaf");
	tap_ok(tdconv_walk_next_shared(&walk, M2 + P, M2 + 3 * P, &e) && e.gpa == 0x401000 && e.bytes == 2 * P,
	       "the range begins and ends inside a leaf");
	tap_ok(!tdconv_walk_next_shared(&walk, 2 * M2, 512 * G1, &e), "none is left");
	tap_ok(!tdconv_walk_next_shared(&walk, 0xffffffffc0000000ull, ~0ull, &e), "nor at the end of the address space");
}

/* The entry of level (1 is last) that the walk for va ends at or goes through. */
static uint64_t *entry_of(const struct tdconv_walk *walk, uint64_t va, uint32_t level)
{
	uint64_t *table = tdconv_walk_table(NULL, walk->root);

	for (uint32_t i = walk->levels; i > level; i--)
		table = tdconv_walk_table(NULL, table[va >> (12 + 9 * (i - 1)) & 511] & ~NX & ~0xfffull);
	return &table[va >> (12 + 9 * (level - 1)) & 511];
}

/* What an entry says by which bit, and what it does not say. */
static void bits(void)
{
	struct tdconv_walk walk = fresh(4);
	struct tdconv_run run;
	bool shared;

	map(&walk, 0, 0x5000 | 1, 1);
	map(&walk, P, 0x6000 | (FLAGS & ~1ull), 1);
	map(&walk, 2 * P, S | FLAGS, 1);
	expect(&walk, 0, 0x5000, P, false, "a leaf that is only present");
	tap_ok(!tdconv_walk_translate(&walk, P, &run, &shared), "one that is all but present");
	expect(&walk, 2 * P, 0, P, true, "page 0, shared");
	*entry_of(&walk, M2, 2) = *entry_of(&walk, 0, 2) & ~1ull;
	tap_ok(!tdconv_walk_translate(&walk, M2, &run, &shared), "a table that is all but present");
	*entry_of(&walk, 512 * G1, 4) = *entry_of(&walk, 0, 4) | LARGE;
	expect(&walk, 512 * G1, 0x5000, P, false, "no leaf is larger than 1 GiB, whatever bit 7 says");
	*entry_of(&walk, 2 * M2, 2) = 0x7ffff000 | FLAGS;
	tap_ok(!tdconv_walk_translate(&walk, 2 * M2, &run, &shared), "a table that the embedder does not have");
	tap_ok(!tdconv_walk_set(&walk, 2 * M2, P, TDCONV_PTE_SHARED), "and nothing can be set there");
}

/* Splits leave the table behind them alone and the meaning of every bit as it was, with PAT and without. */
static void splits(bool pat)
{
	struct tdconv_walk walk = fresh(4);
	uint64_t small = pat ? 0x80 : 0, large = LARGE | (pat ? 0x1000 : 0);
	bool clean = true;

	tap_case(pat ? "with PAT" : "without PAT");
	map(&walk, 0, G1 | FLAGS | NX | large, 3);
	tap_ok(tdconv_walk_set(&walk, 0, P, TDCONV_PTE_SHARED), "a 1 GiB leaf");
	tap_is(*entry_of(&walk, 0, 1), G1 | S | FLAGS | NX | small, "... the page that was asked for");
	tap_is(*entry_of(&walk, M2 - P, 1), (G1 + M2 - P) | FLAGS | NX | small, "... the last 4 KiB leaf");
	tap_is(*entry_of(&walk, M2, 2), (G1 + M2) | FLAGS | NX | large, "... the first 2 MiB leaf");
	tap_is(*entry_of(&walk, 0, 2) & 0xfff, 7, "... the entry of a table: present, writable, user");
	tap_is(*entry_of(&walk, G1 - M2, 2), (2 * G1 - M2) | FLAGS | NX | large, "... the last one");
	for (unsigned int i = used; i < TABLES; i++)
		for (unsigned int j = 0; j < 512; j++)
			clean &= tables[i][j] == 0;
	tap_ok(clean, "... nothing is written behind a table");
	tap_ok(tdconv_walk_set(&walk, M2 + P, M2 - P, TDCONV_PTE_SHARED), "from inside a leaf to its end");
	tap_is(*entry_of(&walk, M2, 1), (G1 + M2) | FLAGS | NX | small, "... not the page before");
	tap_is(*entry_of(&walk, 2 * M2 - P, 1), (G1 + 2 * M2 - P) | S | FLAGS | NX | small, "... the last page");
	tap_is(*entry_of(&walk, 2 * M2, 2), (G1 + 2 * M2) | FLAGS | NX | large, "... not the leaf behind");
	tap_ok(tdconv_walk_set(&walk, 2 * M2, P, TDCONV_PTE_SHARED), "the first page of that");
	tap_is(*entry_of(&walk, 2 * M2, 1), (G1 + 2 * M2) | S | FLAGS | NX | small, "... is shared");
	tap_is(*entry_of(&walk, 2 * M2 + P, 1), (G1 + 2 * M2 + P) | FLAGS | NX | small, "... the next one is not");
	tap_case(NULL);
}

static void refusals(void)
{
	struct tdconv_walk walk = fresh(4);

	map(&walk, 0xfffffffffffff000ull, 0x5000 | FLAGS, 1);
	map(&walk, 0, 0x6000 | FLAGS, 1);
	tap_ok(!tdconv_walk_set(&walk, 1, P, TDCONV_PTE_SHARED), "an address inside a page");
	tap_ok(!tdconv_walk_set(&walk, 0, 1, TDCONV_PTE_SHARED), "a part of a page");
	tap_ok(!tdconv_walk_set(&walk, 0xfffffffffffff000ull, P, TDCONV_PTE_SHARED), "a range that wraps");
	tap_ok(*entry_of(&walk, 0, 1) == (0x6000 | FLAGS) && *entry_of(&walk, 0xfffffffffffff000ull, 1) ==
	       (0x5000 | FLAGS), "nothing was changed");
	tap_ok(tdconv_walk_set(&walk, 0, 0, TDCONV_PTE_SHARED) && *entry_of(&walk, 0, 1) == (0x6000 | FLAGS),
	       "no bytes, no change");
}

/* Runs that end, or do not, in ways that are easy to get wrong. */
static void more_runs(void)
{
	struct tdconv_walk walk = fresh(4);
	struct tdconv_extent e = { 0 };

	map(&walk, P, 0x10000 | S | FLAGS, 1);
	map(&walk, 3 * P, 0x11000 | S | FLAGS, 1);
	map(&walk, G1, 0x400000 | S | FLAGS | LARGE, 2);
	map(&walk, G1 + M2, 0x600000 | S | FLAGS | LARGE, 2);
	e.state = TDCONV_STATE_UNTOUCHED;
	tap_ok(!tdconv_walk_next_shared(&walk, 0, P, &e), "a shared page behind the end is none");
	tap_ok(tdconv_walk_next_shared(&walk, 0, G1, &e) && e.va == P && e.gpa == 0x10000 && e.bytes == P &&
	       e.state == TDCONV_STATE_SHARED, "a hole ends a run, although the next page goes on in memory");
	tap_ok(tdconv_walk_next_shared(&walk, 2 * P, G1, &e) && e.va == 3 * P && e.bytes == P, "which is a run of its own");
	tap_ok(tdconv_walk_next_shared(&walk, 4 * P, 512 * G1, &e) && e.va == G1 && e.bytes == 2 * M2,
	       "behind holes of every size, two leaves that are one run");
	tap_ok(tdconv_walk_next_shared(&walk, G1 + M2 - P, 512 * G1, &e) && e.va == G1 + M2 - P && e.gpa == 0x5ff000 &&
	       e.bytes == M2 + P, "from inside the first to the end of the second");
	*entry_of(&walk, M2, 2) = 0x7ffff000 | FLAGS;
	tap_ok(tdconv_walk_next_shared(&walk, 4 * P, 512 * G1, &e) && e.va == G1, "a missing table hides nothing behind it");
	map(&walk, 0xffffffffffffe000ull, 0x20000 | S | FLAGS, 1);
	tap_ok(tdconv_walk_next_shared(&walk, 0xffffffff80000000ull, 0xfffffffffffff000ull, &e) &&
	       e.va == 0xffffffffffffe000ull && e.bytes == P, "up to the last page but one");
}

int main(void)
{
	translate(4);
	translate(5);
	change();
	runs();
	bits();
	splits(true);
	splits(false);
	refusals();
	more_runs();
	return tap_done();
}
