/* SPDX-License-Identifier: MIT */
/* The nested page tables against a plain array, on a host: pointers stand for machine addresses. */
#include <stdio.h>
#include <stdlib.h>

#define MEM_DIRECT 0ull
#define tap_puts(text) fputs(text, stdout)
#include "tests/tap.h"

/* The code under test is included, so that MEM_DIRECT is ours there too. */
#include "monitor/npt.c"

#define PAGES		(4 * 512u)
#define BASE		0x40000000ull
#define FRESH		0xc0000000ull	/* no tables there yet */
#define S		(1ull << 47)
#define MACHINE		0x80000000ull
#define ROUNDS		20000u

static unsigned int flushes;

void *mem_alloc(uint64_t bytes)
{
	void *p = aligned_alloc(4096, bytes);

	return memset(p, 0, bytes);
}

uint64_t mem_address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

void smp_flush_others(void)
{
	flushes++;
}

/* What a CPU would make of gpa; 0: a fault. */
static uint64_t translate(uint64_t gpa)
{
	uint64_t *table = root, entry = 0;
	int level;

	for (level = TOP_LEVEL; level >= 0; level--) {
		entry = table[gpa >> (12 + 9 * level) & 511];
		if (!(entry & 1))
			return 0;
		if (level == 0 || (entry & NPT_LARGE))
			break;
		table = (uint64_t *)(entry & NPT_ADDRESS);
	}
	return (entry & NPT_ADDRESS) + (gpa & ((1ull << (12 + 9 * level)) - 1));
}

static uint64_t seed = 88172645463325252ull;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static bool model[2][PAGES];

static bool agrees(void)
{
	for (unsigned int half = 0; half < 2; half++)
		for (unsigned int i = 0; i < PAGES; i++) {
			uint64_t offset = i * TDX_PAGE_SIZE, want = model[half][i] ? MACHINE + offset : 0;

			if (translate(BASE + offset + half * S) != want)
				return false;
		}
	return true;
}

static void change(void)
{
	unsigned int half = random64() & 1, first = (unsigned int)(random64() % PAGES), pages;
	bool map = random64() & 1;

	if (random64() & 1)
		first &= ~511u;
	pages = 1 + (unsigned int)(random64() % (random64() & 1 ? 3 : PAGES));
	if (pages > PAGES - first)
		pages = PAGES - first;
	if (map)
		npt_map(BASE + first * TDX_PAGE_SIZE + half * S, pages, MACHINE + first * TDX_PAGE_SIZE);
	else
		npt_unmap(BASE + first * TDX_PAGE_SIZE + half * S, pages);
	for (unsigned int i = 0; i < pages; i++)
		model[half][first + i] = map;
}

int main(void)
{
	uint64_t before;
	bool good = true;

	npt_init();
	npt_unmap(BASE, 3 * 512 + 7);
	tap_ok(agrees(), "nothing is mapped at first, and unmapping that is harmless");
	npt_map(BASE, 512, MACHINE);
	tap_ok(*walk(BASE, BLOCK_LEVEL, false) & NPT_LARGE, "a whole aligned block is one large entry");
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
	for (unsigned int i = 0; good && i < ROUNDS; i++) {
		change();
		if (i % 16 == 0)
			good = agrees();
	}
	tap_ok(good && agrees(), "random changes in both halves agree with an array");
	return tap_done();
}
