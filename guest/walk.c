/* SPDX-License-Identifier: MIT */
/* The optional page-table walker: see tdconv_walk.h. */

#include "internal.h"
#include "tdconv_walk.h"

#define ENTRIES		512u
#define PRESENT		0x001ull
#define TABLE		0x006ull		/* writable, user */
#define LARGE		0x080ull		/* in a leaf above the last level */
#define PAT_SMALL	0x080ull		/* the same bit is PAT in a 4 KiB leaf ... */
#define PAT_LARGE	0x1000ull		/* ... and PAT of a large one is here */
#define ADDRESS		0x000ffffffffff000ull
#define LEAF		1u			/* level of 4 KiB leaves */
#define LARGEST		3u			/* 1 GiB leaves */

/* Bytes that an entry of this level maps; level 1 is 4 KiB. */
static uint64_t span(uint32_t level)
{
	return PAGE << (9 * (level - 1));
}

static bool is_leaf(uint64_t entry, uint32_t level)
{
	return level == LEAF || (level <= LARGEST && (entry & LARGE) != 0);
}

/* The entry for va, of the level where the walk ends: a leaf, or one that is not present. NULL: no table there. */
static uint64_t *find(const struct tdconv_walk *walk, uint64_t va, uint32_t *level)
{
	uint64_t table = walk->root;
	uint64_t *entry;

	for (*level = walk->levels;; (*level)--) {
		entry = tdconv_walk_table(walk->os, table);
		if (entry == NULL)
			return NULL;
		entry += va / span(*level) % ENTRIES;
		if ((*entry & PRESENT) == 0 || is_leaf(*entry, *level))
			return entry;
		table = *entry & ADDRESS;
	}
}

/* The address in a leaf with S; the low bits of a large one are not part of it. */
static uint64_t leaf_address(uint64_t entry, uint32_t level)
{
	return (entry & ADDRESS) / span(level) * span(level);
}

bool tdconv_walk_translate(const struct tdconv_walk *walk, uint64_t va, struct tdconv_run *run, bool *shared)
{
	uint32_t level;
	const uint64_t *entry = find(walk, va, &level);
	uint64_t address;

	if (entry == NULL || (*entry & PRESENT) == 0)
		return false;
	address = leaf_address(*entry, level);
	*shared = address >= walk->shared_bit;
	run->gpa = (*shared ? address - walk->shared_bit : address) + va % span(level);
	run->bytes = span(level) - va % span(level);
	return true;
}

/* A large leaf becomes a table of 512 that map the same. */
static bool split(const struct tdconv_walk *walk, uint64_t *entry, uint32_t level)
{
	uint64_t page = tdconv_walk_page(walk->os), old = *entry;
	uint64_t flags = old & ~ADDRESS, address = leaf_address(old, level);
	uint64_t *table = page != 0 ? tdconv_walk_table(walk->os, page) : NULL;
	uint32_t i;

	if (table == NULL)
		return false;
	if (level - 1 == LEAF) {
		flags &= ~LARGE;
		if ((old & PAT_LARGE) != 0)
			flags |= PAT_SMALL;
	} else if ((old & PAT_LARGE) != 0) {
		flags |= PAT_LARGE;
	}
	for (i = 0; i < ENTRIES; i++)
		table[i] = (address + i * span(level - 1)) | flags;

	/* Tables allow everything; the leaves restrict. A CPU may walk the table as soon as an entry leads to it. */
	__atomic_store_n(entry, page | PRESENT | TABLE, __ATOMIC_RELEASE);
	return true;
}

static uint64_t with_pte(const struct tdconv_walk *walk, uint64_t entry, enum tdconv_pte pte)
{
	if (pte == TDCONV_PTE_NONE)
		return entry & ~PRESENT;
	entry &= ~walk->shared_bit;
	return pte == TDCONV_PTE_SHARED ? entry | walk->shared_bit : entry;
}

bool tdconv_walk_set(const struct tdconv_walk *walk, uint64_t va, uint64_t bytes, enum tdconv_pte pte)
{
	uint64_t end = va + bytes;

	if (va % PAGE != 0 || bytes % PAGE != 0 || bytes > TDCONV_U64_MAX - va)
		return false;
	while (va < end) {
		uint32_t level;
		uint64_t *entry = find(walk, va, &level);

		if (entry == NULL || (*entry & PRESENT) == 0)
			return false;
		if (va % span(level) != 0 || end - va < span(level)) {
			if (!split(walk, entry, level))
				return false;
			continue;
		}
		__atomic_store_n(entry, with_pte(walk, *entry, pte), __ATOMIC_RELAXED);
		va += span(level);
	}
	return true;
}

bool tdconv_walk_next_shared(const struct tdconv_walk *walk, uint64_t va, uint64_t end, struct tdconv_extent *extent)
{
	struct tdconv_run run;
	bool shared = false, found = false;

	while (va < end) {
		uint32_t level;
		uint64_t bytes;

		/* A hole is as large as the entry that makes it, also where a table is missing. */
		(void)find(walk, va, &level);
		bytes = span(level) - va % span(level);
		if (bytes > end - va)
			bytes = end - va;
		if (!tdconv_walk_translate(walk, va, &run, &shared) || !shared) {
			if (found)
				return true;
		} else {
			if (found && run.gpa != extent->gpa + extent->bytes)
				return true;
			if (!found)
				*extent = (struct tdconv_extent){ va, run.gpa, 0, TDCONV_STATE_SHARED };
			found = true;
			extent->bytes += bytes;
		}
		va += bytes;
	}
	return found;
}
