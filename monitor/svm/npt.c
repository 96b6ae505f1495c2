/* SPDX-License-Identifier: MIT */
/* Nested page tables: see npt.h. */
#include "monitor/npt.h"

#include "abi/x86.h"
#include "monitor/mem.h"
#include "monitor/shootdown.h"
#include "td/td.h"

/* Nested walks are user accesses (APM 15.25.5), and A and D need not be tracked: set, they cost no update. */
#define NPT_TABLE	(PTE_PRESENT | PTE_WRITE | PTE_USER)
#define NPT_PAGE	(PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY)	/* read only */
#define PAGE_LEVEL	0
#define BLOCK_LEVEL	1

static uint64_t *root;
static int top;				/* its level */
static uint64_t generation;
static uint64_t writable = PTE_WRITE;	/* of new entries */
static bool stale;

void npt_init(bool five_levels)
{
	top = five_levels ? 4 : 3;
	root = mem_alloc(TDX_PAGE_SIZE);
}

uint64_t npt_root(void)
{
	return mem_address(root);
}

uint64_t npt_generation(void)
{
	return __atomic_load_n(&generation, __ATOMIC_SEQ_CST);
}

void npt_sync(void)
{
	if (!stale)
		return;
	stale = false;
	__atomic_add_fetch(&generation, 1, __ATOMIC_SEQ_CST);
	shootdown_flush_others(generation);
}

static uint64_t *slot(uint64_t *table, uint64_t gpa, int level)
{
	return &table[gpa >> (12 + 9 * level) & 511];
}

static void set(uint64_t *entry, uint64_t value)
{
	if (*entry != 0 && *entry != value)
		stale = true;
	*entry = value;
}

/* A large entry becomes a table of the same translations; nothing is taken away, so no TLB need know. */
static void split(uint64_t *entry)
{
	uint64_t *table = mem_alloc(TDX_PAGE_SIZE);
	uint64_t page = *entry & ~PTE_LARGE;

	for (unsigned int i = 0; i < 512; i++)
		table[i] = page + i * TDX_PAGE_SIZE;
	*entry = mem_address(table) | NPT_TABLE;
}

/* The entry for gpa at this level, or NULL if there is none and none is wanted. */
static uint64_t *walk(uint64_t gpa, int level, bool create)
{
	uint64_t *table = root, *entry;
	int l;

	for (l = top; l > level; l--) {
		entry = slot(table, gpa, l);
		if (*entry == 0) {
			if (!create)
				return NULL;
			*entry = mem_address(mem_alloc(TDX_PAGE_SIZE)) | NPT_TABLE;
		} else if (*entry & PTE_LARGE) {
			split(entry);
		}
		table = mem_machine(*entry & PTE_ADDRESS);
	}
	return slot(table, gpa, level);
}

/* A table that stands where a large entry would go is kept and filled: it may be needed again soon. */
static bool map_block(uint64_t gpa, uint64_t pages, uint64_t machine)
{
	uint64_t *entry;

	if (gpa % TDX_2M_SIZE != 0 || machine % TDX_2M_SIZE != 0 || pages < TDX_2M_PAGES)
		return false;
	entry = walk(gpa, BLOCK_LEVEL, true);
	if (*entry != 0 && !(*entry & PTE_LARGE))
		return false;
	set(entry, machine | NPT_PAGE | writable | PTE_LARGE);
	return true;
}

void npt_map(uint64_t gpa, uint64_t pages, uint64_t machine)
{
	uint64_t *entry = NULL, done;

	for (; pages > 0; pages -= done, gpa += done * TDX_PAGE_SIZE, machine += done * TDX_PAGE_SIZE) {
		if (map_block(gpa, pages, machine)) {
			done = TDX_2M_PAGES;
			entry = NULL;
			continue;
		}
		entry = entry == NULL || gpa % TDX_2M_SIZE == 0 ? walk(gpa, PAGE_LEVEL, true) : entry + 1;
		set(entry, machine | NPT_PAGE | writable);
		done = 1;
	}
}

/* How many pages from gpa on have no entry because a whole table is missing; 0 if there may be entries. */
static uint64_t unmap_block(uint64_t gpa, uint64_t pages)
{
	uint64_t *entry = walk(gpa, BLOCK_LEVEL, false);

	if (entry != NULL && *entry != 0) {
		if (!(*entry & PTE_LARGE) || gpa % TDX_2M_SIZE != 0 || pages < TDX_2M_PAGES)
			return 0;
		set(entry, 0);
	}
	return TDX_2M_PAGES - gpa / TDX_PAGE_SIZE % TDX_2M_PAGES;
}

void npt_unmap(uint64_t gpa, uint64_t pages)
{
	uint64_t *entry, done;

	for (; pages > 0; pages -= done, gpa += done * TDX_PAGE_SIZE) {
		done = unmap_block(gpa, pages);
		if (done > pages)
			done = pages;
		if (done != 0)
			continue;
		entry = walk(gpa, PAGE_LEVEL, false);
		do
			set(entry++, 0);
		while (++done < pages && (gpa / TDX_PAGE_SIZE + done) % TDX_2M_PAGES != 0);
	}
}

static void set_writable(uint64_t *table, int level, uint64_t write)
{
	for (unsigned int i = 0; i < 512; i++) {
		if (table[i] == 0)
			continue;
		if (level != PAGE_LEVEL && !(table[i] & PTE_LARGE))
			set_writable(mem_machine(table[i] & PTE_ADDRESS), level - 1, write);
		else
			table[i] = (table[i] & ~PTE_WRITE) | write;
	}
}

void npt_protect(void)
{
	writable = 0;
	set_writable(root, top, 0);
	stale = true;
}

void npt_unprotect(void)
{
	writable = PTE_WRITE;
	set_writable(root, top, PTE_WRITE);
}

bool npt_unprotect_page(uint64_t gpa, uint64_t *machine)
{
	uint64_t *entry = walk(gpa, BLOCK_LEVEL, false);

	if (entry == NULL || *entry == 0)
		return false;
	entry = walk(gpa, PAGE_LEVEL, false);
	if (*entry == 0 || (*entry & PTE_WRITE))
		return false;
	*entry |= PTE_WRITE;
	*machine = *entry & PTE_ADDRESS;
	return true;
}
