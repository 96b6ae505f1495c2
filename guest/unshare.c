/* SPDX-License-Identifier: MIT */
/* Everything private again, before another kernel takes over. Waits for nobody and stops for nothing. */
#include "internal.h"

/* The embedder's walk must move on by whole pages, or this would not end. */
/*@ requires \valid_read(extent) && va < end;
  @ assigns \nothing;
  @ ensures \result ==> va < extent->va + extent->bytes <= end && va <= extent->va;
  @*/
static bool sane(const struct tdconv_extent *extent, uint64_t va, uint64_t end)
{
	if (extent->va < va || extent->va >= end || extent->bytes == 0 || extent->bytes % PAGE != 0)
		return false;
	return extent->bytes <= end - extent->va;
}

/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res) && s_ok(tdc->td.shared_bit);
  @ assigns *res, ALL_GHOSTS, tdc->stats, tdc->small_units, tdc->backoff;
  @ ensures res->expected_pages == expected && res->failed <= res->extents;
  @ ensures \result == TDCONV_OK ==> res->failed == 0 && res->still_mapped == 0;
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_LEFT_SHARED || \result == TDCONV_E_TRANSLATE ||
  @	\result == TDCONV_E_PTE;
  @*/
enum tdconv_status tdconv_unshare_all(struct tdconv *tdc, uint64_t va, uint64_t end, uint64_t expected,
				      struct tdconv_unshare *res)
{
	struct tdconv_extent extent;
	struct tdconv_result one;

	res->extents = 0;
	res->failed = 0;
	res->pages = 0;
	res->failed_pages = 0;
	res->still_mapped = 0;
	res->expected_pages = expected;
	/*@ loop invariant \at(va, Pre) <= va && (va <= end || va == \at(va, Pre)) && s_ok(tdc->td.shared_bit);
	  @ loop invariant res->failed <= res->extents && res->expected_pages == expected;
	  @ loop assigns *res, va, extent, one, ALL_GHOSTS, tdc->stats, tdc->small_units, tdc->backoff;
	  @ loop variant end - va;
	  @*/
	while (va < end && tdconv_os_next_shared(tdc->os, va, end, &extent)) {
		if (!sane(&extent, va, end))
			return TDCONV_E_TRANSLATE;
		res->extents = tdconv_sum(res->extents, 1);
		res->pages = tdconv_sum(res->pages, extent.bytes / PAGE);
		/* A mapping that stays is a risk; memory that stays shared is the next kernel's certain death. */
		if (!tdconv_os_set_pte(tdc->os, extent.va, extent.bytes, TDCONV_PTE_NONE))
			res->still_mapped = tdconv_sum(res->still_mapped, 1);
		tdconv_os_flush_tlb(tdc->os, extent.va, extent.bytes);
		if (tdconv_convert(tdc, extent.gpa, extent.bytes, TDCONV_PRIVATE, &one) != TDCONV_OK) {
			res->failed = tdconv_sum(res->failed, 1);
			res->failed_pages = tdconv_sum(res->failed_pages, extent.bytes / PAGE);
			tdconv_os_left_shared(tdc->os, &extent, &one);
		}
		va = extent.va + extent.bytes;
	}
	if (res->failed > 0)
		return TDCONV_E_LEFT_SHARED;
	return res->still_mapped == 0 ? TDCONV_OK : TDCONV_E_PTE;
}
