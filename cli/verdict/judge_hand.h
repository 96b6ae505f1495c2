/* SPDX-License-Identifier: MIT */
/* Journals made by hand, and what is to be said of them: for judge_test.c and judge_ends_test.c. */
#ifndef CLI_JUDGE_HAND_H
#define CLI_JUDGE_HAND_H

#include "abi/tdx.h"
#include "cli/testing.h"
#include "cli/verdict/judge.h"
#include "td/td.h"

#define S	(1ull << 47)
#define HZ	1000000ull
#define POOL	0x3aa00000ull

static struct records records;
static struct console console;
static struct td_behaviour behaviour;
static struct device_facts device;
static struct run_end end;
static struct judgement j;
static const struct td_config config = { .platform.gpaw = 48, .nslots = 1,
					 .slots = { { .pages = 0x40000, .kind = TD_SLOT_RAM } } };

static void put(struct td_event e)
{
	e.time = records.count * HZ;
	e.sequence = (uint32_t)records.count;
	e.rip = 0xffffffff81000000;
	records_add(&records, &e, 1);
}

/* The start of a run in which everything is as it should be. */
static void begin(void)
{
	records_free(&records);
	judge_free(&j);
	behaviour = (struct td_behaviour){ 0 };
	device = (struct device_facts){ 0 };
	end = (struct run_end){ 0 };
	console_begin(&console, "n");
	console_feed(&console, "tdlab: init n\n", 14, 3.5);
	put(EVENT(START, start, 48, 1, 262144, 7, HZ));
	put(EVENT(MARK, mark, TD_MARK_DETECTED, 0));
}

TESTING_UNUSED static void feed(const char *text)
{
	console_feed(&console, text, strlen(text), 4);
}

TESTING_UNUSED static void call(uint32_t id, uint64_t gpa, uint64_t pages, uint64_t r10, uint64_t r11, uint64_t done)
{
	put(EVENT(MAPGPA, mapgpa, .gpa = gpa, .bytes = pages * TDX_PAGE_SIZE, .r10 = r10, .r11 = r11, .done = (uint32_t)done,
		  .conversion = id));
}

TESTING_UNUSED static void close_it(uint32_t id, enum td_close how, uint64_t gpa, uint32_t pages, uint32_t done,
				    uint32_t calls, uint32_t retries, uint32_t stalls)
{
	put(EVENT(CLOSE, close, .how = how, .conversion = id, .gpa = gpa, .done = done, .pages = pages, .retries = retries,
		  .calls = calls, .longest = stalls, .stalls = stalls));
}

/* A conversion of 1024 pages in two calls. */
TESTING_UNUSED static void converted(uint32_t id, uint64_t gpa)
{
	put(EVENT(OPEN, open, id, gpa, 1024));
	call(id, gpa, 1024, TDVMCALL_RETRY, gpa + 0x200000, 512);
	put(EVENT(CALLERS, callers, .address = { 0x111, 0x222 }));
	call(id, gpa + 0x200000, 512, TDVMCALL_SUCCESS, 0, 512);
	close_it(id, TD_CLOSE_COMPLETE, gpa, 1024, 1024, 2, 1, 0);
}

TESTING_UNUSED static void power_off(void)
{
	put(EVENT(STOP, stop, TD_STOP_ENGINE, 0));
	put(EVENT(MARK, mark, TD_MARK_POWER_OFF, 0x2001));
	put(EVENT(COUNT, count, EXIT_CPUID, 5));
}

TESTING_UNUSED static void expect(enum outcome outcome, enum verdict verdict, int status, const char *why,
				  const char *name)
{
	judge_free(&j);
	judge(&j, &records, &console, &behaviour, &config, &device, &end);
	if (!tap_ok(j.outcome == outcome && j.verdict == verdict && j.status == status && strstr(j.why, why), name))
		printf("# %s, %s, %d: %s\n", outcome_name(j.outcome), verdict_name(j.verdict), j.status, j.why);
}

TESTING_UNUSED static void verdict(unsigned int class, unsigned int kind, uint64_t gpa)
{
	put(EVENT(VERDICT, verdict, .violation = kind, .class = class, .gpa = gpa, .pages = 1,
		  .known = TD_KNOWN_CLAIMED_SHARED, .real = TD_REAL_MAPPED));
}

#endif
