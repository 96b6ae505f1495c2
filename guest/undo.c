/* SPDX-License-Identifier: MIT */
/* Taking back what a failed conversion left: proven private page by page, or in quarantine. Never a panic. */
#include "abi/tdx.h"
#include "internal.h"

/*@ ghost
  @ uint64_t tdconv_watch;	// any page: never written, so what is proved of it holds for all
  @ int tdconv_watched;		// it was accepted
  @ uint32_t tdconv_first;	// entry of this undo
  @*/

/*@ requires \valid_read(list) && 0 < list->count && \valid_read(list->list + (0 .. list->count - 1));
  @ requires list->list[list->count - 1].lost_gpa + list->list[list->count - 1].lost_bytes <= TDCONV_U64_MAX;
  @ assigns \nothing;
  @ ensures \result == list->list[list->count - 1].lost_gpa + list->list[list->count - 1].lost_bytes;
  @*/
static uint64_t end_of_last(const struct tdconv_quarantine *list)
{
	return list->list[list->count - 1].lost_gpa + list->list[list->count - 1].lost_bytes;
}

/* The last entry goes on to `to`. What lies between its end and `from` was proven, and is given up. */
/*@ requires \valid(list) && \valid(list->list + (0 .. list->room - 1)) && \valid(res);
  @ requires \separated(list, res, list->list + (0 .. list->room - 1));
  @ requires tdconv_first < list->count <= list->room;
  @ requires lost_apart(list->list, tdconv_first, list->count, res->gpa, from);
  @ requires res->gpa <= from < to <= 0x8000000000000 && from % 4096 == 0 && to % 4096 == 0;
  @ requires booked(*list, tdconv_first, *res, from);
  @ assigns list->list[list->count - 1].lost_bytes, res->proven.bytes, res->lost;
  @ ensures list->list[list->count - 1].lost_gpa + list->list[list->count - 1].lost_bytes == to;
  @ ensures booked(*list, tdconv_first, *res, to);
  @ ensures lost_apart(list->list, tdconv_first, list->count, res->gpa, to);
  @ ensures \old(lists(list->list, tdconv_first, list->count, tdconv_watch)) ==>
  @	lists(list->list, tdconv_first, list->count, tdconv_watch);
  @ ensures from <= tdconv_watch < to ==> lists(list->list, tdconv_first, list->count, tdconv_watch);
  @*/
static void grow(struct tdconv_quarantine *list, struct tdconv_result *res, uint64_t from, uint64_t to)
{
	struct tdconv_lost *last = &list->list[list->count - 1];
	uint64_t well = from - end_of_last(list);

	last->lost_bytes = to - last->lost_gpa;
	res->proven.bytes -= well;
	res->lost += well + (to - from);
}

/*@ requires \valid(list) && \valid(list->list + (0 .. list->room - 1)) && \valid(res);
  @ requires \separated(list, res, list->list + (0 .. list->room - 1));
  @ requires tdconv_first <= list->count < list->room;
  @ requires lost_apart(list->list, tdconv_first, list->count, res->gpa, from);
  @ requires tdconv_first < list->count ==>
  @	list->list[list->count - 1].lost_gpa + list->list[list->count - 1].lost_bytes != from;
  @ requires res->gpa <= from < to <= 0x8000000000000 && from % 4096 == 0 && to % 4096 == 0;
  @ requires booked(*list, tdconv_first, *res, from);
  @ assigns list->list[list->count], list->count, res->lost;
  @ ensures list->count == \old(list->count) + 1;
  @ ensures list->list[list->count - 1].lost_gpa + list->list[list->count - 1].lost_bytes == to;
  @ ensures booked(*list, tdconv_first, *res, to);
  @ ensures lost_apart(list->list, tdconv_first, list->count, res->gpa, to);
  @ ensures \old(lists(list->list, tdconv_first, list->count, tdconv_watch)) ==>
  @	lists(list->list, tdconv_first, list->count, tdconv_watch);
  @ ensures from <= tdconv_watch < to ==> lists(list->list, tdconv_first, list->count, tdconv_watch);
  @*/
static void append(struct tdconv_quarantine *list, struct tdconv_result *res, uint64_t from, uint64_t to)
{
	struct tdconv_lost *entry = &list->list[list->count];

	entry->lost_gpa = from;
	entry->lost_bytes = to - from;
	list->count++;
	res->lost += to - from;
}

/*
 * Lists [from, to) as lost. It comes after everything that this undo has listed, and entries before first belong to
 * others. When the list is full its last entry grows up to here, over pages that were proven: better to lose a good
 * page than to forget a bad one.
 */
/*@ requires \valid(list) && \valid(list->list + (0 .. list->room - 1)) && \valid(res);
  @ requires \separated(list, res, list->list + (0 .. list->room - 1));
  @ requires first <= list->count <= list->room && first < list->room;
  @ requires lost_apart(list->list, first, list->count, res->gpa, from);
  @ requires res->gpa <= from < to <= 0x8000000000000 && from % 4096 == 0 && to % 4096 == 0;
  @ requires booked(*list, first, *res, from);
  @ assigns list->count, list->list[first .. list->room - 1], res->proven.bytes, res->lost, tdconv_first;
  @ ensures first < list->count <= list->room;
  @ ensures list->count >= \old(list->count);
  @ ensures lost_apart(list->list, first, list->count, res->gpa, to);
  @ ensures booked(*list, first, *res, to);
  @ ensures \old(lists(list->list, first, list->count, tdconv_watch)) ==>
  @	lists(list->list, first, list->count, tdconv_watch);
  @ ensures from <= tdconv_watch < to ==> lists(list->list, first, list->count, tdconv_watch);
  @ ensures res->lost > 0;
  @*/
void tdconv_lose(struct tdconv_quarantine *list, uint32_t first, struct tdconv_result *res, uint64_t from, uint64_t to)
{
	//@ ghost tdconv_first = first;
	if (list->count > first && (list->count == list->room || end_of_last(list) == from))
		grow(list, res, from, to);
	else
		append(list, res, from, to);
}

/*
 * Accepts what the VMM claims to have given back. A page that fails is lost, and the next one is tried. Beyond the
 * claim nothing is accepted: an ACCEPT of a page that the VMM has not mapped goes to the VMM, which need never come
 * back.
 */
/*@ requires \valid(tdc) && \valid(list) && \valid(list->list + (0 .. list->room - 1)) && \valid(res);
  @ requires \separated(tdc, list, res, list->list + (0 .. list->room - 1));
  @ requires map_reported(tdc->td.shared_bit, *res) && pages_reported(*res) && first == list->count < list->room;
  @ requires res->accepts == 0 && res->busy == 0 && res->proven.bytes == 0 && res->lost == 0;
  @ requires tdconv_cursor == res->gpa && tdconv_watched == 0;
  @ assigns PAGE_FIELDS(res), PAGE_GHOSTS, tdconv_limit, tdconv_watched, tdconv_first, res->proven.bytes, res->lost,
  @	list->count, list->list[first .. list->room - 1], tdc->small_units, tdc->backoff;
  @ ensures map_reported(tdc->td.shared_bit, *res) && pages_reported(*res) && first <= list->count <= list->room;
  @ ensures tdconv_cursor == tdconv_frontier;
  @ ensures paced(*res, 6, 0) && res->busy <= tdc->policy.undo.busy;
  @ ensures lost_apart(list->list, first, list->count, res->gpa, tdconv_frontier);
  @ ensures booked(*list, first, *res, tdconv_frontier);
  @ ensures res->gpa <= tdconv_watch < tdconv_frontier ==>
  @	tdconv_watched != 0 || lists(list->list, first, list->count, tdconv_watch);
  @*/
static void accept_claimed(struct tdconv *tdc, struct tdconv_quarantine *list, uint32_t first,
			   struct tdconv_result *res)
{
	struct page_run run;

	run.leaf = TDG_MEM_PAGE_ACCEPT;
	run.cursor = res->gpa;
	run.end = res->gpa + res->claimed.bytes;
	run.max_busy = tdc->policy.undo.busy;
	run.policy = tdc->policy.already;
	run.already = tdc->policy.already;
	run.ask_record = false;
	//@ ghost tdconv_limit = run.end;
	/*@ loop invariant run_ok(run) && run.end == tdconv_frontier && run.leaf == 6 && !run.ask_record;
	  @ loop invariant run.max_busy == tdc->policy.undo.busy && tdconv_limit == run.end;
	  @ loop invariant pages_reported(*res) && paced(*res, 6, 0) && res->busy <= run.max_busy;
	  @ loop invariant first <= list->count <= list->room;
	  @ loop invariant lost_apart(list->list, first, list->count, res->gpa, run.cursor);
	  @ loop invariant booked(*list, first, *res, run.cursor);
	  @ loop invariant res->gpa <= tdconv_watch < run.cursor ==>
	  @	tdconv_watched != 0 || lists(list->list, first, list->count, tdconv_watch);
	  @ loop assigns PAGE_FIELDS(res), PAGE_GHOSTS, tdconv_watched, tdconv_first, res->proven.bytes, res->lost,
	  @	list->count, list->list[first .. list->room - 1], tdc->small_units, tdc->backoff,
	  @	run.cursor, run.already;
	  @ loop variant run.end - run.cursor;
	  @*/
	while (run.cursor < run.end) {
		uint64_t start = run.cursor;
		enum tdconv_status status = tdconv_pages(tdc, res, &run);

		/*@ ghost
		  if (start <= tdconv_watch && tdconv_watch < tdconv_cursor)
			tdconv_watched = 1;
		*/
		res->proven.bytes += run.cursor - start;
		if (status != TDCONV_OK) {
			tdconv_lose(list, first, res, run.cursor, run.cursor + PAGE);
			run.cursor += PAGE;
			//@ ghost tdconv_cursor = run.cursor;
		}
	}
}

/*@ requires \valid(tdc) && \valid(list) && \valid(list->list + (0 .. list->room - 1)) && \valid(res);
  @ requires \separated(tdc, list, res, list->list + (0 .. list->room - 1));
  @ requires s_ok(tdc->td.shared_bit) && list->count <= list->room;
  @ assigns *res, ALL_GHOSTS, tdconv_watched, tdconv_first, tdc->stats, tdc->small_units, tdc->backoff,
  @	list->count, list->list[list->count .. list->room - 1];
  @ ensures s_ok(tdc->td.shared_bit) && \old(list->count) <= list->count <= list->room && res->status == \result;
  @ ensures res->gpa == gpa && res->bytes == bytes && res->to == TDCONV_PRIVATE;
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_ARGUMENT || \result == TDCONV_E_QUARANTINE;
  @ ensures \result == TDCONV_E_ARGUMENT <==>
  @	!request_ok(tdc->td.shared_bit, tdc->policy.chunk, *res) || \old(list->count) == list->room;
  @ ensures \result == TDCONV_E_ARGUMENT ==> res->calls == 0 && res->accepts == 0 && res->lost == 0 &&
  @	res->proven.bytes == 0 && list->count == \old(list->count);
  @ ensures \result != TDCONV_E_ARGUMENT ==> map_reported(tdc->td.shared_bit, *res) && pages_reported(*res);
  @
  @ // Nothing is forgotten: every page is accepted or listed, and the sums say so.
  @ ensures \result != TDCONV_E_ARGUMENT ==> res->proven.bytes + res->lost == bytes;
  @ ensures \result != TDCONV_E_ARGUMENT ==>
  @	lost_apart(list->list, \old(list->count), list->count, gpa, gpa + bytes);
  @ ensures \result != TDCONV_E_ARGUMENT && gpa <= tdconv_watch < gpa + bytes ==>
  @	tdconv_watched != 0 || lists(list->list, \old(list->count), list->count, tdconv_watch);
  @ ensures \result != TDCONV_E_ARGUMENT ==> (\result == TDCONV_OK <==> res->lost == 0);
  @ ensures \result == TDCONV_OK ==> tdconv_said == gpa + bytes && list->count == \old(list->count);
  @
  @ // Within its own budget.
  @ ensures res->calls <= max_calls(tdc->policy.undo, bytes) && res->busy <= tdc->policy.undo.busy;
  @ ensures 4096 * res->accepts <= 2 * bytes + 4096 * res->busy;
  @*/
enum tdconv_status tdconv_take_back(struct tdconv *tdc, uint64_t gpa, uint64_t bytes, uint64_t counted,
				    struct tdconv_quarantine *list, struct tdconv_result *res)
{
	enum tdconv_status status = tdconv_begin(tdc, gpa, bytes, TDCONV_PRIVATE, res);
	uint32_t first = list->count;

	//@ assert 0 <= tdc->policy.undo.calls_per_page * (bytes / 4096);
	if (status != TDCONV_OK || list->count >= list->room)
		return tdconv_finish(tdc, res, TDCONV_E_ARGUMENT);
	//@ ghost tdconv_watched = 0;
	res->rest_state = TDCONV_STATE_UNKNOWN;
	(void)tdconv_map(tdc, res, gpa + bytes, tdc->policy.undo);
	//@ assert res->calls <= max_calls(tdc->policy.undo, bytes);
	accept_claimed(tdc, list, first, res);
	//@ assert res->calls <= max_calls(tdc->policy.undo, bytes);
	if (res->claimed.bytes < bytes)
		tdconv_lose(list, first, res, gpa + res->claimed.bytes, gpa + bytes);
	if (counted > res->proven.bytes)
		counted = res->proven.bytes;
	tdc->stats.unshared_pages = tdconv_sum(tdc->stats.unshared_pages, counted / PAGE);
	if (res->lost == 0) {
		tdc->stats.undone = tdconv_sum(tdc->stats.undone, 1);
		return tdconv_finish(tdc, res, TDCONV_OK);
	}
	tdc->stats.undo_failed = tdconv_sum(tdc->stats.undo_failed, 1);
	tdconv_finish(tdc, res, TDCONV_E_QUARANTINE);
	res->head = 0;	/* what is proven is no prefix here */
	return TDCONV_E_QUARANTINE;
}

/*@ requires \valid(tdc) && \valid(list) && \valid(list->list + (0 .. list->room - 1)) && \valid(res);
  @ requires \valid_read(failed) && \separated(tdc, list, res, failed, list->list + (0 .. list->room - 1));
  @ requires s_ok(tdc->td.shared_bit) && list->count <= list->room;
  @ assigns *res, ALL_GHOSTS, tdconv_watched, tdconv_first, tdc->stats, tdc->small_units, tdc->backoff,
  @	list->count, list->list[list->count .. list->room - 1];
  @ ensures \old(list->count) <= list->count <= list->room && res->status == \result;
  @ ensures res->gpa == failed->gpa && res->bytes == failed->bytes && res->to == TDCONV_PRIVATE;
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_ARGUMENT || \result == TDCONV_E_QUARANTINE;
  @ ensures \result == TDCONV_E_ARGUMENT ==> res->calls == 0 && res->accepts == 0 && res->lost == 0 &&
  @	list->count == \old(list->count);
  @ ensures \result != TDCONV_E_ARGUMENT ==> res->proven.bytes + res->lost == res->bytes &&
  @	failed->status != TDCONV_OK && failed->rest_state == TDCONV_STATE_UNKNOWN;
  @ ensures \result != TDCONV_E_ARGUMENT ==>
  @	lost_apart(list->list, \old(list->count), list->count, res->gpa, res->gpa + res->bytes);
  @ ensures \result != TDCONV_E_ARGUMENT && res->gpa <= tdconv_watch < res->gpa + res->bytes ==>
  @	tdconv_watched != 0 || lists(list->list, \old(list->count), list->count, tdconv_watch);
  @ ensures \result != TDCONV_E_ARGUMENT ==> (\result == TDCONV_OK <==> res->lost == 0);
  @ ensures \result == TDCONV_OK ==> list->count == \old(list->count);
  @ ensures res->calls <= max_calls(tdc->policy.undo, res->bytes) && res->busy <= tdc->policy.undo.busy;
  @ ensures 4096 * res->accepts <= 2 * res->bytes + 4096 * res->busy;
  @*/
enum tdconv_status tdconv_undo(struct tdconv *tdc, const struct tdconv_result *failed, struct tdconv_quarantine *list,
			       struct tdconv_result *res)
{
	uint64_t counted = 0;

	if (failed->status == TDCONV_OK || failed->rest_state != TDCONV_STATE_UNKNOWN) {
		tdconv_begin(tdc, failed->gpa, failed->bytes, TDCONV_PRIVATE, res);
		return tdconv_finish(tdc, res, TDCONV_E_ARGUMENT);
	}
	/* Memory that was shared, and that the failed conversion did not get to take off the count. */
	if (failed->to == TDCONV_PRIVATE && failed->head < failed->bytes)
		counted = failed->bytes - failed->head;
	return tdconv_take_back(tdc, failed->gpa, failed->bytes, counted, list, res);
}

/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res) && s_ok(tdc->td.shared_bit);
  @ assigns *res, ALL_GHOSTS, tdc->stats;
  @ ensures reported(*res) && res->status == \result;
  @ ensures res->gpa == gpa && res->bytes == bytes && res->to == TDCONV_SHARED && res->accepts == 0;
  @ ensures res->lost == 0 && res->proven.bytes == 0;
  @ ensures \result != TDCONV_E_ARGUMENT ==> map_reported(tdc->td.shared_bit, *res);
  @ ensures \result == TDCONV_OK ==> tdconv_said == tdconv_frontier == gpa + bytes;
  @ ensures res->calls <= max_calls(tdc->policy.undo, bytes);
  @*/
enum tdconv_status tdconv_share_again(struct tdconv *tdc, uint64_t gpa, uint64_t bytes, uint64_t counted,
				      struct tdconv_result *res)
{
	enum tdconv_status status = tdconv_begin(tdc, gpa, bytes, TDCONV_SHARED, res);

	if (status != TDCONV_OK)
		return tdconv_finish(tdc, res, status);
	res->rest_state = TDCONV_STATE_UNKNOWN;
	status = tdconv_map(tdc, res, gpa + bytes, tdc->policy.undo);
	if (status == TDCONV_OK)
		tdc->stats.shared_pages = tdconv_sum(tdc->stats.shared_pages, counted / PAGE);
	return tdconv_finish(tdc, res, status);
}
