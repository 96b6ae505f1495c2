/* SPDX-License-Identifier: MIT */
/* Virtual memory, as tdconv_set_memory() wants it: the library's walker on the payload's own page tables. */
#include "payloads/lib/payload.h"
#include "payloads/builtin.h"
#include "tdconv_walk.h"

#define LEVELS		4u
#define SPARE_TABLES	8u	/* for large leaves that are split */

volatile bool builtin_stopped;

static uint8_t spare[SPARE_TABLES][TDX_PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned int spare_used;

bool tdconv_os_enter(void *os)
{
	(void)os;
	return !builtin_stopped;
}

void tdconv_os_leave(void *os)
{
	(void)os;
}

static struct tdconv_walk tables(void)
{
	return (struct tdconv_walk){ NULL, paging_root(), LEVELS, payload_info.shared };
}

/* All of memory is mapped where it is. */
uint64_t *tdconv_walk_table(void *os, uint64_t gpa)
{
	(void)os;
	return paging_alias(gpa);
}

uint64_t tdconv_walk_page(void *os)
{
	(void)os;
	return spare_used < SPARE_TABLES ? (uint64_t)(uintptr_t)spare[spare_used++] : 0;
}

bool builtin_mapped_shared(uint64_t va)
{
	struct tdconv_walk walk = tables();
	struct tdconv_run run;
	bool shared;

	return tdconv_walk_translate(&walk, va, &run, &shared) && shared;
}

bool tdconv_os_translate(void *os, uint64_t va, struct tdconv_run *run)
{
	struct tdconv_walk walk = tables();
	bool shared;

	(void)os;
	return tdconv_walk_translate(&walk, va, run, &shared);
}

bool tdconv_os_set_pte(void *os, uint64_t va, uint64_t bytes, enum tdconv_pte pte)
{
	struct tdconv_walk walk = tables();

	(void)os;
	return tdconv_walk_set(&walk, va, bytes, pte);
}

/* On this vCPU: the other one has stopped by now. */
void tdconv_os_flush_tlb(void *os, uint64_t va, uint64_t bytes)
{
	(void)os;
	for (uint64_t page = va; page < va + bytes; page += TDX_PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" : : "r"(page) : "memory");
}

/* Caches of a TD are coherent here: there is no encryption whose old lines could be written back. */
void tdconv_os_flush_cache(void *os, uint64_t va, uint64_t bytes)
{
	(void)os;
	(void)va;
	(void)bytes;
}

bool tdconv_os_next_shared(void *os, uint64_t va, uint64_t end, struct tdconv_extent *extent)
{
	struct tdconv_walk walk = tables();

	(void)os;
	return tdconv_walk_next_shared(&walk, va, end, extent);
}

void tdconv_os_left_shared(void *os, const struct tdconv_extent *extent, const struct tdconv_result *res)
{
	struct worker *w = os;

	(void)res;
	w->left_shared += extent->bytes;
}
