/* SPDX-License-Identifier: MIT */
/*
 * What two kinds of loops make of VMMs from honest to absurd, and what is said of that. A VMM that strips, jumps or
 * lies is one that GHCI does not permit.
 */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "td/fake_scripts.h"
#include "wire/tap.h"

#define S	FAKE_S
#define RETRY	TDVMCALL_RETRY
#define PAGES	8

#define STUCK		5000	/* the careless loop: never over */

/* Calls until the loop is over; negative: it gave up. The careless one wraps below 0 under K. */
static const struct expected {
	int linux_shared, linux_private, careless_shared;
} expected[FAKE_SCRIPTS] = {
	{ 1, 1, 1 }, { 4, 4, 4 }, { -1, 4, 1 }, { -3, -3, STUCK }, { 3, 3, 3 }, { -3, -3, 4 }, { 8, 8, 8 },
	{ -2, -2, -2 }, { -1, -1, 1 }, { -1, -1, 1 }, { -1, -1, 4097 }, { -2, -2, STUCK }, { -2, -2, -2 }, { -1, -1, 2 },
};

static void load(const struct fake_script *script, uint64_t pages)
{
	struct td_config c = fake_config(pages);

	c.behaviour.nrules = script->nrules;
	memcpy(c.behaviour.rules, script->rules, sizeof(script->rules));
	c.runaway_calls = 10 * STUCK;
	fake_start(&c);
}

/* As Linux from 6.7 on ([linux:tdx_map_gpa]): bounds with S in them, three tries at one address. */
static int linux_loop(uint64_t gpa, uint64_t end)
{
	int calls = 0, tries = 0;

	while (tries < 3) {
		struct fake_answer a = fake_map_gpa(gpa, end - gpa);

		calls++;
		if (a.r10 != RETRY)
			return a.r10 == 0 ? calls : -calls;
		if (a.r11 < gpa || a.r11 >= end)
			return -calls;
		tries = a.r11 == gpa ? tries + 1 : 0;
		gpa = a.r11;
	}
	return -calls;
}

/* As several others: goes wherever R11 says, until it is at or beyond the end ([openvmm:tdcall_map_gpa]). */
static int careless_loop(uint64_t gpa, uint64_t end)
{
	int calls = 0;

	while (gpa < end && calls < STUCK) {
		struct fake_answer a = fake_map_gpa(gpa, end - gpa);

		calls++;
		if (a.r10 == 0)
			return calls;
		if (a.r10 != RETRY)
			return -calls;
		gpa = (a.r11 & ~S) | (end & S);
	}
	return calls;
}

static void test_script(const struct fake_script *script, const struct expected *want)
{
	char name[96];

	snprintf(name, sizeof(name), "script %c, %s: Linux, to shared", script->name, script->what);
	load(script, 64);
	tap_is(linux_loop(FAKE_RAM | S, FAKE_PAGE(PAGES) | S), want->linux_shared, name);
	fake_power_off();
	tap_is(fake_violations(TD_V_ABANDONED), want->linux_shared < 0 && script->name != 'M',
	       "... what it gives up without an error is abandoned");
	tap_is(fake_all_violations(), fake_violations(TD_V_ABANDONED), "... and nothing else is said");
	load(script, 64);
	tap_is(linux_loop(FAKE_RAM, FAKE_PAGE(PAGES)), want->linux_private, "... to private");
	load(script, 64);
	if (script->name != 'C' && script->name != 'N')
		tap_is(careless_loop(FAKE_RAM | S, FAKE_PAGE(PAGES) | S), want->careless_shared, "... a careless loop");
	tap_ok(fake_consistent(), "... page tables and states agree");
}

/* A VMM that takes over before the first request is as if it had been there from the start; a wrong one does not. */
static void test_set_behaviour(void)
{
	struct td_behaviour b = { .nrules = 1, .rules = { { .complete = UINT64_MAX, .chunk = 1, .chance = 128 } } };
	struct td_config c = fake_config(PAGES);
	int calls;

	c.seed = 7;
	c.behaviour = b;
	fake_start(&c);
	calls = linux_loop(FAKE_RAM | S, FAKE_PAGE(PAGES) | S);
	tap_ok(calls > 1, "chance divides a request");
	c.seed = 8;
	c.behaviour = (struct td_behaviour){ 0 };
	fake_start(&c);
	tap_ok(td_set_behaviour(fake.td, &b, 7), "another VMM, another seed");
	tap_is(linux_loop(FAKE_RAM | S, FAKE_PAGE(PAGES) | S), calls, "calls as if it had been the first");
	b.nrules = TD_MAX_RULES + 1;
	tap_ok(!td_set_behaviour(fake.td, &b, 7), "too many rules");
	tap_ok(td_sane(fake.td), "and nothing has changed");
}

int main(void)
{
	test_set_behaviour();
	for (size_t i = 0; i < FAKE_SCRIPTS; i++)
		test_script(&fake_scripts[i], &expected[i]);
	return tap_done();
}
