/* SPDX-License-Identifier: MIT */
/* What the files of libtdconv know of each other. */
#ifndef GUEST_INTERNAL_H
#define GUEST_INTERNAL_H

#include "tdconv.h"
#include "tdconv_os.h"
#include "tdconv_set.h"

#define PAGE	TDCONV_PAGE
#define UNIT	TDCONV_2M

/*
 * Predicates take structures by value: so WP sees records instead of memory, and its goals stay small.
 *
 * What tdconv_init() establishes and every function keeps: S, or 0 if this is no TD. The proof needs no more of S than
 * this, because S is added and subtracted, never used as a mask.
 */
/*@ predicate s_ok(integer s) = s == 0 || (0x200000 <= s <= 0x8000000000000 && s % 0x200000 == 0);
  @
  @ predicate range_ok(integer s, integer gpa, integer bytes) =
  @	0 <= gpa && gpa % 4096 == 0 && bytes % 4096 == 0 && 0 < bytes && gpa + bytes <= s;
  @
  @ predicate request_ok(integer s, integer chunk, struct tdconv_result res) =
  @	s_ok(s) && range_ok(s, res.gpa, res.bytes) && chunk % 4096 == 0 &&
  @	(res.to == TDCONV_PRIVATE || res.to == TDCONV_SHARED);
  @
  @ logic integer s_of(integer s, integer to) = to == TDCONV_SHARED ? s : 0;
  @
  @ logic integer address_of(integer s, integer r11) = r11 >= s ? r11 - s : r11;
  @
  @ // A RETRY that may be believed: R11 is a page of the request, and S is right unless the policy is lenient.
  @ predicate credible(integer s, boolean lenient, integer to, integer r11, integer from, integer end) =
  @	address_of(s, r11) % 4096 == 0 && from <= address_of(s, r11) < end &&
  @	(lenient == \true || (to == TDCONV_SHARED <==> r11 >= s));
  @*/

/*
 * What the loops may change: ghosts and fields of the result. ACSL sees these macros, C does not.
 */
#define MAP_GHOSTS	tdconv_frontier, tdconv_said, tdconv_calls
#define MAP_FIELDS(res)	(res)->rax, (res)->r10, (res)->r11, (res)->claimed.bytes, (res)->calls, (res)->retries, \
	(res)->stalls, (res)->longest_stall, (res)->s_mismatches
#define PAGE_GHOSTS	tdconv_cursor, tdconv_accepts, tdconv_releases, tdconv_already, tdconv_keep
#define ALL_GHOSTS	MAP_GHOSTS, PAGE_GHOSTS, tdconv_s, tdconv_lo, tdconv_hi, tdconv_limit
#define PAGE_FIELDS(res) (res)->rax, (res)->accepts, (res)->releases, (res)->busy, (res)->mismatches, (res)->already

/* The result tells the truth about what was asked of the VMM, at any time. */
/*@ predicate map_reported(integer s, struct tdconv_result res) =
  @	s_ok(s) && range_ok(s, res.gpa, res.bytes) && (res.to == TDCONV_PRIVATE || res.to == TDCONV_SHARED) &&
  @	tdconv_s == s_of(s, res.to) && tdconv_lo == res.gpa && tdconv_hi == res.gpa + res.bytes &&
  @	tdconv_frontier == res.gpa + res.claimed.bytes && tdconv_frontier % 4096 == 0 &&
  @	tdconv_frontier <= tdconv_hi && res.calls == tdconv_calls &&
  @	res.longest_stall <= res.stalls <= res.retries <= res.calls;
  @*/

/*@ logic integer max_calls(struct tdconv_budget budget, integer bytes) =
  @	budget.calls_per_page * (bytes / 4096) + budget.calls_extra;
  @*/

/*
 * And of the module. A page costs two calls at most (2 MiB is tried in vain once per 512 pages), and a busy answer
 * one.
 */
/*@ predicate pages_reported(struct tdconv_result res) =
  @	res.accepts == tdconv_accepts && res.releases == tdconv_releases &&
  @	res.busy <= 0x200000000 && tdconv_cursor <= tdconv_limit <= 0x8000000000000 && res.gpa <= tdconv_cursor;
  @
  @ logic integer asked(struct tdconv_result res, integer leaf) = leaf == 6 ? res.accepts : res.releases;
  @
  @ predicate paced(struct tdconv_result res, integer leaf, integer extra) =
  @	4096 * asked(res, leaf) <= 2 * (tdconv_cursor - res.gpa) + 4096 * res.busy + 4096 * extra;
  @*/

/*
 * What a finished result says of the range.
 */
/*@ predicate reported(struct tdconv_result res) =
  @	(res.status == TDCONV_OK ==> res.head == res.bytes && res.rest_state == TDCONV_STATE_UNTOUCHED &&
  @		res.head_state == (res.to == TDCONV_SHARED ? TDCONV_STATE_SHARED : TDCONV_STATE_PRIVATE)) &&
  @	(res.status != TDCONV_OK ==> res.head == res.proven.bytes && res.head_state == TDCONV_STATE_PRIVATE);
  @*/

/* The VMM's answer to one MapGPA. The registers are read once, here, and nowhere else. */
struct vmm_answer {
	uint64_t rax, r10, r11;
};

void tdconv_leaf(struct tdconv_regs *regs, uint64_t leaf);
void tdconv_ask_vmm(const struct tdconv *tdc, enum tdconv_to to, uint64_t from, uint64_t end,
		    struct vmm_answer *answer);
uint64_t tdconv_ask_module(const struct tdconv *tdc, uint64_t leaf, uint64_t gpa, uint64_t size);

uint64_t tdconv_chunk_end(const struct tdconv *tdc, uint64_t from, uint64_t end);
uint64_t tdconv_max_calls(struct tdconv_budget budget, uint64_t bytes);
enum tdconv_status tdconv_map(struct tdconv *tdc, struct tdconv_result *res, uint64_t end,
			      struct tdconv_budget budget);

/*@ logic integer code_of(integer rax) = rax / 0x100000000;
  @ predicate already_of(integer leaf, integer rax) = code_of(rax) == 0x0b0a && leaf == 6;
  @*/

/* A run of ACCEPTs or RELEASEs from cursor to end. */
struct page_run {
	uint64_t leaf;
	uint64_t cursor, end;		/* cursor moves */
	uint64_t max_busy;
	enum tdconv_already policy;	/* for pages that the embedder has no record of */
	enum tdconv_already already;	/* for the unit at the cursor */
	bool ask_record;
};

/*@ predicate run_ok(struct page_run run) =
  @	(run.leaf == 6 || run.leaf == 30) && run.cursor == tdconv_cursor && run.cursor % 4096 == 0 &&
  @	run.cursor <= run.end <= tdconv_limit && run.end % 4096 == 0 && run.max_busy <= 0x200000000;
  @*/

enum tdconv_status tdconv_pages(struct tdconv *tdc, struct tdconv_result *res, struct page_run *run);

enum tdconv_status tdconv_accept_to(struct tdconv *tdc, struct tdconv_result *res, uint64_t end, bool boot);

enum tdconv_status tdconv_begin(const struct tdconv *tdc, uint64_t gpa, uint64_t bytes, enum tdconv_to to,
				struct tdconv_result *res);
enum tdconv_status tdconv_finish(struct tdconv *tdc, struct tdconv_result *res, enum tdconv_status status);

/* The undo of a range of which `counted` bytes are in the statistics as shared. */
enum tdconv_status tdconv_take_back(struct tdconv *tdc, uint64_t gpa, uint64_t bytes, uint64_t counted,
				    struct tdconv_quarantine *list, struct tdconv_result *res);

/* The opposite: asks for the range to be shared again, with the budget for undoing and without RELEASE. */
enum tdconv_status tdconv_share_again(struct tdconv *tdc, uint64_t gpa, uint64_t bytes, uint64_t counted,
				      struct tdconv_result *res);

void tdconv_lose(struct tdconv_quarantine *list, uint32_t first, struct tdconv_result *res, uint64_t from, uint64_t to);

enum tdconv_status tdconv_extents(const struct tdconv *tdc, uint64_t va, uint64_t bytes, struct tdconv_set *set);

/*@ ghost
  @ extern uint64_t tdconv_watch;
  @ extern int tdconv_watched;
  @ extern uint32_t tdconv_first;
  @ extern uint64_t tdconv_va, tdconv_next;
  @*/

/*@ // Entries from first on are whole pages of [lo, hi), sorted, and never neighbours.
  @ predicate lost_apart{L}(struct tdconv_lost *list, integer first, integer count, integer lo, integer hi) =
  @	(\forall integer i; first <= i < count ==> 0 < list[i].lost_bytes && list[i].lost_bytes % 4096 == 0 &&
  @		list[i].lost_gpa % 4096 == 0 && lo <= list[i].lost_gpa &&
  @		list[i].lost_gpa + list[i].lost_bytes <= hi) &&
  @	(\forall integer i; first <= i < count - 1 ==>
  @		list[i].lost_gpa + list[i].lost_bytes < list[i + 1].lost_gpa);
  @
  @ predicate lists{L}(struct tdconv_lost *list, integer first, integer count, integer page) =
  @	\exists integer i; first <= i < count &&
  @		list[i].lost_gpa <= page < list[i].lost_gpa + list[i].lost_bytes;
  @
  @ // Up to cursor every byte is proven or lost, and what is lost lies before the end of the last entry.
  @ predicate booked{L}(struct tdconv_quarantine q, integer first, struct tdconv_result res, integer cursor) =
  @	res.proven.bytes + res.lost == cursor - res.gpa && res.lost % 4096 == 0 &&
  @	(q.count == first ==> res.lost == 0) &&
  @	(q.count > first ==> 0 < res.lost && res.lost <=
  @		q.list[q.count - 1].lost_gpa + q.list[q.count - 1].lost_bytes - res.gpa);
  @*/

/*@ // Extents follow each other in virtual memory from va to end, and no two could be one.
  @ logic integer s_max = 0x8000000000000;
  @
  @ predicate each_whole{L}(integer s, struct tdconv_extent *e, integer count, integer va, integer end) =
  @	\forall integer i; 0 <= i < count ==> range_ok(s, e[i].gpa, e[i].bytes) && va <= e[i].va &&
  @		e[i].va % 4096 == 0 && e[i].va + e[i].bytes <= end;
  @
  @ predicate links{L}(struct tdconv_extent *e, integer count) =
  @	\forall integer i; 0 <= i < count - 1 ==> e[i].va + e[i].bytes == e[i + 1].va &&
  @		e[i].gpa + e[i].bytes != e[i + 1].gpa;
  @
  @ predicate ends{L}(struct tdconv_extent *e, integer count, integer va, integer end) =
  @	count == 0 ? va == end : (e[0].va == va && e[count - 1].va + e[count - 1].bytes == end);
  @
  @ predicate chained{L}(integer s, struct tdconv_extent *e, integer count, integer va, integer end) =
  @	each_whole(s, e, count, va, end) && links(e, count) && ends(e, count, va, end);
  @*/

uint64_t tdconv_sum(uint64_t a, uint64_t b);

#endif
