/* SPDX-License-Identifier: MIT */
/* Conversion of virtual memory: page tables, TLBs and caches in the order that never maps an unproven page private. */
#include "internal.h"

/*@ ghost int tdconv_inside; */

/*
 * The caller's storage: distinct arrays, and room in the list for an entry of every extent that is left to undo.
 */
/*@ predicate stored{L}(struct tdconv_set *x) =
  @	\valid(x) && \valid(x->extents + (0 .. x->room - 1)) && \valid(x->lost.list + (0 .. x->lost.room - 1)) &&
  @	\separated(x, x->extents + (0 .. x->room - 1), x->lost.list + (0 .. x->lost.room - 1)) &&
  @	x->count <= x->room && x->lost.count <= x->lost.room;
  @
  @ predicate same_storage{L,M}(struct tdconv_set *x) =
  @	\at(x->extents, L) == \at(x->extents, M) && \at(x->room, L) == \at(x->room, M) &&
  @	\at(x->lost.list, L) == \at(x->lost.list, M) && \at(x->lost.room, L) == \at(x->lost.room, M);
  @*/
#define CONVERSION	ALL_GHOSTS, tdconv_watched, tdconv_first, tdc->stats, tdc->small_units, tdc->backoff

/* Maps the proven parts of an extent private again; what the entries from first on list stays mapped shared. */
/*@ requires \valid_read(tdc) && \valid_read(extent) && \valid_read(list);
  @ requires \valid_read(list->list + (0 .. list->room - 1)) && first <= list->count <= list->room;
  @ requires range_ok(s_max, extent->gpa, extent->bytes) && extent->va + extent->bytes <= UINT64_MAX;
  @ requires lost_apart(list->list, first, list->count, extent->gpa, extent->gpa + extent->bytes);
  @ assigns \nothing;
  @*/
static bool map_proven(struct tdconv *tdc, const struct tdconv_extent *extent, const struct tdconv_quarantine *list,
		       uint32_t first)
{
	uint64_t cursor = extent->gpa;
	uint64_t end = extent->gpa + extent->bytes;
	bool good = true;
	uint32_t i;

	/*@ loop invariant first <= i <= list->count && extent->gpa <= cursor <= end;
	  @ loop invariant i == first ? cursor == extent->gpa :
	  @	cursor == list->list[i - 1].lost_gpa + list->list[i - 1].lost_bytes;
	  @ loop assigns i, cursor, good;
	  @ loop variant list->count - i;
	  @*/
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
/*@ requires \valid_read(list) && kept <= list->room;
  @ assigns \nothing;
  @ ensures \result.list == list->list && \result.room == list->room - kept && \result.count == list->count;
  @*/
static struct tdconv_quarantine part_of(const struct tdconv_quarantine *list, uint32_t kept)
{
	struct tdconv_quarantine part = { list->list, list->room - kept, list->count };

	return part;
}

/* Makes an extent private that was converted to shared, or that failed on the way there. */
/*@ requires \valid(tdc) && stored(set) && \separated(tdc, set, set->extents + (0 .. set->room - 1),
  @	set->lost.list + (0 .. set->lost.room - 1)) && s_ok(tdc->td.shared_bit);
  @ requires i <= set->failed < set->count && i < set->lost.room - set->lost.count;
  @ requires range_ok(s_max, set->extents[i].gpa, set->extents[i].bytes) &&
  @	set->extents[i].va + set->extents[i].bytes <= UINT64_MAX;
  @ requires set->cause.gpa == set->extents[set->failed].gpa && set->cause.bytes == set->extents[set->failed].bytes;
  @ assigns set->lost.count, set->extents[i].state, set->lost.list[0 .. set->lost.room - 1], CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room - i;
  @*/
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
	//@ assert lost_apart(list.list, first, list.count, extent->gpa, extent->gpa + extent->bytes);
	set->lost.count = list.count;
	extent->state = list.count == first ? TDCONV_STATE_PRIVATE : TDCONV_STATE_UNKNOWN;
	if (!map_proven(tdc, extent, &list, first))
		extent->state = TDCONV_STATE_UNKNOWN;
}

/*@ requires \valid(tdc) && stored(set) && \separated(tdc, set, set->extents + (0 .. set->room - 1),
  @	set->lost.list + (0 .. set->lost.room - 1)) && s_ok(tdc->td.shared_bit);
  @ requires set->count <= set->lost.room - set->lost.count;
  @ requires each_whole(s_max, set->extents, set->count, va, va + bytes) && va + bytes <= UINT64_MAX;
  @ assigns set->lost.count, set->failed, set->cause, set->extents[0 .. set->room - 1].state,
  @	set->lost.list[0 .. set->lost.room - 1], CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room;
  @ ensures \result == TDCONV_OK ==> set->failed == set->count && set->lost.count == \old(set->lost.count);
  @*/
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
	/*@ loop invariant i <= set->count && s_ok(tdc->td.shared_bit) && stored(set);
	  @ loop invariant each_whole(s_max, set->extents, set->count, va, va + bytes);
	  @ loop assigns i, status, set->cause, set->extents[0 .. set->room - 1].state, CONVERSION;
	  @ loop variant set->count - i;
	  @*/
	for (i = 0; i < set->count; i++) {
		status = tdconv_convert(tdc, set->extents[i].gpa, set->extents[i].bytes, TDCONV_SHARED, &set->cause);
		if (status != TDCONV_OK)
			break;
		set->extents[i].state = TDCONV_STATE_SHARED;
	}
	set->failed = i;
	if (i == set->count)
		return TDCONV_OK;
	/*@ loop invariant i <= set->count && s_ok(tdc->td.shared_bit) && stored(set);
	  @ loop invariant i <= set->lost.room - set->lost.count && set->lost.count >= \at(set->lost.count, Pre);
	  @ loop invariant each_whole(s_max, set->extents, set->count, va, va + bytes);
	  @ loop assigns i, set->lost.count, set->extents[0 .. set->room - 1].state,
	  @	set->lost.list[0 .. set->lost.room - 1], CONVERSION;
	  @ loop variant i;
	  @*/
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
/*@ requires \valid(tdc) && stored(set) && \separated(tdc, set, set->extents + (0 .. set->room - 1),
  @	set->lost.list + (0 .. set->lost.room - 1)) && s_ok(tdc->td.shared_bit);
  @ requires i <= set->failed < set->count && i < set->lost.room - set->lost.count;
  @ requires range_ok(s_max, set->extents[i].gpa, set->extents[i].bytes) &&
  @	set->extents[i].va + set->extents[i].bytes <= UINT64_MAX;
  @ requires set->cause.gpa == set->extents[set->failed].gpa && set->cause.bytes == set->extents[set->failed].bytes;
  @ assigns set->lost.count, set->extents[i].state, set->lost.list[0 .. set->lost.room - 1], CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room - i;
  @*/
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
		//@ assert lost_apart(list.list, first, list.count, extent->gpa, extent->gpa + extent->bytes);
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

/*@ requires \valid(tdc) && stored(set) && \separated(tdc, set, set->extents + (0 .. set->room - 1),
  @	set->lost.list + (0 .. set->lost.room - 1)) && s_ok(tdc->td.shared_bit);
  @ requires set->count <= set->lost.room - set->lost.count;
  @ requires each_whole(s_max, set->extents, set->count, va, va + bytes) && va + bytes <= UINT64_MAX;
  @ assigns set->lost.count, set->failed, set->cause, set->extents[0 .. set->room - 1].state,
  @	set->lost.list[0 .. set->lost.room - 1], CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room;
  @ ensures \result == TDCONV_OK ==> set->failed == set->count && set->lost.count == \old(set->lost.count);
  @*/
static enum tdconv_status unshare(struct tdconv *tdc, uint64_t va, uint64_t bytes, unsigned int flags,
				  struct tdconv_set *set)
{
	enum tdconv_status status = TDCONV_OK;
	uint32_t i;

	tdconv_os_flush_cache(tdc->os, va, bytes);
	/*@ loop invariant i <= set->count && s_ok(tdc->td.shared_bit) && stored(set);
	  @ loop invariant each_whole(s_max, set->extents, set->count, va, va + bytes);
	  @ loop assigns i, status, set->cause, set->extents[0 .. set->room - 1].state, CONVERSION;
	  @ loop variant set->count - i;
	  @*/
	for (i = 0; i < set->count; i++) {
		status = tdconv_convert(tdc, set->extents[i].gpa, set->extents[i].bytes, TDCONV_PRIVATE, &set->cause);
		if (status != TDCONV_OK)
			break;
		set->extents[i].state = TDCONV_STATE_PRIVATE;
	}
	set->failed = i;
	if (i < set->count) {
		/*@ loop invariant i <= set->failed + 1 <= set->count && s_ok(tdc->td.shared_bit) && stored(set);
		  @ loop invariant i <= set->lost.room - set->lost.count && set->lost.count >= \at(set->lost.count, Pre);
		  @ loop invariant each_whole(s_max, set->extents, set->count, va, va + bytes);
		  @ loop assigns i, set->lost.count, set->extents[0 .. set->room - 1].state,
		  @	set->lost.list[0 .. set->lost.room - 1], CONVERSION;
		  @ loop variant i;
		  @*/
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

/* Everything that can be refused is refused before anything is touched. */
/*@ requires \valid_read(tdc) && stored(set) && \separated(tdc, set, set->extents + (0 .. set->room - 1),
  @	set->lost.list + (0 .. set->lost.room - 1)) && s_ok(tdc->td.shared_bit);
  @ assigns set->count, set->failed, set->extents[0 .. set->room - 1], tdconv_va, tdconv_next;
  @ ensures stored(set) && same_storage{Pre,Here}(set) && set->failed == set->count;
  @ ensures \result == TDCONV_OK ==> set->count <= set->lost.room - set->lost.count;
  @ ensures \result == TDCONV_OK ==> each_whole(s_max, set->extents, set->count, va, va + bytes);
  @ ensures \result == TDCONV_OK ==> va + bytes <= UINT64_MAX;
  @*/
static enum tdconv_status plan(const struct tdconv *tdc, uint64_t va, uint64_t bytes, enum tdconv_to to,
			       struct tdconv_set *set)
{
	enum tdconv_status status = tdconv_extents(tdc, va, bytes, set);

	set->failed = set->count;
	if (status != TDCONV_OK)
		return status;
	if ((to != TDCONV_PRIVATE && to != TDCONV_SHARED) || tdc->policy.chunk % PAGE != 0)
		return TDCONV_E_ARGUMENT;
	return set->lost.room - set->lost.count < set->count ? TDCONV_E_EXTENTS : TDCONV_OK;
}

/*@ requires \valid(tdc) && stored(set) && \separated(tdc, set, set->extents + (0 .. set->room - 1),
  @	set->lost.list + (0 .. set->lost.room - 1)) && s_ok(tdc->td.shared_bit) && tdconv_inside == 0;
  @ assigns *set, set->extents[0 .. set->room - 1], set->lost.list[0 .. set->lost.room - 1], CONVERSION,
  @	tdconv_inside, tdconv_va, tdconv_next;
  @ ensures tdconv_inside == 0;
  @ ensures \result == TDCONV_OK ==> set->failed == set->count && set->lost.count == \old(set->lost.count);
  @*/
enum tdconv_status tdconv_set_memory(struct tdconv *tdc, uint64_t va, uint64_t bytes, enum tdconv_to to,
				     unsigned int flags, struct tdconv_set *set)
{
	bool gate = (flags & TDCONV_CRASH) == 0;
	enum tdconv_status status;

	set->count = 0;
	set->failed = 0;
	if (gate && !tdconv_os_enter(tdc->os))
		return TDCONV_E_STOPPED;
	status = plan(tdc, va, bytes, to, set);
	//@ assert set->room == \at(set->room, Pre) && set->lost.room == \at(set->lost.room, Pre);
	if (status == TDCONV_OK)
		status = to == TDCONV_SHARED ? share(tdc, va, bytes, set) : unshare(tdc, va, bytes, flags, set);
	if (gate)
		tdconv_os_leave(tdc->os);
	return status;
}
