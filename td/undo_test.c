/* SPDX-License-Identifier: MIT */
/* td_mark() and td_rollback(): after any steps everything is as it was, and goes on as it would have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake_walk.h"
#include "td/state.h"
#include "wire/tap.h"

#define WALKS	600
#define BEFORE	24	/* steps before the mark */
#define AFTER	24	/* and after it */
#define BYTES	1024

static uint8_t bytes[BYTES];

/* What a rollback has to bring back, and what an engine brings back itself: contents. */
struct past {
	struct td_state now;
	struct td_choices choices;
	struct td_page page[1024];
	struct fake_page engine[1024];
	struct fake_walk walk;
};

static struct past past, present;
static struct td_event first[4096];

static void fill(uint64_t seed)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;

	for (size_t i = 0; i < BYTES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[i] = (uint8_t)(x >> 32);
	}
}

static void keep(struct past *p, const struct fake_walk *w)
{
	p->now = fake.td->mem->now;
	p->choices = fake.td->mem->choices;
	memcpy(p->page, td_pages(fake.td), fake.td->mem->pages * sizeof(struct td_page));
	memcpy(p->engine, fake.pages, sizeof(p->engine));
	p->walk = *w;
}

/* Contents and choices are no business of td_rollback(). */
static void bring_back(struct fake_walk *w)
{
	for (size_t i = 0; i < 1024; i++) {
		memcpy(fake.pages[i].fill, past.engine[i].fill, sizeof(fake.pages[i].fill));
		fake.pages[i].dirty = past.engine[i].dirty;
	}
	fake.td->mem->choices = past.choices;
	*w = past.walk;
}

static bool as_before(void)
{
	return memcmp(&fake.td->mem->now, &past.now, sizeof(past.now)) == 0 &&
	       memcmp(td_pages(fake.td), past.page, fake.td->mem->pages * sizeof(struct td_page)) == 0 &&
	       memcmp(fake.pages, past.engine, sizeof(past.engine)) == 0 && fake_consistent();
}

static void steps(struct fake_walk *w, int n)
{
	for (int i = 0; i < n; i++)
		fake_walk_step(w);
}

struct outcome {
	uint32_t refused, different, other_way, changed, stopped;
};

static void go(uint64_t seed, struct outcome *o)
{
	struct fake_walk w;
	uint32_t marked, n;

	fill(seed);
	fake_walk_start(&w, bytes, BYTES, 20000);
	steps(&w, BEFORE);
	td_mark(fake.td);
	keep(&past, &w);
	marked = fake.nevents;
	steps(&w, AFTER);
	n = fake.nevents - marked < 4096 ? fake.nevents - marked : 4096;
	memcpy(first, fake.events + marked, n * sizeof(struct td_event));
	keep(&present, &w);
	o->changed += memcmp(past.page, present.page, sizeof(past.page)) != 0;
	o->stopped += past.now.stop == TD_RUNNING && present.now.stop != TD_RUNNING;
	o->refused += !td_rollback(fake.td);
	bring_back(&w);
	o->different += !as_before();
	fake.nevents = marked;
	steps(&w, AFTER);
	o->other_way += fake.nevents - marked != n || memcmp(first, fake.events + marked, n * sizeof(struct td_event)) != 0;
	o->refused += !td_rollback(fake.td);
	bring_back(&w);
	o->different += !as_before();
}

static void test_walks(void)
{
	struct outcome o = { 0 };

	for (uint64_t seed = 1; seed <= WALKS; seed++)
		go(seed, &o);
	tap_is(o.refused, 0, "600 random walks, each taken back twice");
	tap_is(o.different, 0, "... to the same states, page tables, conversions and everything else");
	tap_is(o.other_way, 0, "... from where they went the same way, event for event");
	tap_ok(o.changed > WALKS / 2, "most of them had changed pages");
	tap_ok(o.stopped > WALKS / 50, "some had ended the TD, which runs again");
}

static void test_refused(void)
{
	struct td_config c = fake_config(1024);

	fake_start(&c);
	tap_ok(!td_mark(fake.td), "without a log there is no mark");
	tap_ok(!td_rollback(fake.td), "... and no way back");
	c.undo_steps = 100;
	fake_start(&c);
	fake_share(0, 8);
	tap_ok(!td_rollback(fake.td), "nor without a mark");
	tap_is(fake_real_pages(TD_REAL_SHARED), 8, "... and nothing is taken back");
	tap_ok(td_mark(fake.td) && td_rollback(fake.td), "nothing to take back is taken back");
}

static void test_overflow(void)
{
	struct td_config c = fake_config(1024);
	struct fake_walk w = { 0 };

	c.undo_steps = 4;
	fake_start(&c);
	td_mark(fake.td);
	for (uint64_t i = 0; i < 64; i++)
		fake_share(4 * i + 1, 2);
	keep(&past, &w);
	tap_ok(!td_rollback(fake.td), "more changes than the log holds: no way back");
	tap_ok(as_before(), "... and nothing is changed by trying");
	fake_share(1000, 2);
	tap_is(td_real(fake.td, FAKE_PAGE(1000)), TD_REAL_SHARED, "the TD goes on");
	tap_ok(!td_rollback(fake.td), "... still without a way back");
	tap_ok(td_mark(fake.td), "a new mark");
	keep(&past, &w);
	fake_share(900, 1);
	tap_ok(td_rollback(fake.td), "... from which there is one");
	bring_back(&w);
	tap_ok(as_before(), "... to where it was set");
}

/* Costs are runs of equal pages, not pages. */
static void test_large(void)
{
	struct td_config c = fake_config(16384);

	c.undo_steps = 256;
	fake_start(&c);
	td_mark(fake.td);
	fake_share(0, 16384);
	tap_ok(td_rollback(fake.td), "a swiotlb of 64 MiB is taken back with 256 steps");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 16384, "... all of it");
	tap_is(fake_accept(FAKE_PAGE(600), TDX_LEVEL_4K), tdx_status(TDX_PAGE_ALREADY_ACCEPTED, 1), "... as 2 MiB leaves");
	tap_ok(fake_consistent(), "... in the page tables too");
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 1 };
	fake_start(&c);
	td_mark(fake.td);
	for (uint64_t i = 0; i < 16384; i++)
		fake_share(i, 16384 - i);
	td_mark(fake.td);
	fake_power_off();
	tap_is(fake_closed(TD_CLOSE_COMPLETE), 1, "a conversion of 16384 calls, complete");
	tap_ok(td_rollback(fake.td) && td_stopped(fake.td) == TD_RUNNING, "and the end can be taken back");
}

static void test_slots(void)
{
	struct td_config c = fake_config(16);

	c.slots[1] = (struct td_slot){ FAKE_PAGE(20), 16, TD_SLOT_RAM, 0 };
	c.undo_steps = 256;
	fake_start(&c);
	td_mark(fake.td);
	fake_share(0, 36);
	tap_is(fake_real_pages(TD_REAL_SHARED), 32, "one conversion over two slots of RAM");
	tap_ok(td_rollback(fake.td) && fake_consistent(), "... is taken back in both");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 32, "... as it was");
	c.slots[0].pending = c.slots[1].pending = 1;
	c.undo_steps = 4;
	fake_start(&c);
	td_mark(fake.td);
	for (uint64_t i = 0; i < 36; i++)
		if (i < 16 || i >= 20)
			fake_accept(FAKE_PAGE(i), TDX_LEVEL_4K);
	tap_is(fake_real_pages(TD_REAL_MAPPED), 32, "page by page over both");
	tap_ok(td_rollback(fake.td) && fake_consistent(), "... is a step for each slot");
	tap_is(fake_real_pages(TD_REAL_PENDING), 32, "... and taken back in both");
}

int main(void)
{
	test_walks();
	test_refused();
	test_overflow();
	test_large();
	test_slots();
	return tap_done();
}
