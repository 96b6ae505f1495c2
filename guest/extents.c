/* SPDX-License-Identifier: MIT */
/* A virtual range as the physical extents behind it, found before anything is touched. */
#include "internal.h"

/*@ ghost uint64_t tdconv_va, tdconv_next; */	/* the start of the range, and what comes next */

/* The last extent goes on: one MapGPA for both. */
/*@ requires \valid(set) && \valid(set->extents + (0 .. set->room - 1));
  @ requires \separated(set, set->extents + (0 .. set->room - 1));
  @ requires 0 < set->count <= set->room && chained(s_max, set->extents, set->count, tdconv_va, tdconv_next);
  @ requires range_ok(s_max, set->extents[set->count - 1].gpa, set->extents[set->count - 1].bytes + bytes);
  @ requires 0 < bytes && bytes % 4096 == 0 && tdconv_next + bytes <= TDCONV_U64_MAX;
  @ assigns set->extents[set->count - 1].bytes;
  @ ensures each_whole(s_max, set->extents, set->count, tdconv_va, tdconv_next + bytes);
  @ ensures links(set->extents, set->count);
  @ ensures ends(set->extents, set->count, tdconv_va, tdconv_next + bytes);
  @*/
static void grow_extent(struct tdconv_set *set, uint64_t bytes)
{
	//@ assert set->extents[set->count - 1].va + set->extents[set->count - 1].bytes == tdconv_next;
	set->extents[set->count - 1].bytes += bytes;
}

/*@ requires \valid(set) && \valid(set->extents + (0 .. set->room - 1));
  @ requires \separated(set, set->extents + (0 .. set->room - 1));
  @ requires set->count < set->room && chained(s_max, set->extents, set->count, tdconv_va, va);
  @ requires 0 < set->count ==>
  @	set->extents[set->count - 1].gpa + set->extents[set->count - 1].bytes != gpa;
  @ requires range_ok(s_max, gpa, bytes) && va % 4096 == 0 && va + bytes <= TDCONV_U64_MAX;
  @ assigns set->count, set->extents[set->count];
  @ ensures set->count == \old(set->count) + 1;
  @ ensures each_whole(s_max, set->extents, set->count, tdconv_va, va + bytes);
  @ ensures links(set->extents, set->count);
  @ ensures ends(set->extents, set->count, tdconv_va, va + bytes);
  @*/
static void new_extent(struct tdconv_set *set, uint64_t va, uint64_t gpa, uint64_t bytes)
{
	struct tdconv_extent *extent = &set->extents[set->count];

	extent->va = va;
	extent->gpa = gpa;
	extent->bytes = bytes;
	extent->state = TDCONV_STATE_UNTOUCHED;
	set->count++;
}

/* Adds [gpa, gpa + bytes) at va; false without room. */
/*@ requires \valid(set) && \valid(set->extents + (0 .. set->room - 1));
  @ requires \separated(set, set->extents + (0 .. set->room - 1));
  @ requires set->count <= set->room && chained(s_max, set->extents, set->count, tdconv_va, va);
  @ requires range_ok(s_max, gpa, bytes) && va % 4096 == 0 && va + bytes <= TDCONV_U64_MAX;
  @ assigns set->count, set->extents[0 .. set->room - 1], tdconv_next;
  @ ensures \result ==> 0 < set->count <= set->room;
  @ ensures \result ==> each_whole(s_max, set->extents, set->count, tdconv_va, va + bytes);
  @ ensures \result ==> links(set->extents, set->count);
  @ ensures \result ==> ends(set->extents, set->count, tdconv_va, va + bytes);
  @ ensures !\result ==> set->count == set->room == \old(set->count);
  @ ensures \old(set->count) <= set->count <= \old(set->count) + 1;
  @*/
static bool append_extent(struct tdconv_set *set, uint64_t va, uint64_t gpa, uint64_t bytes)
{
	//@ ghost tdconv_next = va;
	if (set->count > 0 && set->extents[set->count - 1].gpa + set->extents[set->count - 1].bytes == gpa) {
		grow_extent(set, bytes);
		return true;
	}
	if (set->count >= set->room)
		return false;
	new_extent(set, va, gpa, bytes);
	return true;
}

/* What the embedder says of an address is checked like everything else: whole pages below S. */
/*@ requires \valid_read(tdc) && \valid_read(run) && s_ok(tdc->td.shared_bit) && 0 < wanted && wanted % 4096 == 0;
  @ assigns \nothing;
  @ ensures \result > 0 ==> range_ok(tdc->td.shared_bit, run->gpa, \result) && \result <= wanted;
  @*/
static uint64_t usable(const struct tdconv *tdc, const struct tdconv_run *run, uint64_t wanted)
{
	uint64_t bytes = run->bytes < wanted ? run->bytes : wanted;

	if (run->bytes % PAGE != 0 || run->gpa % PAGE != 0 || run->gpa >= tdc->td.shared_bit)
		return 0;
	return bytes <= tdc->td.shared_bit - run->gpa ? bytes : 0;
}

/*@ requires \valid_read(tdc) && s_ok(tdc->td.shared_bit);
  @ requires \valid(set) && \valid(set->extents + (0 .. set->room - 1));
  @ requires \separated(tdc, set, set->extents + (0 .. set->room - 1));
  @ assigns set->count, set->extents[0 .. set->room - 1], tdconv_va, tdconv_next;
  @ ensures set->count <= set->room;
  @ ensures \result == TDCONV_OK ==> 0 < set->count && 0 < bytes && bytes % 4096 == 0 && va + bytes <= TDCONV_U64_MAX;
  @ ensures \result == TDCONV_OK ==> chained(s_max, set->extents, set->count, va, va + bytes);
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_ARGUMENT || \result == TDCONV_E_TRANSLATE ||
  @	\result == TDCONV_E_EXTENTS;
  @*/
enum tdconv_status tdconv_extents(const struct tdconv *tdc, uint64_t va, uint64_t bytes, struct tdconv_set *set)
{
	uint64_t done = 0;

	set->count = 0;
	if (bytes == 0 || bytes % PAGE != 0 || va % PAGE != 0 || bytes > TDCONV_U64_MAX - va)
		return TDCONV_E_ARGUMENT;
	//@ ghost tdconv_va = va;
	/*@ loop invariant done <= bytes && done % 4096 == 0 && set->count <= set->room;
	  @ loop invariant done > 0 ==> set->count > 0;
	  @ loop invariant chained(s_max, set->extents, set->count, va, va + done);
	  @ loop assigns done, set->count, set->extents[0 .. set->room - 1], tdconv_next;
	  @ loop variant bytes - done;
	  @*/
	while (done < bytes) {
		struct tdconv_run run;
		uint64_t length;

		if (!tdconv_os_translate(tdc->os, va + done, &run))
			return TDCONV_E_TRANSLATE;
		length = usable(tdc, &run, bytes - done);
		if (length == 0)
			return TDCONV_E_TRANSLATE;
		if (!append_extent(set, va + done, run.gpa, length))
			return TDCONV_E_EXTENTS;
		done += length;
	}
	return TDCONV_OK;
}
