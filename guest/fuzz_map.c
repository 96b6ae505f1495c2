/* SPDX-License-Identifier: MIT */
/* The fuzzed embedder of tdconv_set_memory(): page tables that refuse, translations that lie, and the safe order. */
#include "guest/fuzz.h"

#define BAD	0xff

static uint64_t page_of(uint64_t va)
{
	PROMISE(va >= FUZZ_VA && va < FUZZ_VADDR(FUZZ_PAGES) && va % 4096 == 0,
		"the embedder is asked about its own addresses");
	return fuzz.frame[(va - FUZZ_VA) / 4096];
}

/* What must be true of mappings when MapGPA names these pages. */
void fuzz_check_mapping(bool shared, uint64_t gpa, uint64_t end)
{
	PROMISE((fuzz.stale & FUZZ_CACHE) == 0, "caches are flushed before MapGPA");
	PROMISE(!shared || fuzz.stale == 0, "TLBs are flushed before a page is given away");
	PROMISE(!fuzz.stopped, "nothing is asked while conversions are stopped");
	for (uint64_t at = gpa; at < end; at += 4096) {
		enum tdconv_pte pte = fuzz.pte[(at - FUZZ_BASE) / 4096];

		PROMISE(pte == (fuzz.walking ? TDCONV_PTE_NONE : TDCONV_PTE_SHARED),
			"MapGPA never names a page that is mapped private, and in a crash none that is mapped");
	}
}

bool tdconv_os_enter(void *os)
{
	(void)os;
	fuzz.inside += !fuzz.stopped;
	return !fuzz.stopped;
}

void tdconv_os_leave(void *os)
{
	(void)os;
	PROMISE(fuzz.inside == 1, "the gate is left once");
	fuzz.inside--;
}

/* How far the frames go on from page n. */
static uint64_t run_of(uint64_t n)
{
	uint64_t i = n + 1;

	while (i < FUZZ_PAGES && fuzz.frame[i] == fuzz.frame[n] + (i - n))
		i++;
	return i - n;
}

bool tdconv_os_translate(void *os, uint64_t va, struct tdconv_run *run)
{
	uint64_t gpa = FUZZ_GPA(page_of(va));
	uint64_t pages = run_of((va - FUZZ_VA) / 4096);
	uint8_t byte = fuzz_byte();

	(void)os;
	*run = (struct tdconv_run){ gpa, pages * 4096 };
	if (byte % 2 == 1 && byte != BAD)
		run->bytes = 4096;
	if (byte != BAD)
		return true;
	fuzz.bad_translation = true;
	switch (fuzz_byte() % 6) {
	case 0: return false;
	case 1: run->gpa |= fuzz.s; break;
	case 2: run->gpa += 1; break;
	case 3: run->bytes = 0; break;
	case 4:
		run->gpa = va + 4096 < fuzz.va_end ? fuzz.s - 4096 : fuzz.s;	/* more is wanted than there is */
		run->bytes = FUZZ_PAGES * 4096ull;
		break;
	default: run->bytes += 0x10; break;
	}
	return true;
}

bool tdconv_os_set_pte(void *os, uint64_t va, uint64_t bytes, enum tdconv_pte pte)
{
	bool fails = !fuzz.walking && fuzz_byte() == BAD;

	(void)os;
	PROMISE(bytes > 0 && bytes % 4096 == 0 && va % 4096 == 0, "page tables change by whole pages");
	PROMISE(pte != TDCONV_PTE_NONE || fuzz.walking, "mappings are removed in a crash only");
	PROMISE(pte != TDCONV_PTE_SHARED || (fuzz.stale & FUZZ_CACHE) == 0, "caches are flushed through the private alias");
	fuzz.pte_failed |= fails;
	if (fails)
		bytes /= 2;
	for (uint64_t at = va; at < va + bytes; at += 4096) {
		PROMISE(pte != TDCONV_PTE_PRIVATE || fuzz.page[page_of(at)] == PAGE_PROVEN,
			"only what the module vouches for is mapped private");
		fuzz.pte[page_of(at)] = pte;
	}
	fuzz.stale |= FUZZ_TLB;
	return !fails;
}

void tdconv_os_flush_tlb(void *os, uint64_t va, uint64_t bytes)
{
	(void)os;
	PROMISE(va >= FUZZ_VA && bytes > 0 && bytes % 4096 == 0, "flushes are of whole pages");
	fuzz.stale &= ~(unsigned int)FUZZ_TLB;
}

void tdconv_os_flush_cache(void *os, uint64_t va, uint64_t bytes)
{
	(void)os;
	PROMISE(va >= FUZZ_VA && bytes > 0 && bytes % 4096 == 0, "flushes are of whole pages");
	fuzz.stale &= ~(unsigned int)FUZZ_CACHE;
}

bool tdconv_os_next_shared(void *os, uint64_t va, uint64_t end, struct tdconv_extent *extent)
{
	uint64_t n = (va - FUZZ_VA) / 4096, stop = (end - FUZZ_VA) / 4096, i;
	bool lies;

	(void)os;
	PROMISE(va >= FUZZ_VA && end <= FUZZ_VADDR(FUZZ_PAGES) && va < end, "the walk stays inside the range");
	PROMISE(va == fuzz.walk_at, "and goes on where it was");
	while (n < stop && fuzz.pte[fuzz.frame[n]] != TDCONV_PTE_SHARED)
		n++;
	if (n >= stop)
		return false;
	for (i = n; i < stop && i - n < run_of(n) && fuzz.pte[fuzz.frame[i]] == TDCONV_PTE_SHARED; i++)
		;
	*extent = (struct tdconv_extent){ FUZZ_VADDR(n), FUZZ_GPA(fuzz.frame[n]), (i - n) * 4096,
					  TDCONV_STATE_SHARED };
	lies = fuzz_byte() == BAD;
	if (!lies) {
		fuzz.walked += i - n;
		fuzz.walk_at = FUZZ_VADDR(i);
		return true;
	}
	fuzz.bad_translation = true;
	switch (fuzz_byte() % 4) {
	case 0: extent->va = end; break;
	case 1: extent->va = va - 4096; break;
	case 2: extent->bytes = 0; break;
	default: extent->bytes = end - extent->va + 4096; break;
	}
	return true;
}

void tdconv_os_left_shared(void *os, const struct tdconv_extent *extent, const struct tdconv_result *res)
{
	(void)os;
	PROMISE(res->status != TDCONV_OK && res->gpa == extent->gpa && res->bytes == extent->bytes,
		"what is left shared is reported with its reason");
	fuzz.left_shared++;
}
