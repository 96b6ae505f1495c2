/* SPDX-License-Identifier: MIT */
/* ACCEPT and RELEASE of a range: the largest pages that work, every page once, in order. */
#include "abi/tdx.h"
#include "internal.h"

#define CODE		0x100000000ull		/* a status word is code * CODE + detail */
#define CLASS		0x4000000000000000ull	/* and its two topmost bits are the class */
#define CLASS_RETRY	2
#define BACKOFF_MAX	256			/* 2 MiB units */

/*@ assigns \nothing;
  @ ensures gpa < end ==> gpa < \result <= end && \result - gpa <= 0x200000;
  @ ensures gpa % 4096 == 0 && end % 4096 == 0 ==> \result % 4096 == 0;
  @ ensures gpa < end && \result - gpa == 0x200000 ==> gpa % 0x200000 == 0;
  @ ensures gpa < end && \result != end ==> \result % 0x200000 == 0;
  @*/
uint64_t tdconv_unit_end(uint64_t gpa, uint64_t end)
{
	uint64_t left = UNIT - gpa % UNIT;

	return end < gpa || end - gpa <= left ? end : gpa + left;
}

/*
 * What the module's status means. The detail in the low half (a level, an operand number) is not compared: a status
 * that carries it would not be recognised. The whole recoverable class is "busy".
 */
/*@ assigns \nothing;
  @ ensures \result == TDCONV_OK <==> code_of(rax) == 0;
  @ ensures \result == TDCONV_E_ALREADY <==> already_of(leaf, rax);
  @ ensures \result == TDCONV_E_ACCEPT_SIZE <==> code_of(rax) == 0xc0000b0b;
  @ ensures \result == TDCONV_E_BUSY <==> 0x80000000 <= code_of(rax) < 0xc0000000;
  @ ensures \result == TDCONV_OK || TDCONV_E_ACCEPT <= \result <= TDCONV_E_ALREADY;
  @*/
static enum tdconv_status decode(uint64_t leaf, uint64_t rax)
{
	uint64_t code = rax / CODE;

	if (code == TDX_SUCCESS)
		return TDCONV_OK;
	if (code == TDX_PAGE_ALREADY_ACCEPTED && leaf == TDG_MEM_PAGE_ACCEPT)
		return TDCONV_E_ALREADY;
	if (code == TDX_PAGE_SIZE_MISMATCH)
		return TDCONV_E_ACCEPT_SIZE;
	return rax / CLASS == CLASS_RETRY ? TDCONV_E_BUSY : TDCONV_E_ACCEPT;
}

/* The page is private already and holds what it held: contents that nobody vouches for, or an old secret. */
/*@ requires \valid(tdc) && \valid(res) && \valid(run) && \separated(tdc, res, run);
  @ requires run->cursor == tdconv_cursor - (run->already == TDCONV_ALREADY_KEEP ? size : 0);
  @ requires tdconv_already == (run->already == TDCONV_ALREADY_KEEP ? 0 : size);
  @ requires 0 < size && run->cursor + size <= TDCONV_U64_MAX;
  @ assigns res->already, run->cursor, tdconv_cursor, tdconv_already;
  @ ensures run->cursor == tdconv_cursor;
  @ ensures \result == TDCONV_OK <==> run->already == TDCONV_ALREADY_ZERO || run->already == TDCONV_ALREADY_KEEP;
  @ ensures run->cursor == \old(run->cursor) + (\result == TDCONV_OK ? size : 0);
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_ALREADY;
  @*/
static enum tdconv_status already(struct tdconv *tdc, struct tdconv_result *res, struct page_run *run, uint64_t size)
{
	res->already = tdconv_sum(res->already, size);
	if (run->already == TDCONV_ALREADY_ZERO)
		tdconv_os_zero(tdc->os, run->cursor, size);
	else if (run->already != TDCONV_ALREADY_KEEP)
		return TDCONV_E_ALREADY;
	run->cursor += size;
	return TDCONV_OK;
}

/* One page of this size at the cursor, tried again while the module is busy with it. */
/*@ requires \valid(tdc) && \valid(res) && \valid(run) && \separated(tdc, res, run);
  @ requires run_ok(*run) && pages_reported(*res);
  @ requires size == 4096 || (size == 0x200000 && run->cursor % 0x200000 == 0);
  @ requires run->cursor + size <= run->end;
  @ requires tdconv_keep != 0 <==> run->already == TDCONV_ALREADY_KEEP;
  @ requires paced(*res, run->leaf, 1);
  @ assigns PAGE_FIELDS(res), run->cursor, tdconv_cursor, tdconv_accepts, tdconv_releases, tdconv_already;
  @ ensures run_ok(*run);
  @ ensures pages_reported(*res);
  @ ensures run->cursor == \old(run->cursor) + (\result == TDCONV_OK ? size : 0);
  @ ensures res->busy >= \old(res->busy) && res->busy <= \max(\old(res->busy), run->max_busy);
  @ ensures run->leaf == 6 ==> res->releases == \old(res->releases) &&
  @	res->accepts - res->busy <= \old(res->accepts) - \old(res->busy) + 1;
  @ ensures run->leaf == 30 ==> res->accepts == \old(res->accepts) &&
  @	res->releases - res->busy <= \old(res->releases) - \old(res->busy) + 1;
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_GIVEN_UP || TDCONV_E_ACCEPT <= \result <= TDCONV_E_ALREADY;
  @*/
static enum tdconv_status page(struct tdconv *tdc, struct tdconv_result *res, struct page_run *run, uint64_t size)
{
	uint64_t tries = 0;
	enum tdconv_status status;

	/*@ loop invariant run_ok(*run) && pages_reported(*res) && run->cursor == \at(run->cursor, Pre);
	  @ loop invariant tries == res->busy - \at(res->busy, Pre);
	  @ loop invariant res->busy <= \max(\at(res->busy, Pre), run->max_busy);
	  @ loop invariant res->accepts == \at(res->accepts, Pre) + (run->leaf == 6 ? tries : 0);
	  @ loop invariant res->releases == \at(res->releases, Pre) + (run->leaf == 6 ? 0 : tries);
	  @ loop assigns PAGE_FIELDS(res), tries, status, run->cursor,
	  @	tdconv_cursor, tdconv_accepts, tdconv_releases, tdconv_already;
	  @ loop variant run->max_busy - res->busy;
	  @*/
	for (;;) {
		res->rax = tdconv_ask_module(tdc, run->leaf, run->cursor, size);
		if (run->leaf == TDG_MEM_PAGE_ACCEPT)
			res->accepts++;
		else
			res->releases++;
		status = decode(run->leaf, res->rax);
		if (status != TDCONV_E_BUSY)
			break;
		if (res->busy >= run->max_busy)
			return TDCONV_E_BUSY;
		res->busy++;
		tries++;
		if (!tdconv_os_pause(tdc->os, TDCONV_WAIT_MODULE, tries))
			return TDCONV_E_GIVEN_UP;
	}
	if (status == TDCONV_E_ALREADY)
		return already(tdc, res, run, size);
	if (status == TDCONV_OK)
		run->cursor += size;
	return status;
}

/*
 * One unit of 2 MiB, or the part of one that is in the range. Where 2 MiB does not work the VMM has mapped 4 KiB
 * pages, and probably does so everywhere: then 2 MiB is tried ever more rarely, so that KVM, which maps private
 * memory at 4 KiB only, costs a handful of calls in vain per GiB. Only for ACCEPT: of a page that is mapped at 2 MiB
 * RELEASE takes no part, so that it asks for 2 MiB first in each unit.
 */
/*@ requires \valid(tdc) && \valid(res) && \valid(run) && \separated(tdc, res, run);
  @ requires run_ok(*run) && pages_reported(*res);
  @ requires run->cursor < end <= run->end && end - run->cursor <= 0x200000 && end % 4096 == 0;
  @ requires end - run->cursor == 0x200000 ==> run->cursor % 0x200000 == 0;
  @ requires tdconv_keep != 0 <==> run->already == TDCONV_ALREADY_KEEP;
  @ requires paced(*res, run->leaf, 0);
  @ assigns PAGE_FIELDS(res), run->cursor, tdconv_cursor, tdconv_accepts, tdconv_releases, tdconv_already,
  @	tdc->small_units, tdc->backoff;
  @ ensures run_ok(*run);
  @ ensures pages_reported(*res);
  @ ensures \old(run->cursor) <= run->cursor <= end;
  @ ensures \result == TDCONV_OK <==> run->cursor == end;
  @ ensures res->busy >= \old(res->busy) && res->busy <= \max(\old(res->busy), run->max_busy);
  @ ensures \result == TDCONV_OK ==> paced(*res, run->leaf, 0);
  @ ensures paced(*res, run->leaf, 2);
  @ ensures run->leaf == 6 ==> res->releases == \old(res->releases);
  @ ensures run->leaf == 30 ==> res->accepts == \old(res->accepts);
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_GIVEN_UP || TDCONV_E_ACCEPT <= \result <= TDCONV_E_ALREADY;
  @*/
static enum tdconv_status unit(struct tdconv *tdc, struct tdconv_result *res, struct page_run *run, uint64_t end)
{
	enum tdconv_status status;

	if (end - run->cursor == UNIT && (tdc->small_units == 0 || run->leaf == TDG_MEM_PAGE_RELEASE)) {
		status = page(tdc, res, run, UNIT);
		if (status == TDCONV_OK)
			tdc->backoff = 1;
		if (status != TDCONV_E_ACCEPT_SIZE)
			return status;
		res->mismatches = tdconv_sum(res->mismatches, 1);
		tdc->small_units = tdc->backoff;
		tdc->backoff = tdc->backoff < BACKOFF_MAX ? 4 * tdc->backoff : BACKOFF_MAX;
	} else if (end - run->cursor == UNIT) {
		tdc->small_units--;
	}
	/*@ loop invariant run_ok(*run) && pages_reported(*res) && \at(run->cursor, Pre) <= run->cursor <= end;
	  @ loop invariant \at(res->busy, Pre) <= res->busy <= \max(\at(res->busy, Pre), run->max_busy);
	  @ loop invariant run->leaf == 6 ==> res->releases == \at(res->releases, Pre) &&
	  @	res->accepts - res->busy <= \at(res->accepts, Pre) - \at(res->busy, Pre) +
	  @	(end - \at(run->cursor, Pre) == 0x200000 ? 1 : 0) + (run->cursor - \at(run->cursor, Pre)) / 4096;
	  @ loop invariant run->leaf == 30 ==> res->accepts == \at(res->accepts, Pre) &&
	  @	res->releases - res->busy <= \at(res->releases, Pre) - \at(res->busy, Pre) +
	  @	(end - \at(run->cursor, Pre) == 0x200000 ? 1 : 0) + (run->cursor - \at(run->cursor, Pre)) / 4096;
	  @ loop assigns PAGE_FIELDS(res), run->cursor, status,
	  @	tdconv_cursor, tdconv_accepts, tdconv_releases, tdconv_already;
	  @ loop variant end - run->cursor;
	  @*/
	while (run->cursor < end) {
		status = page(tdc, res, run, PAGE);
		if (status != TDCONV_OK)
			return status;
	}
	return TDCONV_OK;
}

/* Asks the embedder for what it knows of the unit, and settles what an accepted page in it will mean. */
/*@ requires \valid_read(tdc) && \valid(run) && \separated(tdc, run);
  @ assigns run->already, tdconv_keep;
  @ ensures tdconv_keep != 0 <==> run->already == TDCONV_ALREADY_KEEP;
  @ ensures \result == TDCONV_OK || (\result == TDCONV_E_DOUBLE_ACCEPT && run->ask_record);
  @ ensures !run->ask_record ==> run->already == run->policy;
  @*/
static enum tdconv_status admit(const struct tdconv *tdc, struct page_run *run, uint64_t bytes)
{
	enum tdconv_record record = TDCONV_RECORD_NONE;

	if (run->ask_record)
		record = tdconv_os_record(tdc->os, run->cursor, bytes);
	run->already = run->policy;
	if (record == TDCONV_RECORD_NEVER && run->policy == TDCONV_ALREADY_ERROR)
		run->already = TDCONV_ALREADY_ZERO;
	//@ ghost tdconv_keep = run->already == TDCONV_ALREADY_KEEP;
	return record == TDCONV_RECORD_ACCEPTED ? TDCONV_E_DOUBLE_ACCEPT : TDCONV_OK;
}

/* Goes on until the end of the run, or until a page fails: that is the one at the cursor. */
/*@ requires \valid(tdc) && \valid(res) && \valid(run) && \separated(tdc, res, run);
  @ requires run_ok(*run) && pages_reported(*res);
  @ requires paced(*res, run->leaf, 0);
  @ assigns PAGE_FIELDS(res), PAGE_GHOSTS, run->cursor, run->already, tdc->small_units, tdc->backoff;
  @ ensures run_ok(*run);
  @ ensures pages_reported(*res);
  @ ensures \old(run->cursor) <= run->cursor <= run->end;
  @ ensures \result == TDCONV_OK <==> run->cursor == run->end;
  @ ensures res->busy >= \old(res->busy) && res->busy <= \max(\old(res->busy), run->max_busy);
  @ ensures \result == TDCONV_OK ==> paced(*res, run->leaf, 0);
  @ ensures paced(*res, run->leaf, 2);
  @ ensures run->leaf == 6 ==> res->releases == \old(res->releases);
  @ ensures run->leaf == 30 ==> res->accepts == \old(res->accepts);
  @ ensures \result == TDCONV_OK || TDCONV_E_GIVEN_UP <= \result <= TDCONV_E_DOUBLE_ACCEPT;
  @*/
enum tdconv_status tdconv_pages(struct tdconv *tdc, struct tdconv_result *res, struct page_run *run)
{
	/*@ loop invariant run_ok(*run) && pages_reported(*res) && \at(run->cursor, Pre) <= run->cursor <= run->end;
	  @ loop invariant \at(res->busy, Pre) <= res->busy <= \max(\at(res->busy, Pre), run->max_busy);
	  @ loop invariant paced(*res, run->leaf, 0);
	  @ loop invariant run->leaf == 6 ==> res->releases == \at(res->releases, Pre);
	  @ loop invariant run->leaf == 30 ==> res->accepts == \at(res->accepts, Pre);
	  @ loop assigns PAGE_FIELDS(res), PAGE_GHOSTS, run->cursor, run->already, tdc->small_units, tdc->backoff;
	  @ loop variant run->end - run->cursor;
	  @*/
	while (run->cursor < run->end) {
		uint64_t end = tdconv_unit_end(run->cursor, run->end);
		enum tdconv_status status = admit(tdc, run, end - run->cursor);

		if (status == TDCONV_OK)
			status = unit(tdc, res, run, end);
		if (status != TDCONV_OK)
			return status;
	}
	return TDCONV_OK;
}
