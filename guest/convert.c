/* SPDX-License-Identifier: MIT */
/* Conversion of a physical range, and acceptance of memory that never was. */
#include "abi/tdx.h"
#include "internal.h"

/* Whole pages below S, in a direction that there is. The end is never computed before it is known not to wrap. */
/*@ requires \valid_read(tdc) && s_ok(tdc->td.shared_bit);
  @ assigns \nothing;
  @ ensures \result <==> range_ok(tdc->td.shared_bit, gpa, bytes) && (to == TDCONV_PRIVATE || to == TDCONV_SHARED) &&
  @	tdc->policy.chunk % 4096 == 0;
  @*/
static bool valid(const struct tdconv *tdc, uint64_t gpa, uint64_t bytes, enum tdconv_to to)
{
	uint64_t s = tdc->td.shared_bit;

	if (bytes == 0 || bytes % PAGE != 0 || gpa % PAGE != 0)
		return false;
	if (gpa >= s || bytes > s - gpa)
		return false;
	return (to == TDCONV_PRIVATE || to == TDCONV_SHARED) && tdc->policy.chunk % PAGE == 0;
}

/* Field by field: compilers may turn an assignment of the whole into a call of memset(), and there is no libc here. */
/*@ requires \valid(res);
  @ assigns *res;
  @ ensures res->status == TDCONV_OK && res->rax == 0 && res->r10 == 0 && res->r11 == 0;
  @ ensures res->claimed.bytes == 0 && res->proven.bytes == 0 && res->lost == 0 && res->head == 0;
  @ ensures res->head_state == TDCONV_STATE_UNTOUCHED && res->rest_state == TDCONV_STATE_UNTOUCHED;
  @ ensures res->calls == 0 && res->retries == 0 && res->stalls == 0 && res->longest_stall == 0;
  @ ensures res->s_mismatches == 0 && res->accepts == 0 && res->releases == 0;
  @ ensures res->busy == 0 && res->mismatches == 0 && res->already == 0;
  @*/
static void clear(struct tdconv_result *res)
{
	res->status = TDCONV_OK;
	res->rax = 0;
	res->r10 = 0;
	res->r11 = 0;
	res->claimed.bytes = 0;
	res->proven.bytes = 0;
	res->lost = 0;
	res->head = 0;
	res->head_state = TDCONV_STATE_UNTOUCHED;
	res->rest_state = TDCONV_STATE_UNTOUCHED;
	res->calls = 0;
	res->retries = 0;
	res->stalls = 0;
	res->longest_stall = 0;
	res->s_mismatches = 0;
	res->accepts = 0;
	res->releases = 0;
	res->busy = 0;
	res->mismatches = 0;
	res->already = 0;
}

/* Starts a result; nothing was done to the range yet. */
/*@ requires \valid_read(tdc) && s_ok(tdc->td.shared_bit) && \valid(res) && \separated(tdc, res);
  @ assigns *res, ALL_GHOSTS;
  @ ensures res->gpa == gpa && res->bytes == bytes && res->to == to;
  @ ensures res->rest_state == TDCONV_STATE_UNTOUCHED && res->proven.bytes == 0 && res->lost == 0;
  @ ensures res->claimed.bytes == 0 && res->calls == 0 && res->accepts == 0 && res->releases == 0 && res->busy == 0;
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_ARGUMENT;
  @ ensures \result == TDCONV_OK ==> map_reported(tdc->td.shared_bit, *res);
  @ ensures \result == TDCONV_OK ==> pages_reported(*res) && tdconv_cursor == gpa && tdconv_limit == gpa;
  @ ensures \result == TDCONV_OK ==> tdconv_accepts == 0 && tdconv_releases == 0;
  @ ensures \result == TDCONV_OK <==> request_ok(tdc->td.shared_bit, tdc->policy.chunk, *res);
  @*/
enum tdconv_status tdconv_begin(const struct tdconv *tdc, uint64_t gpa, uint64_t bytes, enum tdconv_to to,
				struct tdconv_result *res)
{
	clear(res);
	res->to = to;
	res->gpa = gpa;
	res->bytes = bytes;
	if (!valid(tdc, gpa, bytes, to))
		return TDCONV_E_ARGUMENT;
	/*@ ghost
	  tdconv_calls = 0;
	  tdconv_accepts = 0;
	  tdconv_releases = 0;
	  tdconv_already = 0;
	  tdconv_said = 0;
	  tdconv_cursor = gpa;
	  tdconv_limit = gpa;
	  tdconv_frontier = gpa;
	  tdconv_lo = gpa;
	  tdconv_hi = gpa + bytes;
	  tdconv_s = to == TDCONV_SHARED ? tdc->td.shared_bit : 0;
	*/
	return TDCONV_OK;
}

/* Adds what happened to the statistics. */
/*@ requires \valid(tdc) && \valid_read(res) && \separated(tdc, res);
  @ requires TDCONV_OK <= res->status < TDCONV_STATUSES;
  @ assigns tdc->stats;
  @*/
static void account(struct tdconv *tdc, const struct tdconv_result *res)
{
	struct tdconv_stats *stats = &tdc->stats;

	stats->conversions = tdconv_sum(stats->conversions, 1);
	if (res->status != TDCONV_OK)
		stats->failed = tdconv_sum(stats->failed, 1);
	stats->by_status[res->status] = tdconv_sum(stats->by_status[res->status], 1);
	stats->calls = tdconv_sum(stats->calls, res->calls);
	stats->retries = tdconv_sum(stats->retries, res->retries);
	stats->stalls = tdconv_sum(stats->stalls, res->stalls);
	if (res->longest_stall > stats->longest_stall)
		stats->longest_stall = res->longest_stall;
	stats->s_mismatches = tdconv_sum(stats->s_mismatches, res->s_mismatches);
	stats->accepts = tdconv_sum(stats->accepts, res->accepts);
	stats->releases = tdconv_sum(stats->releases, res->releases);
	stats->busy = tdconv_sum(stats->busy, res->busy);
	stats->mismatches = tdconv_sum(stats->mismatches, res->mismatches);
	stats->already_pages = tdconv_sum(stats->already_pages, res->already / PAGE);
	stats->accepted_pages = tdconv_sum(stats->accepted_pages, res->proven.bytes / PAGE);
	stats->quarantined_pages = tdconv_sum(stats->quarantined_pages, res->lost / PAGE);
}

/* Says how it ended: the head is what is known, and after a failure that is what the module vouches for. */
/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res);
  @ requires TDCONV_OK <= status < TDCONV_STATUSES;
  @ assigns res->status, res->head, res->head_state, res->rest_state, tdc->stats;
  @ ensures reported(*res) && res->status == status && \result == status;
  @ ensures status != TDCONV_OK ==> res->rest_state == \old(res->rest_state);
  @*/
enum tdconv_status tdconv_finish(struct tdconv *tdc, struct tdconv_result *res, enum tdconv_status status)
{
	res->status = status;
	if (status == TDCONV_OK) {
		res->head = res->bytes;
		res->head_state = res->to == TDCONV_SHARED ? TDCONV_STATE_SHARED : TDCONV_STATE_PRIVATE;
		res->rest_state = TDCONV_STATE_UNTOUCHED;
	} else {
		res->head = res->proven.bytes;
		res->head_state = TDCONV_STATE_PRIVATE;
	}
	account(tdc, res);
	return status;
}

/* Accepts from what is proven so far up to end. */
/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res);
  @ requires pages_reported(*res) && paced(*res, 6, 0);
  @ requires tdconv_cursor == res->gpa + res->proven.bytes && tdconv_cursor % 4096 == 0;
  @ requires tdconv_cursor <= end <= 0x8000000000000 && end % 4096 == 0;
  @ assigns PAGE_FIELDS(res), PAGE_GHOSTS, tdconv_limit, res->proven.bytes, tdc->small_units, tdc->backoff;
  @ ensures pages_reported(*res) && tdconv_limit == end;
  @ ensures paced(*res, 6, 2);
  @ ensures tdconv_cursor == res->gpa + res->proven.bytes && tdconv_cursor % 4096 == 0;
  @ ensures \old(tdconv_cursor) <= tdconv_cursor <= end;
  @ ensures \result == TDCONV_OK <==> tdconv_cursor == end;
  @ ensures \result == TDCONV_OK ==> paced(*res, 6, 0);
  @ ensures \old(res->busy) <= res->busy <= \max(\old(res->busy), tdc->policy.work.busy);
  @ ensures res->releases == \old(res->releases);
  @ ensures \result == TDCONV_OK || TDCONV_E_GIVEN_UP <= \result <= TDCONV_E_DOUBLE_ACCEPT;
  @*/
enum tdconv_status tdconv_accept_to(struct tdconv *tdc, struct tdconv_result *res, uint64_t end, bool boot)
{
	struct page_run run;
	enum tdconv_status status;

	run.leaf = TDG_MEM_PAGE_ACCEPT;
	run.cursor = res->gpa + res->proven.bytes;
	run.end = end;
	run.max_busy = tdc->policy.work.busy;
	run.policy = boot ? tdc->policy.already_boot : tdc->policy.already;
	run.already = run.policy;
	run.ask_record = true;
	//@ ghost tdconv_limit = end;
	status = tdconv_pages(tdc, res, &run);
	res->proven.bytes = run.cursor - res->gpa;
	return status;
}

/*
 * To private, chunk by chunk: what is claimed is accepted before more is asked for. The bounds are the request's own,
 * not the place where a RETRY went on: else only the tail would be accepted.
 */
/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res);
  @ requires map_reported(tdc->td.shared_bit, *res) && pages_reported(*res) && res->to == TDCONV_PRIVATE;
  @ requires res->calls == 0 && res->claimed.bytes == 0 && res->accepts == 0 && res->busy == 0;
  @ requires tdconv_cursor == res->gpa && res->proven.bytes == 0;
  @ assigns MAP_FIELDS(res), PAGE_FIELDS(res), MAP_GHOSTS, PAGE_GHOSTS, tdconv_limit, res->proven.bytes,
  @	tdc->small_units, tdc->backoff, tdc->stats.steps[0 .. TDCONV_STEPS - 1];
  @ ensures map_reported(tdc->td.shared_bit, *res);
  @ ensures pages_reported(*res);
  @ ensures res->calls <= max_calls(tdc->policy.work, res->bytes);
  @ ensures tdconv_cursor == res->gpa + res->proven.bytes && tdconv_cursor <= tdconv_frontier;
  @ ensures tdconv_cursor % 4096 == 0;
  @ ensures \result == TDCONV_OK <==> tdconv_cursor == tdconv_hi;
  @ ensures \result == TDCONV_OK ==> tdconv_said == tdconv_hi;
  @ ensures paced(*res, 6, 2);
  @ ensures \result == TDCONV_OK ==> paced(*res, 6, 0);
  @ ensures res->busy <= tdc->policy.work.busy && res->releases == \old(res->releases);
  @ ensures \result == TDCONV_OK || TDCONV_E_MODULE <= \result <= TDCONV_E_DOUBLE_ACCEPT;
  @*/
static enum tdconv_status to_private(struct tdconv *tdc, struct tdconv_result *res)
{
	uint64_t end = res->gpa + res->bytes;

	/*@ loop invariant map_reported(tdc->td.shared_bit, *res);
	  @ loop invariant pages_reported(*res);
	  @ loop invariant res->calls <= max_calls(tdc->policy.work, res->bytes);
	  @ loop invariant tdconv_frontier == end ==> tdconv_said == end;
	  @ loop invariant tdconv_cursor == tdconv_frontier && res->proven.bytes == res->claimed.bytes;
	  @ loop invariant paced(*res, 6, 0) && res->busy <= tdc->policy.work.busy;
	  @ loop invariant res->releases == \at(res->releases, Pre);
	  @ loop assigns MAP_FIELDS(res), PAGE_FIELDS(res), MAP_GHOSTS, PAGE_GHOSTS, tdconv_limit, res->proven.bytes,
	  @	tdc->small_units, tdc->backoff, tdc->stats.steps[0 .. TDCONV_STEPS - 1];
	  @ loop variant res->bytes - res->claimed.bytes;
	  @*/
	while (res->claimed.bytes < res->bytes) {
		uint64_t stop = tdconv_chunk_end(tdc, res->gpa + res->claimed.bytes, end);
		enum tdconv_status status = tdconv_map(tdc, res, stop, tdc->policy.work);

		if (status == TDCONV_OK)
			status = tdconv_accept_to(tdc, res, stop, false);
		if (status != TDCONV_OK)
			return status;
	}
	return TDCONV_OK;
}

/*
 * Gives the old private pages back to the module before the VMM is asked for shared ones, so that they are provably
 * gone. Of the module's answers ([openvmm:release_pages] reads them so, too) a 2 MiB page that is mapped in small ones
 * has them released one by one, and a busy one is asked for again. If one cannot be released, those before it are
 * accepted again, with a budget of their own.
 */
/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res);
  @ requires map_reported(tdc->td.shared_bit, *res) && pages_reported(*res) && res->to == TDCONV_SHARED;
  @ requires res->accepts == 0 && res->releases == 0 && res->busy == 0;
  @ requires tdconv_cursor == res->gpa && res->proven.bytes == 0;
  @ assigns PAGE_FIELDS(res), PAGE_GHOSTS, tdconv_limit, res->proven.bytes, tdc->small_units, tdc->backoff;
  @ ensures pages_reported(*res);
  @ ensures \result == TDCONV_OK ==> tdconv_cursor == tdconv_hi && res->proven.bytes == 0 && res->accepts == 0;
  @ ensures \result != TDCONV_OK ==> tdconv_cursor == res->gpa + res->proven.bytes;
  @ ensures \result == TDCONV_E_RELEASE ==> tdconv_cursor == tdconv_limit;
  @ ensures 4096 * res->releases <= 2 * res->bytes + 4096 * res->busy;
  @ ensures 4096 * res->accepts <= 2 * res->bytes + 4096 * res->busy;
  @ ensures res->busy <= tdc->policy.work.busy + tdc->policy.undo.busy;
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_RELEASE || \result == TDCONV_E_RELEASE_LOST;
  @*/
static enum tdconv_status release(struct tdconv *tdc, struct tdconv_result *res)
{
	struct page_run run;
	enum tdconv_status again;
	uint64_t rax;

	run.leaf = TDG_MEM_PAGE_RELEASE;
	run.cursor = res->gpa;
	run.end = res->gpa + res->bytes;
	run.max_busy = tdc->policy.work.busy;
	run.policy = TDCONV_ALREADY_KEEP;
	run.already = TDCONV_ALREADY_KEEP;
	run.ask_record = false;
	//@ ghost tdconv_limit = tdconv_hi;
	if (tdconv_pages(tdc, res, &run) == TDCONV_OK)
		return TDCONV_OK;
	rax = res->rax;
	run.leaf = TDG_MEM_PAGE_ACCEPT;
	run.end = run.cursor;
	run.cursor = res->gpa;
	run.max_busy = res->busy + tdc->policy.undo.busy;
	//@ ghost tdconv_cursor = res->gpa;
	//@ ghost tdconv_limit = run.end;
	again = tdconv_pages(tdc, res, &run);
	res->proven.bytes = run.cursor - res->gpa;
	if (again != TDCONV_OK)
		return TDCONV_E_RELEASE_LOST;
	res->rax = rax;
	return TDCONV_E_RELEASE;
}

/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res);
  @ requires map_reported(tdc->td.shared_bit, *res) && pages_reported(*res) && res->to == TDCONV_SHARED;
  @ requires res->accepts == 0 && res->releases == 0 && res->busy == 0 && res->calls == 0 && res->claimed.bytes == 0;
  @ requires tdconv_cursor == res->gpa && res->proven.bytes == 0;
  @ assigns MAP_FIELDS(res), PAGE_FIELDS(res), MAP_GHOSTS, PAGE_GHOSTS, tdconv_limit, res->proven.bytes,
  @	tdc->small_units, tdc->backoff, tdc->stats.steps[0 .. TDCONV_STEPS - 1];
  @ ensures map_reported(tdc->td.shared_bit, *res);
  @ ensures pages_reported(*res);
  @ ensures res->calls <= max_calls(tdc->policy.work, res->bytes);
  @ ensures \result == TDCONV_OK ==> tdconv_said == tdconv_frontier == tdconv_hi && res->proven.bytes == 0;
  @ ensures \result == TDCONV_OK && tdc->td.can_release && !tdc->policy.no_release ==> tdconv_cursor == tdconv_hi;
  @ ensures \result == TDCONV_E_RELEASE ==> res->calls == 0 && tdconv_cursor == tdconv_limit;
  @ ensures res->proven.bytes > 0 ==> tdconv_cursor == res->gpa + res->proven.bytes;
  @ ensures 4096 * res->releases <= 2 * res->bytes + 4096 * res->busy;
  @ ensures 4096 * res->accepts <= 2 * res->bytes + 4096 * res->busy;
  @ ensures res->busy <= tdc->policy.work.busy + tdc->policy.undo.busy;
  @ ensures \result == TDCONV_OK || TDCONV_E_MODULE <= \result <= TDCONV_E_RELEASE_LOST;
  @*/
static enum tdconv_status to_shared(struct tdconv *tdc, struct tdconv_result *res)
{
	enum tdconv_status status = TDCONV_OK;

	if (tdc->td.can_release && !tdc->policy.no_release)
		status = release(tdc, res);
	if (status == TDCONV_OK)
		status = tdconv_map(tdc, res, res->gpa + res->bytes, tdc->policy.work);
	return status;
}

/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res) && s_ok(tdc->td.shared_bit);
  @ assigns *res, ALL_GHOSTS, tdc->stats, tdc->small_units, tdc->backoff;
  @ ensures s_ok(tdc->td.shared_bit) && reported(*res) && res->status == \result;
  @ ensures res->gpa == gpa && res->bytes == bytes && res->to == to;
  @ ensures \result == TDCONV_E_ARGUMENT <==> !request_ok(tdc->td.shared_bit, tdc->policy.chunk, *res);
  @ ensures \result == TDCONV_E_ARGUMENT ==> res->calls == 0 && res->accepts == 0 && res->releases == 0;
  @
  @ // Whatever happened, the budget was kept, and the result has the counts.
  @ ensures \result != TDCONV_E_ARGUMENT ==> map_reported(tdc->td.shared_bit, *res);
  @ ensures \result != TDCONV_E_ARGUMENT ==> pages_reported(*res);
  @ ensures res->calls <= max_calls(tdc->policy.work, bytes);
  @ ensures 4096 * res->accepts <= 2 * bytes + 4096 * res->busy && 4096 * res->releases <= 2 * bytes + 4096 * res->busy;
  @ ensures res->busy <= tdc->policy.work.busy + tdc->policy.undo.busy;
  @
  @ // Success is the VMM's SUCCESS for a request that reached the end; to private, also every page accepted.
  @ ensures \result == TDCONV_OK ==> tdconv_said == tdconv_frontier == gpa + bytes;
  @ ensures to == TDCONV_PRIVATE && \result != TDCONV_E_ARGUMENT ==> tdconv_cursor == gpa + res->proven.bytes;
  @ ensures to == TDCONV_PRIVATE && \result != TDCONV_E_ARGUMENT ==> tdconv_cursor <= tdconv_frontier;
  @ ensures to == TDCONV_PRIVATE ==> (\result == TDCONV_OK ==> res->proven.bytes == bytes);
  @ ensures to == TDCONV_PRIVATE && res->proven.bytes == bytes && bytes > 0 ==> \result == TDCONV_OK;
  @ ensures to == TDCONV_SHARED && \result == TDCONV_OK && tdc->td.can_release && !tdc->policy.no_release ==>
  @	tdconv_cursor == gpa + bytes;
  @
  @ // Only a request that was refused, or undone by itself, leaves the rest as it was.
  @ ensures res->rest_state == TDCONV_STATE_UNTOUCHED <==>
  @	\result == TDCONV_OK || \result == TDCONV_E_ARGUMENT || \result == TDCONV_E_RELEASE;
  @ ensures \result == TDCONV_E_RELEASE ==> res->calls == 0;
  @ ensures res->head_state == TDCONV_STATE_SHARED ==> \result == TDCONV_OK && to == TDCONV_SHARED;
  @*/
enum tdconv_status tdconv_convert(struct tdconv *tdc, uint64_t gpa, uint64_t bytes, enum tdconv_to to,
				  struct tdconv_result *res)
{
	enum tdconv_status status = tdconv_begin(tdc, gpa, bytes, to, res);

	if (status != TDCONV_OK)
		return tdconv_finish(tdc, res, status);
	status = to == TDCONV_SHARED ? to_shared(tdc, res) : to_private(tdc, res);
	if (status != TDCONV_E_RELEASE)
		res->rest_state = TDCONV_STATE_UNKNOWN;
	if (to == TDCONV_PRIVATE)
		tdc->stats.unshared_pages = tdconv_sum(tdc->stats.unshared_pages, res->proven.bytes / PAGE);
	else if (status == TDCONV_OK)
		tdc->stats.shared_pages = tdconv_sum(tdc->stats.shared_pages, bytes / PAGE);
	return tdconv_finish(tdc, res, status);
}

/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res) && s_ok(tdc->td.shared_bit);
  @ assigns *res, ALL_GHOSTS, tdc->stats, tdc->small_units, tdc->backoff;
  @ ensures s_ok(tdc->td.shared_bit) && reported(*res) && res->status == \result && res->calls == 0;
  @ ensures res->gpa == gpa && res->bytes == bytes;
  @ ensures \result == TDCONV_E_ARGUMENT <==> !request_ok(tdc->td.shared_bit, tdc->policy.chunk, *res);
  @ ensures \result != TDCONV_E_ARGUMENT ==> pages_reported(*res) && tdconv_cursor == gpa + res->proven.bytes;
  @ ensures \result == TDCONV_E_ARGUMENT ==> res->accepts == 0;
  @ ensures \result == TDCONV_OK <==>
  @	res->proven.bytes == bytes && request_ok(tdc->td.shared_bit, tdc->policy.chunk, *res);
  @ ensures 4096 * res->accepts <= 2 * bytes + 4096 * res->busy && res->busy <= tdc->policy.work.busy;
  @ ensures res->rest_state == TDCONV_STATE_UNTOUCHED;
  @*/
enum tdconv_status tdconv_accept(struct tdconv *tdc, uint64_t gpa, uint64_t bytes, struct tdconv_result *res)
{
	enum tdconv_status status = tdconv_begin(tdc, gpa, bytes, TDCONV_PRIVATE, res);

	if (status == TDCONV_OK)
		status = tdconv_accept_to(tdc, res, gpa + bytes, true);
	return tdconv_finish(tdc, res, status);
}
