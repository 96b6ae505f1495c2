/* SPDX-License-Identifier: MIT */
/* ACCEPT and RELEASE: page sizes, what the module may answer, and what it costs. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/fake.h"
#include "wire/tap.h"

#define BUSY	0x8000020000000001ull	/* OPERAND_BUSY, operand RCX */

static struct tdconv_result res;

/* All pages were never accepted. */
static struct tdconv *boot(void)
{
	struct tdconv *tdc = fake_start();

	for (uint32_t i = 0; i < FAKE_PAGES; i++)
		fake.state[i] = FAKE_PENDING;
	return tdc;
}

static void page_says(uint32_t page, uint32_t times, uint64_t status)
{
	fake.page_times[page] = times;
	fake.page_status[page] = status;
}

/* Exactly [first, first + pages) was accepted, each page once. */
static bool exactly(uint32_t first, uint32_t pages)
{
	for (uint32_t i = 0; i < FAKE_PAGES; i++)
		if (fake.accepted[i] != (i >= first && i < first + pages))
			return false;
	return fake_good();
}

static void test_sizes(void)
{
	struct tdconv *tdc = boot();

	tap_is(tdconv_accept(tdc, GPA(0), BYTES(512), &res), TDCONV_OK, "an exact 2 MiB range");
	tap_is(fake.accepts, 1, "... is one ACCEPT");
	tap_ok(exactly(0, 512), "... of exactly that");
	tdc = boot();
	tap_is(tdconv_accept(tdc, GPA(510), BYTES(1028), &res), TDCONV_OK, "head, two units, tail");
	tap_is(fake.accepts, 2 + 2 + 2, "... 4K, 2M, 2M, 4K");
	tap_ok(exactly(510, 1028), "... exactly that");
	tdc = boot();
	tap_is(tdconv_accept(tdc, GPA(1), BYTES(511), &res), TDCONV_OK, "a unit without its first page");
	tap_is(fake.accepts, 511, "... is 511 ACCEPTs");
	tdc = boot();
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(511), &res), TDCONV_OK, "a unit without its last page");
	tap_ok(exactly(0, 511) && fake.accepts == 511, "... is 511 ACCEPTs");
	tdc = boot();
	fake.host_4k = true;
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(FAKE_PAGES), &res), TDCONV_OK, "a VMM that maps 4 KiB only");
	tap_ok(exactly(0, FAKE_PAGES), "... exactly that");
	tap_is(res.mismatches, 3, "... 2 MiB was tried in vain in units 0, 2 and 7");
	tap_is(fake.accepts, FAKE_PAGES + 3, "... and no page twice");
	fake.host_4k = false;
	for (uint32_t i = 0; i < FAKE_PAGES; i++)
		fake.state[i] = FAKE_PENDING;
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(FAKE_PAGES), &res), TDCONV_OK, "what was learnt lasts over calls");
	tap_is(res.accepts, FAKE_PAGES, "... 16 units without a try at 2 MiB, as planned after unit 7");
	for (uint32_t i = 0; i < FAKE_PAGES; i++)
		fake.state[i] = FAKE_PENDING;
	tdc->small_units = 0;
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(FAKE_PAGES), &res), TDCONV_OK, "... but not for ever");
	tap_is(res.accepts, FAKE_PAGES / 512, "... 2 MiB each");
	tap_is(tdc->backoff, 1, "... and success makes it forget");
}

static void test_refusals(void)
{
	struct tdconv *tdc = boot();

	page_says(3, UINT32_MAX, 0xc000010000000001);
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(8), &res), TDCONV_E_ACCEPT, "the module refuses a page");
	tap_is(res.rax, 0xc000010000000001, "... raw status");
	tap_is(res.proven.bytes, BYTES(3), "... proven up to there");
	tap_ok(res.head == BYTES(3) && res.head_state == TDCONV_STATE_PRIVATE, "... the head is private");
	tap_ok(res.rest_state == TDCONV_STATE_UNTOUCHED && exactly(0, 3), "... the rest is as it was");
	page_says(3, 0, 0);
	tap_is(tdconv_accept(tdc, res.gpa + res.proven.bytes, BYTES(5), &res), TDCONV_OK, "... and it can be resumed");
	tap_ok(exactly(0, 8), "... every page once");

	tdc = boot();
	page_says(2, UINT32_MAX, tdx_status(TDX_PAGE_SIZE_MISMATCH, 0));
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(8), &res), TDCONV_E_ACCEPT_SIZE, "size mismatch at 4 KiB has no way out");
	tdc = boot();
	page_says(512, 1, 0xc000010000000001);
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(1024), &res), TDCONV_E_ACCEPT, "2 MiB refused for another reason than size");
	tap_is(res.proven.bytes, BYTES(512), "... is not tried in pages");
}

static void test_busy(void)
{
	struct tdconv *tdc = boot();

	page_says(0, 5, BUSY);
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(512), &res), TDCONV_OK, "busy five times");
	tap_ok(res.busy == 5 && fake.longest_pause == 5 && res.accepts == 6, "... with a pause each");
	tdc = boot();
	page_says(0, 1, 0x8000020300000000);
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(1), &res), TDCONV_OK, "the whole recoverable class is busy");
	tdc = boot();
	tdc->policy.work.busy = 5;
	page_says(0, 3, BUSY);
	page_says(1, 2, BUSY);
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(2), &res), TDCONV_OK, "as often as the budget allows");
	tdc = boot();
	tdc->policy.work.busy = 5;
	page_says(0, 3, BUSY);
	page_says(1, 3, BUSY);
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(2), &res), TDCONV_E_BUSY, "once more is too often");
	tap_ok(res.busy == 5 && res.accepts == 7 && res.proven.bytes == BYTES(1), "... counted exactly");
	tdc = boot();
	fake.pauses_allowed = 2;
	page_says(0, UINT32_MAX, BUSY);
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(1), &res), TDCONV_E_GIVEN_UP, "the embedder's pause gives up");
}

static void test_already(void)
{
	struct tdconv *tdc = boot();

	fake.state[4] = FAKE_MAPPED;
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(8), &res), TDCONV_E_ALREADY, "boot: an accepted page is a forged map");
	tap_ok(res.proven.bytes == BYTES(4) && fake.zeroed[4] == 0, "... and is left alone");
	tdc = boot();
	fake.state[4] = FAKE_MAPPED;
	for (int i = 0; i < 8; i++)
		fake.record[i] = TDCONV_RECORD_NEVER;
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(8), &res), TDCONV_OK, "boot: unless the record says never accepted");
	tap_ok(fake.zeroed[4] == 1 && fake.zeroed[3] == 0, "... then it is zeroed");
	tdc = boot();
	fake.record[5] = TDCONV_RECORD_ACCEPTED;
	tap_is(tdconv_accept(tdc, GPA(0), BYTES(8), &res), TDCONV_E_DOUBLE_ACCEPT, "a page on record is not accepted again");
	tap_is(fake.accepts, 0, "... the module is not asked");

	tdc = fake_start();
	fake_share_all();
	fake.keep_private = true;
	fake.state[2] = FAKE_MAPPED;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(8), TDCONV_PRIVATE, &res), TDCONV_OK, "the VMM had kept a private page");
	tap_ok(fake.zeroed[2] == 1 && res.already == 4096, "... it is zeroed and counted");
	tap_ok(fake.zeroed[1] == 0 && fake.zeroed[3] == 0 && exactly(0, 8) == false, "... no other is");
	tdc = fake_start();
	fake.keep_private = true;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(1024), TDCONV_PRIVATE, &res), TDCONV_OK, "it had kept all, in 2 MiB");
	tap_ok(fake.accepts == 2 && fake.zeroed[0] == 1 && fake.zeroed[1023] == 1, "... the level in the status is no matter");
	tdc = fake_start();
	tdc->policy.already = TDCONV_ALREADY_KEEP;
	fake.keep_private = true;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(8), TDCONV_PRIVATE, &res), TDCONV_OK, "policy: keep what it held");
	tap_is(fake.zeroed[0], 0, "... not zeroed");
	tdc = fake_start();
	tdc->policy.already = TDCONV_ALREADY_ERROR;
	fake.keep_private = true;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(8), TDCONV_PRIVATE, &res), TDCONV_E_ALREADY, "policy: an error");
	tap_is(res.proven.bytes, 0, "... nothing proven");
}

static void test_release(void)
{
	struct tdconv *tdc;

	tdc = fake_start();
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(1025), TDCONV_SHARED, &res), TDCONV_OK, "a module without RELEASE");
	tap_is(fake.releases, 0, "... is not asked for it");
	tdc = fake_start();
	tdc->td.can_release = true;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(1025), TDCONV_SHARED, &res), TDCONV_OK, "RELEASE before sharing");
	tap_ok(strcmp(fake.order, "RM") == 0 && fake.releases == 3, "... first, 2 MiB where possible");
	tdc = fake_start();
	tdc->td.can_release = true;
	tdc->policy.no_release = true;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(1025), TDCONV_SHARED, &res), TDCONV_OK, "policy: no RELEASE");
	tap_is(fake.releases, 0, "... none");

	tdc = fake_start();
	tdc->td.can_release = true;
	page_says(515, UINT32_MAX, 0xc000010000000001);
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(600), TDCONV_SHARED, &res), TDCONV_E_RELEASE, "a page is not released");
	tap_is(fake.map_calls, 0, "... the VMM is asked nothing");
	tap_is(fake_pages_in(FAKE_MAPPED, 0, 600), 600, "... what was released is accepted again");
	tap_ok(res.rest_state == TDCONV_STATE_UNTOUCHED && res.head == BYTES(515) && res.rax == 0xc000010000000001,
	       "... and the result says so");
	tap_ok(fake_good() && fake.accepted[0] == 1 && fake.accepted[514] == 1 && fake.accepted[515] == 0,
	       "... exactly that");

	tdc = fake_start();
	tdc->td.can_release = true;
	page_says(9, 1, 0xc000010000000001);
	page_says(4, UINT32_MAX, BUSY);
	fake.page_leaf[4] = TDG_MEM_PAGE_ACCEPT;
	tdc->policy.undo.busy = 3;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(12), TDCONV_SHARED, &res), TDCONV_E_RELEASE_LOST,
	       "a page is not released, and another not accepted again");
	tap_ok(fake.map_calls == 0 && res.busy == 3 && res.rest_state == TDCONV_STATE_UNKNOWN, "... within its own budget");
	tap_ok(res.head == BYTES(4) && fake_pages_in(FAKE_MAPPED, 0, 4) == 4, "... the head is what was");
	tdc = fake_start();
	tdc->td.can_release = true;
	fake.page_status[0] = 0xc000010000000001;
	fake.page_times[0] = UINT32_MAX;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(12), TDCONV_SHARED, &res), TDCONV_E_RELEASE, "the first page fails");
	tap_ok(res.head == 0 && fake.accepts == 0, "... then nothing is to be accepted again");
}

/* Memory that the VMM maps at 2 MiB is released so, whatever ACCEPT found elsewhere before. */
static void test_release_sizes(void)
{
	struct tdconv *tdc;

	tdc = fake_start();
	tdc->td.can_release = true;
	tdc->small_units = 4;
	fake.large_from = 0;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(1024), TDCONV_SHARED, &res), TDCONV_OK, "RELEASE after ACCEPTs of 4 KiB");
	tap_ok(fake.releases == 2 && res.mismatches == 0, "... is 2 MiB first, in each unit");
	tdc = fake_start();
	tdc->td.can_release = true;
	fake.large_from = 512;
	page_says(5, 1, BUSY);
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(1536), TDCONV_SHARED, &res), TDCONV_OK, "4 KiB, then twice 2 MiB");
	tap_ok(fake.releases == 1 + 513 + 2 && res.mismatches == 1, "... what the first unit needed is not for the second");
	tdc = fake_start();
	tdc->td.can_release = true;
	fake.large_from = 0;
	tap_is(tdconv_convert(tdc, GPA(0), BYTES(600), TDCONV_SHARED, &res), TDCONV_E_RELEASE, "a part of a 2 MiB page");
	tap_ok(fake.map_calls == 0 && fake_pages_in(FAKE_MAPPED, 0, 600) == 600, "... the range is as it was");
}

static void test_units(void)
{
	tap_is(tdconv_unit_end(GPA(3), GPA(2000)), GPA(512), "unit_end: the unit's end");
	tap_is(tdconv_unit_end(GPA(512), GPA(2000)), GPA(1024), "unit_end: of a whole unit");
	tap_is(tdconv_unit_end(GPA(3), GPA(500)), GPA(500), "unit_end: the range's end");
	tap_is(tdconv_unit_end(GPA(3), GPA(512)), GPA(512), "unit_end: both");
	tap_is(tdconv_unit_end(UINT64_MAX - 4095, UINT64_MAX), UINT64_MAX, "unit_end: does not wrap");
}

int main(void)
{
	test_sizes();
	test_refusals();
	test_busy();
	test_already();
	test_release();
	test_release_sizes();
	test_units();
	return tap_done();
}
