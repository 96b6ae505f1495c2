// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What libtdconv asks of its embedder, in a Linux module: page tables, TLBs, waiting.
 *
 * set_memory_decrypted() changes page tables and converts in one, and what it is built on is not exported. So the
 * module changes the S bit of the kernel's own page tables itself, under one condition that makes this safe: every leaf
 * entry that it touches maps 4 KiB of memory that the module owns, and nobody else changes such an entry. The kernel
 * splits its direct map for that on its own, under its own locks, when one page of each 2 MiB is made uncached and
 * cached again.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/set_memory.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <asm/cacheflush.h>
#include <asm/io.h>
#include <asm/pgtable.h>

#include "demo.h"

#define PAUSES	10000	/* at most that often in a row, of at most 1 ms: ten seconds */

static DECLARE_RWSEM(gate);

static struct page *page_of(const void *va)
{
	return is_vmalloc_addr(va) ? vmalloc_to_page(va) : virt_to_page(va);
}

/* The 4 KiB leaf that maps va, or NULL. */
static pte_t *leaf_of(const void *va)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)va, &level);

	return pte != NULL && level == PG_LEVEL_4K && pte_present(*pte) ? pte : NULL;
}

/* The kernel splits what it maps with a large leaf. */
static bool split(void *va, u64 bytes)
{
	for (u64 at = 0; at < bytes; at += PAGE_SIZE) {
		unsigned long page = (unsigned long)page_address(page_of(va + at));

		if (leaf_of((void *)page) != NULL)
			continue;
		if (set_memory_uc(page, 1) != 0 || set_memory_wb(page, 1) != 0 || leaf_of((void *)page) == NULL)
			return false;
	}
	return true;
}

bool buffer_get(struct buffer *b, u64 bytes, bool scattered)
{
	*b = (struct buffer){ NULL, bytes, scattered };
	b->va = scattered ? vmalloc(bytes) : alloc_pages_exact(bytes, GFP_KERNEL);
	if (b->va == NULL)
		return false;
	if (split(b->va, bytes))
		return true;
	buffer_put(b);
	return false;
}

void buffer_put(struct buffer *b)
{
	if (b->scattered)
		vfree(b->va);
	else
		free_pages_exact(b->va, b->bytes);
	b->va = NULL;
}

bool tdconv_os_pause(void *os, enum tdconv_wait why, u64 run)
{
	if (run <= 16)
		udelay(10);
	else
		usleep_range(100, 1000);
	return run < PAUSES;
}

enum tdconv_record tdconv_os_record(void *os, u64 gpa, u64 bytes)
{
	return TDCONV_RECORD_NONE;
}

/* The direct map may say shared at this moment, so the page is mapped once more. */
void tdconv_os_zero(void *os, u64 gpa, u64 bytes)
{
	for (u64 at = gpa; at < gpa + bytes; at += PAGE_SIZE) {
		struct page *page = pfn_to_page(PHYS_PFN(at));
		void *va = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

		if (WARN_ON(va == NULL))
			return;
		memset(va, 0, PAGE_SIZE);
		vunmap(va);
	}
}

bool tdconv_os_enter(void *os)
{
	down_read(&gate);
	return true;
}

void tdconv_os_leave(void *os)
{
	up_read(&gate);
}

bool tdconv_os_translate(void *os, u64 va, struct tdconv_run *run)
{
	run->gpa = page_to_phys(page_of((void *)va));
	run->bytes = PAGE_SIZE;
	return leaf_of((void *)va) != NULL;
}

static void set_leaf(const struct tdconv *tdc, pte_t *pte, enum tdconv_pte to)
{
	u64 value = pte_val(*pte) & ~tdc->td.shared_bit;

	if (to == TDCONV_PTE_SHARED)
		value |= tdc->td.shared_bit;
	WRITE_ONCE(*pte, __pte(value));
}

/* Every page has its alias in the direct map, and vmalloc memory has another one. */
bool tdconv_os_set_pte(void *os, u64 va, u64 bytes, enum tdconv_pte to)
{
	for (u64 at = va; at < va + bytes; at += PAGE_SIZE) {
		pte_t *direct = leaf_of(page_address(page_of((void *)at))), *own = leaf_of((void *)at);

		if (direct == NULL || own == NULL)
			return false;
		set_leaf(os, direct, to);
		if (own != direct)
			set_leaf(os, own, to);
	}
	return true;
}

static void flush_here(void *info)
{
	const struct buffer *b = info;

	for (u64 at = 0; at < b->bytes; at += PAGE_SIZE) {
		asm volatile("invlpg (%0)" : : "r"(b->va + at) : "memory");
		asm volatile("invlpg (%0)" : : "r"(page_address(page_of(b->va + at))) : "memory");
	}
}

void tdconv_os_flush_tlb(void *os, u64 va, u64 bytes)
{
	struct buffer range = { (void *)va, bytes };

	on_each_cpu(flush_here, &range, 1);
}

void tdconv_os_flush_cache(void *os, u64 va, u64 bytes)
{
	clflush_cache_range((void *)va, bytes);
}

/* Only tdconv_unshare_all() asks these two: what is to be made private before a kexec is the kernel's to know. */
bool tdconv_os_next_shared(void *os, u64 va, u64 end, struct tdconv_extent *extent)
{
	return false;
}

void tdconv_os_left_shared(void *os, const struct tdconv_extent *extent, const struct tdconv_result *res)
{
}
