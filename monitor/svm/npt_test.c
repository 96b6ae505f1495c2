/* SPDX-License-Identifier: MIT */
/* The nested page tables against a plain array, on a host: pointers stand for machine addresses. */
#include <stdio.h>
#include <stdlib.h>

#define MEM_DIRECT 0ull
#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

/* The code under test is included, so that MEM_DIRECT is ours there too. */
#include "monitor/svm/npt.c"

#define PAGES		(4 * 512u)
#define BASE		0x40000000ull
#define FRESH		0xc0000000ull	/* no tables there yet */
#define PARTIAL		0x10000000000ull
#define MACHINE		0x80000000ull
#define ROUNDS		200u
#define CHANGES		16u

static unsigned int flushes, allocations;
static void *tables[8192];	/* so many allocations of the monitor's, which frees nothing */
static uint64_t S = 1ull << 47;

void *mem_alloc(uint64_t bytes)
{
	void *p = aligned_alloc(4096, bytes);

	if (allocations == sizeof(tables) / sizeof(tables[0]))
		abort();
	tables[allocations++] = p;
	return memset(p, 0, bytes);
}

uint64_t mem_address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

void shootdown_flush_others(uint64_t now)
{
	(void)now;
	flushes++;
}

/* What a CPU would make of gpa; 0: a fault. */
static uint64_t translate(uint64_t gpa)
{
	uint64_t *table = root, entry = 0;
	int level;

	for (level = top; level >= 0; level--) {
		entry = table[gpa >> (12 + 9 * level) & 511];
		if (!(entry & 1))
			return 0;
		if (level == 0 || (entry & PTE_LARGE))
			break;
		table = (uint64_t *)(entry & PTE_ADDRESS);
	}
	return (entry & PTE_ADDRESS) + (gpa & ((1ull << (12 + 9 * level)) - 1));
}

static uint64_t seed = 88172645463325252ull;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* What each page of both halves is mapped to; 0: nothing. */
static uint64_t model[2][PAGES];
static uint64_t base;			/* where they are: elsewhere in each round, so that no tables are there yet */
static unsigned int large, broken_up;	/* large entries that were made, and that were broken up again */

static bool agrees(void)
{
	for (unsigned int half = 0; half < 2; half++)
		for (unsigned int i = 0; i < PAGES; i++)
			if (translate(base + i * TDX_PAGE_SIZE + half * S) != model[half][i])
				return false;
	return true;
}

static unsigned int count_large(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < 2 * PAGES; i += 512) {
		const uint64_t *entry = walk(base + i % PAGES * TDX_PAGE_SIZE + i / PAGES * S, BLOCK_LEVEL, false);

		n += entry != NULL && (*entry & PTE_LARGE);
	}
	return n;
}

/* Mostly whole blocks to begin with, at one of two places; some of the machine's addresses are not aligned as ours. */
static void change(void)
{
	static const uint64_t places[] = { MACHINE, MACHINE, 2 * MACHINE, MACHINE + 0x3000 };
	unsigned int half = random64() & 1, first = (unsigned int)(random64() % PAGES), pages, before = count_large();
	uint64_t machine = places[random64() % 4] + random64() % 4 * TDX_2M_SIZE;
	bool map = random64() & 1;

	if (random64() & 1)
		first &= ~511u;
	pages = 1 + (unsigned int)(random64() % (random64() & 1 ? 3 : PAGES));
	if (pages > PAGES - first)
		pages = PAGES - first;
	if (map)
		npt_map(base + first * TDX_PAGE_SIZE + half * S, pages, machine + first * TDX_PAGE_SIZE);
	else
		npt_unmap(base + first * TDX_PAGE_SIZE + half * S, pages);
	for (unsigned int i = 0; i < pages; i++)
		model[half][first + i] = map ? machine + (first + i) * TDX_PAGE_SIZE : 0;
	large += count_large() > before ? count_large() - before : 0;
	broken_up += count_large() < before ? before - count_large() : 0;
}

/* Tables stay once they are there, so large entries are made in the first changes only: many rounds, few changes. */
static void test_random(const char *name)
{
	bool good = true;

	for (unsigned int round = 0; good && round < ROUNDS; round++) {
		base = FRESH + (round + 1) * PAGES * TDX_PAGE_SIZE;
		memset(model, 0, sizeof(model));
		for (unsigned int i = 0; good && i < CHANGES; i++) {
			change();
			good = agrees();
		}
	}
	printf("# %u large entries made, %u broken up\n", large, broken_up);
	tap_ok(good && large > ROUNDS && broken_up > ROUNDS / 2, name);
}

/* All of a block but the pages in question is as it was. */
static bool hole(uint64_t block, unsigned int first, unsigned int pages)
{
	for (unsigned int i = 0; i < 512; i++) {
		uint64_t entry = i >= first && i < first + pages ? 0 : (MACHINE + i * TDX_PAGE_SIZE) | NPT_PAGE | PTE_WRITE;

		if (*walk(block + i * TDX_PAGE_SIZE, PAGE_LEVEL, false) != entry)
			return false;
	}
	return true;
}

static void test_partial(uint64_t block, unsigned int first, unsigned int pages, const char *name)
{
	npt_map(block, 512, MACHINE);
	npt_unmap(block + first * TDX_PAGE_SIZE, pages);
	tap_ok(hole(block, first, pages), name);
}

/* A guest that converts one page to and fro must not use up the monitor's memory. */
static void test_reuse(uint64_t block)
{
	unsigned int before;

	npt_map(block, 512, MACHINE);
	npt_unmap(block, 1);
	before = allocations;
	for (unsigned int i = 0; i < 100; i++) {
		npt_map(block, 512, MACHINE);
		npt_unmap(block + i * TDX_PAGE_SIZE, 1);
	}
	tap_is(allocations, before, "a block that was broken up keeps its table");
	tap_ok(hole(block, 99, 1), "and is mapped in it");
}

int main(void)
{
	uint64_t before;

	npt_init(false);
	base = BASE;
	npt_unmap(BASE, 3 * 512 + 7);
	tap_ok(agrees(), "nothing is mapped at first, and unmapping that is harmless");
	npt_map(BASE, 512, MACHINE);
	tap_ok(*walk(BASE, BLOCK_LEVEL, false) & PTE_LARGE, "a whole aligned block is one large entry");
	tap_is(translate(BASE + 0x1234), MACHINE + 0x1234, "which translates");
	before = npt_generation();
	npt_sync();
	tap_ok(npt_generation() == before && flushes == 0, "mapping needs no flush");
	npt_unmap(BASE + 0x5000, 1);
	npt_sync();
	npt_sync();
	tap_ok(npt_generation() == before + 1 && flushes == 1, "unmapping needs one");
	tap_ok(translate(BASE + 0x5000) == 0 && translate(BASE + 0x4fff) == MACHINE + 0x4fff &&
	       translate(BASE + 0x6000) == MACHINE + 0x6000, "a hole in a large entry splits it");
	npt_map(BASE + 0x6000, 1, MACHINE + 0x9000);
	npt_sync();
	tap_is(flushes, 2, "another address for the same page needs a flush too");
	npt_unmap(BASE, 512);
	npt_map(FRESH + 0x1000, 512, MACHINE);
	tap_ok(translate(FRESH) == 0 && translate(FRESH + 0x1000) == MACHINE &&
	       translate(FRESH + 0x200fff) == MACHINE + 0x1fffff,
	       "512 pages that are aligned on one side only are no large entry");
	test_partial(PARTIAL, 0, 1, "the first page of a large entry goes alone");
	test_partial(PARTIAL + TDX_2M_SIZE, 511, 1, "so does the last");
	test_partial(PARTIAL + 2 * TDX_2M_SIZE, 100, 300, "and many in the middle");
	test_reuse(PARTIAL + 3 * TDX_2M_SIZE);
	test_random("random changes in both halves agree with an array; many make large entries, and many break them up");
	npt_init(true);
	S = 1ull << 51;
	large = broken_up = 0;
	test_random("so they do with five levels and a GPAW of 52");
	while (allocations > 0)
		free(tables[--allocations]);
	return tap_done();
}
