/* SPDX-License-Identifier: MIT */
/* set_memory: extents, the order of page tables and conversions, undo in reverse, and the walk before a kexec. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/fake.h"
#include "wire/tap.h"

static struct tdconv_extent extents[64];
static struct tdconv_lost entries[64];
static struct tdconv_set set;

static struct tdconv *fresh(void)
{
	memset(entries, 0, sizeof(entries));
	set = (struct tdconv_set){ .extents = extents, .room = 64, .lost = { entries, 64, 0 } };
	return fake_start();
}

/* Virtual page i is behind page (i * 3) of a pool, in runs of `run` pages: like vmalloc memory. */
static void fragment(uint32_t pages, uint32_t run)
{
	for (uint32_t i = 0; i < pages; i++)
		fake.frame[i] = i / run * run * 2 + i % run;
}

static bool all_pte(uint32_t first, uint32_t pages, enum tdconv_pte pte)
{
	for (uint32_t i = first; i < first + pages; i++)
		if (fake.pte[i] != pte)
			return false;
	return true;
}

static struct fake_answer refuse(uint32_t times)
{
	return (struct fake_answer){ times, TDVMCALL_INVALID_OPERAND, 0, FROM_START, 0, 0, S_ECHO, 0 };
}

static void willing(uint32_t answers)
{
	fake.script[0] = (struct fake_answer){ answers, TDVMCALL_SUCCESS, UINT32_MAX, FROM_START, 0, 0, S_ECHO, 0 };
}

static void test_order(void)
{
	struct tdconv *tdc = fresh();

	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(700), TDCONV_SHARED, 0, &set), TDCONV_OK, "to shared");
	tap_ok(strcmp(fake.order, "CSTM") == 0, "... caches, page tables, TLB, then MapGPA");
	tap_ok(set.count == 1 && fake.map_calls == 1, "... neighbours are one extent and one call");
	tap_ok(set.failed == 1 && extents[0].state == TDCONV_STATE_SHARED, "... and it says so");
	fake.order[0] = '\0';
	memset(fake.order, 0, sizeof(fake.order));
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(700), TDCONV_PRIVATE, 0, &set), TDCONV_OK, "to private");
	tap_ok(strcmp(fake.order, "CMAPT") == 0, "... caches, MapGPA, ACCEPT, then page tables and TLB");
	tap_ok(fake_good() && all_pte(0, 700, TDCONV_PTE_PRIVATE), "... never private over unproven");
	tdc = fresh();
	fake.contiguous = true;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(700), TDCONV_SHARED, 0, &set), TDCONV_OK, "a walk by large runs");
	tap_ok(set.count == 1 && fake_pages_in(FAKE_SHARED, 0, FAKE_PAGES) == 700, "... is cut at the end of the range");
}

static void test_fragmented(void)
{
	struct tdconv *tdc = fresh();

	fragment(40, 4);
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_SHARED, 0, &set), TDCONV_OK, "fragmented, to shared");
	tap_ok(set.count == 10 && fake.map_calls == 10, "... a call per extent");
	tap_is(fake_pages_in(FAKE_SHARED, 0, FAKE_PAGES), 40, "... 40 pages");
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_PRIVATE, 0, &set), TDCONV_OK, "... and back");
	tap_ok(fake_good() && fake_pages_in(FAKE_MAPPED, 0, FAKE_PAGES) == FAKE_PAGES, "... all of it");
	tdc = fresh();
	fragment(40, 4);
	set.room = 9;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_SHARED, 0, &set), TDCONV_E_EXTENTS, "no room for extents");
	tap_is(fake.ncalls + fake.set_ptes, 0, "... nothing was touched");
	set.room = 10;
	set.lost.room = 9;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_SHARED, 0, &set), TDCONV_E_EXTENTS, "no room to list losses");
	tap_is(fake.ncalls + fake.set_ptes, 0, "... nothing was touched");
	fake.frame[39] = FAKE_PAGES;
	set.lost.room = 10;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_SHARED, 0, &set), TDCONV_E_TRANSLATE, "a hole at the end");
	tap_is(fake.ncalls + fake.set_ptes, 0, "... nothing was touched");
}

static void test_undo_share(void)
{
	struct tdconv *tdc = fresh();

	fragment(40, 4);
	willing(6);
	fake.script[1] = refuse(1);
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_SHARED, 0, &set), TDCONV_E_VMM_INVALID, "extent 6 is refused");
	tap_ok(set.failed == 6 && set.cause.r10 == TDVMCALL_INVALID_OPERAND, "... it says which and why");
	tap_is(fake_pages_in(FAKE_MAPPED, 0, FAKE_PAGES), FAKE_PAGES, "... all is private again");
	tap_ok(all_pte(0, 40, TDCONV_PTE_PRIVATE) && fake_good(), "... and mapped so");
	tap_ok(fake.calls[7].leaf == TDG_VP_VMCALL && fake.calls[7].address == GPA(48), "... in reverse: 6 first");
	tap_ok(set.lost.count == 0 && extents[0].state == TDCONV_STATE_PRIVATE &&
	       extents[9].state == TDCONV_STATE_UNTOUCHED, "... states");

	tdc = fresh();
	fragment(40, 4);
	willing(6);
	fake.script[1] = refuse(2);	/* the conversion of 6, and its undoing */
	fake.page_times[17] = UINT32_MAX;	/* of extent 2: not accepted again */
	fake.page_status[17] = 0xc000010000000001;
	fake.page_leaf[17] = TDG_MEM_PAGE_ACCEPT;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_SHARED, 0, &set), TDCONV_E_VMM_INVALID, "undo fails in parts");
	tap_ok(set.lost.count == 2 && entries[0].lost_gpa == GPA(48) && entries[0].lost_bytes == BYTES(4) &&
	       entries[1].lost_gpa == GPA(17) && entries[1].lost_bytes == 4096, "... which are listed");
	tap_ok(all_pte(24, 4, TDCONV_PTE_SHARED) && all_pte(9, 1, TDCONV_PTE_SHARED), "... and stay mapped shared");
	tap_ok(all_pte(8, 1, TDCONV_PTE_PRIVATE) && all_pte(10, 14, TDCONV_PTE_PRIVATE) &&
	       all_pte(28, 12, TDCONV_PTE_PRIVATE), "... all others private");
	tap_ok(extents[6].state == TDCONV_STATE_UNKNOWN && extents[2].state == TDCONV_STATE_UNKNOWN &&
	       extents[3].state == TDCONV_STATE_PRIVATE && fake_good(), "... states");
	tap_is(tdconv_stats_shared_now(&tdc->stats), 1, "... one page may still be shared");

	/* Room for one entry per extent: each undo may use what the extents before it leave. */
	tdc = fresh();
	fragment(8, 4);
	set.lost.room = 2;
	fake.page_times[0] = fake.page_times[2] = fake.page_times[8] = fake.page_times[10] = UINT32_MAX;
	for (uint32_t i = 0; i < 16; i++) {
		fake.page_status[i] = 0xc000010000000001;
		fake.page_leaf[i] = TDG_MEM_PAGE_ACCEPT;
	}
	willing(1);
	fake.script[1] = refuse(1);
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(8), TDCONV_SHARED, 0, &set), TDCONV_E_VMM_INVALID, "one entry each");
	tap_ok(set.lost.count == 2 && entries[0].lost_gpa == GPA(8) && entries[0].lost_bytes == BYTES(3) &&
	       entries[1].lost_gpa == GPA(0) && entries[1].lost_bytes == BYTES(3), "... is enough");
	tap_ok(fake_good() && all_pte(3, 1, TDCONV_PTE_PRIVATE) && all_pte(0, 3, TDCONV_PTE_SHARED), "... mapped so");
}

static void test_undo_unshare(void)
{
	struct tdconv *tdc = fresh();

	fake_share_all();
	fragment(40, 4);
	willing(6);
	fake.script[1] = refuse(1);
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_PRIVATE, 0, &set), TDCONV_E_VMM_INVALID, "extent 6 is refused");
	tap_is(fake_pages_in(FAKE_SHARED, 0, FAKE_PAGES), FAKE_PAGES, "... all is shared again");
	tap_ok(all_pte(0, 40, TDCONV_PTE_SHARED) && fake.set_ptes == 0, "... and was mapped so all the time");
	tap_ok(set.lost.count == 0 && extents[5].state == TDCONV_STATE_SHARED && fake_good(), "... states");

	tdc = fresh();
	fake_share_all();
	fragment(40, 4);
	willing(6);
	fake.script[1] = refuse(2);
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_PRIVATE, 0, &set), TDCONV_E_VMM_INVALID, "not shared again");
	tap_ok(set.lost.count == 1 && entries[0].lost_gpa == GPA(48) && entries[0].lost_bytes == BYTES(4) &&
	       extents[6].state == TDCONV_STATE_UNKNOWN, "... is lost");
	tap_is(tdc->stats.quarantined_pages, 4, "... and counted");

	tdc = fresh();
	fake_share_all();
	fragment(40, 4);
	willing(6);
	fake.script[1] = refuse(1);
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_PRIVATE, TDCONV_KEEP, &set), TDCONV_E_VMM_INVALID, "keep");
	tap_ok(all_pte(0, 28, TDCONV_PTE_PRIVATE) && all_pte(28, 12, TDCONV_PTE_SHARED) && fake_good(),
	       "... what is proven is mapped private, also of the extent that failed");
	tap_ok(fake.flushes == 1 && extents[6].state == TDCONV_STATE_PRIVATE &&
	       extents[7].state == TDCONV_STATE_UNTOUCHED, "... states");
}

static void test_gate(void)
{
	struct tdconv *tdc = fresh();

	fake.stopped = true;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(8), TDCONV_SHARED, 0, &set), TDCONV_E_STOPPED, "conversions are stopped");
	tap_ok(fake.ncalls + fake.set_ptes == 0 && fake_good(), "... nothing was touched");
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(8), TDCONV_SHARED, TDCONV_CRASH, &set), TDCONV_OK, "but not in a crash");
	tap_ok(fake.entered == 0 && fake.left == 0, "... which asks nobody");
	fake.stopped = false;
	tap_is(tdconv_set_memory(tdc, VA(9) + 1, BYTES(8), TDCONV_SHARED, 0, &set), TDCONV_E_ARGUMENT, "unaligned");
	tap_is(tdconv_set_memory(tdc, VA(9), 0, TDCONV_SHARED, 0, &set), TDCONV_E_ARGUMENT, "nothing");
	tap_is(tdconv_set_memory(tdc, VA(9), 4096, (enum tdconv_to)2, 0, &set), TDCONV_E_ARGUMENT, "no direction");
	tap_is(tdconv_set_memory(tdc, UINT64_MAX - 4095, 8192, TDCONV_SHARED, 0, &set), TDCONV_E_ARGUMENT, "wraps");
	tap_ok(fake.entered == 4 && fake_good(), "... each left the gate");
}

static void test_pte_fails(void)
{
	struct tdconv *tdc = fresh();

	fake.pte_fails = 1;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(8), TDCONV_SHARED, 0, &set), TDCONV_E_PTE, "page tables refuse, to shared");
	tap_ok(fake.map_calls == 0 && fake.set_ptes == 2 && fake.flushes == 1 && all_pte(0, 8, TDCONV_PTE_PRIVATE),
	       "... nothing was converted, and they are set back");
	tap_is(extents[0].state, TDCONV_STATE_UNTOUCHED, "... state");
	tdc = fresh();
	fake_share_all();
	fake.pte_fails = 1;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(8), TDCONV_PRIVATE, 0, &set), TDCONV_E_PTE,
	       "page tables refuse, to private");
	tap_ok(fake_pages_in(FAKE_MAPPED, 0, 8) == 8 && extents[0].state == TDCONV_STATE_PRIVATE, "... the memory is private");
	tdc = fresh();
	fake.pte_fails = 2;
	fake.script[0] = refuse(1);
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(8), TDCONV_SHARED, 0, &set), TDCONV_E_VMM_INVALID, "... while undoing");
	tap_is(extents[0].state, TDCONV_STATE_UNKNOWN, "... the extent is unknown");
	tap_ok(set.lost.count == 1 && entries[0].lost_gpa == GPA(0) && entries[0].lost_bytes == BYTES(8) &&
	       tdc->stats.quarantined_pages == 8, "... and listed as a whole");
	tap_ok(all_pte(0, 8, TDCONV_PTE_SHARED) && fake_good(), "... and mapped shared, where a stray access does least");
}

/* The page tables refuse to go back: what they say is not what the memory is, so that nobody may have it. */
static void test_pte_stays(void)
{
	struct tdconv *tdc = fresh();

	fragment(40, 4);
	willing(6);
	fake.script[1] = refuse(1);
	fake.pte_fails = 3;	/* all, then extents 9 and 8, which were not reached */
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_SHARED, 0, &set), TDCONV_E_VMM_INVALID,
	       "an extent that was not reached is not mapped private again");
	tap_ok(extents[8].state == TDCONV_STATE_UNKNOWN && extents[9].state == TDCONV_STATE_UNTOUCHED &&
	       extents[6].state == TDCONV_STATE_PRIVATE, "... which it says");
	tap_ok(set.lost.count == 1 && entries[0].lost_gpa == GPA(64) && entries[0].lost_bytes == BYTES(4) &&
	       tdc->stats.quarantined_pages == 4, "... and lists");
	tap_ok(all_pte(32, 4, TDCONV_PTE_SHARED) && all_pte(0, 32, TDCONV_PTE_PRIVATE) &&
	       all_pte(36, 4, TDCONV_PTE_PRIVATE) && fake_good(), "... all others are as they were");

	tdc = fresh();
	fragment(40, 4);
	fake.pte_fails = 1;
	fake.pte_fails_again = 3;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(40), TDCONV_SHARED, 0, &set), TDCONV_E_PTE,
	       "page tables refuse, and to be set back, too");
	tap_ok(fake.map_calls == 0 && set.failed == set.count && set.lost.count == 1 &&
	       entries[0].lost_gpa == GPA(64) && extents[8].state == TDCONV_STATE_UNKNOWN &&
	       extents[0].state == TDCONV_STATE_UNTOUCHED, "... one extent is lost");

	/* What the undo of an extent has listed already is listed, and counted, once. */
	tdc = fresh();
	fake.page_times[3] = UINT32_MAX;
	fake.page_status[3] = 0xc000010000000001;
	fake.page_leaf[3] = TDG_MEM_PAGE_ACCEPT;
	fake.script[0] = refuse(1);
	fake.pte_fails = 3;	/* to shared; pages 0 to 2; pages 4 to 7 */
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(8), TDCONV_SHARED, 0, &set), TDCONV_E_VMM_INVALID,
	       "a page is lost, and then the page tables refuse");
	tap_ok(set.lost.count == 1 && entries[0].lost_gpa == GPA(0) && entries[0].lost_bytes == BYTES(8) &&
	       tdc->stats.quarantined_pages == 8, "... all of it is lost, once");
}

static void test_unshare_all(void)
{
	struct tdconv *tdc = fresh();
	struct tdconv_unshare res;

	fragment(40, 4);
	tdconv_set_memory(tdc, VA(0), BYTES(20), TDCONV_SHARED, 0, &set);
	tdconv_set_memory(tdc, VA(30), BYTES(2), TDCONV_SHARED, 0, &set);
	memset(fake.order, 0, sizeof(fake.order));
	tap_is(tdconv_unshare_all(tdc, VA(0), VA(40), tdconv_stats_shared_now(&tdc->stats), &res), TDCONV_OK, "before kexec");
	tap_ok(res.extents == 6 && res.pages == 22 && res.failed == 0 && res.expected_pages == 22,
	       "... found what was counted");
	tap_is(fake_pages_in(FAKE_MAPPED, 0, FAKE_PAGES), FAKE_PAGES, "... all is private");
	tap_ok(memcmp(fake.order, "NTMANTMA", 8) == 0, "... page tables first");
	tap_ok(all_pte(0, 20, TDCONV_PTE_NONE) && fake_good(), "... nothing is mapped any more");
	tap_is(tdconv_stats_shared_now(&tdc->stats), 0, "... nothing is shared now");

	tdc = fresh();
	fragment(40, 4);
	tdconv_set_memory(tdc, VA(0), BYTES(20), TDCONV_SHARED, 0, &set);
	willing(2);
	fake.script[1] = refuse(1);
	tap_is(tdconv_unshare_all(tdc, VA(0), VA(40), 20, &res), TDCONV_E_LEFT_SHARED, "the VMM refuses one");
	tap_ok(res.extents == 5 && res.failed == 1 && res.failed_pages == 4 && fake.left_shared == 1, "... it goes on");
	tap_is(fake_pages_in(FAKE_SHARED, 0, FAKE_PAGES), 4, "... the others are private");

	tdc = fresh();
	fragment(40, 4);
	tdconv_set_memory(tdc, VA(0), BYTES(20), TDCONV_SHARED, 0, &set);
	fake.pte_fails = fake.set_ptes + 2;
	tap_is(tdconv_unshare_all(tdc, VA(0), VA(40), 20, &res), TDCONV_E_PTE, "a mapping that cannot be removed");
	tap_ok(res.extents == 5 && res.failed == 0 && res.still_mapped == 1 && fake.left_shared == 0,
	       "... is counted, and the extent is made private all the same");
	tap_is(fake_pages_in(FAKE_MAPPED, 0, FAKE_PAGES), FAKE_PAGES, "... with all others");
	tap_is(tdconv_unshare_all(tdc, VA(0), VA(40), 0, &res), TDCONV_OK, "... and the next walk removes it");
	tap_is(res.still_mapped, 0, "... none is left");
}

int main(void)
{
	test_order();
	test_fragmented();
	test_undo_share();
	test_undo_unshare();
	test_gate();
	test_pte_fails();
	test_pte_stays();
	test_unshare_all();
	return tap_done();
}
