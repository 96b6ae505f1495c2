/* SPDX-License-Identifier: MIT */
/* What a VMM does beside its answers: to ACCEPT, to other memory, to contents; and what is said of whom for it. */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/explore.h"
#include "td/fake.h"
#include "wire/tap.h"

#define S		FAKE_S
#define ALL		UINT64_MAX
#define BUSY		0x8000020000000001ull	/* OPERAND_BUSY, operand RCX */
#define MISMATCH_4K	0xc0000b0b00000000ull
#define MISMATCH_2M	0xc0000b0b00000001ull
#define EXITED		~0ull
#define K4		TDX_LEVEL_4K
#define M2		TDX_LEVEL_2M

static struct td_config c;

/* 1024 pages of which nothing is accepted yet, one rule. */
static void pending(struct td_rule rule)
{
	c = fake_config(1024);
	c.vcpus = 2;
	c.slots[0].pending = 1;
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = rule;
	fake_start(&c);
}

static uint64_t accept_on(unsigned int vcpu, uint64_t rcx)
{
	struct td_regs regs = { 0 };

	fake_tdcall(vcpu, TDG_MEM_PAGE_ACCEPT, rcx, &regs);
	return regs.gpr[TD_RAX];
}

static void test_busy(void)
{
	pending((struct td_rule){ .on = TD_ON_ACCEPT, .stalls = 2 });
	tap_is(fake_accept(FAKE_PAGE(0), K4), BUSY, "busy twice: the first time");
	tap_is(fake_real_pages(TD_REAL_PENDING), 1024, "... and nothing happened");
	tap_is(fake_accept(FAKE_PAGE(0), K4), BUSY, "... the second");
	tap_is(fake_accept(FAKE_PAGE(0), K4), 0, "... then it is accepted");
	tap_is(fake_accept(FAKE_PAGE(1), K4), BUSY, "another page is counted anew");
	tap_is(fake_accept(FAKE_PAGE(2), K4), BUSY, "... also when the guest left the one before");
	tap_is(fake_accept(FAKE_PAGE(1), K4), BUSY, "... and comes back");
	tap_is(fake_accept(FAKE_RAM | 2, K4), 0xc000010000000001, "an operand that is none is not looked at");
	tap_is(accept_on(1, FAKE_PAGE(1)), BUSY, "vCPUs are counted apart");
	tap_is(fake_accept(FAKE_PAGE(1), K4), BUSY, "... so that two of them");
	tap_is(accept_on(1, FAKE_PAGE(1)), BUSY, "... that try one page");
	tap_is(fake_accept(FAKE_PAGE(1), K4), 0, "... do not keep each other from it");
	tap_is(fake_accept(FAKE_PAGE(512), M2), BUSY, "2M too");
	tap_is(fake_accept(FAKE_PAGE(512), K4), BUSY, "... and 4K there is another operand");
	tap_is(fake_share(0, 8).r10, 0, "MapGPA is not the rule's business");
}

/* check_tdaccept_failure() in [mod:tdg_mem_page_accept], case 1.1: what ends above the entry takes no lock. */
static void test_busy_leaf(void)
{
	c = fake_config(1024);

	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .on = TD_ON_ACCEPT, .stalls = 1 };
	fake_start(&c);
	tap_is(fake_accept(FAKE_PAGE(5), K4), tdx_status(TDX_PAGE_ALREADY_ACCEPTED, 1), "4K in a 2M leaf is never busy");
	tap_is(fake_accept(FAKE_RAM, M2), BUSY, "... the leaf itself is");
	fake_share(5, 1);
	tap_is(fake_accept(FAKE_PAGE(6), K4), BUSY, "... and so is a 4K leaf");
}

/* Two loops that take turns on one vCPU: each meets another operand than the last time, and must get through. */
static void test_busy_by_turns(void)
{
	bool done[2] = { false, false };
	unsigned int tries = 0;

	pending((struct td_rule){ .on = TD_ON_ACCEPT, .stalls = 3 });
	for (; tries < 1000 && !(done[0] && done[1]); tries++)
		done[tries % 2] = done[tries % 2] || fake_accept(FAKE_PAGE(tries % 2), K4) == 0;
	tap_ok(done[0] && done[1], "two pages that are accepted by turns are not held for ever");
	tap_ok(tries >= 8, "... but as long as one alone");
}

static void test_busy_matches(void)
{
	pending((struct td_rule){ .on = TD_ON_ACCEPT, .stalls = 1, .first = 3, .last = 5, .step = 2, .min_pages = 1 });
	tap_is(fake_accept(FAKE_PAGE(0), K4), 0, "ACCEPTs are counted from 1");
	fake_share(0, 0);
	tap_is(fake_accept(FAKE_PAGE(1), K4), 0, "... without MapGPA calls");
	tap_is(fake_accept(FAKE_PAGE(2), K4), BUSY, "... call 3");
	tap_is(fake_accept(FAKE_PAGE(2), K4), 0, "... 4");
	tap_is(fake_accept(FAKE_PAGE(3), K4), BUSY, "... 5");
	tap_is(fake_accept(FAKE_PAGE(3), K4), 0, "... 6");
	pending((struct td_rule){ .on = TD_ON_ACCEPT, .stalls = 1, .min_pages = 512 });
	tap_is(fake_accept(FAKE_PAGE(0), K4), 0, "a rule for 512 pages: not 4K");
	tap_is(fake_accept(FAKE_PAGE(512), M2), BUSY, "... but 2M");
	pending((struct td_rule){ .stalls = 3, .complete = ALL });
	tap_is(fake_accept(FAKE_PAGE(0), K4), 0, "a rule for MapGPA is none for ACCEPT");
}

static void test_busy_by_chance(void)
{
	uint32_t busy = 0, longest = 0, run = 0;

	pending((struct td_rule){ .on = TD_ON_ACCEPT, .stalls = 3, .chance = 128 });
	for (uint64_t page = 0; page < 512; page += run == 0) {
		run = fake_accept(FAKE_PAGE(page), K4) == BUSY ? run + 1 : 0;
		busy += run != 0;
		longest = run > longest ? run : longest;
	}
	tap_ok(busy > 300 && busy < 600, "every other ACCEPT is busy by chance");
	tap_is(longest, 3, "... and none more often in a row than the rule says");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 512, "... so that all of it was accepted");
}

static void test_refused(void)
{
	pending((struct td_rule){ .on = TD_ON_ACCEPT, .fail = TDX_PAGE_SIZE_MISMATCH });
	tap_is(fake_accept(FAKE_PAGE(0), M2), MISMATCH_2M, "no size is right: 2M");
	tap_is(fake_accept(FAKE_PAGE(0), K4), MISMATCH_4K, "... 4K");
	tap_is(fake_real_pages(TD_REAL_PENDING), 1024, "... and nothing is accepted");
	pending((struct td_rule){ .on = TD_ON_ACCEPT, .fail = TDX_OPERAND_BUSY });
	for (int i = 0; i < 1000; i++)
		fake_accept(FAKE_PAGE(0), K4);
	tap_is(fake_accept(FAKE_PAGE(0), K4), BUSY, "busy for ever");
	pending((struct td_rule){ .on = TD_ON_ACCEPT, .stalls = 1, .fail = TDX_PAGE_SIZE_MISMATCH });
	tap_is(fake_accept(FAKE_PAGE(0), K4), BUSY, "first busy");
	tap_is(fake_accept(FAKE_PAGE(0), K4), MISMATCH_4K, "... then refused");
	fake_start_rule(16, &(struct td_rule){ .on = TD_ON_ACCEPT, .fail = TDX_PAGE_SIZE_MISMATCH });
	tap_is(tdx_code(fake_accept(FAKE_PAGE(0), K4)), TDX_PAGE_ALREADY_ACCEPTED, "what is accepted already is that first");
}

/* Left over after busy or after 2M: the guest gave up what it could have had. */
static void test_abandoned(void)
{
	const struct td_rule busy = { .on = TD_ON_ACCEPT, .stalls = 1 };

	pending(busy);
	fake_accept(FAKE_PAGE(3), K4);
	fake_accept(FAKE_PAGE(4), K4);
	fake_power_off();
	tap_is(fake_violations(TD_V_ACCEPT_ABANDONED), 1, "busy, and never tried again");
	tap_is(fake_last(TD_EV_VERDICT)->verdict.gpa, FAKE_PAGE(3), "... the pages are named");
	tap_is(fake_last(TD_EV_VERDICT)->verdict.pages, 2, "... all of them");
	pending(busy);
	for (int i = 0; i < 2; i++)
		fake_accept(FAKE_PAGE(3), K4);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "tried again");
	pending(busy);
	fake_accept(FAKE_PAGE(3), K4);
	fake_share(3, 1);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "shared instead: nothing is left");
	pending(busy);
	c.behaviour.contain = 1;
	fake_start(&c);
	fake_accept(FAKE_PAGE(3), K4);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "a guest that need only contain may leave it");
	pending(busy);
	fake_accept(FAKE_PAGE(3), K4);
	td_finish(fake.td);
	tap_is(fake_all_violations(), 0, "a run that was cut off says nothing");
	pending((struct td_rule){ .first = 1000 });
	c.behaviour.aug = TD_AUG_4K;
	fake_start(&c);
	fake_accept(FAKE_RAM, M2);
	fake_power_off();
	tap_is(fake_violations(TD_V_ACCEPT_ABANDONED), 1, "2M refused, and nothing smaller tried");
	fake_start(&c);
	fake_accept(FAKE_RAM, M2);
	for (uint64_t page = 0; page < 512; page++)
		fake_accept(FAKE_PAGE(page), K4);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "page by page then");
	pending((struct td_rule){ .first = 1000 });
	fake_accept(FAKE_PAGE(0), K4);
	tap_is(fake_accept(FAKE_RAM, M2), MISMATCH_2M, "2M over a page that is there");
	for (uint64_t page = 1; page < 512; page++)
		fake_accept(FAKE_PAGE(page), K4);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "... leaves that one as it is");
}

static void test_taken_after_accept(void)
{
	const struct td_event *e;

	pending((struct td_rule){ .on = TD_ON_ACCEPT, .first = 2, .last = 2, .remove = 1 });
	fake_accept(FAKE_PAGE(0), K4);
	tap_is(fake_accept(FAKE_PAGE(1), K4), 0, "accepted, and then taken away");
	tap_is(td_real(fake.td, FAKE_PAGE(1)), TD_REAL_REMOVED, "... it is gone");
	tap_is(td_real(fake.td, FAKE_PAGE(0)), TD_REAL_MAPPED, "... and only it");
	e = fake_last(TD_EV_VMM_ACT);
	tap_ok(e->act.what == TD_ACT_REMOVED && e->act.gpa == FAKE_PAGE(1) && e->act.pages == 1,
	       "... the journal says so");
	tap_is(fake_touch(FAKE_PAGE(1), 0), TD_STOP, "... its use ends the TD");
	fake_power_off();
	tap_is(fake_class(TD_CLASS_VMM_CAUSED), 1, "... through the VMM's fault");
	tap_is(fake_all_violations(), 0, "... alone");
	pending((struct td_rule){ .on = TD_ON_ACCEPT, .last = 1, .remove = 512, .readd = 1 });
	fake_accept(FAKE_RAM, M2);
	tap_is(fake_real_pages(TD_REAL_PENDING), 1024, "replaced by empty pages, 2 MiB at once");
	tap_is(fake_last(TD_EV_VMM_ACT)->act.what, TD_ACT_EMPTIED, "... the journal says so");
	tap_is(fake_touch(FAKE_PAGE(1), 0), TD_STOP, "... they cannot be read as zeroes");
	tap_is(fake_class(TD_CLASS_VMM_CAUSED), 1, "... through the VMM's fault");
	tap_ok(fake_consistent(), "page tables and states agree");
}

/* A request of 8 pages for conversion 7. */
static bool answer_disturbs(uint64_t r10, uint32_t done)
{
	struct td_event e = td_event_new(TD_EV_MAPGPA, 0, 0);

	e.mapgpa = (struct td_record_mapgpa){ .gpa = FAKE_RAM | S, .bytes = 8 * TDX_PAGE_SIZE, .r10 = r10, .done = done,
					      .conversion = 7 };
	return td_event_disturbs(&e);
}

static bool accept_disturbs(uint64_t level, uint64_t status)
{
	struct td_event e = td_event_new(TD_EV_ACCEPT, 0, 0);

	e.accept = (struct td_record_accept){ .rcx = FAKE_RAM | level, .status = status };
	return td_event_disturbs(&e);
}

/* Which answers show that the VMM is not a willing one. */
static void test_disturbs(void)
{
	struct td_event refused = td_event_new(TD_EV_MAPGPA, 0, 0), act = td_event_new(TD_EV_VMM_ACT, 0, 0),
			open = td_event_new(TD_EV_OPEN, 0, 0);

	refused.mapgpa = (struct td_record_mapgpa){ FAKE_RAM | 1, 8 * TDX_PAGE_SIZE, TDVMCALL_ALIGN_ERROR, 0, 0, 0 };
	act.act = (struct td_record_act){ TD_ACT_REMOVED, FAKE_RAM, 1 };
	open.open = (struct td_record_open){ 7, FAKE_RAM | S, 8 };
	tap_ok(!answer_disturbs(TDVMCALL_SUCCESS, 8), "all, and SUCCESS: willing");
	tap_ok(answer_disturbs(TDVMCALL_SUCCESS, 7), "a lie");
	tap_ok(answer_disturbs(TDVMCALL_RETRY, 7), "a RETRY");
	tap_ok(answer_disturbs(TDVMCALL_RETRY, 8), "... though all is done");
	tap_ok(!td_event_disturbs(&refused), "a request that any VMM refuses");
	tap_ok(!accept_disturbs(TDX_LEVEL_4K, tdx_status(TDX_SUCCESS, 0)), "ACCEPT");
	tap_ok(accept_disturbs(TDX_LEVEL_4K, tdx_status(TDX_OPERAND_BUSY, 1)), "ACCEPT that is busy");
	tap_ok(!accept_disturbs(TDX_LEVEL_2M, MISMATCH_2M), "2 MiB in 4 KiB pages");
	tap_ok(accept_disturbs(TDX_LEVEL_4K, tdx_status(TDX_PAGE_SIZE_MISMATCH, 0)), "4 KiB are no size either");
	tap_ok(td_event_disturbs(&act), "a page taken away");
	tap_ok(!td_event_disturbs(&open), "the guest's own doing");
}

/* Behind the request lies what the VMM cannot take: that is no act of it. */
static void test_nothing_to_take(void)
{
	uint64_t before;

	fake_start_rule(1024, &(struct td_rule){ .complete = ALL, .remove = 8 });
	fake_share(8, 8);
	before = fake_count(TD_EV_VMM_ACT);
	fake_share(0, 8);
	tap_is(fake_count(TD_EV_VMM_ACT), before, "shared pages behind it: nothing is taken, and no act recorded");
	fake_share(20, 8);
	tap_is(fake_last(TD_EV_VMM_ACT)->act.pages, 8, "private ones: all of them");
	fake_share(1016, 8);
	tap_is(fake_count(TD_EV_VMM_ACT), before + 1, "the end of the RAM: none");
}

/* It is other pages that are converted. */
static void test_shift(void)
{
	fake_start_rule(1024, &(struct td_rule){ .complete = ALL, .last = 1, .shift = 16 });
	tap_is(fake_share(0, 8).r10, 0, "it says SUCCESS");
	tap_is(fake_real_pages(TD_REAL_SHARED), 8, "... and converts as many pages");
	tap_is(td_real(fake.td, FAKE_PAGE(16)), TD_REAL_SHARED, "... 16 further on");
	tap_is(td_real(fake.td, FAKE_PAGE(0)), TD_REAL_MAPPED, "... and none of those it was asked for");
	tap_ok(fake_last(TD_EV_VMM_ACT)->act.what == TD_ACT_MISCONVERTED &&
	       fake_last(TD_EV_VMM_ACT)->act.gpa == (FAKE_PAGE(16) | S),
	       "... the journal says so");
	tap_is(fake_last(TD_EV_MAPGPA)->mapgpa.done, 0, "... and that none of the request was converted");
	tap_is(fake_touch(FAKE_PAGE(17), 0), TD_STOP, "private data that was there is lost");
	fake_power_off();
	tap_is(fake_class(TD_CLASS_VMM_CAUSED), 1, "... through the VMM's fault");
	tap_is(fake_all_violations(), 0, "... alone");
	fake_start_rule(1024, &(struct td_rule){ .complete = ALL, .first = 2, .last = 2, .shift = -4 });
	fake_share(0, 8);
	fake_unshare(4, 4);
	tap_is(td_real(fake.td, FAKE_PAGE(2)), TD_REAL_PENDING, "to private, backwards: a page that was to stay shared");
	fake_page(FAKE_PAGE(2))->dirty = true;
	tap_is(fake_touch(FAKE_PAGE(1) | S, 0), TD_VE, "its shared alias is gone");
	fake_power_off();
	tap_is(fake_all_violations(), 0, "neither that nor a device that still writes there is the guest's fault");
	tap_ok(fake_class(TD_CLASS_VMM_CAUSED) == 2, "... but the VMM's, both");
	fake_start_rule(64, &(struct td_rule){ .complete = ALL, .shift = INT64_MIN });
	fake_share(0, 8);
	fake_start_rule(64, &(struct td_rule){ .complete = ALL, .shift = 1ll << 51 });
	fake_share(0, 8);
	fake_start_rule(64, &(struct td_rule){ .complete = ALL, .shift = -(int64_t)(FAKE_RAM / TDX_PAGE_SIZE) - 1 });
	fake_share(0, 8);
	tap_is(fake_count(TD_EV_VMM_ACT), 0, "beyond all memory there is nothing to convert");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 64, "... and nothing is");
	tap_ok(fake_consistent(), "page tables and states agree");
}

static void test_contents(void)
{
	fake_start_rule(16, &(struct td_rule){ .complete = ALL });
	fake_share(0, 8);
	tap_is(fake_page(FAKE_PAGE(3))->fill[TD_SHARED], TD_FILL_SCRAMBLE + 1, "a shared page holds nonsense");
	c = fake_config(16);
	c.behaviour.contents = TD_CONTENTS_ZEROED;
	fake_start(&c);
	fake_share(0, 8);
	tap_is(fake_page(FAKE_PAGE(3))->fill[TD_SHARED], TD_FILL_ZERO + 1, "... or zeroes");
	fake_unshare(0, 8);
	tap_is(fake_page(FAKE_PAGE(3))->fill[TD_SHARED], TD_FILL_POISON + 1, "... and poison, when it is private again");
}

static void test_keeps_r11(void)
{
	struct fake_answer a;

	fake_start_rule(16, &(struct td_rule){ .fail = TDVMCALL_SUBFUNC_UNSUPPORTED, .claim_base = TD_CLAIM_KEPT });
	a = fake_share(0, 8);
	tap_ok(a.r10 == TDVMCALL_SUBFUNC_UNSUPPORTED && a.r11 == GHCI_MAP_GPA, "R11 not written: the guest finds its own");
	tap_is(fake_last(TD_EV_MAPGPA)->mapgpa.r11, GHCI_MAP_GPA, "... and so does the journal");
	fake_start_rule(16, &(struct td_rule){ .fail = TDVMCALL_RETRY, .claim_base = TD_CLAIM_KEPT });
	fake_share(0, 8);
	tap_is(fake_known_pages(TD_KNOWN_CLAIMED_SHARED), 0, "which claims nothing");
}

/* Half a page a call, for ever on; the last half is granted, as it is no whole page. */
static void test_unaligned(void)
{
	struct td_rule half = { .min_pages = 1, .complete = 1, .fail = TDVMCALL_RETRY, .claim_base = TD_CLAIM_START,
				.claim_bytes = 2048 };
	uint64_t gpa = FAKE_RAM | S, end = FAKE_PAGE(8) | S, calls = 0;
	struct fake_answer a = { 0 };

	fake_start_rule(64, &half);
	a = fake_map_gpa(gpa, end - gpa);
	tap_is(a.r11, gpa + 2048, "R11 in the middle of a page");
	tap_is(fake_map_gpa(a.r11, end - a.r11).r10, TDVMCALL_ALIGN_ERROR, "a VMM that checks refuses what begins there");
	tap_is(fake_class(TD_CLASS_VMM_CAUSED), 1, "... and it is noted that the guest let itself be led");
	tap_is(fake_last(TD_EV_VERDICT)->verdict.violation, TD_V_UNALIGNED_REQUEST, "... by that name");
	tap_is(fake_map_gpa(FAKE_PAGE(5) + 1, 4096).r10, TDVMCALL_ALIGN_ERROR, "an unaligned request that nobody suggested");
	tap_is(fake_class(TD_CLASS_HAZARD), 1, "... is noted, and is no violation");
	c = fake_config(64);
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = half;
	c.behaviour.align = TD_ALIGN_IGNORED;
	fake_start(&c);
	for (a.r10 = TDVMCALL_RETRY; a.r10 == TDVMCALL_RETRY && calls < 100; gpa = a.r11, calls++)
		a = fake_map_gpa(gpa, end - gpa);
	tap_ok(a.r10 == 0 && calls == 16, "a VMM that does not check: 16 calls for 8 pages");
	tap_is(fake_real_pages(TD_REAL_SHARED), 8, "... all converted, and no more");
	tap_is(fake_known_pages(TD_KNOWN_CLAIMED_SHARED), 8, "... and claimed");
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "... as one conversion");
	c.behaviour.rules[0] = (struct td_rule){ .complete = 1 };
	fake_start(&c);
	a = fake_map_gpa((FAKE_PAGE(3) + 2048) | S, 3 * TDX_PAGE_SIZE);
	tap_ok(a.r10 == TDVMCALL_RETRY && a.r11 == (FAKE_PAGE(4) | S), "the truth about such a request is a page address");
	td_explore_begin(fake.td, 3);
	tap_is(fake_map_gpa((FAKE_PAGE(16) + 2048) | S, 4096).r10, TDVMCALL_ALIGN_ERROR,
	       "a tree of answers is of aligned requests");
	c.behaviour.nrules = 0;
	fake_start(&c);
	tap_is(fake_map_gpa(FAKE_PAGE(16) + 4095, 2).r10, 0, "two bytes across a page end");
	tap_is(fake_map_gpa((FAKE_PAGE(16) + 4095) | S, 2).r10, 0, "... to shared");
	tap_is(fake_real_pages(TD_REAL_SHARED), 2, "... are two pages");
	fake_power_off();
	tap_is(fake_all_violations(), 0, "no violation");
	tap_ok(fake_consistent(), "page tables and states agree");
}

static void add(struct td_found *found, enum td_class class, enum td_violation violation)
{
	struct td_event event = td_event_new(TD_EV_VERDICT, 0, 0);

	event.verdict.class = class;
	event.verdict.violation = violation;
	td_found_add(found, &event);
}

/* The first name is kept, with what had been answered before it; what the answers may excuse stands apart. */
static void test_found(void)
{
	struct td_event act = td_event_new(TD_EV_VMM_ACT, 0, 0);
	struct td_found found = { 0 };

	add(&found, TD_CLASS_VIOLATION, TD_V_ACCEPT_ABANDONED);
	add(&found, TD_CLASS_VIOLATION, TD_V_ABANDONED);
	tap_ok(found.given_up == TD_V_ACCEPT_ABANDONED && !found.first, "what was given up is no violation yet");
	add(&found, TD_CLASS_HAZARD, TD_V_EMPTY_REQUEST);
	add(&found, TD_CLASS_HAZARD, TD_V_BEYOND_GPAW);
	tap_ok(found.flaw == TD_V_EMPTY_REQUEST && !found.first, "a hazard neither");
	tap_is(td_found_cause(&found, TD_V_EMPTY_REQUEST), TD_CAUSE_CALLER, "its class is who called");
	add(&found, TD_CLASS_VIOLATION, TD_V_DOUBLE_ACCEPT);
	td_found_add(&found, &act);
	add(&found, TD_CLASS_VIOLATION, TD_V_SKIPPED_PAGES);
	tap_is(found.first, TD_V_DOUBLE_ACCEPT, "the first violation is kept");
	tap_is(td_found_cause(&found, TD_V_DOUBLE_ACCEPT), TD_CAUSE_PERMITTED, "its class is what had been done before it");
	tap_is(td_found_cause(&found, TD_V_FALSE_SUCCESS), TD_CAUSE_HOSTILE, "another's is what has been done by now");
	tap_ok(!found.vmm_caused, "the VMM has caused nothing");
	add(&found, TD_CLASS_VMM_CAUSED, TD_V_TD_LOST);
	tap_ok(found.vmm_caused, "... until it has");
	tap_is(found.first, TD_V_DOUBLE_ACCEPT, "... which is no violation");
	tap_is(td_found_cause(&(struct td_found){ 0 }, TD_V_NONE), TD_CAUSE_PERMITTED, "nothing was done by nobody");
}

int main(void)
{
	test_busy();
	test_busy_leaf();
	test_busy_by_turns();
	test_busy_matches();
	test_busy_by_chance();
	test_refused();
	test_abandoned();
	test_taken_after_accept();
	test_disturbs();
	test_found();
	test_nothing_to_take();
	test_shift();
	test_contents();
	test_keeps_r11();
	test_unaligned();
	return tap_done();
}
