/* SPDX-License-Identifier: MIT */
/* When it is too much: calls that bring nothing new, and calls that only seem to. */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define S	FAKE_S
#define RETRY	TDVMCALL_RETRY

static void start(uint64_t pages, struct td_rule rule)
{
	fake_start_rule(pages, &rule);
}

static enum td_action last_action;

/* MapGPA of the same, over and over, as long as the TD runs and at most so often. */
static uint64_t ask(uint64_t at_most, uint64_t first, uint64_t pages)
{
	uint64_t calls = 0;

	do {
		last_action = fake_share(first, pages).action;
		calls++;
	} while (calls < at_most && last_action == TD_NEXT);
	return calls;
}

static void test_runaway(void)
{
	start(16, (struct td_rule){ .complete = 0 });
	tap_is(ask(5000, 0, 8), 1009, "no page in 1009 calls where 1000, and one for each page, are too many");
	tap_is(last_action, TD_STOP, "... ends the TD");
	tap_is(td_stopped(fake.td), TD_STOP_RUNAWAY, "... as a runaway");
	td_finish(fake.td);
	tap_ok(fake_all_violations() == 1 && fake_violations(TD_V_RUNAWAY) == 1, "one violation: it did not give up");
	start(16, (struct td_rule){ .complete = 4 });
	tap_is(ask(5000, 0, 8), 1010, "always from the start, over the same 4 pages: a runaway too");
	start(16, (struct td_rule){ .complete = 0 });
	tap_is(ask(5000, 0, 0), 1001, "invalid requests count");
	start(32768, (struct td_rule){ .complete = 1 });
	for (uint64_t i = 0; i < 20000; i++)
		fake_share(i, 20000 - i);
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "20000 calls of a page each are long, but no runaway");
	start(4096, (struct td_rule){ .complete = 1, .fail = RETRY });
	for (int pass = 0; pass < 2; pass++)
		for (uint64_t i = 0; i < 2048; i++)
			fake_share(i, 2048 - i);
	tap_is(td_stopped(fake.td), TD_RUNNING, "once more, page by page, because it was never said to be done");
	for (uint64_t i = 0; i < 2048; i++)
		fake_share(i, 2048 - i);
	tap_is(td_stopped(fake.td), TD_STOP_RUNAWAY, "... but not for ever");
	start(16, (struct td_rule){ .complete = 0 });
	for (int i = 0; i < 1017; i++)
		last_action = fake_map_gpa(FAKE_MMIO | S, 1 << 30).action;
	tap_is(last_action, TD_STOP, "1 GiB of devices is no excuse where there are 16 pages");
	start(16, (struct td_rule){ .complete = 1, .stalls = 999 });
	ask(1000, 0, 2);
	ask(999, 1, 1);
	tap_is(td_stopped(fake.td), TD_RUNNING, "999 calls without a page, one with, 999 without");
	tap_is(fake_share(1, 1).r10, 0, "... and done");
}

/* Script L: R11 jumps to and fro within the request. Every other call claims a page, never a new one. */
static void test_zigzag(void)
{
	struct td_config c = fake_config(16);
	uint64_t at = 0, calls = 0;

	c.behaviour.nrules = 3;
	c.behaviour.rules[0] = (struct td_rule){ .last = 1, .fail = RETRY, .claim_base = TD_CLAIM_START, .claim_pages = 2 };
	c.behaviour.rules[1] = (struct td_rule){ .first = 2, .step = 2, .fail = RETRY, .claim_base = TD_CLAIM_START,
						 .claim_pages = -1 };
	c.behaviour.rules[2] = (struct td_rule){ .first = 3, .step = 2, .fail = RETRY, .claim_base = TD_CLAIM_START,
						 .claim_pages = 1 };
	fake_start(&c);
	for (; calls < 5000 && td_stopped(fake.td) == TD_RUNNING; calls++)
		at = ((fake_share(at, 8 - at).r11 & ~S) - FAKE_RAM) / TDX_PAGE_SIZE;
	tap_is(calls, 1010, "to and fro for ever is a runaway");
}

int main(void)
{
	test_runaway();
	test_zigzag();
	return tap_done();
}
