/* SPDX-License-Identifier: MIT */
/* What a guest asked for in vain: each kind once, however often. */
#include "cli/testing.h"
#include "cli/verdict/unserved.h"

static struct td_event events[32];
static struct records records = { .all = events };

static void hypercall(uint64_t subfn, uint64_t r10, uint64_t status)
{
	events[records.count++] = (struct td_event){ .type = TD_EV_HYPERCALL,
						     .hypercall = { .subfn = subfn, .r10 = r10, .status = status } };
}

static void refused(uint64_t mask)
{
	events[records.count++] = (struct td_event){ .type = TD_EV_REFUSED, .refused = { .mask = mask } };
}

static struct unserved read_all(void)
{
	struct unserved u;

	unserved_read(&u, &records);
	return u;
}

static void test_kinds(void)
{
	struct unserved u = read_all();

	tap_is(u.count, 0, "of nothing nothing");
	events[records.count++] = (struct td_event){ .type = TD_EV_MAPGPA };
	hypercall(7, 0, 1);
	hypercall(8, 0, 1);
	refused(0x3c00);
	hypercall(7, 0, 1);
	refused(0x3c00);
	refused(0x3c01);
	hypercall(7, 1, 1);
	hypercall(7, 0, 2);
	u = read_all();
	tap_is(u.count, 6, "what differs in subfunction, R10, status or mask is another");
	tap_ok(u.all[0].event == &events[1] && u.all[2].event == &events[3], "the first of its kind, in their order");
	tap_is(u.all[0].times, 2, "the first came twice");
	tap_is(u.all[1].times, 1, "the second once");
	tap_is(u.all[2].times, 2, "a refused mask twice");
	tap_is(u.others, 0, "none is left out");
	records.count--;
	u = read_all();
	tap_is(u.count, 5, "what lies behind the last record is none");
}

/* A refused mask is known by the mask alone, and by being one. */
static void test_refused(void)
{
	struct unserved u;

	records.count = 0;
	refused(0x3c00);
	refused(0x3c00);
	events[1].refused.subfn = 5;
	refused(0x3c01);
	refused(0x3c01);
	refused(0x3c01);
	hypercall(0, 0, 0);
	events[5].refused.mask = 0x3c00;
	u = read_all();
	tap_is(u.count, 3, "two masks, and a hypercall");
	tap_is(u.all[0].times, 2, "one mask, whatever was asked with it");
	tap_is(u.all[1].times, 3, "the other");
}

static void test_room(void)
{
	struct unserved u;

	records.count = 0;
	for (uint64_t i = 0; i < UNSERVED_MOST + 2; i++)
		hypercall(i, 0, 1);
	hypercall(0, 0, 1);
	u = read_all();
	tap_is(u.count, UNSERVED_MOST, "no more than there is room for");
	tap_is(u.others, 2, "and so many were left out");
	tap_is(u.all[0].times, 2, "what has a place is counted on");
}

int main(void)
{
	test_kinds();
	test_refused();
	test_room();
	return tap_done();
}
