/* SPDX-License-Identifier: MIT */
/* The last value that is allowed and the first that is not; what nobody but a mutant of the library would get wrong. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/fake.h"
#include "wire/tap.h"

static struct tdconv_result res;
static struct tdconv_extent extents[4];
static struct tdconv_lost entries[4];

static struct tdconv_set new_set(void)
{
	return (struct tdconv_set){ extents, 4, 0, { entries, 4, 0 }, 0, { 0 } };
}

static void defaults(void)
{
	struct tdconv_budget *budgets[2], *b;
	struct tdconv dirty, *tdc = fake_start();

	memset(&dirty, 0xa5, sizeof(dirty));
	tap_ok(tdconv_init(&dirty, &fake) == TDCONV_OK && dirty.backoff == 1 && dirty.small_units == 0,
	       "2 MiB is tried first");
	budgets[0] = &tdc->policy.work;
	budgets[1] = &tdc->policy.undo;
	for (int i = 0; i < 2; i++) {
		b = budgets[i];
		tap_case_number("budget", (uint64_t)i);
		tap_ok(b->stalls == 1024 && b->calls_extra == 4096 && b->calls_per_page == 4 && b->busy == 65536,
		       "the default");
	}
	tap_case(NULL);
}

/* S right behind the memory of the test: its last page is the last one that there is. */
static void end_of_memory(void)
{
	struct tdconv_set set = new_set();
	struct tdconv *tdc = fake_start();

	fake_share_all();
	tdc->td.shared_bit = GPA(FAKE_PAGES);
	tap_is(tdconv_convert(tdc, GPA(FAKE_PAGES - 1), BYTES(1), TDCONV_PRIVATE, &res), TDCONV_OK, "the page below S");
	tap_is(tdconv_convert(tdc, GPA(FAKE_PAGES - 1), BYTES(2), TDCONV_PRIVATE, &res), TDCONV_E_ARGUMENT, "and S");
	tap_is(tdconv_convert(tdc, GPA(FAKE_PAGES), BYTES(1), TDCONV_PRIVATE, &res), TDCONV_E_ARGUMENT, "S alone");
	fake_share_all();
	tap_is(tdconv_set_memory(tdc, VA(FAKE_PAGES - 1), BYTES(1), TDCONV_PRIVATE, 0, &set), TDCONV_OK,
	       "a virtual page that is the page below S");
	fake_share_all();
	tdc->td.shared_bit = GPA(FAKE_PAGES - 1);
	tap_is(tdconv_set_memory(tdc, VA(FAKE_PAGES - 1), BYTES(1), TDCONV_PRIVATE, 0, &set), TDCONV_E_TRANSLATE,
	       "one that is S");
}

static void statistics(void)
{
	struct tdconv *tdc = fake_start();
	struct tdconv_stats sum, one;

	tdconv_convert(tdc, GPA(0), BYTES(FAKE_PAGES), TDCONV_SHARED, &res);
	tap_is(tdc->stats.steps[6], 1, "4096 pages are a step of up to 4096");
	tdconv_stats_clear(&sum);
	tdconv_stats_clear(&one);
	sum.longest_stall = 7;
	one.longest_stall = 3;
	tdconv_stats_add(&sum, &one);
	tap_is(sum.longest_stall, 7, "a shorter stall does not replace the longest");
	one.longest_stall = 9;
	one.calls = UINT64_MAX - 1;
	sum.calls = 1;
	tdconv_stats_add(&sum, &one);
	tap_is(sum.longest_stall, 9, "a longer one does");
	tap_is(sum.calls, UINT64_MAX, "a counter reaches its maximum");
	tdconv_stats_add(&sum, &one);
	tap_is(sum.calls, UINT64_MAX, "and stays there");
}

static void backoff(void)
{
	struct tdconv *tdc = fake_start();

	fake_share_all();
	fake.host_4k = true;
	tdc->backoff = 64;
	tdconv_convert(tdc, GPA(0), BYTES(512), TDCONV_PRIVATE, &res);
	tap_ok(tdc->small_units == 64 && tdc->backoff == 256, "2 MiB is tried ever more rarely");
	tdc->small_units = 0;
	fake_share_all();
	tdconv_convert(tdc, GPA(0), BYTES(512), TDCONV_PRIVATE, &res);
	tap_ok(tdc->small_units == 256 && tdc->backoff == 256, "but after 256 units again");
}

/* What is done after a failure has the budget for undoing. */
static void budgets(void)
{
	struct tdconv_set set = new_set();
	struct tdconv *tdc = fake_start();

	fake_share_all();
	tdc->policy.undo.calls_per_page = 0;
	tdc->policy.undo.calls_extra = 0;
	fake.script[0] = (struct fake_answer){ 1, TDVMCALL_INVALID_OPERAND, 0, FROM_START, 0, 0, S_ECHO, 0 };
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(4), TDCONV_PRIVATE, 0, &set), TDCONV_E_VMM_INVALID, "refused");
	tap_ok(fake.map_calls == 1 && set.lost.count == 1, "without a budget to undo, nothing is asked again");
	tap_is(fake.flushes, 0, "and nothing was mapped, so nothing is flushed");

	tdc = fake_start();
	tdc->td.can_release = true;
	tdc->policy.work.busy = 2;
	tdc->policy.undo.busy = 0;
	fake.page_times[1] = 2;
	fake.page_status[1] = 0x8000020000000000ull;
	fake.page_leaf[1] = TDG_MEM_PAGE_RELEASE;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(4), TDCONV_SHARED, &res), TDCONV_OK, "RELEASE has the budget for work");
	tdc = fake_start();
	tdc->td.can_release = true;
	tdc->policy.work.busy = 0;
	tdc->policy.undo.busy = 2;
	fake.page_times[1] = 1;
	fake.page_status[1] = 0x8000020000000000ull;
	fake.page_leaf[1] = TDG_MEM_PAGE_RELEASE;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(4), TDCONV_SHARED, &res), TDCONV_E_RELEASE, "and not that for undoing");
}

/* What could not be shared again is not counted as shared; what could not be mapped is lost. */
static void not_counted(void)
{
	struct tdconv_set set = new_set();
	struct tdconv *tdc = fake_start();

	fake_share_all();
	fake.frame[1] = 5;
	fake.frame[5] = 1;
	tdc->policy.undo.calls_per_page = 0;
	tdc->policy.undo.calls_extra = 0;
	fake.script[0] = (struct fake_answer){ 1, TDVMCALL_SUCCESS, 1, FROM_START, 0, 0, S_ECHO, 0 };
	fake.script[1] = (struct fake_answer){ 1, TDVMCALL_INVALID_OPERAND, 0, FROM_START, 0, 0, S_ECHO, 0 };
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(2), TDCONV_PRIVATE, 0, &set), TDCONV_E_VMM_INVALID, "the second");
	tap_ok(tdc->stats.shared_pages == 0 && tdc->stats.unshared_pages == 1 && set.lost.count == 2,
	       "the first is private, was not shared again, and is lost");

	tdc = fake_start();
	fake_share_all();
	fake.script[0] = (struct fake_answer){ 1, TDVMCALL_INVALID_OPERAND, 0, FROM_START, 0, 0, S_ECHO, 0 };
	fake.pte_fails = 1;
	set = new_set();
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(2), TDCONV_PRIVATE, TDCONV_KEEP, &set), TDCONV_E_VMM_INVALID, "kept");
	tap_ok(set.lost.count == 1 && entries[0].lost_bytes == BYTES(2) && set.extents[0].state == TDCONV_STATE_UNKNOWN,
	       "but not mapped, so it is nobody's");
}

/* What the embedder's record says of one unit does not hold for the next. */
static void records(void)
{
	struct tdconv *tdc = fake_start();

	for (uint32_t i = 0; i < 512; i++)
		fake.record[i] = TDCONV_RECORD_NEVER;
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(1024), &res), TDCONV_E_ALREADY, "a unit without a record is an error");
	tap_ok(res.proven.bytes == BYTES(512) && fake.zeroed[511] == 1 && fake.zeroed[512] == 0,
	       "... and the one before it, never accepted, was zeroed");
	tdc = fake_start();
	fake.host_4k = true;
	for (uint32_t i = 0; i < 1024; i++)
		fake.state[i] = FAKE_PENDING;
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(1024), &res), TDCONV_OK, "units of 4 KiB pages");
	tap_is(fake.records, 2, "... are asked for once each");
}

/* The range is private then: there is nothing to undo, and nothing is counted as undone. */
static void release_fails(void)
{
	struct tdconv_set set = new_set();
	struct tdconv *tdc = fake_start();

	tdc->td.can_release = true;
	fake.page_times[2] = UINT32_MAX;
	fake.page_status[2] = 0xc000010000000001ull;
	fake.page_leaf[2] = TDG_MEM_PAGE_RELEASE;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(4), TDCONV_SHARED, 0, &set), TDCONV_E_RELEASE, "RELEASE fails");
	tap_ok(tdc->stats.conversions == 1 && tdc->stats.failed == 1, "one conversion, failed");
	tap_ok(fake.map_calls == 0 && set.lost.count == 0 && fake_good(), "the VMM is not asked, and nothing is lost");
}

/* Page tables that go back for one part of an extent and not for the next: all of it is nobody's, and mapped shared. */
static void not_mapped_back(void)
{
	struct tdconv_set set = new_set();
	struct tdconv *tdc = fake_start();

	fake.script[0] = (struct fake_answer){ 1, TDVMCALL_INVALID_OPERAND, 4, FROM_START, 0, 0, S_ECHO, 0 };
	fake.page_times[2] = UINT32_MAX;
	fake.page_status[2] = 0xc000010000000001ull;
	fake.pte_fails = 3;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(4), TDCONV_SHARED, 0, &set), TDCONV_E_VMM_INVALID, "a page lost");
	tap_ok(set.lost.count == 1 && entries[0].lost_gpa == GPA(0) && entries[0].lost_bytes == BYTES(4) &&
	       tdc->stats.quarantined_pages == 4, "and the rest not mapped back: all of it is lost, and counted once");
	for (uint32_t i = 0; i < 4; i++) {
		tap_case_number("page", i);
		tap_is(fake.pte[i], TDCONV_PTE_SHARED, "... and mapped shared, as the part was that did go back");
	}
	tap_case(NULL);

	tdc = fake_start();
	set = new_set();
	tdc->td.can_release = true;
	fake.page_times[2] = UINT32_MAX;
	fake.page_status[2] = 0xc000010000000001ull;
	fake.page_leaf[2] = TDG_MEM_PAGE_RELEASE;
	fake.pte_fails = 2;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(4), TDCONV_SHARED, 0, &set), TDCONV_E_RELEASE, "RELEASE fails");
	tap_ok(set.lost.count == 1 && tdc->stats.quarantined_pages == 4, "and the mapping stays: lost, and counted");
}

static void stopped(void)
{
	struct tdconv_set set = new_set();
	struct tdconv *tdc = fake_start();

	set.count = 3;
	set.failed = 2;
	fake.stopped = true;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(4), TDCONV_SHARED, 0, &set), TDCONV_E_STOPPED, "while stopped");
	tap_ok(set.count == 0 && set.failed == 0, "there are no extents, and none failed");
}

int main(void)
{
	defaults();
	end_of_memory();
	statistics();
	backoff();
	budgets();
	not_counted();
	records();
	release_fails();
	not_mapped_back();
	stopped();
	return tap_done();
}
