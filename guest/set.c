/* SPDX-License-Identifier: MIT */
/* Conversion of virtual memory: page tables, TLBs and caches in the order that never maps an unproven page private. */
#include "internal.h"

/* Maps the proven parts of an extent private again; what the entries from first on list stays mapped shared. */
static bool map_proven(struct tdconv *tdc, const struct tdconv_extent *extent, const struct tdconv_quarantine *list,
		       uint32_t first)
{
	uint64_t cursor = extent->gpa;
	uint64_t end = extent->gpa + extent->bytes;
	bool good = true;
	uint32_t i;

	for (i = first; i < list->count; i++) {
		const struct tdconv_lost *lost = &list->list[i];

		if (lost->lost_gpa > cursor)
			good &= tdconv_os_set_pte(tdc->os, extent->va + (cursor - extent->gpa),
						  lost->lost_gpa - cursor, TDCONV_PTE_PRIVATE);
		cursor = lost->lost_gpa + lost->lost_bytes;
	}
	if (cursor < end)
		good &= tdconv_os_set_pte(tdc->os, extent->va + (cursor - extent->gpa), end - cursor,
					  TDCONV_PTE_PRIVATE);
	return good;
}

/* A list in which `kept` entries are left for the extents that are still to be undone. */
static struct tdconv_quarantine part_of(const struct tdconv_quarantine *list, uint32_t kept)
{
	struct tdconv_quarantine part = { list->list, list->room - kept, list->count };

	return part;
}

/* Makes an extent private that was converted to shared, or that failed on the way there. */
static void take_back(struct tdconv *tdc, struct tdconv_set *set, uint32_t i)
{
	struct tdconv_extent *extent = &set->extents[i];
	struct tdconv_quarantine list = part_of(&set->lost, i);
	uint32_t first = list.count;
	struct tdconv_result res;

	if (i < set->failed)
		tdconv_take_back(tdc, extent->gpa, extent->bytes, extent->bytes, &list, &res);
	else if (set->cause.rest_state == TDCONV_STATE_UNKNOWN)
		tdconv_undo(tdc, &set->cause, &list, &res);
	set->lost.count = list.count;
	extent->state = list.count == first ? TDCONV_STATE_PRIVATE : TDCONV_STATE_UNKNOWN;
	if (!map_proven(tdc, extent, &list, first))
		extent->state = TDCONV_STATE_UNKNOWN;
}

static enum tdconv_status share(struct tdconv *tdc, uint64_t va, uint64_t bytes, struct tdconv_set *set)
{
	enum tdconv_status status = TDCONV_OK;
	uint32_t i;

	/* Lines of the private page are written back through its private alias, while there is one. */
	tdconv_os_flush_cache(tdc->os, va, bytes);
	if (!tdconv_os_set_pte(tdc->os, va, bytes, TDCONV_PTE_SHARED)) {
		tdconv_os_set_pte(tdc->os, va, bytes, TDCONV_PTE_PRIVATE);
		tdconv_os_flush_tlb(tdc->os, va, bytes);
		return TDCONV_E_PTE;
	}
	tdconv_os_flush_tlb(tdc->os, va, bytes);
	for (i = 0; i < set->count; i++) {
		status = tdconv_convert(tdc, set->extents[i].gpa, set->extents[i].bytes, TDCONV_SHARED, &set->cause);
		if (status != TDCONV_OK)
			break;
		set->extents[i].state = TDCONV_STATE_SHARED;
	}
	set->failed = i;
	if (i == set->count)
		return TDCONV_OK;
	for (i = set->count; i-- > 0;) {
		if (i > set->failed)
			map_proven(tdc, &set->extents[i], &set->lost, set->lost.count);
		else
			take_back(tdc, set, i);
	}
	tdconv_os_flush_tlb(tdc->os, va, bytes);
	return status;
}

/* After a failure to private: shares an extent again, or keeps of it what is proven. It is still mapped shared. */
static void give_back(struct tdconv *tdc, struct tdconv_set *set, uint32_t i, unsigned int flags)
{
	struct tdconv_extent *extent = &set->extents[i];
	struct tdconv_quarantine list = part_of(&set->lost, i);
	uint32_t first = list.count;
	uint64_t proven = i < set->failed ? extent->bytes : set->cause.proven.bytes;
	struct tdconv_result res;

	if (flags & TDCONV_KEEP) {
		if (i == set->failed)
			tdconv_undo(tdc, &set->cause, &list, &res);
		extent->state = list.count == first ? TDCONV_STATE_PRIVATE : TDCONV_STATE_UNKNOWN;
		if (!map_proven(tdc, extent, &list, first))
			extent->state = TDCONV_STATE_UNKNOWN;
	} else if (tdconv_share_again(tdc, extent->gpa, extent->bytes, proven, &res) == TDCONV_OK) {
		extent->state = TDCONV_STATE_SHARED;
	} else {
		extent->state = TDCONV_STATE_UNKNOWN;
		tdconv_lose(&list, first, &res, extent->gpa, extent->gpa + extent->bytes);
		tdc->stats.quarantined_pages = tdconv_sum(tdc->stats.quarantined_pages, extent->bytes / PAGE);
	}
	set->lost.count = list.count;
}

static enum tdconv_status unshare(struct tdconv *tdc, uint64_t va, uint64_t bytes, unsigned int flags,
				  struct tdconv_set *set)
{
	enum tdconv_status status = TDCONV_OK;
	uint32_t i;

	tdconv_os_flush_cache(tdc->os, va, bytes);
	for (i = 0; i < set->count; i++) {
		status = tdconv_convert(tdc, set->extents[i].gpa, set->extents[i].bytes, TDCONV_PRIVATE, &set->cause);
		if (status != TDCONV_OK)
			break;
		set->extents[i].state = TDCONV_STATE_PRIVATE;
	}
	set->failed = i;
	if (i < set->count) {
		for (i = set->failed + 1; i-- > 0;)
			give_back(tdc, set, i, flags);
		if (flags & TDCONV_KEEP)
			tdconv_os_flush_tlb(tdc->os, va, bytes);
		return status;
	}
	if (!tdconv_os_set_pte(tdc->os, va, bytes, TDCONV_PTE_PRIVATE))
		status = TDCONV_E_PTE;
	tdconv_os_flush_tlb(tdc->os, va, bytes);
	return status;
}

enum tdconv_status tdconv_set_memory(struct tdconv *tdc, uint64_t va, uint64_t bytes, enum tdconv_to to,
				     unsigned int flags, struct tdconv_set *set)
{
	bool gate = (flags & TDCONV_CRASH) == 0;
	enum tdconv_status status;

	set->count = 0;
	set->failed = 0;
	if (gate && !tdconv_os_enter(tdc->os))
		return TDCONV_E_STOPPED;
	status = tdconv_extents(tdc, va, bytes, set);
	if (status == TDCONV_OK && ((to != TDCONV_PRIVATE && to != TDCONV_SHARED) || tdc->policy.chunk % PAGE != 0))
		status = TDCONV_E_ARGUMENT;
	if (status == TDCONV_OK && set->lost.room - set->lost.count < set->count)
		status = TDCONV_E_EXTENTS;
	set->failed = set->count;
	if (status == TDCONV_OK)
		status = to == TDCONV_SHARED ? share(tdc, va, bytes, set) : unshare(tdc, va, bytes, flags, set);
	if (gate)
		tdconv_os_leave(tdc->os);
	return status;
}
