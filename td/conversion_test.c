/* SPDX-License-Identifier: MIT */
/* Conversions: what is said of a guest that goes on after RETRY, or does not. */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "td/state.h"
#include "wire/tap.h"

#define S		FAKE_S
#define INVALID		TDVMCALL_INVALID_OPERAND
#define RETRY		TDVMCALL_RETRY

static void start(uint64_t pages, struct td_rule rule)
{
	fake_start_rule(pages, &rule);
}

/* CLOSE: how, pages, done, calls, retries, stalls, longest run of stalls. */
static bool closed(enum td_close how, uint64_t pages, uint64_t done, uint64_t calls, uint64_t retries, uint64_t stalls,
		   uint64_t run)
{
	const struct td_record_close *c = &fake_last(TD_EV_CLOSE)->close;

	return c->how == how && c->pages == pages && c->done == done && c->calls == calls && c->retries == retries &&
	       c->stalls == stalls && c->longest == run;
}

static void test_continuation(void)
{
	start(16, (struct td_rule){ .complete = 2 });
	tap_is(fake_share(0, 8).r11, FAKE_PAGE(2) | S, "2 of 8 pages");
	tap_is(fake_known_pages(TD_KNOWN_CLAIMED_SHARED), 2, "... of which the guest knows");
	tap_is(fake_known_pages(TD_KNOWN_TO_SHARED), 6, "... the others are under way");
	fake_share(2, 6);
	fake_share(4, 4);
	tap_is(fake_count(TD_EV_CLOSE), 0, "still open after 6");
	tap_is(fake_share(6, 2).r10, 0, "the last 2");
	tap_ok(closed(TD_CLOSE_COMPLETE, 8, 8, 4, 3, 0, 0), "one conversion: 4 calls, 3 RETRY");
	tap_is(fake_count(TD_EV_OPEN), 1, "... opened once");
	tap_ok(fake_last(TD_EV_OPEN)->open.conversion == 1 && fake_last(TD_EV_OPEN)->open.gpa == (FAKE_RAM | S) &&
	       fake_last(TD_EV_OPEN)->open.pages == 8, "... as the journal says");
	fake_share(8, 4);
	fake_share(10, 1);
	tap_is(fake_count(TD_EV_CLOSE), 1, "a request that continues may be shorter");
	fake_share(11, 3);
	fake_share(13, 1);
	tap_ok(closed(TD_CLOSE_COMPLETE, 6, 6, 4, 2, 0, 0), "... and longer: the conversion grows");
	fake_power_off();
	tap_is(fake_count(TD_EV_VERDICT), 0, "nothing is wrong with that");
}

static void test_skipped(void)
{
	const struct td_event *e;

	start(16, (struct td_rule){ .complete = 2 });
	fake_share(0, 8);
	fake_share(4, 4);
	fake_share(6, 2);
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "beyond the frontier: what is done there is done");
	tap_is(fake_known_pages(TD_KNOWN_TO_SHARED), 2, "... and what was passed over can still be asked for");
	tap_is(fake_count(TD_EV_VERDICT), 0, "... so that nothing is wrong yet");
	tap_is(fake_touch(FAKE_PAGE(3) | S, 0), TD_VE, "nobody may use it meanwhile");
	td_moved_on(fake.td);
	tap_ok(fake_violations(TD_V_SKIPPED_PAGES) == 1 && fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE) == 1,
	       "an engine that takes the guest back then hears of both");
	fake.nevents = 0;
	fake.td->mem->now.last_verdict = 0;
	fake_power_off();
	e = fake_last(TD_EV_VERDICT);
	tap_is(fake_violations(TD_V_SKIPPED_PAGES), 1, "never asked for again: skipped-pages");
	tap_ok(e->verdict.gpa == (FAKE_PAGE(2) | S) && e->verdict.pages == 2 && e->verdict.detail == FAKE_PAGE(4),
	       "... which names the first, how many, and where it went on");
	tap_is(fake_all_violations(), 1, "... and nothing else");
}

/* Pages 2 and 3 were passed over, up to 8. Then what begins at `page` is refused, of this direction. */
static uint64_t skipped_then_refused(uint64_t page, bool shared)
{
	struct td_config c = fake_config(16);

	c.behaviour.nrules = 2;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 2, .last = 3 };
	c.behaviour.rules[1] = (struct td_rule){ .complete = 0, .fail = TDVMCALL_INVALID_OPERAND };
	fake_start(&c);
	fake_share(0, 8);
	fake_share(4, 4);
	fake_share(6, 2);
	if (shared)
		fake_share(page, 1);
	else
		fake_unshare(page, 1);
	fake_power_off();
	return fake_violations(TD_V_SKIPPED_PAGES);
}

static void test_refused_elsewhere(void)
{
	tap_is(skipped_then_refused(7, true), 0, "what lay behind was refused: no reason to come back");
	tap_is(skipped_then_refused(12, true), 1, "... but it is no reason where nobody had gone on to");
	tap_is(skipped_then_refused(12, false), 1, "... nor the other way");
}

/* A request from the start again is about all of its pages, whatever was claimed of them before. */
static void test_restart_stalls(void)
{
	struct td_config c = fake_config(16);

	c.behaviour.nrules = 2;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 4, .last = 1 };
	c.behaviour.rules[1] = (struct td_rule){ .complete = 0 };
	fake_start(&c);
	fake_share(0, 8);
	fake_share(0, 8);
	tap_is(fake_known_pages(TD_KNOWN_TO_SHARED), 8, "asked for again and not answered: nothing is claimed any more");
	tap_is(fake_real_pages(TD_REAL_SHARED), 4, "... though 4 are shared");
	fake_power_off();
	tap_is(fake_last(TD_EV_VERDICT)->verdict.pages, 8, "... and all 8 can be abandoned");
}

/* Claimed up to 6, then only 0 to 3 of them again: 3 is what a skip begins with. */
static void test_restart_in_part(void)
{
	struct td_config c = fake_config(16);

	c.behaviour.nrules = 2;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 6, .last = 1 };
	c.behaviour.rules[1] = (struct td_rule){ .complete = 2, .first = 2, .last = 2 };
	fake_start(&c);
	fake_share(0, 8);
	fake_share(0, 4);
	fake_share(2, 1);
	fake_share(4, 4);
	fake_power_off();
	tap_is(fake_violations(TD_V_SKIPPED_PAGES), 1, "what was asked for again and not claimed again is skipped");
	tap_ok(fake_last(TD_EV_VERDICT)->verdict.gpa == (FAKE_PAGE(3) | S) && fake_last(TD_EV_VERDICT)->verdict.pages == 1,
	       "... just that page");
}

static void test_restart(void)
{
	start(16, (struct td_rule){ .complete = 4, .last = 1 });
	fake_share(0, 8);
	tap_is(fake_share(0, 8).r10, 0, "from the start again");
	tap_ok(closed(TD_CLOSE_COMPLETE, 8, 8, 2, 1, 0, 0), "... is the same conversion");
	start(16, (struct td_rule){ .complete = 4, .last = 1 });
	fake_share(4, 8);
	fake_share(0, 12);
	tap_ok(closed(TD_CLOSE_COMPLETE, 12, 12, 2, 1, 0, 0), "from before the start: it grows downwards");
	start(16, (struct td_rule){ .complete = 4, .last = 1 });
	fake_share(0, 8);
	fake_share(2, 1);
	tap_is(fake_count(TD_EV_CLOSE), 0, "a part in the middle of what is claimed, once more");
	fake_share(4, 4);
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "... then on from where it was");
	start(16, (struct td_rule){ .complete = 4, .last = 1, .direction = TD_MATCH_ANY });
	fake_unshare(0, 8);
	fake_accept(FAKE_PAGE(3), TDX_LEVEL_4K);
	fake_unshare(1, 1);
	fake_unshare(4, 4);
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "the same towards private, with some accepted");
	fake_power_off();
	tap_is(fake_all_violations(), 0, "a restart is allowed");
}

static void test_opposite(void)
{
	start(16, (struct td_rule){ .complete = 4, .last = 1 });
	fake_share(0, 8);
	fake_unshare(0, 8);
	tap_is(fake_closed(TD_CLOSE_UNDONE), 1, "the opposite direction undoes it");
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "... and is complete itself");
	for (uint64_t i = 0; i < 8; i++)
		fake_accept(FAKE_PAGE(i), TDX_LEVEL_4K);
	tap_is(fake_known_pages(TD_KNOWN_PRIVATE), 16, "... after which all is accepted and known");
	start(16, (struct td_rule){ .complete = 4, .last = 1 });
	fake_share(0, 8);
	fake_unshare(0, 4);
	tap_is(fake_known_pages(TD_KNOWN_UNKNOWN), 4, "undone in part: what is left nobody may use");
	fake_power_off();
	tap_is(fake_all_violations(), 0, "undoing is no violation");
}

static void test_merge(void)
{
	start(16, (struct td_rule){ .complete = 0, .last = 2 });
	fake_share(0, 4);
	fake_share(6, 4);
	tap_is(fake_count(TD_EV_OPEN), 2, "two that do not touch are two");
	tap_is(fake_share(0, 10).r10, 0, "one over both");
	tap_is(fake_closed(TD_CLOSE_MERGED), 1, "takes in the other");
	tap_ok(closed(TD_CLOSE_COMPLETE, 10, 10, 2, 1, 1, 1), "... and completes");
	start(16, (struct td_rule){ .complete = 0, .last = 2 });
	fake_share(8, 4);
	fake_share(0, 8);
	fake_share(4, 8);
	fake_power_off();
	tap_is(fake_violations(TD_V_SKIPPED_PAGES), 1, "one that starts within, beyond the frontier, skips pages");
	tap_is(fake_last(TD_EV_VERDICT)->verdict.pages, 4, "... whichever was opened first");
	tap_is(fake_violations(TD_V_ABANDONED), 0, "... and none is left");
}

static void test_merge_in_part(void)
{
	start(16, (struct td_rule){ .complete = 0, .last = 2 });
	fake_share(0, 4);
	fake_share(6, 4);
	fake_share(0, 8);
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 0, "one over the first and a part of the other is done: the rest is open");
	tap_is(td_known(fake.td, FAKE_PAGE(9)), TD_KNOWN_TO_SHARED, "... and still asked for");
	fake_power_off();
	tap_ok(fake_violations(TD_V_ABANDONED) == 1 && fake_last(TD_EV_VERDICT)->verdict.pages == 2,
	       "... and can be abandoned");
}

/* What was claimed of one that is taken in stays claimed, and is found when the frontier comes there. */
static void test_merge_claimed(void)
{
	struct td_config c = fake_config(16);

	c.behaviour.nrules = 2;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 0, .last = 1 };
	c.behaviour.rules[1] = (struct td_rule){ .complete = 2, .first = 2, .last = 2 };
	fake_start(&c);
	fake_share(0, 4);
	fake_share(6, 4);
	fake_share(0, 7);
	fake_share(8, 2);
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "over the first and a page of the other, then on where that had come to");
	fake_power_off();
	tap_is(fake_count(TD_EV_VERDICT), 0, "... is in order");
}

/* What is not done is asked for, in a request that grows, and nobody's after a refusal. */
static void test_booked(void)
{
	struct td_config c = fake_config(16);

	c.behaviour.nrules = 2;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 2, .last = 1 };
	c.behaviour.rules[1] = (struct td_rule){ .complete = 0 };
	fake_start(&c);
	fake_share(0, 4);
	fake_share(2, 6);
	tap_is(fake_known_pages(TD_KNOWN_TO_SHARED), 6, "on from the frontier and beyond the end: all of it is asked for");
	c.behaviour.nrules = 3;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 6, .last = 1 };
	c.behaviour.rules[1] = (struct td_rule){ .complete = 2, .last = 2 };
	c.behaviour.rules[2] = (struct td_rule){ .complete = 0 };
	fake_start(&c);
	fake_share(0, 8);
	fake_share(0, 4);
	fake_share(2, 6);
	tap_is(fake_known_pages(TD_KNOWN_TO_SHARED), 6, "so is what was claimed behind the frontier, and is asked for again");
	start(16, (struct td_rule){ .complete = 2, .fail = INVALID, .first = 2 });
	fake_share(0, 8);
	fake_unshare(0, 8);
	tap_ok(fake_known_pages(TD_KNOWN_UNKNOWN) == 8 && fake_known_pages(TD_KNOWN_TO_PRIVATE) == 0,
	       "asked for back and refused: nobody knows");
}

/* Two vCPUs convert neighbouring ranges at once, towards both directions. */
static void test_adjacent(void)
{
	struct td_config c = fake_config(32);

	c.vcpus = 2;
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 1 };
	fake_start(&c);
	for (uint64_t i = 0; i < 8; i++) {
		fake_share(i, 8 - i);
		fake_share(8 + i, 8 - i);
		fake_unshare(16 + i, 8 - i);
	}
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 3, "adjacent ranges, a page of each in turn: three conversions");
	tap_is(fake_count(TD_EV_OPEN), 3, "... each its own");
	fake_power_off();
	tap_is(fake_count(TD_EV_VERDICT), 0, "nothing is wrong with that");
}

static void test_abandoned(void)
{
	const struct td_event *e;

	start(16384, (struct td_rule){ .complete = 512 });
	fake_share(0, 16384);
	tap_is(fake_count(TD_EV_VERDICT), 0, "one call, then nothing: open as long as the TD runs");
	tap_is(fake_touch(FAKE_PAGE(600) | S, TD_ACCESS_WRITE), TD_VE, "a touch of what is under way");
	tap_is(fake_all_violations(), 0, "... is no fault yet");
	fake_power_off();
	tap_ok(closed(TD_CLOSE_ABANDONED, 16384, 512, 1, 1, 0, 0), "at the end: abandoned, 512 of 16384 done, one RETRY");
	e = fake_last(TD_EV_VERDICT);
	tap_ok(fake_all_violations() == 1 && fake_violations(TD_V_ABANDONED) == 1 &&
	       e->verdict.gpa == (FAKE_PAGE(512) | S) && e->verdict.pages == 15872,
	       "the violation: 15872 pages from the frontier on");
	tap_ok(e->rip == 0x1234 && e->verdict.detail == (FAKE_PAGE(600) | S), "... and who used them");
	start(16, (struct td_rule){ .complete = 4, .first = 2 });
	fake_share(0, 8);
	fake_unshare(0, 8);
	fake_power_off();
	tap_is(fake_violations(TD_V_ABANDONED), 1, "towards private as well");
	tap_is(fake_last(TD_EV_VERDICT)->verdict.gpa, FAKE_PAGE(4), "... without S");
}

/* What is a use of a conversion that is open: a touch of what is not claimed. More of it in uses_test. */
static void test_used(void)
{
	start(16, (struct td_rule){ .complete = 0 });
	fake_share(0, 8);
	fake_touch(FAKE_PAGE(0) | S, 0);
	fake_power_off();
	tap_is(fake_last(TD_EV_VERDICT)->verdict.detail, FAKE_PAGE(0) | S, "a touch of its first byte is a use");
	start(16, (struct td_rule){ .complete = 0 });
	fake_share(0, 8);
	fake_touch(FAKE_PAGE(0) | S, TD_ACCESS_SPLIT);
	fake_touch(FAKE_PAGE(8) | S, 0);
	fake_power_off();
	tap_is(fake_last(TD_EV_VERDICT)->verdict.detail, 0, "a load that strayed into it is none, nor is a touch behind it");
	start(16, (struct td_rule){ .complete = 0 });
	fake_share(0, 8);
	fake_touch(FAKE_PAGE(2) | S, 0);
	fake_share(0, 8);
	fake_power_off();
	tap_is(fake_last(TD_EV_VERDICT)->verdict.detail, FAKE_PAGE(2) | S, "a request after the touch does not clear it");
	start(16, (struct td_rule){ .fail = RETRY, .claim_base = TD_CLAIM_START, .claim_pages = 4 });
	fake_share(0, 8);
	fake_touch(FAKE_PAGE(2) | S, 0);
	fake_power_off();
	tap_is(fake_last(TD_EV_VERDICT)->verdict.detail, 0, "a touch of what the VMM had claimed: none");
}

/* A VMM that does not let the guest finish: giving up is right, using the rest is not. */
static void test_contained(void)
{
	struct td_config c = fake_config(16);

	c.behaviour = (struct td_behaviour){ .contain = 1, .nrules = 1, .rules[0] = { .complete = 4 } };
	fake_start(&c);
	fake_share(0, 8);
	fake_power_off();
	tap_ok(closed(TD_CLOSE_ABANDONED, 8, 4, 1, 1, 0, 0), "given up under a VMM that is to be contained");
	tap_is(fake_all_violations(), 0, "... is no violation");
	fake_start(&c);
	fake_share(0, 8);
	fake_touch(FAKE_PAGE(5) | S, 0);
	fake_power_off();
	tap_is(fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE), 1, "... unless what was not done was used");
	tap_ok(fake_last(TD_EV_VERDICT)->verdict.gpa == (FAKE_PAGE(5) | S) && fake_last(TD_EV_VERDICT)->rip == 0x1234,
	       "... and it is the use that is named");
	tap_is(fake_all_violations(), 1, "... alone");
}

static void test_cut_off(void)
{
	start(16, (struct td_rule){ .complete = 4 });
	fake_share(0, 8);
	td_finish(fake.td);
	tap_is(fake_closed(TD_CLOSE_CUT_OFF), 1, "a run cut off from outside");
	tap_is(fake_all_violations(), 0, "... says nothing about the guest");
	tap_is(fake_count(TD_EV_VERDICT), 0, "... nothing at all");
	start(16, (struct td_rule){ .complete = 4, .remove = 1 });
	fake_share(0, 8);
	fake_touch(FAKE_PAGE(8), 0);
	td_finish(fake.td);
	tap_is(fake_closed(TD_CLOSE_CUT_OFF), 1, "nor does one that the VMM killed");
	tap_is(fake_all_violations(), 0, "... and it is no violation");
}

int main(void)
{
	test_continuation();
	test_skipped();
	test_refused_elsewhere();
	test_restart_stalls();
	test_restart_in_part();
	test_restart();
	test_opposite();
	test_merge();
	test_merge_in_part();
	test_merge_claimed();
	test_booked();
	test_adjacent();
	test_abandoned();
	test_used();
	test_contained();
	test_cut_off();
	return tap_done();
}
