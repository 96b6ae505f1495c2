/* SPDX-License-Identifier: MIT */
/* MapGPA: which requests are valid, and what one converts, of RAM and of everything else. */
#include <stdio.h>
#include <unistd.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define P(n)		((uint64_t)(n) * TDX_PAGE_SIZE)
#define S		FAKE_S
#define INVALID		TDVMCALL_INVALID_OPERAND
#define ALIGN		TDVMCALL_ALIGN_ERROR
#define RETRY		TDVMCALL_RETRY
#define UNWRITTEN	GHCI_MAP_GPA	/* R11 as the guest left it */
#define MMIO_TOP	(1ull << 46)	/* of a slot of 64 TiB at 64 TiB */

static void start(uint64_t pages, struct td_rule rule)
{
	fake_start_rule(pages, &rule);
}

static bool gave(struct fake_answer a, uint64_t r10, uint64_t r11)
{
	return a.r10 == r10 && a.r11 == r11 && a.action == TD_NEXT;
}

/* CLOSE: how, pages, done, calls, retries, stalls, longest run of stalls. */
static bool closed(enum td_close how, uint64_t pages, uint64_t done, uint64_t calls, uint64_t retries, uint64_t stalls,
		   uint64_t run)
{
	const struct td_record_close *c = &fake_last(TD_EV_CLOSE)->close;

	return c->how == how && c->pages == pages && c->done == done && c->calls == calls && c->retries == retries &&
	       c->stalls == stalls && c->longest == run;
}

/* KVM's order: [kvm:tdx_map_gpa]. Range and S come before alignment. */
static void test_validation(void)
{
	static const struct { const char *name; uint64_t gpa, size, r10; } rows[] = {
		{ "size 0", FAKE_RAM, 0, INVALID },
		{ "size 0, shared", FAKE_RAM | S, 0, INVALID },
		{ "size 0, misaligned: the range is looked at first", FAKE_RAM + 1, 0, INVALID },
		{ "wraps to 0", FAKE_RAM, -FAKE_RAM, INVALID },
		{ "wraps beyond 0", FAKE_RAM, UINT64_MAX, INVALID },
		{ "starts beyond GPAW", FAKE_RAM | S << 1, P(1), INVALID },
		{ "a byte beyond GPAW", S << 1, 1, TDVMCALL_ALIGN_ERROR },
		{ "beyond GPAW, to shared", FAKE_RAM | S | S << 1, P(1), TDVMCALL_SUCCESS },
		{ "the last page that is a GPA's, to shared", (1ull << 52) - P(1), P(1), TDVMCALL_SUCCESS },
		{ "beyond MAXPHYADDR, to shared", 1ull << 52 | S, P(1), INVALID },
		{ "across MAXPHYADDR", (1ull << 52) - P(1), P(2), INVALID },
		{ "ends beyond GPAW", 2 * S - P(1), P(2), INVALID },
		{ "ends beyond GPAW, misaligned", 2 * S - P(1) + 8, P(2), INVALID },
		{ "first private, last shared", S - P(1), P(2), INVALID },
		{ "first private, last shared, misaligned", S - P(1) + 1, P(1), INVALID },
		{ "GPA misaligned", FAKE_RAM + 1, P(1), ALIGN },
		{ "GPA misaligned, shared", (FAKE_RAM + 0xfff) | S, P(1), ALIGN },
		{ "size misaligned", FAKE_RAM | S, P(1) + 1, ALIGN },
		{ "size below a page", FAKE_RAM | S, 1, ALIGN },
		{ "last page below S", S - P(1), P(1), 0 },
		{ "last page of all", 2 * S - P(1), P(1), 0 },
		{ "everything, shared", S, S, 0 },
		{ "everything, private", 0, S, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_answer a;

		start(16, (struct td_rule){ .first = UINT32_MAX });
		a = fake_map_gpa(rows[i].gpa, rows[i].size);
		tap_ok(gave(a, rows[i].r10, rows[i].r10 ? rows[i].gpa : UNWRITTEN), rows[i].name);
		if (rows[i].r10 != 0)
			tap_ok(fake_count(TD_EV_OPEN) == 0 && fake_known_pages(TD_KNOWN_PRIVATE) == 16 &&
			       fake_real_pages(TD_REAL_MAPPED) == 16, "... and nothing happened");
	}
}

static void test_gpaw_52(void)
{
	struct td_config c = fake_config(16);
	const uint64_t s52 = 1ull << 51;

	c.platform.gpaw = 52;
	c.slots[1] = (struct td_slot){ 56ull << 40, 0x40000, TD_SLOT_MMIO, 0 };
	fake_start(&c);
	tap_is(td_shared_bit(fake.td), s52, "GPAW 52: S is bit 51");
	tap_is(fake_map_gpa(FAKE_RAM | s52, P(16)).r10, 0, "... and shares");
	tap_is(fake_real_pages(TD_REAL_SHARED), 16, "... all of it");
	tap_is(fake_map_gpa(FAKE_RAM | S, P(1)).r10, 0, "bit 47 is but an address then");
	tap_is(fake_real_pages(TD_REAL_SHARED), 16, "... where nothing is");
	tap_is(fake_map_gpa(56ull << 40 | s52, P(0x40000)).r10, 0, "BARs at 56 TiB");
	tap_is(fake_map_gpa(FAKE_RAM | s52 << 1, P(1)).r10, INVALID, "bit 52 is beyond");
}

static void test_all_at_once(void)
{
	const struct td_event *e;

	start(16, (struct td_rule){ .first = UINT32_MAX });
	tap_ok(gave(fake_share(2, 8), 0, UNWRITTEN), "SUCCESS leaves R11 alone");
	tap_is(fake_real_pages(TD_REAL_SHARED), 8, "8 pages are shared");
	tap_is(fake_known_pages(TD_KNOWN_CLAIMED_SHARED), 8, "... and the guest may believe it");
	tap_ok(closed(TD_CLOSE_COMPLETE, 8, 8, 1, 0, 0, 0), "one call, no RETRY");
	tap_is(fake_page(FAKE_PAGE(9))->fill[TD_SHARED], TD_FILL_SCRAMBLE + 1, "contents are scrambled");
	e = fake_last(TD_EV_MAPGPA);
	tap_ok(e->mapgpa.gpa == (FAKE_PAGE(2) | S) && e->mapgpa.bytes == P(8) && e->mapgpa.r10 == 0 &&
		       e->mapgpa.conversion == 1 && e->mapgpa.done == 8,
	       "the journal has the call");
	fake_unshare(2, 8);
	tap_is(fake_real_pages(TD_REAL_PENDING), 8, "and back: PENDING");
	tap_is(fake_page(FAKE_PAGE(9))->fill[TD_SHARED], TD_FILL_POISON + 1, "... with poison in the shared twin");
	tap_is(fake_known_pages(TD_KNOWN_CLAIMED_PRIVATE), 8, "... to be accepted");
	tap_ok(fake_consistent(), "page tables and states agree");
	fake_power_off();
	tap_is(fake_count(TD_EV_VERDICT), 0, "nothing is wrong with that");
}

static struct td_config mixed(void)
{
	struct td_config c = fake_config(16);

	c.slots[1] = (struct td_slot){ FAKE_PAGE(16), 4, TD_SLOT_ROM, 0 };
	c.slots[2] = (struct td_slot){ FAKE_PAGE(20), 12, TD_SLOT_RAM, 1 };
	c.slots[3] = (struct td_slot){ FAKE_PAGE(40), 8, TD_SLOT_MMIO, 0 };
	c.slots[4] = (struct td_slot){ MMIO_TOP, MMIO_TOP / TDX_PAGE_SIZE, TD_SLOT_MMIO, 0 };
	c.nslots = 5;
	c.behaviour.nrules = 1;
	return c;
}

static void test_outside_ram(void)
{
	struct td_config c = mixed();

	c.behaviour.rules[0] = (struct td_rule){ .complete = 4 };
	fake_start(&c);
	tap_ok(gave(fake_share(40, 8), RETRY, FAKE_PAGE(44) | S), "MMIO alone is answered like anything");
	fake_power_off();
	tap_is(fake_closed(TD_CLOSE_ABANDONED), 1, "given up, it is booked as abandoned");
	tap_is(fake_all_violations(), 0, "... but a range without RAM is none of the guest's violations");
	fake_start(&c);
	fake_share(40, 8);
	fake_share(46, 2);
	tap_is(fake_all_violations(), 0, "nor are pages skipped there");
	fake_start(&c);
	for (uint64_t i = 12; i < 24; i += 4)
		fake_share(i, 24 - i);
	tap_is(fake_real_pages(TD_REAL_SHARED), 8, "RAM, ROM, RAM: the RAM is converted");
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "... and that is complete");
	tap_ok(fake_page(FAKE_PAGE(17))->mapped[TD_PRIVATE], "... the ROM window stays private");
	fake_power_off();
	tap_is(fake_all_violations(), 0, "nothing is wrong with that");
	fake_start(&c);
	fake_share(16, 4);
	fake_share(17, 2);
	tap_is(fake_real_pages(TD_REAL_SHARED), 0, "the ROM window alone, up to where RAM begins: none");
	fake_start(&c);
	fake_share(30, 12);
	tap_is(fake_real_pages(TD_REAL_SHARED), 2, "RAM, hole, MMIO: the RAM is converted");
	tap_ok(fake_consistent(), "page tables and states agree");
	fake_power_off();
	tap_is(fake_violations(TD_V_ABANDONED), 0, "given up where only hole and MMIO were left: none");
}

/* Firmware asks for all of its MMIO at once. Costs are in slots and pages of RAM, whatever the size. */
static void test_terabytes(void)
{
	struct td_config c = mixed();

	alarm(5);
	c.behaviour.rules[0] = (struct td_rule){ .complete = UINT64_MAX, .chunk = 1 };
	fake_start(&c);
	tap_is(fake_map_gpa(MMIO_TOP | S, MMIO_TOP).r10, 0, "64 TiB under a VMM that works in pages and never stops");
	tap_is(fake_map_gpa(S, S).r10, 0, "128 TiB, with all RAM in it");
	tap_is(fake_real_pages(TD_REAL_SHARED), 28, "... which is shared");
	c.behaviour.rules[0] = (struct td_rule){ .complete = 1ull << 30 };
	fake_start(&c);
	for (uint64_t i = 0; i < 4096; i++)
		fake_map_gpa(MMIO_TOP | S, MMIO_TOP);
	tap_is(fake_count(TD_EV_MAPGPA), 1002 + 28, "4096 such calls: a runaway, 28 pages of RAM later, and fast");
	fake_start(&c);
	for (uint64_t at = MMIO_TOP; at < 2 * MMIO_TOP; at += 1ull << 42)
		fake_map_gpa(at | S, 2 * MMIO_TOP - at);
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "16 calls of 4 TiB");
	tap_is(fake_last(TD_EV_CLOSE)->close.pages, UINT32_MAX, "... too many pages for 32 bits are all the same");
	alarm(0);
}

static void test_refused(void)
{
	start(16, (struct td_rule){ .complete = 4, .fail = INVALID, .last = 1 });
	tap_ok(gave(fake_share(0, 8), INVALID, FAKE_PAGE(4) | S), "error after 4 pages");
	tap_is(fake_real_pages(TD_REAL_SHARED), 4, "they stay converted");
	tap_is(fake_known_pages(TD_KNOWN_UNKNOWN), 8, "the guest knows nothing of any of the 8");
	tap_ok(closed(TD_CLOSE_REFUSED, 8, 0, 1, 0, 0, 0), "refused, not abandoned");
	fake_unshare(0, 8);
	for (uint64_t i = 0; i < 8; i++)
		fake_accept(FAKE_PAGE(i), TDX_LEVEL_4K);
	tap_is(fake_real_pages(TD_REAL_MAPPED), 16, "undo: all private again");
	tap_is(fake_known_pages(TD_KNOWN_PRIVATE), 16, "... and known to be");
	fake_power_off();
	tap_is(fake_count(TD_EV_VERDICT), 0, "nothing is wrong with that");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);	/* what was said before an alarm is not lost */
	test_validation();
	test_gpaw_52();
	test_all_at_once();
	test_outside_ram();
	test_terabytes();
	test_refused();
	return tap_done();
}
