/* SPDX-License-Identifier: MIT */
/*
 * TDG.MEM.PAGE.ACCEPT and RELEASE: status words to the last bit, as the module gives them
 * ([mod:tdg_mem_page_accept]), and what is said of the guest for it.
 */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define INVALID_RAX	0xc000010000000000ull
#define INVALID_RCX	0xc000010000000001ull
#define ACCEPTED_4K	0x00000b0a00000000ull
#define ACCEPTED_2M	0x00000b0a00000001ull
#define MISMATCH_4K	0xc0000b0b00000000ull
#define MISMATCH_2M	0xc0000b0b00000001ull
#define STATE_INCORRECT	0xc0000b0d00000001ull
#define EXITED		~0ull		/* fake_accept(): the TDCALL did not come back */
#define K4		TDX_LEVEL_4K
#define M2		TDX_LEVEL_2M
#define SECOND		FAKE_PAGE(512)

static struct td_config config(void)
{
	struct td_config c = fake_config(1024);

	c.platform.config_flags = TDX_CONFIG_PAGE_RELEASE;
	return c;
}

static void fresh(bool pending, enum td_aug aug)
{
	struct td_config c = config();

	c.slots[0].pending = pending;
	c.behaviour.aug = aug;
	fake_start(&c);
}

/* Of the slot's two, the 2 MiB with an odd number. */
#define ODD (FAKE_RAM / TDX_2M_SIZE % 2 != 0 ? FAKE_RAM : SECOND)

static void share(uint64_t gpa, uint64_t pages)
{
	fake_map_gpa(gpa | FAKE_S, pages * TDX_PAGE_SIZE);
}

static void unshare(uint64_t gpa, uint64_t pages)
{
	fake_map_gpa(gpa, pages * TDX_PAGE_SIZE);
}

static uint64_t released_rcx;

static uint64_t release(uint64_t gpa, uint64_t level)
{
	struct td_regs regs = { 0 };

	fake_tdcall(0, TDG_MEM_PAGE_RELEASE, gpa | level, &regs);
	released_rcx = regs.gpr[TD_RCX];
	return regs.gpr[TD_RAX];
}

static void test_operand(void)
{
	fresh(true, TD_AUG_2M);
	tap_is(fake_accept(FAKE_RAM, 2), INVALID_RCX, "1 GiB, which Linux tries first");
	tap_is(fake_accept(FAKE_RAM, 7), INVALID_RCX, "level 7");
	tap_is(fake_accept(FAKE_RAM | 8, K4), INVALID_RCX, "bit 3 of RCX");
	tap_is(fake_accept(FAKE_RAM | 0x800, K4), INVALID_RCX, "bit 11 of RCX");
	tap_is(fake_accept(FAKE_PAGE(1), M2), INVALID_RCX, "2 MiB, misaligned");
	tap_is(fake_accept(FAKE_RAM | FAKE_S, K4), INVALID_RCX, "shared bit set");
	tap_is(fake_accept(FAKE_S, K4), INVALID_RCX, "shared bit alone");
	tap_is(fake_accept(FAKE_RAM | FAKE_S << 1, K4), INVALID_RCX, "beyond GPAW");
	tap_is(fake_accept(FAKE_RAM | 1ull << 63, K4), INVALID_RCX, "bit 63");
	tap_is(fake_real_pages(TD_REAL_PENDING), 1024, "nothing was accepted by any of these");
	tap_is(fake_count(TD_EV_VERDICT), 0, "and none is a violation: Linux tries 1 GiB, and misaligned is only refused");
}

static void test_pending(void)
{
	fresh(true, TD_AUG_2M);
	tap_is(fake_accept(FAKE_PAGE(3), K4), 0, "PENDING, 4K: accepted");
	tap_is(td_real(fake.td, FAKE_PAGE(3)), TD_REAL_MAPPED, "... and mapped");
	tap_is(td_known(fake.td, FAKE_PAGE(3)), TD_KNOWN_PRIVATE, "... and known to be private");
	tap_is(fake_page(FAKE_PAGE(3))->fill[TD_PRIVATE], TD_FILL_ZERO + 1, "... and zeroed");
	tap_is(fake_accept(FAKE_RAM, M2), MISMATCH_2M, "2M over PENDING and MAPPED 4K pages: mismatch");
	tap_is(fake_accept(SECOND, M2), 0, "PENDING, 2M, VMM maps 2M: accepted");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 513, "... all 512 pages of it");
	tap_is(fake_page(FAKE_PAGE(1023))->fill[TD_PRIVATE], TD_FILL_ZERO + 1, "... zeroed to the last");
	unshare(FAKE_PAGE(1023), 1);
	tap_is(fake_accept(FAKE_PAGE(1023), K4), ACCEPTED_2M, "... as a 2M leaf, though it ends with the slot");
	fresh(true, TD_AUG_4K);
	tap_is(fake_accept(FAKE_RAM, M2), MISMATCH_2M, "PENDING, 2M, VMM maps 4K: mismatch at level 1");
	tap_is(fake_real_pages(TD_REAL_PENDING), 1024, "... and nothing changed");
	tap_is(fake_known_pages(TD_KNOWN_CLAIMED_PRIVATE), 1024, "... nor does the guest know more");
	tap_is(fake_accept(FAKE_RAM, K4), 0, "then page by page");
	fresh(true, TD_AUG_MIXED);
	tap_is(fake_accept(ODD, M2), MISMATCH_2M, "PENDING, 2M, VMM maps every second 2M in 4K pages: mismatch");
	tap_is(fake_accept(ODD ^ TDX_2M_SIZE, M2), 0, "... and the other in one");
	tap_is(fake_accept(ODD, K4), 0, "... the first page by page");
	tap_is(fake_all_violations(), 0, "no violation in any of these");
}

/* As the journal has it: before the last ACCEPT. */
static bool was_private(void)
{
	const struct td_record_accept *a = &fake_last(TD_EV_ACCEPT)->accept;

	return a->real == TD_REAL_MAPPED && a->known == TD_KNOWN_PRIVATE;
}

static void test_already(void)
{
	const struct td_event *e;

	fresh(false, TD_AUG_2M);
	tap_is(fake_accept(FAKE_RAM, M2), ACCEPTED_2M, "initial 2M leaf at 2M: already accepted, level 1");
	tap_is(fake_accept(FAKE_PAGE(5), K4), ACCEPTED_2M, "4K in a 2M leaf: already accepted, level reached is 1");
	tap_is(fake_page(FAKE_PAGE(5))->fill[TD_PRIVATE], 0, "... and not zeroed");
	e = fake_last(TD_EV_ACCEPT);
	tap_ok(e->accept.rcx == FAKE_PAGE(5) && e->accept.status == ACCEPTED_2M && was_private(),
	       "the journal has RCX, status and the state before");
	share(FAKE_PAGE(5), 1);
	tap_is(fake_accept(FAKE_PAGE(6), K4), ACCEPTED_4K, "4K that is left of a demoted leaf: level 0");
	unshare(FAKE_PAGE(5), 1);
	fake_accept(FAKE_PAGE(5), K4);
	tap_is(fake_accept(FAKE_RAM, M2), MISMATCH_2M, "2M over 512 MAPPED 4K pages: mismatch at level 1");
	tap_ok(was_private(), "no internal mark gets into the journal");
	fresh(true, TD_AUG_2M);
	fake_accept(FAKE_RAM, M2);
	fake_accept(FAKE_RAM, K4);
	tap_ok(was_private(), "... after a 2M ACCEPT neither");
}

static void test_accepted_leaf_is_large(void)
{
	fresh(true, TD_AUG_2M);
	fake_accept(FAKE_RAM, M2);
	unshare(FAKE_RAM, 512);
	tap_is(fake_accept(FAKE_PAGE(9), K4), ACCEPTED_2M, "a 2M ACCEPT makes a 2M leaf");
	share(FAKE_PAGE(9), 1);
	unshare(FAKE_PAGE(9), 1);
	tap_is(fake_accept(FAKE_PAGE(9), K4), 0, "a page of it that went and came back is accepted alone");
	unshare(FAKE_PAGE(8), 1);
	tap_is(fake_accept(FAKE_PAGE(8), K4), ACCEPTED_4K, "and the leaf is gone");
}

static void test_absent(enum td_real how)
{
	struct td_config c = config();

	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .complete = UINT64_MAX, .remove = 512 };
	fake_start(&c);
	if (how == TD_REAL_SHARED)
		share(SECOND, 1);
	else
		share(FAKE_PAGE(511), 1);
	tap_is(td_real(fake.td, SECOND), how, how == TD_REAL_SHARED ? "shared page" : "page that the VMM took away");
	tap_is(fake_accept(SECOND, K4), EXITED, "... at 4K: the TDCALL exits, and a VMM that does nothing ends it");
	tap_is(td_stopped(fake.td), TD_STOP_PRIVATE_LOST, "... as a lost private page");
	tap_is(fake_all_violations(), how == TD_REAL_SHARED, "... by its own fault only if it had shared the page");
}

static void test_absent_2m(void)
{
	fresh(false, TD_AUG_2M);
	share(SECOND, 512);
	tap_is(fake_accept(SECOND, M2), EXITED, "2M of which nothing is there: exit");
	tap_ok(fake_violations(TD_V_ACCEPT_UNREQUESTED) == 1 && fake_last(TD_EV_VERDICT)->verdict.pages == 512,
	       "... and no page of it was asked back");
	fresh(false, TD_AUG_2M);
	share(SECOND, 511);
	tap_is(fake_accept(SECOND, M2), MISMATCH_2M, "2M of which one 4K page is there: mismatch");
	tap_is(fake_all_violations(), 0, "... and no violation: a loop tries 2M and then goes page by page");
	tap_is(fake_accept(FAKE_PAGE(1023), K4), ACCEPTED_4K, "... that page is");
}

static void test_implicit(void)
{
	struct td_config c = config();

	c.behaviour.implicit = TD_IMPLICIT_CONVERT;
	fake_start(&c);
	share(SECOND, 512);
	unshare(FAKE_PAGE(1023), 1);
	tap_is(fake_accept(SECOND, K4), 0, "a VMM that converts on such an exit maps the page, and ACCEPT runs again");
	tap_is(fake_violations(TD_V_ACCEPT_UNREQUESTED), 1, "... which the guest had not asked for");
	c.behaviour.aug = TD_AUG_4K;
	fake_start(&c);
	share(SECOND, 512);
	tap_is(fake_accept(SECOND, M2), MISMATCH_2M, "at 2M it maps 4K pages: mismatch");
	tap_ok(fake_consistent(), "page tables and states agree");
}

/* Whose fault it is that nothing is there. */
static void test_absent_blame(void)
{
	struct td_rule stall = { .first = 2, .last = 2 };
	struct td_config c = config();
	const struct td_event *e;

	c.behaviour.nrules = 2;
	c.behaviour.rules[0] = (struct td_rule){ .first = 2, .last = 2, .lie = 1 };
	c.behaviour.rules[1] = (struct td_rule){ .first = 3 };
	fake_start(&c);
	share(FAKE_RAM, 1);
	unshare(FAKE_RAM, 1);
	share(SECOND, 8);
	tap_is(fake_accept(FAKE_RAM, K4), EXITED, "VMM said private and did nothing");
	e = fake_last(TD_EV_VERDICT);
	tap_ok(e->verdict.class == TD_CLASS_VMM_CAUSED && e->verdict.violation == TD_V_PENDING_ACCESS, "... it is its fault");
	td_finish(fake.td);
	tap_is(fake_all_violations(), 0, "... and nothing the guest's, nor what it had open");
	fake_start_rule(16, &stall);
	share(FAKE_RAM, 1);
	unshare(FAKE_RAM, 1);
	fake_accept(FAKE_RAM, K4);
	e = fake_last(TD_EV_VERDICT);
	tap_ok(e->verdict.class == TD_CLASS_VIOLATION && e->verdict.violation == TD_V_TD_LOST,
	       "ACCEPT of what was only asked for does not return");
	td_finish(fake.td);
	tap_is(fake_violations(TD_V_ABANDONED), 1, "... and the conversion was given up");
}

static void test_outside_ram(void)
{
	struct td_config c = config();

	c.slots[0] = (struct td_slot){ FAKE_PAGE(1), 159, TD_SLOT_RAM, 1 };
	c.slots[2] = (struct td_slot){ FAKE_PAGE(512), 512, TD_SLOT_RAM, 1 };
	c.slots[1] = (struct td_slot){ FAKE_PAGE(192), 64, TD_SLOT_ROM, 0 };
	c.slots[3] = (struct td_slot){ FAKE_MMIO, 512, TD_SLOT_MMIO, 0 };
	c.nslots = 4;
	fake_start(&c);
	tap_is(fake_accept(FAKE_RAM, M2), MISMATCH_2M, "2M over RAM, ROM and holes, as the first one of a PC: mismatch");
	tap_is(fake_accept(FAKE_PAGE(200), K4), ACCEPTED_4K, "ROM was there from the start");
	tap_is(release(FAKE_PAGE(200), K4), 0xc0000b0d00000001ull, "... and is not given back");
	tap_ok(fake_consistent(), "... but stays mapped");
	tap_is(fake_accept(FAKE_PAGE(1), K4), 0, "RAM at 4K");
	tap_is(fake_all_violations(), 0, "no violation in these");
	tap_is(fake_accept(FAKE_PAGE(300), K4), EXITED, "a hole: exit");
	tap_is(td_stopped(fake.td), TD_STOP_BAD_GPA, "... for good");
	tap_is(fake_violations(TD_V_TD_LOST), 1, "... by the guest's fault");
	fake_start(&c);
	fake_accept(FAKE_MMIO, M2);
	tap_is(td_stopped(fake.td), TD_STOP_BAD_GPA, "MMIO: the same");
	fake_start(&c);
	fake_accept(FAKE_PAGE(1024), M2);
	tap_is(td_stopped(fake.td), TD_STOP_BAD_GPA, "2M of holes: the same");
}

/* Whatever 4 KiB pages there are, and wherever: the walk for 2 MiB ends above them. */
static void test_part_of_2m(void)
{
	static const struct {
		const char *name;
		uint32_t nslots, pending;
	} rows[] = {
		{ "ROM between holes", 2, 0 },
		{ "... and as much RAM that is mapped", 3, 0 },
		{ "... or PENDING", 3, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct td_config c = config();

		tap_case(rows[i].name);
		c.slots[0].pages = 512;
		c.slots[1] = (struct td_slot){ FAKE_PAGE(600), 64, TD_SLOT_ROM, 0 };
		c.slots[2] = (struct td_slot){ FAKE_PAGE(700), 64, TD_SLOT_RAM, rows[i].pending };
		c.nslots = rows[i].nslots;
		fake_start(&c);
		tap_is(fake_accept(SECOND, M2), MISMATCH_2M, "2M of which a part is there: mismatch");
		tap_is(fake_all_violations(), 0, "... and no violation");
	}
	tap_case(NULL);
}

/* A VMM that maps as the guest accepts: it sees the level of an ACCEPT only if that exits ([mail:kvm-huge-accept]). */
static void test_follows_level(void)
{
	static const struct {
		const char *name;
		uint64_t gpa;
	} blocks[] = {
		{ "the first 2M", FAKE_RAM },
		{ "the next", FAKE_RAM + TDX_2M_SIZE },
		{ "128 MiB further on", FAKE_RAM + 64 * TDX_2M_SIZE },
	};
	struct td_config c = config();

	c.behaviour.aug = TD_AUG_ACCEPT;
	c.nslots = 3;
	for (uint32_t i = 0; i < 3; i++)
		c.slots[i] = (struct td_slot){ blocks[i].gpa, 512, TD_SLOT_RAM, 1 };
	fake_start(&c);
	for (uint32_t i = 0; i < 3; i++) {
		tap_case(blocks[i].name);
		tap_is(fake_accept(blocks[i].gpa, M2), 0, "accepted at 2M, whatever there is elsewhere");
		tap_is(fake_accept(blocks[i].gpa, K4), ACCEPTED_2M, "... 4K of it, which is there");
		tap_is(release(blocks[i].gpa, M2), 0, "... changes no level");
		tap_is(fake_accept(blocks[i].gpa, K4), 0, "4K that is not there");
		tap_is(release(blocks[i].gpa, K4), 0, "... is mapped alone");
	}
	for (uint32_t i = 0; i < 3; i++) {
		tap_case(blocks[i].name);
		tap_is(fake_accept(blocks[i].gpa, M2), MISMATCH_2M, "in small pages for good");
	}
	tap_case(NULL);
	tap_ok(fake_consistent(), "page tables and states agree");
}

/* A VMM that takes away what is accepted. */
static void test_take_away(void)
{
	struct td_config c = config();

	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .on = TD_ON_ACCEPT, .remove = 1 };
	fake_start(&c);
	tap_is(fake_accept(FAKE_RAM, M2), ACCEPTED_2M, "already accepted");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 1024, "... so nothing is taken away");
	c.slots[0].pending = 1;
	fake_start(&c);
	tap_is(fake_accept(FAKE_RAM, M2), 0, "accepted");
	tap_is(fake_real_pages(TD_REAL_REMOVED), 1, "... and a page of it taken away");
}

static void test_double(void)
{
	fresh(true, TD_AUG_2M);
	fake_accept(FAKE_RAM, K4);
	tap_is(fake_accept(FAKE_RAM, K4), ACCEPTED_4K, "twice in a row");
	tap_is(fake_violations(TD_V_DOUBLE_ACCEPT), 1, "... is double-accept");
	fake_accept(SECOND, M2);
	fake_accept(FAKE_PAGE(600), K4);
	tap_is(fake_violations(TD_V_DOUBLE_ACCEPT), 2, "also 4K after 2M");
	fake_accept(FAKE_RAM, K4);
	tap_is(fake_violations(TD_V_DOUBLE_ACCEPT), 3, "also a third time");
	fake_accept(FAKE_PAGE(600), K4);
	tap_is(fake_last(TD_EV_VERDICT)->verdict.gpa, FAKE_PAGE(600), "the page is named");
	fresh(true, TD_AUG_2M);
	for (uint64_t i = 0; i < 512; i++)
		fake_accept(FAKE_PAGE(i), K4);
	fake_accept(FAKE_RAM, M2);
	tap_ok(fake_violations(TD_V_DOUBLE_ACCEPT) == 1 && fake_last(TD_EV_VERDICT)->verdict.pages == 512,
	       "and 2M after 512 times 4K");
}

static void test_not_double(void)
{
	struct td_rule half = { .first = 2, .last = 2, .complete = 8, .fail = TDVMCALL_RETRY,
				.claim_base = TD_CLAIM_START, .claim_pages = 4 };

	fresh(false, TD_AUG_2M);
	fake_accept(FAKE_RAM, K4);
	fake_accept(FAKE_RAM, K4);
	tap_is(fake_all_violations(), 0, "ALREADY_ACCEPTED is no acceptance: pages from the start may be tried again");
	fresh(true, TD_AUG_2M);
	fake_accept(FAKE_RAM, K4);
	share(FAKE_RAM, 1);
	unshare(FAKE_RAM, 1);
	tap_is(fake_accept(FAKE_RAM, K4), 0, "there and back");
	unshare(FAKE_RAM, 1);
	tap_is(fake_accept(FAKE_RAM, K4), ACCEPTED_4K, "private again by MapGPA, which changes nothing");
	release(FAKE_RAM, K4);
	tap_is(fake_accept(FAKE_RAM, K4), 0, "released in between");
	fake_accept(FAKE_RAM, M2);
	tap_is(fake_all_violations(), 0, "none of these, nor 2M over a mixed range, is double-accept");
	fake_start_rule(16, &half);
	share(FAKE_RAM, 8);
	unshare(FAKE_RAM, 8);
	tap_is(fake_accept(FAKE_PAGE(6), K4), 0, "a page that the VMM converted before it says so");
	unshare(FAKE_PAGE(4), 4);
	fake_accept(FAKE_PAGE(6), K4);
	tap_is(fake_all_violations(), 0, "a MapGPA that continues counts as one over all that is left");
}

static void test_unrequested(void)
{
	struct td_rule lie = { .lie = 1 };

	fresh(false, TD_AUG_2M);
	share(FAKE_RAM, 1);
	fake_accept(FAKE_RAM, K4);
	tap_is(fake_violations(TD_V_ACCEPT_UNREQUESTED), 1, "a shared page was not asked back");
	fake_start_rule(16, &lie);
	share(FAKE_RAM, 1);
	tap_is(fake_accept(FAKE_RAM, K4), ACCEPTED_4K, "what is known counts: the VMM only said that it is shared");
	tap_is(fake_violations(TD_V_ACCEPT_UNREQUESTED), 1, "... and the guest believed it");
	fresh(false, TD_AUG_2M);
	share(FAKE_RAM, 1);
	unshare(FAKE_RAM, 1);
	fake_accept(FAKE_RAM, K4);
	share(SECOND, 300);
	fake_accept(SECOND, M2);
	tap_is(fake_all_violations(), 0, "asked back, or 2M over a mixed range: none");
}

static void test_release(void)
{
	fresh(false, TD_AUG_2M);
	tap_is(release(FAKE_RAM, M2), 0, "RELEASE of a 2M leaf");
	tap_is(fake_real_pages(TD_REAL_PENDING), 512, "... makes it PENDING");
	tap_is(fake_known_pages(TD_KNOWN_CLAIMED_PRIVATE), 512, "... to be accepted before it is used");
	tap_is(release(FAKE_RAM, M2), STATE_INCORRECT, "... and a second time, nothing can be released");
	tap_is(released_rcx, 1ull << 62, "... since it is PENDING: bit 62 of RCX");
	tap_is(fake_accept(FAKE_RAM, M2), 0, "ACCEPT of it works");
	tap_is(release(FAKE_RAM, M2), 0, "... and then RELEASE again");
	share(FAKE_PAGE(514), 1);
	tap_is(release(FAKE_PAGE(513), K4), 0, "RELEASE of a page of a leaf that was demoted");
	tap_is(release(FAKE_PAGE(513), K4), STATE_INCORRECT, "RELEASE of what is PENDING");
	tap_is(released_rcx, 1ull << 62, "... and RCX says that it is");
	tap_is(release(FAKE_PAGE(514), K4), 0xc0000b0100000001ull, "RELEASE of what is shared: nothing is there");
	tap_is(released_rcx, 0, "... and RCX is empty");
	tap_is(release(FAKE_PAGE(1), M2), INVALID_RCX, "misaligned");
	tap_is(release(FAKE_RAM | FAKE_S, K4), INVALID_RCX, "shared bit set");
	tap_is(fake_all_violations(), 0, "no violation");
	tap_ok(fake_consistent(), "page tables and states agree");
}

/* RELEASE takes a leaf whole; where it does not, RCX has the level that the caller has to ask for. */
static void test_release_level(void)
{
	fresh(false, TD_AUG_2M);
	tap_is(release(FAKE_PAGE(513), K4), MISMATCH_4K, "RELEASE of 4 KiB in a 2M leaf: mismatch");
	tap_is(released_rcx, M2, "... and RCX says that it is mapped at 2 MiB");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 1024, "... and nothing changed");
	tap_is(fake_accept(FAKE_PAGE(513), K4), ACCEPTED_2M, "... the leaf neither");
	tap_is(release(SECOND, M2), 0, "... it is released at that level");
	fresh(false, TD_AUG_2M);
	share(FAKE_PAGE(514), 1);
	tap_is(release(SECOND, M2), MISMATCH_2M, "RELEASE of 2 MiB that are mapped in small pages: mismatch");
	tap_is(released_rcx, K4, "... and RCX says so");
	tap_is(release(FAKE_PAGE(513), K4), 0, "... one of them is released");
	tap_is(release(FAKE_RAM, M2), 0, "... and the other 2 MiB as one");
	fresh(true, TD_AUG_2M);
	for (uint64_t i = 0; i < 256; i++)
		fake_accept(FAKE_PAGE(i), K4);
	tap_is(fake_accept(FAKE_RAM, M2), MISMATCH_2M, "ACCEPT of 2 MiB of which half are accepted: mismatch");
	tap_ok(was_private(), "... and the journal has the state of the first page");
	tap_is(release(FAKE_RAM, M2), MISMATCH_2M, "RELEASE of them: mismatch");
	tap_is(released_rcx, K4, "... and RCX says so");
	fresh(true, TD_AUG_4K);
	tap_is(release(FAKE_RAM, M2), MISMATCH_2M, "RELEASE of 2 MiB PENDING where the VMM maps small pages: mismatch");
	tap_is(released_rcx, K4, "... and RCX says so");
	fresh(false, TD_AUG_4K);
	tap_is(release(FAKE_PAGE(513), K4), 0, "there 4 KiB are released from the start");
	tap_is(fake_all_violations(), 0, "no violation in any of these");
	tap_ok(fake_consistent(), "page tables and states agree");
}

/* What is no RAM: MMIO has a bit of its own, ROM none. */
static void test_release_elsewhere(void)
{
	struct td_config c = config();

	c.nslots = 3;
	c.slots[1] = (struct td_slot){ FAKE_PAGE(1024), 64, TD_SLOT_ROM, 0 };
	c.slots[2] = (struct td_slot){ FAKE_MMIO, 512, TD_SLOT_MMIO, 0 };
	fake_start(&c);
	tap_is(release(FAKE_MMIO, K4), STATE_INCORRECT, "RELEASE of MMIO");
	tap_is(released_rcx, 1ull << 61, "... is bit 61 of RCX");
	tap_is(release(FAKE_MMIO, M2), STATE_INCORRECT, "... of 2 MiB of it");
	tap_is(released_rcx, 1ull << 61, "... too");
	tap_is(release(FAKE_PAGE(1024), K4), STATE_INCORRECT, "RELEASE of ROM");
	tap_is(released_rcx, 0, "... has neither bit");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 1024, "nothing was released by any of these");
	c.platform.config_flags = 0;
	fake_start(&c);
	tap_is(release(FAKE_RAM, K4), INVALID_RAX, "a module without the leaf does not know it");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 1024, "... and does nothing");
}

int main(void)
{
	test_operand();
	test_pending();
	test_already();
	test_accepted_leaf_is_large();
	test_absent(TD_REAL_SHARED);
	test_absent(TD_REAL_REMOVED);
	test_absent_2m();
	test_implicit();
	test_absent_blame();
	test_outside_ram();
	test_part_of_2m();
	test_follows_level();
	test_take_away();
	test_double();
	test_not_double();
	test_unrequested();
	test_release();
	test_release_level();
	test_release_elsewhere();
	return tap_done();
}
