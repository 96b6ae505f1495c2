/* SPDX-License-Identifier: MIT */
/* What tdconv_set_memory() and tdconv_unshare_all() promise, checked afterwards. */
#include <stdlib.h>
#include <string.h>

#include "guest/fuzz.h"

/* Touched or not, and if it was, what it is now. */
static void check_extent(const struct tdconv_set *set, uint32_t i, bool untouched)
{
	const struct tdconv_extent *extent = &set->extents[i];
	enum fuzz_page page = fuzz.page[(extent->gpa - FUZZ_BASE) / 4096];
	bool lost = false, alike = true;

	for (uint64_t at = extent->gpa; at < extent->gpa + extent->bytes; at += 4096) {
		lost |= fuzz_listed(&set->lost, at);
		alike &= fuzz.page[(at - FUZZ_BASE) / 4096] == page;
	}
	if (lost)
		PROMISE(extent->state == TDCONV_STATE_UNKNOWN, "what is lost is unknown");
	else if (i > set->failed || untouched)
		PROMISE(extent->state == TDCONV_STATE_UNTOUCHED, "extents behind the failure are untouched");
	else if (fuzz.pte_failed)
		PROMISE(extent->state != TDCONV_STATE_UNTOUCHED, "what was touched is not untouched");
	else
		PROMISE(alike && extent->state == (page == PAGE_PROVEN ? TDCONV_STATE_PRIVATE : TDCONV_STATE_SHARED),
			"extents say what they are");
}

/* Whatever happened, each page is private and proven, claimed shared and mapped so, or in quarantine. */
static void check_set(enum tdconv_status status, enum tdconv_to to, uint32_t first, uint32_t pages,
		      const struct tdconv_set *set)
{
	uint64_t changed = 0;

	fuzz_check_list(&set->lost);
	for (uint32_t i = first; i < first + pages; i++) {
		uint32_t n = fuzz.frame[i];
		bool private = fuzz.page[n] == PAGE_PROVEN;
		bool shared = fuzz.page[n] == PAGE_SHARED && fuzz.pte[n] == TDCONV_PTE_SHARED;

		changed += to == TDCONV_SHARED ? shared : private;
		PROMISE(private || shared || fuzz_listed(&set->lost, FUZZ_GPA(n)), "no page is forgotten");
		PROMISE(!private || (fuzz.pte_failed && to == TDCONV_PRIVATE) || fuzz.pte[n] == TDCONV_PTE_PRIVATE ||
			fuzz_listed(&set->lost, FUZZ_GPA(n)), "what is private again is mapped private");
		PROMISE(!fuzz_listed(&set->lost, FUZZ_GPA(n)) || fuzz.pte[n] != TDCONV_PTE_PRIVATE ||
			(private && fuzz.pte_failed), "what is lost is not mapped private");
		PROMISE(status != TDCONV_OK || (to == TDCONV_SHARED ? shared : private), "success is all of it");
	}
	PROMISE((fuzz.stale & FUZZ_TLB) == 0, "no stale translation is left");
	for (uint32_t i = 0; i < set->count; i++)
		check_extent(set, i, status == TDCONV_E_PTE && to == TDCONV_SHARED);
	if (set->lost.count == OLD_ENTRIES)
		fuzz_check_shared(changed * 4096, to == TDCONV_SHARED);
}

static void set_up(uint32_t first, uint32_t pages, enum tdconv_to to)
{
	for (uint32_t i = first; i < first + pages; i++) {
		fuzz.page[fuzz.frame[i]] = to == TDCONV_SHARED ? PAGE_PROVEN : PAGE_SHARED;
		fuzz.pte[fuzz.frame[i]] = to == TDCONV_SHARED ? TDCONV_PTE_PRIVATE : TDCONV_PTE_SHARED;
	}
	fuzz_op_starts(OP_SET, FUZZ_BASE, FUZZ_PAGES * 4096ull);
	fuzz.stale = FUZZ_CACHE;
	fuzz.bad_translation = false;
	fuzz.left_shared = fuzz.walked = 0;
	fuzz.walk_at = FUZZ_VADDR(first);
	fuzz.va_end = FUZZ_VADDR(first + pages);
}

void fuzz_set_memory(enum tdconv_to to)
{
	struct tdconv_extent *extents;
	struct tdconv_set set;
	enum tdconv_status status;
	uint32_t first, pages, rooms, lost;
	unsigned int flags = fuzz_byte();

	fuzz_range(&first, &pages);
	rooms = flags & 0x40 ? fuzz_byte() % 4 : pages;
	extents = malloc(rooms * sizeof(*extents) + 1);
	lost = flags & 0x80 ? fuzz_byte() % 4 : rooms;
	memset(&set, 0xa5, sizeof(set));
	set.extents = extents;
	set.room = rooms;
	set.lost = fuzz_new_list(lost);
	set_up(first, pages, to);
	fuzz.stopped = (flags & 0x30) == 0x30;
	if (fuzz.stopped)
		flags &= ~(unsigned int)TDCONV_CRASH;
	status = tdconv_set_memory(&fuzz.tdc, FUZZ_VADDR(first), pages * 4096ull, to, flags & 3, &set);
	PROMISE((status == TDCONV_E_STOPPED) == fuzz.stopped, "the gate stops");
	PROMISE(fuzz.inside == 0, "the gate is left");
	PROMISE(status == TDCONV_E_PTE || set.failed <= set.count, "the extent that failed is one of them");
	PROMISE(status != TDCONV_OK || set.count <= lost, "each extent could have been listed");
	PROMISE(!fuzz.bad_translation || status == TDCONV_E_TRANSLATE || status == TDCONV_E_EXTENTS,
		"a bad translation is refused");
	if (status == TDCONV_E_STOPPED || status == TDCONV_E_TRANSLATE || status == TDCONV_E_EXTENTS)
		PROMISE(fuzz.seen.calls + fuzz.seen.accepts + fuzz.seen.releases == 0 && set.failed == set.count &&
			(status != TDCONV_E_STOPPED || set.count == 0), "nothing was done");
	else
		check_set(status, to, first, pages, &set);
	fuzz.stopped = false;
	free(extents);
	free(set.lost.list);
}

void fuzz_unshare_all(void)
{
	struct tdconv_unshare res;
	enum tdconv_status status;
	uint32_t first, pages;

	fuzz_range(&first, &pages);
	set_up(first, pages, TDCONV_PRIVATE);
	fuzz.stale = 0;
	fuzz.walking = true;
	status = tdconv_unshare_all(&fuzz.tdc, FUZZ_VADDR(first), FUZZ_VADDR(first + pages), pages, &res);
	fuzz.walking = false;
	PROMISE(res.pages == fuzz.walked && res.expected_pages == pages, "what was found is counted");
	PROMISE(res.failed == fuzz.left_shared && res.failed <= res.extents && res.failed_pages <= res.pages,
		"failures are reported");
	PROMISE((status == TDCONV_E_TRANSLATE) == fuzz.bad_translation, "a walk that does not move on is refused");
	PROMISE(status == TDCONV_E_TRANSLATE || res.pages == pages, "all is found");
	PROMISE(status != TDCONV_OK || res.failed == 0, "success is all of it");
	PROMISE(status != TDCONV_E_LEFT_SHARED || res.failed > 0, "and failure is not");
	for (uint32_t i = first; status == TDCONV_OK && i < first + pages; i++)
		PROMISE(fuzz.page[fuzz.frame[i]] == PAGE_PROVEN, "success is proven");
}
