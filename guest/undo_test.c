/* SPDX-License-Identifier: MIT */
/* Undo and quarantine: every page of a failed conversion ends up either proven or listed. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/fake.h"
#include "wire/tap.h"

#define INVALID	0xc000010000000001ull
#define N	1100	/* pages of the range */

static struct tdconv_result failed, res;
static struct tdconv_lost entries[16];
static struct tdconv_quarantine list;

static void fresh(uint32_t room)
{
	memset(entries, 0, sizeof(entries));
	list = (struct tdconv_quarantine){ entries, room, 0 };
}

static void page_fails(uint32_t page)
{
	fake.page_times[page] = UINT32_MAX;
	fake.page_status[page] = INVALID;
	fake.page_leaf[page] = TDG_MEM_PAGE_ACCEPT;
}

/* A conversion of N pages that the VMM breaks off after `done`. */
static struct tdconv *broken(enum tdconv_to to, uint32_t done)
{
	struct tdconv *tdc = fake_start();

	if (to == TDCONV_PRIVATE)
		fake_share_all();
	fake.script[0] = (struct fake_answer){ 1, TDVMCALL_RETRY, done, FROM_START, done, 0, S_ECHO, 0 };
	fake.script[1] = (struct fake_answer){ 1, TDVMCALL_INVALID_OPERAND, 0, FROM_START, 0, 0, S_ECHO, 0 };
	tdconv_convert(tdc, GPA(0), BYTES(N), to, &failed);
	fake.map_calls = 0;
	return tdc;
}

static bool listed(uint32_t page)
{
	for (uint32_t i = 0; i < list.count; i++)
		if (GPA(page) >= entries[i].lost_gpa && GPA(page) < entries[i].lost_gpa + entries[i].lost_bytes)
			return true;
	return false;
}

/* The books balance: each page of the range is private or on the list, which is sorted, apart, and nothing else. */
static void balanced(uint32_t first_entry)
{
	uint64_t sum = 0;
	bool good = res.proven.bytes + res.lost == res.bytes && fake_good();

	for (uint32_t i = 0; i < N; i++)
		good &= fake.state[i] == FAKE_MAPPED || listed(i);
	for (uint32_t i = first_entry; i < list.count; i++) {
		sum += entries[i].lost_bytes;
		good &= entries[i].lost_bytes > 0 && entries[i].lost_gpa >= GPA(0) &&
			entries[i].lost_gpa + entries[i].lost_bytes <= GPA(N);
		if (i > first_entry)
			good &= entries[i - 1].lost_gpa + entries[i - 1].lost_bytes < entries[i].lost_gpa;
	}
	tap_ok(good && sum == res.lost, "... every page proven or listed, once");
}

static void test_complete(void)
{
	for (int to = TDCONV_PRIVATE; to <= TDCONV_SHARED; to++) {
		struct tdconv *tdc = broken((enum tdconv_to)to, 600);

		fresh(16);
		tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_OK, to ? "undo of a half share" : "of a half unshare");
		tap_ok(fake.map_calls == 1 && fake.calls[2].size == BYTES(N) && fake.calls[2].address == GPA(0),
		       "... asks for the whole range to private");
		tap_is(fake_pages_in(FAKE_MAPPED, 0, N), N, "... all private");
		tap_ok(list.count == 0 && res.head == BYTES(N) && res.head_state == TDCONV_STATE_PRIVATE, "... nothing lost");
		balanced(0);
	}
}

static void test_lost_pages(void)
{
	struct tdconv *tdc = broken(TDCONV_SHARED, 600);

	fresh(16);
	page_fails(0);
	page_fails(5);
	page_fails(6);
	page_fails(700);
	page_fails(N - 1);
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_QUARANTINE, "some pages are not accepted");
	tap_is(list.count, 4, "... neighbours are one entry");
	tap_is(res.lost, BYTES(5), "... lost");
	tap_ok(res.head == 0 && res.rest_state == TDCONV_STATE_UNKNOWN, "... no head, for what is proven is no prefix");
	balanced(0);

	tdc = broken(TDCONV_SHARED, 600);
	fresh(2);
	page_fails(0);
	page_fails(5);
	page_fails(700);
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_QUARANTINE, "the list is full");
	tap_ok(list.count == 2 && entries[1].lost_gpa == GPA(5) && entries[1].lost_bytes == BYTES(696),
	       "... its last entry covers good pages too");
	balanced(0);

	tdc = broken(TDCONV_SHARED, 600);
	fresh(3);
	entries[0] = (struct tdconv_lost){ GPA(0) - 4096, 4096 };
	list.count = 1;
	page_fails(0);
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_QUARANTINE, "entries of others are left alone");
	tap_ok(list.count == 2 && entries[0].lost_bytes == 4096, "... even if they end where this one starts");
	balanced(1);
}

static void test_vmm_refuses(void)
{
	struct tdconv *tdc = broken(TDCONV_SHARED, 600);

	fresh(1);
	fake.script[2] = (struct fake_answer){ 1, TDVMCALL_RETRY, 512, FROM_START, 512, 0, S_ECHO, 0 };
	fake.script[3] = (struct fake_answer){ 9, TDVMCALL_INVALID_OPERAND, 0, FROM_START, 0, 0, S_ECHO, 0 };
	fake.accepts = 0;
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_QUARANTINE, "the VMM gives back a part only");
	tap_is(fake.accepts, 1, "... beyond its claim nothing is accepted: the VMM need not come back from that");
	tap_ok(res.proven.bytes == BYTES(512) && res.lost == BYTES(N - 512) && list.count == 1, "... the rest is lost");
	tap_is(res.r10, TDVMCALL_INVALID_OPERAND, "... the cause shows");
	balanced(0);

	tdc = broken(TDCONV_SHARED, 600);
	fresh(1);
	fake.script[2] = (struct fake_answer){ UINT32_MAX, TDVMCALL_RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
	tdc->policy.undo.stalls = 3;
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_QUARANTINE, "the VMM stalls");
	tap_is(fake.map_calls, 4, "... within undo's own budget");
	tap_is(res.lost, BYTES(N), "... all is lost");
	balanced(0);

	/* "Done" without having done it: the module knows better. */
	tdc = broken(TDCONV_SHARED, 600);
	fresh(4);
	fake.script[2] = (struct fake_answer){ 1, TDVMCALL_SUCCESS, 300, FROM_START, 0, 0, S_ECHO, 0 };
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_QUARANTINE, "the VMM lies");
	tap_ok(res.lost == BYTES(300) && list.count == 1 && entries[0].lost_gpa == GPA(300), "... what is missing is listed");
	balanced(0);
}

static void test_busy(void)
{
	struct tdconv *tdc = broken(TDCONV_SHARED, N - 1);

	fresh(4);
	tdc->policy.undo.busy = 10;
	fake.page_times[1] = UINT32_MAX;
	fake.page_status[1] = 0x8000020000000001ull;
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_QUARANTINE, "a page stays busy");
	tap_ok(res.busy == 10 && res.lost == BYTES(1), "... and is lost after the budget, the others are not");
	balanced(0);
}

static void test_arguments(void)
{
	struct tdconv *tdc = fake_start();

	fresh(4);
	tdconv_convert(tdc, GPA(0), BYTES(N), TDCONV_SHARED, &failed);
	fake.map_calls = 0;
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_ARGUMENT, "undo of a success");
	tdconv_convert(tdc, GPA(0) + 1, BYTES(N), TDCONV_SHARED, &failed);
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_ARGUMENT, "undo of what never began");
	tdc = broken(TDCONV_SHARED, 600);
	fresh(0);
	tap_is(tdconv_undo(tdc, &failed, &list, &res), TDCONV_E_ARGUMENT, "no room for a list");
	tap_is(fake.map_calls, 0, "... nothing was done");
}

static void test_counts(void)
{
	struct tdconv *tdc = fake_start();

	fresh(4);
	tdconv_convert(tdc, GPA(0), BYTES(N), TDCONV_SHARED, &res);
	tap_is(tdconv_stats_shared_now(&tdc->stats), N, "shared now");
	fake.script[0] = (struct fake_answer){ 1, TDVMCALL_RETRY, 600, FROM_START, 600, 0, S_ECHO, 0 };
	fake.script[1] = (struct fake_answer){ 1, TDVMCALL_INVALID_OPERAND, 0, FROM_START, 0, 0, S_ECHO, 0 };
	tdconv_convert(tdc, GPA(0), BYTES(N), TDCONV_PRIVATE, &failed);
	tap_is(tdconv_stats_shared_now(&tdc->stats), N, "... after a failure to private, still");
	page_fails(7);
	tdconv_undo(tdc, &failed, &list, &res);
	tap_is(tdconv_stats_shared_now(&tdc->stats), 1, "... after undoing it, the lost page");
	tap_ok(tdc->stats.undo_failed == 1 && tdc->stats.quarantined_pages == 1, "... which is counted");
	tdc = broken(TDCONV_SHARED, 600);
	tap_is(tdconv_stats_shared_now(&tdc->stats), 0, "a failed share is not counted as shared");
	fresh(4);
	tdconv_undo(tdc, &failed, &list, &res);
	tap_ok(tdconv_stats_shared_now(&tdc->stats) == 0 && tdc->stats.undone == 1, "... nor is its undoing");
}

int main(void)
{
	test_complete();
	test_lost_pages();
	test_vmm_refuses();
	test_busy();
	test_arguments();
	test_counts();
	return tap_done();
}
