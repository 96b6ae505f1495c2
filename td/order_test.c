/* SPDX-License-Identifier: MIT */
/* Conversions: requests in any order, and more at a time than there is room for. */
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

/* Requests of `step` pages each over what the first RETRY left, from both ends, from behind, every other one first. */
static void test_any_order(void)
{
	static const uint8_t orders[][6] = { { 0, 1, 2, 3, 4, 5 }, { 5, 4, 3, 2, 1, 0 }, { 0, 2, 4, 1, 3, 5 },
					     { 1, 3, 5, 4, 2, 0 }, { 3, 0, 5, 2, 4, 1 }, { 2, 3, 1, 4, 0, 5 } };
	char name[96];

	for (unsigned int to_shared = 0; to_shared < 2; to_shared++) {
		for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
			start(16, (struct td_rule){ .complete = 2, .last = 2, .min_pages = 14 });
			fake_share(0, 14);
			if (!to_shared) {
				fake_share(2, 12);
				fake_unshare(0, 14);
			}
			for (size_t k = 0; k < 6; k++)
				fake_map_gpa(FAKE_PAGE(2 + 2 * orders[i][k]) | (to_shared ? S : 0), 2 * TDX_PAGE_SIZE);
			snprintf(name, sizeof(name), "the rest in order %zu, to %s", i, to_shared ? "shared" : "private");
			tap_is(fake_known_pages(to_shared ? TD_KNOWN_CLAIMED_SHARED : TD_KNOWN_CLAIMED_PRIVATE), 14, name);
			fake_power_off();
			tap_is(fake_count(TD_EV_VERDICT), 0, "... leaves nothing, and is nobody's fault");
		}
	}
}

/* The VMM stalls at each place as often as it says, in whichever order it is asked. */
static void test_any_order_stalls(void)
{
	struct td_config c = fake_config(4096);

	c.behaviour.nrules = 2;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 1, .min_pages = 2 };
	c.behaviour.rules[1] = (struct td_rule){ .stalls = 2, .complete = 1 };
	c.runaway_calls = 8;
	fake_start(&c);
	fake_share(0, 2048);
	for (uint64_t i = 2047; i > 0; i--)
		for (int k = 0; k < 3; k++)
			fake_share(i, 1);
	tap_is(fake_known_pages(TD_KNOWN_CLAIMED_SHARED), 2048, "from behind, two stalls at each page");
	fake_power_off();
	tap_is(fake_count(TD_EV_VERDICT), 0, "... is neither a skip nor without bound");
}

/* Passed over, then asked for: given up is what is left of it. Passed over and undone: the guest knows. */
static void test_came_back(void)
{
	struct td_config c = fake_config(16);

	start(16, (struct td_rule){ .complete = 2, .last = 1 });
	fake_share(0, 8);
	fake_share(6, 2);
	fake_share(2, 2);
	fake_power_off();
	tap_ok(fake_all_violations() == 1 && fake_violations(TD_V_ABANDONED) == 1 &&
	       fake_last(TD_EV_VERDICT)->verdict.pages == 2,
	       "who came back for a part has abandoned the rest");
	start(16, (struct td_rule){ .complete = 2, .last = 1 });
	fake_share(0, 8);
	fake_share(6, 2);
	fake_unshare(0, 8);
	tap_ok(fake_all_violations() == 1 && fake_violations(TD_V_SKIPPED_PAGES) == 1,
	       "given back in the belief that all was done: skipped, too");
	fake_power_off();
	tap_is(fake_all_violations(), 1, "... once");
	start(16, (struct td_rule){ .complete = 2, .last = 2 });
	fake_share(0, 8);
	fake_share(4, 4);
	fake_unshare(0, 8);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "who could not finish what lies behind undoes in order");
	start(16, (struct td_rule){ .complete = 0, .last = 1 });
	fake_share(0, 8);
	fake_share(2, 6);
	fake_unshare(0, 8);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "so does who was kept waiting in front");
	c.behaviour = (struct td_behaviour){ .nrules = 2, .rules[0] = { .complete = 2, .last = 1 },
					     .rules[1] = { .complete = 0, .fail = INVALID, .first = 2, .last = 2 } };
	fake_start(&c);
	fake_share(0, 8);
	fake_share(6, 2);
	fake_unshare(0, 8);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "... and who was refused");
	c.behaviour = (struct td_behaviour){ .contain = 1, .nrules = 1, .rules[0] = { .complete = 2, .last = 1 } };
	fake_start(&c);
	fake_share(0, 8);
	fake_share(6, 2);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "where the VMM will not let it finish, a guest may leave a part");
}

static void test_many_open(void)
{
	uint64_t beyond = 4 * TD_MAX_CONVERSIONS;
	struct td_config c = fake_config(beyond + 16);

	c.runaway_calls = 100000;
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 1, .stalls = 2 };
	fake_start(&c);
	for (uint64_t i = 0; i < TD_MAX_CONVERSIONS; i++)
		fake_share(4 * i, 2);
	tap_is(fake_count(TD_EV_OPEN), TD_MAX_CONVERSIONS, "as many open conversions as there is room for");
	tap_is(fake_count(TD_EV_UNTRACKED), 0, "... are followed");
	tap_is(fake_share(beyond, 2).r10, RETRY, "one more is served");
	tap_is(fake_count(TD_EV_OPEN), TD_MAX_CONVERSIONS, "... though not booked");
	tap_ok(fake_count(TD_EV_UNTRACKED) == 1 && fake_last(TD_EV_UNTRACKED)->untracked.gpa == (FAKE_PAGE(beyond) | S) &&
	       fake_last(TD_EV_UNTRACKED)->untracked.pages == 2, "... which the journal says");
	tap_is(td_known(fake.td, FAKE_PAGE(beyond)), TD_KNOWN_CLAIMED_SHARED, "... its pages are known all the same");
	tap_is(fake_touch(FAKE_PAGE(beyond + 1) | S, TD_ACCESS_WRITE), TD_VE, "... and what is left is not to be used");
	fake_unshare(beyond, 2);
	tap_is(fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE), 1, "... as is seen when it is given back");
	fake_share(beyond + 4, 2);
	fake_share(beyond + 5, 1);
	tap_is(td_real(fake.td, FAKE_PAGE(beyond + 5)), TD_REAL_SHARED, "another one ends: no stall without end");
	tap_is(fake_count(TD_EV_UNTRACKED), 1, "it is said once");
	for (int i = 0; i < 3; i++)
		fake_share(0, 2);
	tap_is(td_real(fake.td, FAKE_PAGE(0)), TD_REAL_SHARED, "those that are booked go on");
	for (int i = 0; i < 3; i++)
		fake_share(1, 1);
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "... to their end");
	fake_share(beyond + 10, 2);
	tap_is(fake_count(TD_EV_OPEN), TD_MAX_CONVERSIONS + 1, "which makes room for one more");
	tap_ok(fake_consistent(), "all is sane");
	fake_power_off();
	tap_is(fake_violations(TD_V_ABANDONED), TD_MAX_CONVERSIONS, "and are abandoned at the end");
}

/* Passed over with no room for what lies behind: it goes on as one, and the journal says that it is not followed. */
static void test_no_room_behind(void)
{
	uint64_t beyond = 4 * TD_MAX_CONVERSIONS;
	struct td_config c = fake_config(beyond + 16);

	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 1 };
	fake_start(&c);
	for (uint64_t i = 0; i < TD_MAX_CONVERSIONS; i++)
		fake_share(4 * i, 2 + (i == 0));
	fake_share(2, 1);
	tap_is(fake_count(TD_EV_UNTRACKED), 1, "passed over, with no room");
	tap_ok(fake_consistent(), "... all is sane");
}

int main(void)
{
	test_any_order();
	test_any_order_stalls();
	test_came_back();
	test_many_open();
	test_no_room_behind();
	return tap_done();
}
