/* SPDX-License-Identifier: MIT */
/* Conversion of virtual memory: page tables, TLBs and caches in the order that never maps an unproven page private. */
#include "internal.h"

/*@ ghost int tdconv_inside; */

/*
 * The caller's storage: distinct arrays, and room in the list for an entry of every extent that is left to undo.
 */
#define STORAGE(x) \valid(x) && \valid((x)->extents + (0 .. (x)->room - 1)) && \
	\valid((x)->lost.list + (0 .. (x)->lost.room - 1)) && \
	\separated(x, (x)->extents + (0 .. (x)->room - 1), (x)->lost.list + (0 .. (x)->lost.room - 1)) && \
	(x)->count <= (x)->room && (x)->lost.count <= (x)->lost.room
#define APART(t, x) \separated(t, x, (x)->extents + (0 .. (x)->room - 1), (x)->lost.list + (0 .. (x)->lost.room - 1))
#define CONVERSION	ALL_GHOSTS, tdconv_watched, tdconv_first, tdc->stats, tdc->small_units, tdc->backoff

/* An extent that tdconv_extents() has let through. */
#define WHOLE(e) (range_ok(s_max, (e).gpa, (e).bytes) && (e).va + (e).bytes <= TDCONV_U64_MAX)

/* Maps the proven parts of an extent private again; what the entries from first on list stays mapped shared. */
/*@ requires \valid_read(tdc) && \valid_read(extent) && \valid_read(list);
  @ requires \valid_read(list->list + (0 .. list->room - 1)) && first <= list->count <= list->room;
  @ requires WHOLE(*extent);
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

/*
 * The page tables cannot be made to say what the memory is: the extent is lost as a whole, proven pages and all, in
 * the place of what was listed of it. `listed` bytes of it are in the statistics already.
 */
/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set);
  @ requires i < set->count && first <= set->lost.count && first < set->lost.room;
  @ requires listed <= set->extents[i].bytes;
  @ assigns set->lost.count, set->lost.list[first], set->extents[i].state, tdc->stats.quarantined_pages;
  @ ensures set->lost.count == first + 1 && set->extents[i].state == TDCONV_STATE_UNKNOWN;
  @ ensures set->lost.list[first].lost_gpa == set->extents[i].gpa;
  @ ensures set->lost.list[first].lost_bytes == set->extents[i].bytes;
  @*/
static void lose_extent(struct tdconv *tdc, struct tdconv_set *set, uint32_t i, uint32_t first, uint64_t listed)
{
	struct tdconv_extent *extent = &set->extents[i];
	struct tdconv_lost *lost = &set->lost.list[first];

	lost->lost_gpa = extent->gpa;
	lost->lost_bytes = extent->bytes;
	set->lost.count = first + 1;
	extent->state = TDCONV_STATE_UNKNOWN;
	tdc->stats.quarantined_pages = tdconv_sum(tdc->stats.quarantined_pages, (extent->bytes - listed) / PAGE);
}

/* Maps an extent private, but for what the entries from first on list, and says what it is now. */
/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set);
  @ requires i < set->count && first <= set->lost.count && first < set->lost.room;
  @ requires WHOLE(set->extents[i]) && listed <= set->extents[i].bytes;
  @ requires lost_apart(set->lost.list, first, set->lost.count, set->extents[i].gpa,
  @	set->extents[i].gpa + set->extents[i].bytes);
  @ assigns set->lost.count, set->lost.list[first], set->extents[i].state, tdc->stats.quarantined_pages;
  @ ensures set->lost.count == \old(set->lost.count) || set->lost.count == first + 1;
  @ ensures set->extents[i].state == (set->lost.count == first ? state : TDCONV_STATE_UNKNOWN);
  @*/
static void map_or_lose(struct tdconv *tdc, struct tdconv_set *set, uint32_t i, uint32_t first, uint64_t listed,
			enum tdconv_state state)
{
	struct tdconv_extent *extent = &set->extents[i];

	extent->state = set->lost.count == first ? state : TDCONV_STATE_UNKNOWN;
	if (!map_proven(tdc, extent, &set->lost, first)) {
		(void)tdconv_os_set_pte(tdc->os, extent->va, extent->bytes, TDCONV_PTE_SHARED);
		lose_extent(tdc, set, i, first, listed);
	}
}

/* Asks for an extent back that the VMM claims to have shared; returns how much of it is lost and listed now. */
/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set) && s_ok(tdc->td.shared_bit);
  @ requires i < set->count && i < set->lost.room - set->lost.count && WHOLE(set->extents[i]);
  @ assigns set->lost.count, set->lost.list[set->lost.count .. set->lost.room - 1], CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room - i && \result <= set->extents[i].bytes;
  @ ensures lost_apart(set->lost.list, \old(set->lost.count), set->lost.count, set->extents[i].gpa,
  @	set->extents[i].gpa + set->extents[i].bytes);
  @*/
static uint64_t undo_done(struct tdconv *tdc, struct tdconv_set *set, uint32_t i)
{
	struct tdconv_quarantine list = part_of(&set->lost, i);
	struct tdconv_result res;

	tdconv_take_back(tdc, set->extents[i].gpa, set->extents[i].bytes, set->extents[i].bytes, &list, &res);
	set->lost.count = list.count;
	return res.lost;
}

/* The same for the extent whose conversion failed, unless that left it as it was. */
/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set) && s_ok(tdc->td.shared_bit);
  @ requires set->failed < set->count && set->failed < set->lost.room - set->lost.count;
  @ requires set->cause.gpa == set->extents[set->failed].gpa && set->cause.bytes == set->extents[set->failed].bytes;
  @ assigns set->lost.count, set->lost.list[set->lost.count .. set->lost.room - 1], CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room - set->failed;
  @ ensures \result <= set->extents[set->failed].bytes;
  @ ensures lost_apart(set->lost.list, \old(set->lost.count), set->lost.count, set->extents[set->failed].gpa,
  @	set->extents[set->failed].gpa + set->extents[set->failed].bytes);
  @*/
static uint64_t undo_failed(struct tdconv *tdc, struct tdconv_set *set)
{
	struct tdconv_quarantine list = part_of(&set->lost, set->failed);
	struct tdconv_result res;

	if (set->cause.rest_state != TDCONV_STATE_UNKNOWN)
		return 0;
	tdconv_undo(tdc, &set->cause, &list, &res);
	set->lost.count = list.count;
	return res.lost;
}

/* Makes an extent private that was converted to shared, or that failed on the way there. */
/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set) && s_ok(tdc->td.shared_bit);
  @ requires i <= set->failed < set->count && i < set->lost.room - set->lost.count;
  @ requires WHOLE(set->extents[i]);
  @ requires set->cause.gpa == set->extents[set->failed].gpa && set->cause.bytes == set->extents[set->failed].bytes;
  @ assigns set->lost.count, set->extents[i].state, set->lost.list[set->lost.count .. set->lost.room - 1],
  @	CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room - i;
  @*/
static void take_back(struct tdconv *tdc, struct tdconv_set *set, uint32_t i)
{
	uint32_t first = set->lost.count;

	if (i < set->failed)
		map_or_lose(tdc, set, i, first, undo_done(tdc, set, i), TDCONV_STATE_PRIVATE);
	else
		map_or_lose(tdc, set, i, first, undo_failed(tdc, set), TDCONV_STATE_PRIVATE);
}

/* Extents from `from` on were not reached: only their page tables changed. */
/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set);
  @ requires from <= set->count <= set->lost.room - set->lost.count;
  @ requires \forall integer i; 0 <= i < set->count ==> WHOLE(set->extents[i]);
  @ assigns set->lost.count, set->extents[0 .. set->room - 1].state, set->lost.list[0 .. set->lost.room - 1],
  @	tdc->stats.quarantined_pages;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room - from;
  @*/
static void map_back(struct tdconv *tdc, struct tdconv_set *set, uint32_t from)
{
	uint32_t i;

	/*@ loop invariant from <= i <= set->count <= set->room;
	  @ loop invariant \at(set->lost.count, Pre) <= set->lost.count <= set->lost.room - i;
	  @ loop invariant \forall integer k; 0 <= k < set->count ==> WHOLE(set->extents[k]);
	  @ loop assigns i, set->lost.count, set->extents[0 .. set->room - 1].state,
	  @	set->lost.list[0 .. set->lost.room - 1], tdc->stats.quarantined_pages;
	  @ loop variant i;
	  @*/
	for (i = set->count; i > from; i--)
		map_or_lose(tdc, set, i - 1, set->lost.count, 0, TDCONV_STATE_UNTOUCHED);
}

/* Converts extent by extent until one fails. */
/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set) && s_ok(tdc->td.shared_bit);
  @ requires to == TDCONV_PRIVATE || to == TDCONV_SHARED;
  @ assigns set->failed, set->cause, set->extents[0 .. set->room - 1].state, CONVERSION;
  @ ensures set->failed <= set->count && (\result == TDCONV_OK <==> set->failed == set->count);
  @ ensures \result != TDCONV_OK ==> set->cause.gpa == set->extents[set->failed].gpa &&
  @	set->cause.bytes == set->extents[set->failed].bytes && set->cause.status == \result;
  @ ensures \forall integer k; 0 <= k < set->failed ==>
  @	set->extents[k].state == (to == TDCONV_SHARED ? TDCONV_STATE_SHARED : TDCONV_STATE_PRIVATE);
  @*/
static enum tdconv_status convert_each(struct tdconv *tdc, enum tdconv_to to, struct tdconv_set *set)
{
	enum tdconv_status status = TDCONV_OK;
	uint32_t i;

	/*@ loop invariant i <= set->count && status == TDCONV_OK;
	  @ loop invariant \forall integer k; 0 <= k < i ==>
	  @	set->extents[k].state == (to == TDCONV_SHARED ? TDCONV_STATE_SHARED : TDCONV_STATE_PRIVATE);
	  @ loop assigns i, status, set->cause, set->extents[0 .. set->room - 1].state, CONVERSION;
	  @ loop variant set->count - i;
	  @*/
	for (i = 0; i < set->count; i++) {
		status = tdconv_convert(tdc, set->extents[i].gpa, set->extents[i].bytes, to, &set->cause);
		if (status != TDCONV_OK)
			break;
		set->extents[i].state = set->cause.head_state;
	}
	set->failed = i;
	return status;
}

/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set) && s_ok(tdc->td.shared_bit);
  @ requires set->count <= set->lost.room - set->lost.count && set->failed == set->count;
  @ requires \forall integer i; 0 <= i < set->count ==> WHOLE(set->extents[i]);
  @ assigns set->lost.count, set->failed, set->cause, set->extents[0 .. set->room - 1].state,
  @	set->lost.list[0 .. set->lost.room - 1], CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room && set->failed <= set->count;
  @ ensures \result == TDCONV_OK ==> set->failed == set->count && set->lost.count == \old(set->lost.count);
  @*/
static enum tdconv_status share(struct tdconv *tdc, uint64_t va, uint64_t bytes, struct tdconv_set *set)
{
	enum tdconv_status status;
	uint32_t i;

	/* Lines of the private page are written back through its private alias, while there is one. */
	tdconv_os_flush_cache(tdc->os, va, bytes);
	if (!tdconv_os_set_pte(tdc->os, va, bytes, TDCONV_PTE_SHARED)) {
		map_back(tdc, set, 0);
		tdconv_os_flush_tlb(tdc->os, va, bytes);
		return TDCONV_E_PTE;
	}
	tdconv_os_flush_tlb(tdc->os, va, bytes);
	status = convert_each(tdc, TDCONV_SHARED, set);
	if (status == TDCONV_OK)
		return TDCONV_OK;
	map_back(tdc, set, set->failed + 1);
	/*@ loop invariant i <= set->failed + 1 && \at(set->lost.count, Pre) <= set->lost.count <= set->lost.room - i;
	  @ loop invariant \forall integer k; 0 <= k < set->count ==> WHOLE(set->extents[k]);
	  @ loop assigns i, set->lost.count, set->extents[0 .. set->room - 1].state,
	  @	set->lost.list[0 .. set->lost.room - 1], CONVERSION;
	  @ loop variant i;
	  @*/
	for (i = set->failed + 1; i > 0; i--)
		take_back(tdc, set, i - 1);
	tdconv_os_flush_tlb(tdc->os, va, bytes);
	return status;
}

/* After a failure to private: shares an extent again, or keeps of it what is proven. It is still mapped shared. */
/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set) && s_ok(tdc->td.shared_bit);
  @ requires i <= set->failed < set->count && i < set->lost.room - set->lost.count;
  @ requires WHOLE(set->extents[i]);
  @ requires set->cause.gpa == set->extents[set->failed].gpa && set->cause.bytes == set->extents[set->failed].bytes;
  @ assigns set->lost.count, set->extents[i].state, set->lost.list[0 .. set->lost.room - 1], CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room - i;
  @*/
static void give_back(struct tdconv *tdc, struct tdconv_set *set, uint32_t i, unsigned int flags)
{
	struct tdconv_extent *extent = &set->extents[i];
	uint32_t first = set->lost.count;
	uint64_t proven = i < set->failed ? extent->bytes : set->cause.proven.bytes;
	struct tdconv_result res;

	if (flags & TDCONV_KEEP) {
		if (i == set->failed)
			map_or_lose(tdc, set, i, first, undo_failed(tdc, set), TDCONV_STATE_PRIVATE);
		else
			map_or_lose(tdc, set, i, first, 0, TDCONV_STATE_PRIVATE);
	} else if (tdconv_share_again(tdc, extent->gpa, extent->bytes, proven, &res) == TDCONV_OK) {
		extent->state = TDCONV_STATE_SHARED;
	} else {
		lose_extent(tdc, set, i, first, 0);
	}
}

/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set) && s_ok(tdc->td.shared_bit);
  @ requires set->count <= set->lost.room - set->lost.count;
  @ requires \forall integer i; 0 <= i < set->count ==> WHOLE(set->extents[i]);
  @ assigns set->lost.count, set->failed, set->cause, set->extents[0 .. set->room - 1].state,
  @	set->lost.list[0 .. set->lost.room - 1], CONVERSION;
  @ ensures \old(set->lost.count) <= set->lost.count <= set->lost.room && set->failed <= set->count;
  @ ensures \result == TDCONV_OK ==> set->failed == set->count && set->lost.count == \old(set->lost.count);
  @*/
static enum tdconv_status unshare(struct tdconv *tdc, uint64_t va, uint64_t bytes, unsigned int flags,
				  struct tdconv_set *set)
{
	enum tdconv_status status;
	uint32_t i;

	tdconv_os_flush_cache(tdc->os, va, bytes);
	status = convert_each(tdc, TDCONV_PRIVATE, set);
	if (status == TDCONV_OK) {
		if (!tdconv_os_set_pte(tdc->os, va, bytes, TDCONV_PTE_PRIVATE))
			status = TDCONV_E_PTE;
		tdconv_os_flush_tlb(tdc->os, va, bytes);
		return status;
	}
	/*@ loop invariant i <= set->failed + 1 && \at(set->lost.count, Pre) <= set->lost.count <= set->lost.room - i;
	  @ loop invariant \forall integer k; 0 <= k < set->count ==> WHOLE(set->extents[k]);
	  @ loop assigns i, set->lost.count, set->extents[0 .. set->room - 1].state,
	  @	set->lost.list[0 .. set->lost.room - 1], CONVERSION;
	  @ loop variant i;
	  @*/
	for (i = set->failed + 1; i > 0; i--)
		give_back(tdc, set, i - 1, flags);
	if (flags & TDCONV_KEEP)
		tdconv_os_flush_tlb(tdc->os, va, bytes);
	return status;
}

/* Everything that can be refused is refused before anything is touched. */
/*@ requires \valid_read(tdc) && STORAGE(set) && APART(tdc, set) && s_ok(tdc->td.shared_bit);
  @ assigns set->count, set->failed, set->extents[0 .. set->room - 1], tdconv_va, tdconv_next;
  @ ensures STORAGE(set) && set->failed == set->count;
  @ ensures \result == TDCONV_OK ==> set->count <= set->lost.room - set->lost.count;
  @ ensures \result == TDCONV_OK ==>
  @	\forall integer i; 0 <= i < set->count ==> WHOLE(set->extents[i]);
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

/*@ requires \valid(tdc) && STORAGE(set) && APART(tdc, set) && s_ok(tdc->td.shared_bit) && tdconv_inside == 0;
  @ assigns *set, set->extents[0 .. set->room - 1], set->extents[0 .. set->room - 1].state,
  @	set->lost.list[0 .. set->lost.room - 1], CONVERSION, tdconv_inside, tdconv_va, tdconv_next;
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
