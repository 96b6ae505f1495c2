/* SPDX-License-Identifier: MIT */
/* Which configurations can be used, the storage that they need, and the beginning and end of a TD. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "td/state.h"
#include "wire/tap.h"

static struct td_config c;

/* One change to a configuration that can be used; name, and what is wrong after it. */
#define REFUSED(name, change) \
	do { \
		c = fake_config(16); \
		change; \
		tap_is(td_size(&c), 0, name); \
		tap_ok(fake_start(&c) == NULL, "... and cannot be started"); \
	} while (0)
#define TAKEN(name, change) \
	do { \
		c = fake_config(16); \
		change; \
		tap_ok(td_size(&c) != 0 && fake_start(&c) != NULL && fake_consistent(), name); \
	} while (0)

static void test_slots(void)
{
	REFUSED("no slot", c.nslots = 0);
	REFUSED("too many slots", c.nslots = TD_MAX_SLOTS + 1);
	REFUSED("an empty slot", c.slots[1].pages = 0);
	REFUSED("a misaligned slot", c.slots[0].gpa += 8);
	REFUSED("an unknown kind", c.slots[1].kind = TD_SLOT_MMIO + 1);
	REFUSED("slots out of order", c.slots[1].gpa = 0);
	REFUSED("slots that overlap", c.slots[1].gpa = FAKE_PAGE(15));
	REFUSED("a slot beyond S", c.slots[1].gpa = FAKE_S);
	REFUSED("a slot that reaches over S", c.slots[1].gpa = FAKE_S - TDX_PAGE_SIZE);
	REFUSED("a slot that wraps", c.slots[1].pages = UINT64_MAX);
	REFUSED("no RAM", c.slots[0].kind = TD_SLOT_MMIO);
	REFUSED("more RAM than can be counted", (c.slots[1].gpa = 1ull << 40, c.slots[1].pages = 1ull << 31,
						  c.slots[1].kind = TD_SLOT_RAM));
	TAKEN("slots that touch", c.slots[1].gpa = FAKE_PAGE(16));
	TAKEN("a slot up to S", (c.slots[1].gpa = FAKE_S - TDX_PAGE_SIZE, c.slots[1].pages = 1));
	TAKEN("RAM from 0 on", c.slots[0].gpa = 0);
	TAKEN("RAM of one page", c.slots[0].pages = 1);
	TAKEN("RAM that begins and ends within 2 MiB", (c.slots[0].gpa = FAKE_PAGE(5), c.slots[0].pages = 1600));
	TAKEN("one slot", c.nslots = 1);
}

static void test_all_slots(void)
{
	c = fake_config(16);
	for (c.nslots = 1; c.nslots < TD_MAX_SLOTS; c.nslots++)
		c.slots[c.nslots] = (struct td_slot){ FAKE_PAGE(20 * c.nslots), 16, TD_SLOT_RAM, c.nslots % 2 };
	tap_ok(fake_start(&c) != NULL && fake_consistent(), "as many slots as there may be");
	tap_is(fake_real_pages(TD_REAL_PENDING), TD_MAX_SLOTS / 2 * 16, "... half of them to be accepted");
	fake_page(FAKE_PAGE(20 * (TD_MAX_SLOTS - 1) + 15))->dirty = true;
	td_finish(fake.td);
	tap_is(fake_violations(TD_V_DMA_TO_PRIVATE), 1, "the last page of the last slot is looked at in the end");
	*td_page_at(fake.td, FAKE_PAGE(20 * (TD_MAX_SLOTS - 1) + 15)) = (struct td_page){ TD_REAL_NONE, TD_KNOWN_PRIVATE };
	tap_ok(!td_sane(fake.td), "... and by td_sane()");
}

static void test_others(void)
{
	REFUSED("GPAW 39", c.platform.gpaw = 39);
	REFUSED("GPAW 53", c.platform.gpaw = 53);
	TAKEN("GPAW 40", c.platform.gpaw = 40);
	TAKEN("GPAW 52", c.platform.gpaw = 52);
	REFUSED("no vCPU", c.vcpus = 0);
	REFUSED("too many vCPUs", c.vcpus = TD_MAX_VCPUS + 1);
	TAKEN("as many vCPUs as there may be", c.vcpus = TD_MAX_VCPUS);
	REFUSED("too many rules", c.behaviour.nrules = TD_MAX_RULES + 1);
	TAKEN("as many rules as there may be", c.behaviour.nrules = TD_MAX_RULES);
	REFUSED("unknown implicit", c.behaviour.implicit = TD_IMPLICIT_STOP + 1);
	REFUSED("unknown aug", c.behaviour.aug = TD_AUG_ACCEPT + 1);
	REFUSED("unknown old page", c.behaviour.old = TD_OLD_KEPT + 1);
	REFUSED("unknown registers", (c.behaviour.nrules = 1, c.behaviour.rules[0].registers = 2));
	REFUSED("unknown direction", (c.behaviour.nrules = 1, c.behaviour.rules[0].direction = 3));
	REFUSED("unknown direction of the second rule", (c.behaviour.nrules = 2, c.behaviour.rules[1].direction = 3));
	REFUSED("unknown base", (c.behaviour.nrules = 1, c.behaviour.rules[0].claim_base = 5));
	TAKEN("the last base", (c.behaviour.nrules = 1, c.behaviour.rules[0].claim_base = 4));
	REFUSED("unknown call", (c.behaviour.nrules = 1, c.behaviour.rules[0].on = 2));
	REFUSED("unknown contents", c.behaviour.contents = 2);
	REFUSED("unknown align", c.behaviour.align = 2);
	REFUSED("a code that ACCEPT does not give for a VMM's doing", (c.behaviour.nrules = 1, c.behaviour.rules[0].on = 1,
		c.behaviour.rules[0].fail = TDX_OPERAND_INVALID));
	TAKEN("PAGE_SIZE_MISMATCH", (c.behaviour.nrules = 1, c.behaviour.rules[0].on = 1,
		c.behaviour.rules[0].fail = TDX_PAGE_SIZE_MISMATCH));
	REFUSED("unknown S", (c.behaviour.nrules = 1, c.behaviour.rules[0].claim_s = 3));
	TAKEN("what is unknown in a rule that is not there", c.behaviour.rules[0].claim_s = 3);
}

static void test_storage(void)
{
	struct td td = *fake.td;
	size_t with, without;
	uint8_t *mem;

	c = fake_config(1000);
	without = td_size(&c);
	c.undo_steps = 1000;
	with = td_size(&c);
	tap_is(with - without, 1000 * sizeof(struct td_undo), "an undo log costs what it holds");
	tap_ok(without == 1000 * 2 + sizeof(struct td_storage), "storage: two bytes a page and a head");
	fake_start(&c);
	mem = malloc(with);
	memset(mem, 0xa5, with);
	tap_ok(!td_init(&td, mem, with - 1, &c), "a byte too little is too little");
	tap_is(mem[0] == 0xa5 && mem[with - 1] == 0xa5, true, "... and is not touched");
	tap_ok(td_init(&td, mem, with, &c) && td_sane(&td), "storage need not be cleared");
	free(mem);
}

static void test_start(void)
{
	const struct td_event *e;

	c = fake_config(1600);
	c.slots[0].gpa = FAKE_PAGE(5);
	c.seed = 77;
	fake_start(&c);
	e = fake_last(TD_EV_START);
	tap_ok(fake.nevents == 1 && e->start.gpaw == 48 && e->start.vcpus == 1 && e->start.pages == 1600 &&
	       e->start.seed == 77, "START says what");
	tap_is(fake_known_pages(TD_KNOWN_PRIVATE), 1600, "RAM is private and known to be");
	tap_is(fake_accept(FAKE_PAGE(511), TDX_LEVEL_4K), tdx_status(TDX_PAGE_ALREADY_ACCEPTED, 0), "4K where 2M is cut off");
	tap_is(fake_accept(FAKE_PAGE(512), TDX_LEVEL_4K), tdx_status(TDX_PAGE_ALREADY_ACCEPTED, 1), "2M inside");
	tap_is(fake_accept(FAKE_PAGE(1535), TDX_LEVEL_4K), tdx_status(TDX_PAGE_ALREADY_ACCEPTED, 1), "... to its end");
	tap_is(fake_accept(FAKE_PAGE(1536), TDX_LEVEL_4K), tdx_status(TDX_PAGE_ALREADY_ACCEPTED, 0), "... and no further");
	tap_ok(td_slot_of(fake.td, FAKE_PAGE(1605)) == NULL && td_slot_of(fake.td, FAKE_PAGE(1604)) != NULL &&
	       td_slot_of(fake.td, FAKE_PAGE(4)) == NULL, "the slot ends where it ends");
	tap_ok(td_slot_of(fake.td, FAKE_PAGE(5) | FAKE_S) == td_slot_of(fake.td, FAKE_PAGE(5)), "S does not matter to it");
	tap_ok(td_slot_of(fake.td, FAKE_PAGE(5) | FAKE_S << 1) == NULL, "... any other bit does");
	tap_is(td_real(fake.td, FAKE_MMIO), TD_REAL_NONE, "MMIO has no state");
	tap_is(td_known(fake.td, FAKE_MMIO), TD_KNOWN_NONE, "... that a guest could know");
}

static void test_end(void)
{
	c = fake_config(16);
	fake_start(&c);
	tap_is(td_stopped(fake.td), TD_RUNNING, "it runs");
	td_stop(fake.td, TD_STOP_ENGINE);
	td_stop(fake.td, TD_STOP_FATAL_ERROR);
	tap_is(td_stopped(fake.td), TD_STOP_ENGINE, "the first reason to stop counts");
	tap_is(fake_count(TD_EV_STOP), 1, "... and is said once");
	tap_is(fake_share(0, 1).action, TD_STOP, "nothing runs after it");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 16, "... or converts");
	td_finish(fake.td);
	tap_is(fake_count(TD_EV_CLOSE) + fake_count(TD_EV_VERDICT), 0, "nothing open, nothing wrong");
}

/* td_sane() sees what cannot be: the fuzzer relies on it. */
static void test_sane(void)
{
	struct td_page *page;

	c = fake_config(1024 + 16);
	fake_start(&c);
	page = td_page_at(fake.td, FAKE_PAGE(1030));
	tap_ok(td_sane(fake.td), "sane");
	*page = (struct td_page){ TD_REAL_NONE, TD_KNOWN_PRIVATE };
	tap_ok(!td_sane(fake.td), "a page that is nothing");
	*page = (struct td_page){ TD_REAL_REMOVED + 1, TD_KNOWN_PRIVATE };
	tap_ok(!td_sane(fake.td), "a page that is something unknown");
	*page = (struct td_page){ TD_REAL_MAPPED, TD_KNOWN_NONE };
	tap_ok(!td_sane(fake.td), "a page of which nothing is known");
	*page = (struct td_page){ TD_REAL_MAPPED, TD_KNOWN_UNKNOWN + 1 };
	tap_ok(!td_sane(fake.td), "a page of which too much is known");
	*page = (struct td_page){ TD_REAL_MAPPED | PAGE_LARGE, TD_KNOWN_PRIVATE };
	tap_ok(!td_sane(fake.td), "a 2 MiB leaf that starts nowhere");
	*page = (struct td_page){ TD_REAL_PENDING, TD_KNOWN_PRIVATE };
	tap_ok(td_sane(fake.td), "sane again");
	*td_page_at(fake.td, FAKE_PAGE(3)) = (struct td_page){ TD_REAL_PENDING, TD_KNOWN_PRIVATE };
	tap_ok(!td_sane(fake.td), "a hole in a 2 MiB leaf");
}

/* What a guest that reaches td by DMA could write there, to lead the command out of it. */
static void test_sane_bounds(void)
{
	c = fake_config(16);
	fake_start(&c);
	fake.td->mem->now.open_to = TD_MAX_CONVERSIONS + 1;
	tap_ok(!td_sane(fake.td), "more open conversions than there is room for");
	fake.td->mem->now.open_to = 0;
	fake.td->mem->now.vcpu = TD_MAX_VCPUS;
	tap_ok(!td_sane(fake.td), "a vCPU that there is not");
	fake.td->mem->now.vcpu = 0;
	fake.td->mem->first_page[0]++;
	tap_ok(!td_sane(fake.td), "pages elsewhere");
	fake.td->mem->first_page[0]--;
	fake.td->mem->config.slots[0].pages++;
	tap_ok(!td_sane(fake.td), "a longer slot");
	fake.td->mem->config.slots[0].pages--;
	fake.td->mem->s <<= 1;
	tap_ok(!td_sane(fake.td), "another shared bit");
	fake.td->mem->s >>= 1;
	fake.td->mem->undo_used = c.undo_steps + 1;
	tap_ok(!td_sane(fake.td), "more to undo than there is room for");
	fake.td->mem->undo_used = 0;
	tap_ok(td_sane(fake.td) && td_bytes(fake.td) == td_size(&c), "as it was");
	fake.td->mem->config.slots[0].pages++;
	tap_ok(td_bytes(fake.td) > td_size(&c), "a larger one is seen by its size, before anything is read beyond");
}

static bool sane_with(struct td_conversion a, struct td_conversion b, uint32_t open_to)
{
	fake.td->mem->now.conversions[0] = a;
	fake.td->mem->now.conversions[1] = b;
	fake.td->mem->now.open_to = open_to;
	return td_sane(fake.td);
}

/* Pages start, end and frontier. */
static struct td_conversion conv(unsigned int start, unsigned int end, unsigned int frontier)
{
	return (struct td_conversion){ .start = FAKE_PAGE(start), .end = FAKE_PAGE(end), .frontier = FAKE_PAGE(frontier) };
}

static void test_sane_conversions(void)
{
	c = fake_config(16);
	fake_start(&c);
	tap_ok(sane_with(conv(4, 8, 4), conv(8, 12, 12), 2), "neighbours");
	tap_ok(sane_with(conv(4, 8, 4), conv(0, 4, 0), 2), "neighbours, the other way round");
	tap_ok(!sane_with(conv(4, 8, 9), conv(8, 12, 12), 2), "a frontier beyond the end");
	tap_ok(!sane_with(conv(4, 8, 3), conv(8, 12, 12), 2), "a frontier before the start");
	tap_ok(!sane_with(conv(4, 8, 4), conv(7, 12, 12), 2), "two of one page");
	tap_ok(!sane_with(conv(4, 8, 4), conv(0, 5, 0), 2), "two of one page, the other way round");
	tap_ok(!sane_with(conv(4, 8, 4), conv(8, 12, 12), 1), "one that no search would find");
}

int main(void)
{
	test_slots();
	test_all_slots();
	test_others();
	test_storage();
	test_start();
	test_end();
	test_sane();
	test_sane_bounds();
	test_sane_conversions();
	return tap_done();
}
