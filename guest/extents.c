/* SPDX-License-Identifier: MIT */
/* A virtual range as the physical extents behind it, found before anything is touched. */
#include "internal.h"

/*@ // The extents follow each other in virtual memory from va to end, and no two could be one.
  @ predicate chained{L}(struct tdconv *tdc, struct tdconv_extent *e, integer count, integer va, integer end) =
  @	(\forall integer i; 0 <= i < count ==> range_ok(tdc->td.shared_bit, e[i].gpa, e[i].bytes) && e[i].va % 4096 == 0) &&
  @	(\forall integer i; 0 <= i < count - 1 ==> e[i].va + e[i].bytes == e[i + 1].va &&
  @		e[i].gpa + e[i].bytes != e[i + 1].gpa) &&
  @	(count == 0 ==> va == end) &&
  @	(count > 0 ==> e[0].va == va && e[count - 1].va + e[count - 1].bytes == end);
  @*/

/* Appends [gpa, gpa + bytes) at va, or lets the last extent grow if that goes on here: one MapGPA for both. */
static bool append_extent(struct tdconv_set *set, uint64_t va, uint64_t gpa, uint64_t bytes)
{
	struct tdconv_extent *last;

	if (set->count > 0) {
		last = &set->extents[set->count - 1];
		if (last->gpa + last->bytes == gpa) {
			last->bytes += bytes;
			return true;
		}
	}
	if (set->count >= set->room)
		return false;
	last = &set->extents[set->count];
	last->va = va;
	last->gpa = gpa;
	last->bytes = bytes;
	last->state = TDCONV_STATE_UNTOUCHED;
	set->count++;
	return true;
}

/* What the embedder says of an address is checked like everything else: whole pages below S. */
static uint64_t usable(const struct tdconv *tdc, const struct tdconv_run *run, uint64_t wanted)
{
	uint64_t bytes = run->bytes < wanted ? run->bytes : wanted;

	if (run->bytes % PAGE != 0 || run->gpa % PAGE != 0 || run->gpa >= tdc->td.shared_bit)
		return 0;
	return bytes <= tdc->td.shared_bit - run->gpa ? bytes : 0;
}

enum tdconv_status tdconv_extents(const struct tdconv *tdc, uint64_t va, uint64_t bytes, struct tdconv_set *set)
{
	uint64_t done = 0;

	set->count = 0;
	if (bytes == 0 || bytes % PAGE != 0 || va % PAGE != 0 || bytes > UINT64_MAX - va)
		return TDCONV_E_ARGUMENT;
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
