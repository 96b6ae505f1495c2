/* SPDX-License-Identifier: MIT */
/*
 * What fills a page that nobody should read. Made from its GPA, so that a page in the wrong place shows too, and never
 * zero. The command checks the same patterns when it finishes a run over the same memory.
 */
#ifndef WIRE_PATTERN_H
#define WIRE_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/tdx.h"

enum pattern { PATTERN_SCRAMBLE, PATTERN_POISON };

#define PATTERN_WORDS (TDX_PAGE_SIZE / sizeof(uint64_t))

/* The golden ratio spreads neighbours; the lowest bit keeps it from zero, the highest from a canonical address. */
static inline uint64_t pattern_word(uint64_t gpa, enum pattern pattern)
{
	uint64_t word = (gpa / TDX_PAGE_SIZE * 2 + (pattern == PATTERN_POISON) + 1) * 0x9e3779b97f4a7c15ull;

	return (word & ~(3ull << 62)) | 1ull << 62 | 1;
}

static inline void pattern_fill(uint64_t *page, uint64_t gpa, enum pattern pattern)
{
	uint64_t word = pattern_word(gpa, pattern);

	for (unsigned int i = 0; i < PATTERN_WORDS; i++)
		page[i] = word;
}

/* True if every word of the page is this one. */
static inline bool pattern_all(const uint64_t *page, uint64_t word)
{
	for (unsigned int i = 0; i < PATTERN_WORDS; i++)
		if (page[i] != word)
			return false;
	return true;
}

static inline bool pattern_poisoned(const uint64_t *page, uint64_t gpa)
{
	return pattern_all(page, pattern_word(gpa, PATTERN_POISON));
}

#endif
