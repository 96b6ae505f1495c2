/* SPDX-License-Identifier: MIT */
/* Taking back what a failed conversion left: proven private page by page, or in quarantine. Never a panic. */
#include "abi/tdx.h"
#include "internal.h"

/*
 * Lists [from, to) as lost. It comes after everything that this undo has listed, and entries before first belong to
 * others. When the list is full its last entry grows up to here, over pages that were proven: better to lose a good
 * page than to forget a bad one.
 */
void tdconv_lose(struct tdconv_quarantine *list, uint32_t first, struct tdconv_result *res, uint64_t from, uint64_t to)
{
	struct tdconv_lost *last;

	if (list->count > first) {
		last = &list->list[list->count - 1];
		if (last->lost_gpa + last->lost_bytes == from || list->count == list->room) {
			uint64_t well = from - (last->lost_gpa + last->lost_bytes);

			last->lost_bytes = to - last->lost_gpa;
			res->proven.bytes -= well;
			res->lost += well + (to - from);
			return;
		}
	}
	last = &list->list[list->count];
	last->lost_gpa = from;
	last->lost_bytes = to - from;
	list->count++;
	res->lost += to - from;
}

/*
 * Accepts what the VMM claims to have given back. A page that fails is lost, and the next one is tried. Beyond the
 * claim nothing is accepted: an ACCEPT of a page that the VMM has not mapped goes to the VMM, which need never come
 * back.
 */
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
	while (run.cursor < run.end) {
		uint64_t start = run.cursor;
		enum tdconv_status status = tdconv_pages(tdc, res, &run);

		res->proven.bytes += run.cursor - start;
		if (status != TDCONV_OK) {
			tdconv_lose(list, first, res, run.cursor, run.cursor + PAGE);
			run.cursor += PAGE;
		}
	}
}

enum tdconv_status tdconv_take_back(struct tdconv *tdc, uint64_t gpa, uint64_t bytes, uint64_t counted,
				    struct tdconv_quarantine *list, struct tdconv_result *res)
{
	enum tdconv_status status = tdconv_begin(tdc, gpa, bytes, TDCONV_PRIVATE, res);
	uint32_t first = list->count;

	if (status != TDCONV_OK || list->count >= list->room)
		return tdconv_finish(tdc, res, TDCONV_E_ARGUMENT);
	res->rest_state = TDCONV_STATE_UNKNOWN;
	(void)tdconv_map(tdc, res, gpa + bytes, tdc->policy.undo);
	accept_claimed(tdc, list, first, res);
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

enum tdconv_status tdconv_undo(struct tdconv *tdc, const struct tdconv_result *failed, struct tdconv_quarantine *list,
			       struct tdconv_result *res)
{
	uint64_t counted = 0;

	if (failed->status == TDCONV_OK || failed->rest_state != TDCONV_STATE_UNKNOWN) {
		tdconv_begin(tdc, failed->gpa, failed->bytes, TDCONV_PRIVATE, res);
		return tdconv_finish(tdc, res, TDCONV_E_ARGUMENT);
	}
	/* Memory that was shared, and that the failed conversion did not get to take off the count. */
	if (failed->to == TDCONV_PRIVATE)
		counted = failed->bytes - failed->head;
	return tdconv_take_back(tdc, failed->gpa, failed->bytes, counted, list, res);
}

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
