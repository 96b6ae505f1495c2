/* SPDX-License-Identifier: MIT */
/* The fingerprint: the way back leads to the same one, other ways to the same state too; what matters moves it. */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/explore.h"
#include "td/fake.h"
#include "wire/tap.h"

static uint64_t print(void)
{
	return td_fingerprint(fake.td);
}

static struct td *start(uint64_t runaway_calls)
{
	struct td_config config = fake_config(16);

	config.undo_steps = 1000;
	config.runaway_calls = runaway_calls;
	fake_start(&config);
	td_explore_begin(fake.td, 8);
	td_explore_choices(fake.td)->answer[0] = TD_ANSWER_STALL;
	td_explore_choices(fake.td)->named = td_explore_choices(fake.td)->depth = 1;
	td_mark(fake.td);
	return fake.td;
}

/* Each page counts, the last as the first: no two TDs are alike that differ in which page is shared. */
static void each_page(void)
{
	uint64_t prints[16];
	unsigned int alike = 0;

	for (unsigned int page = 0; page < 16; page++) {
		start(UINT64_MAX);
		td_explore_choices(fake.td)->named = td_explore_choices(fake.td)->depth = 0;
		fake_share(page, 1);
		prints[page] = td_fingerprint(fake.td);
		for (unsigned int before = 0; before < page; before++)
			alike += prints[before] == prints[page];
	}
	tap_is(alike, 0, "each page counts");
}

int main(void)
{
	uint64_t fresh, half, stalled;

	start(1000);
	fresh = print();
	tap_ok(fake_share(0, 4).r10 == TDVMCALL_RETRY && print() != fresh, "an open conversion moves it");
	stalled = print();
	tap_ok(fake_share(0, 4).r10 == TDVMCALL_SUCCESS && print() != stalled, "shared pages move it");
	half = print();
	td_rollback(fake.td);
	tap_is(print(), fresh, "the way back leads to the same");

	start(1000);
	fake_share(0, 4);
	tap_is(print(), stalled, "another TD with the same past has the same");
	fake_share(0, 2);
	fake_share(2, 2);
	tap_is(print(), half, "and so has one that got there in other steps, though its journal is another");

	start(UINT64_MAX);
	fake_share(0, 4);
	stalled = print();
	td_explore_choices(fake.td)->limit = 1;	/* and again, for ever */
	fake_share(0, 4);
	tap_is(print(), stalled, "fruitless calls are no state when nothing asks for them");
	start(1000);
	fake_share(0, 4);
	stalled = print();
	td_explore_choices(fake.td)->limit = 1;
	fake_share(0, 4);
	tap_ok(print() != stalled, "... and are when they may be too many");
	td_stop(fake.td, TD_STOP_ENGINE);
	half = print();
	td_finish(fake.td);
	tap_ok(half != print(), "the end moves it");
	each_page();
	return tap_done();
}
