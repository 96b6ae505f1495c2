/* SPDX-License-Identifier: MIT */
/*
 * One address space for all vCPUs:
 *
 *	0 GiB ..	GPA = address, private, 2 MiB pages
 *	512 GiB ..	the same GPAs with S
 *	1024 GiB ..	the patchwork, 4 KiB pages
 */
#include "abi/x86.h"
#include "payloads/lib/payload.h"

#define ENTRIES		512u
#define GIBS		4u
#define PTE_USED	(PTE_ACCESSED | PTE_DIRTY)	/* the CPU then never writes to the tables */
#define PTE_TABLE	(PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define PTE_LEAF	(PTE_PRESENT | PTE_WRITE | PTE_USED)
#define ALIAS_SHIFT	39		/* one entry of the root each */

typedef uint64_t table[ENTRIES] __attribute__((aligned(4096)));

static table root, gib_tables[3], leaves_private[GIBS], leaves_shared[GIBS], patch_directory;
static table patch[PATCH_PAGES / ENTRIES];

static uint64_t link(const uint64_t *t)
{
	return (uint64_t)(uintptr_t)t + PTE_TABLE;
}

void paging_init(void)
{
	for (unsigned int g = 0; g < GIBS; g++) {
		for (unsigned int i = 0; i < ENTRIES; i++) {
			uint64_t gpa = ((uint64_t)g * ENTRIES + i) * TDX_2M_SIZE;

			leaves_private[g][i] = gpa + PTE_LEAF + PTE_LARGE;
			leaves_shared[g][i] = gpa + payload_info.shared + PTE_LEAF + PTE_LARGE;
		}
		gib_tables[0][g] = link(leaves_private[g]);
		gib_tables[1][g] = link(leaves_shared[g]);
	}
	for (unsigned int i = 0; i < PATCH_PAGES / ENTRIES; i++)
		patch_directory[i] = link(patch[i]);
	gib_tables[2][0] = link(patch_directory);
	for (unsigned int i = 0; i < 3; i++)
		root[i] = link(gib_tables[i]);
}

void paging_load(void)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"((uint64_t)(uintptr_t)root) : "memory");
}

uint64_t paging_root(void)
{
	return (uint64_t)(uintptr_t)root;
}

void *paging_alias(uint64_t gpa_with_s)
{
	uint64_t gpa = gpa_with_s & ~payload_info.shared;

	return (void *)(uintptr_t)(gpa_with_s == gpa ? gpa : gpa + (1ull << ALIAS_SHIFT));
}

void *paging_patch(unsigned int page)
{
	return (void *)(uintptr_t)((2ull << ALIAS_SHIFT) + page * TDX_PAGE_SIZE);
}

/* Flushes on the calling vCPU only. */
void paging_patch_set(unsigned int page, uint64_t gpa_with_s)
{
	patch[page / ENTRIES][page % ENTRIES] = gpa_with_s + PTE_LEAF;
	__asm__ volatile("invlpg (%0)" : : "r"(paging_patch(page)) : "memory");
}
