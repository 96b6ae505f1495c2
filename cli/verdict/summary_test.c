/* SPDX-License-Identifier: MIT */
/* From records made by hand to facts: each record is taken for what it is and for nothing else. */
#include "abi/tdx.h"
#include "cli/testing.h"
#include "cli/verdict/summary.h"

#define S	(1ull << 47)
#define HZ	1000000ull
#define HIGH	(1ull << 32)	/* its upper half reads as a 1 */

static struct records records;
static struct judgement j;
static bool hostile;
static const struct td_config config = {	/* of what is behind the two, nothing is there */
	.nslots = 2,
	.slots = { { .pages = 0x1000, .kind = TD_SLOT_RAM }, { .gpa = HIGH, .pages = 0x1000, .kind = TD_SLOT_RAM },
		   { .pages = 1ull << 30, .kind = TD_SLOT_RAM } },
};

static void put(uint64_t rip, struct td_event e)
{
	e.time = records.count * HZ;
	e.sequence = (uint32_t)records.count;
	e.rip = rip;
	records_add(&records, &e, 1);
}

static void begin(void)
{
	records_free(&records);
	hostile = false;
	put(0, EVENT(START, start, 48, 1, 0x2000, 7, HZ));
}

static void read_all(void)
{
	judge_free(&j);
	summarise(&j, &records, &config, hostile);
}

/* A request whose end nobody saw is open. */
static void test_open(void)
{
	begin();
	put(0, EVENT(OPEN, open, 1, HIGH, 512));
	put(0, EVENT(MAPGPA, mapgpa, .gpa = HIGH, .bytes = 512 * TDX_PAGE_SIZE, .r10 = TDVMCALL_RETRY, .done = 512,
		     .conversion = 1));
	put(0, EVENT(CALLERS, callers, .address = { 0x111, 0x222 }));
	read_all();
	tap_ok(j.nconversions == 1 && !j.conversions[0].closed && j.conversions[0].pages == 512 &&
	       j.conversions[0].done == 0, "a conversion whose end was not seen is open");
	tap_ok(j.conversions[0].calls == 1 && j.conversions[0].retries == 1 && j.conversions[0].record == 3 &&
	       j.conversions[0].callers[1] == 0x222, "... with its call");
	tap_is(j.totals.completed, 0, "... and not completed");
}

/* Two at a time: what is said of one is not of the other. How large one was its end tells. */
static void test_two(void)
{
	begin();
	put(0, EVENT(OPEN, open, 1, HIGH | S, 512));
	put(0, EVENT(OPEN, open, 2, HIGH + 0x400000, 8));
	put(0, EVENT(MAPGPA, mapgpa, .gpa = HIGH | S, .r10 = TDVMCALL_RETRY, .conversion = 1));
	put(0, EVENT(CALLERS, callers, .address = { 0x111 }));
	put(0, EVENT(MAPGPA, mapgpa, .gpa = HIGH | S, .conversion = 1));
	put(0, EVENT(MAPGPA, mapgpa, .gpa = HIGH, .conversion = 3));
	put(0, EVENT(CALLERS, callers, .address = { 0x333 }));
	put(0, EVENT(CLOSE, close, .how = TD_CLOSE_COMPLETE, .conversion = 3, .gpa = HIGH));
	put(0, EVENT(CLOSE, close, .how = TD_CLOSE_UNDONE, .conversion = 2, .gpa = (HIGH + 0x3ff000) | S, .done = 2,
		     .pages = 9));
	read_all();
	tap_ok(j.nconversions == 2 && j.conversions[0].gpa == HIGH && j.conversions[0].to_shared &&
	       !j.conversions[1].to_shared, "where two begin, and where they go");
	tap_ok(j.conversions[0].calls == 2 && j.conversions[0].retries == 1 && !j.conversions[0].closed &&
	       j.conversions[0].callers[0] == 0x111 &&
	       j.conversions[1].calls == 0 && j.conversions[1].callers[0] == 0, "a call is of its own");
	tap_ok(j.conversions[1].closed && j.conversions[1].how == TD_CLOSE_UNDONE && j.conversions[1].pages == 9 &&
	       j.conversions[1].gpa == HIGH + 0x3ff000 && j.conversions[1].done == 2, "and an end is");
}

/* 40 bytes a record. What is more than there is room for is left out. */
static void test_fatal(void)
{
	struct td_event e = EVENT(FATAL, fatal, "");
	size_t room = sizeof(j.fatal) - 1;

	begin();
	for (unsigned int i = 0; i < 3; i++) {
		memset(e.fatal.text, 'a' + (int)i, sizeof(e.fatal.text));
		put(0, e);
	}
	read_all();
	tap_ok(strlen(j.fatal) == room && j.fatal[0] == 'a' && strchr(j.fatal, 'b') == j.fatal + 40 &&
	       strchr(j.fatal, 'c') == j.fatal + 80, "a text in three records");
	put(0, e);
	read_all();
	tap_is(strlen(j.fatal), room, "... and one that finds no room any more");
	begin();
	memset(e.fatal.text, 'a', sizeof(e.fatal.text));
	put(0, e);
	e.fatal.text[1] = '\33';
	put(0, e);
	read_all();
	tap_is(j.fatal[sizeof(e.fatal.text) + 1], '?', "the second record's is made harmless as well");
}

static void verdict(uint64_t rip, unsigned int kind, unsigned int class, uint64_t gpa, uint64_t pages, uint8_t real)
{
	put(rip, EVENT(VERDICT, verdict, .violation = kind, .class = class, .gpa = gpa, .pages = pages, .real = real));
}

/* Pages that follow one another are one finding if all else is the same. */
static void test_neighbours(void)
{
	static const struct {
		uint64_t rip;
		unsigned int kind, class;
		uint64_t gpa;
		uint8_t real;
		size_t findings;
		const char *name;
	} rows[] = {
		{ 1, TD_V_DOUBLE_ACCEPT, TD_CLASS_VIOLATION, 0x6000, TD_REAL_MAPPED, 1, "the next page" },
		{ 2, TD_V_DOUBLE_ACCEPT, TD_CLASS_VIOLATION, 0x6000, TD_REAL_MAPPED, 2, "... by other code" },
		{ 1, TD_V_PENDING_ACCESS, TD_CLASS_VIOLATION, 0x6000, TD_REAL_MAPPED, 2, "... of another kind" },
		{ 1, TD_V_DOUBLE_ACCEPT, TD_CLASS_VMM_CAUSED, 0x6000, TD_REAL_MAPPED, 2, "... of another class" },
		{ 1, TD_V_DOUBLE_ACCEPT, TD_CLASS_VIOLATION, 0x6000, TD_REAL_PENDING, 2, "... in another state" },
		{ 1, TD_V_DOUBLE_ACCEPT, TD_CLASS_VIOLATION, 0x7000, TD_REAL_MAPPED, 2, "the one after" },
		{ 1, TD_V_DOUBLE_ACCEPT, TD_CLASS_VIOLATION, 0x3000, TD_REAL_MAPPED, 2, "the one before" },
		{ 1, TD_V_DOUBLE_ACCEPT, TD_CLASS_OK, 0x9000, TD_REAL_MAPPED, 1, "what is in order is none" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin();
		verdict(1, TD_V_DOUBLE_ACCEPT, TD_CLASS_VIOLATION, 0x4008, 2, TD_REAL_MAPPED);
		verdict(rows[i].rip, rows[i].kind, rows[i].class, rows[i].gpa, 3, rows[i].real);
		read_all();
		tap_ok(j.nfindings == rows[i].findings && j.findings[0].gpa == 0x4000 &&
		       j.nviolations == j.nfindings - (rows[i].class == TD_CLASS_VMM_CAUSED) &&
		       j.findings[0].pages == (rows[i].findings == 1 && rows[i].class ? 5 : 2) && !*j.fatal, rows[i].name);
	}
}

/* Only of what a device did, what it was told to use is looked at. */
static void test_details(void)
{
	begin();
	put(1, EVENT(VERDICT, verdict, .violation = TD_V_DOUBLE_ACCEPT, .class = TD_CLASS_VIOLATION, .gpa = 0x4000, .pages = 1,
		     .detail = 1));
	put(1, EVENT(VERDICT, verdict, .violation = TD_V_DOUBLE_ACCEPT, .class = TD_CLASS_VIOLATION, .gpa = 0x5000, .pages = 1,
		     .detail = 2));
	read_all();
	tap_ok(j.nfindings == 1 && j.findings[0].pages == 2, "neighbours with other details are one all the same");
}

/* tdlab-known(5), CLASS: hostile from the first thing on that a willing VMM would not do; a hazard is its caller's. */
static void test_causes(void)
{
	begin();
	verdict(1, TD_V_DOUBLE_ACCEPT, TD_CLASS_VIOLATION, 0x1000, 1, TD_REAL_MAPPED);
	put(0, EVENT(VMM_ACT, act, TD_ACT_REMOVED, 0x4000, 2));
	verdict(1, TD_V_DOUBLE_ACCEPT, TD_CLASS_VIOLATION, 0x8000, 1, TD_REAL_MAPPED);
	verdict(1, TD_V_DOUBLE_ACCEPT, TD_CLASS_HAZARD, 0x9000, 1, TD_REAL_MAPPED);
	read_all();
	tap_ok(j.nfindings == 3 && j.nviolations == 2 && j.findings[0].cause == TD_CAUSE_PERMITTED &&
	       j.findings[1].cause == TD_CAUSE_PERMITTED && j.findings[2].cause == TD_CAUSE_CALLER,
	       "a VMM that is not hostile does what it may");
	hostile = true;
	read_all();
	tap_ok(j.findings[0].cause == TD_CAUSE_PERMITTED && j.findings[1].cause == TD_CAUSE_HOSTILE &&
	       j.findings[2].cause == TD_CAUSE_CALLER, "a hostile one is hostile from its first act on");
}

/* Who made the last call, or ACCEPT, of what was given up; any other finding is of who is seen at it. */
static void test_given_up(void)
{
	begin();
	put(0, EVENT(OPEN, open, 1, 0x4000, 4));
	put(0x200, EVENT(MAPGPA, mapgpa, .gpa = 0x4000, .bytes = 0x4000, .done = 4, .conversion = 1));
	put(0, EVENT(CALLERS, callers, .address = { 0x11 }));
	put(0, EVENT(CLOSE, close, .how = TD_CLOSE_COMPLETE, .conversion = 1, .gpa = 0x4000, .done = 4, .pages = 4,
		     .calls = 1));
	put(0, EVENT(OPEN, open, 2, 0x4000, 4));
	put(0x300, EVENT(MAPGPA, mapgpa, .gpa = 0x4000, .bytes = 0x4000, .r10 = TDVMCALL_RETRY, .conversion = 2));
	put(0, EVENT(CALLERS, callers, .address = { 0x22 }));
	put(0x400, EVENT(ACCEPT, accept, .rcx = 0x5000));
	verdict(0x500, TD_V_DOUBLE_ACCEPT, TD_CLASS_VIOLATION, 0x5000, 1, TD_REAL_MAPPED);
	put(0, EVENT(CALLERS, callers, .address = { 0x55 }));
	put(0, EVENT(CLOSE, close, .how = TD_CLOSE_ABANDONED, .conversion = 2, .gpa = 0x4000, .pages = 4, .calls = 1));
	verdict(0x600, TD_V_ABANDONED, TD_CLASS_VIOLATION, 0x4000, 4, TD_REAL_MAPPED);
	verdict(0x600, TD_V_ABANDONED, TD_CLASS_VIOLATION, 0x40000, 4, TD_REAL_MAPPED);
	put(0x700, EVENT(ACCEPT, accept, .rcx = 0x6000, .status = tdx_status(TDX_OPERAND_BUSY, 1)));
	put(0x800, EVENT(ACCEPT, accept, .rcx = 0x5000));
	verdict(0, TD_V_ACCEPT_ABANDONED, TD_CLASS_VIOLATION, 0x6000, 1, TD_REAL_PENDING);
	read_all();
	tap_ok(j.findings[0].rip == 0x500 && j.findings[0].record == 9 && j.findings[0].callers[0] == 0x55,
	       "a finding where somebody was seen");
	tap_ok(j.findings[1].callers[0] == 0x22 && j.findings[1].record == 7,
	       "a conversion's last call, of the last there was");
	tap_ok(j.findings[2].callers[0] == 0 && j.findings[2].record == 13, "... if there was one");
	tap_ok(j.findings[3].rip == 0x700 && j.findings[3].record == 15, "a page's last ACCEPT");
}

/* Of a finding, the conversion that its first page was last part of, before it. */
static void test_conversion_of(void)
{
	static struct conversion all[] = {
		{ .id = 1, .gpa = 0x10000, .pages = 16, .record = 2 }, { .id = 2, .gpa = 0x18000, .pages = 16, .record = 4 },
		{ .id = 3, .gpa = 0x10000, .pages = 32 }, { .id = 4, .gpa = 0x10000, .pages = 32, .record = 9 },
	};
	const struct judgement of = { .conversions = all, .nconversions = ARRAY_SIZE(all) };
	const struct finding here = { .gpa = 0x18000 | S, .record = 4 }, earlier = { .gpa = 0x18000, .record = 3 };
	const struct finding last = { .gpa = 0x27fff, .record = 4 }, behind = { .gpa = 0x28000, .record = 4 };
	const struct finding before = { .gpa = 0xf000, .record = 4 }, first = { .gpa = 0x18000, .record = 1 };

	tap_ok(finding_conversion(&of, &here, S) == &all[1], "the last that covered it");
	tap_ok(finding_conversion(&of, &earlier, S) == &all[0], "... before it");
	tap_ok(finding_conversion(&of, &last, S) == &all[1] && !finding_conversion(&of, &behind, S) &&
	       !finding_conversion(&of, &before, S), "... up to its end");
	tap_ok(!finding_conversion(&of, &first, S), "... none that had made no call yet");
}

static void device_used(uint64_t gpa, uint64_t pages, uint64_t detail)
{
	put(0, EVENT(VERDICT, verdict, .violation = TD_V_DMA_TO_PRIVATE, .class = TD_CLASS_VIOLATION, .gpa = gpa,
		     .pages = pages, .known = TD_KNOWN_PRIVATE, .real = TD_REAL_MAPPED, .detail = detail));
}

/* The notification tells the place; that the device then did as it was told is no news. */
static void test_device_use(void)
{
	begin();
	device_used(0x4000 | S, 3, 1ull << 63 | 5);
	device_used(0x7000 | S, 1, 1ull << 63 | 6);
	device_used(0x6000 | S, 1, 0);
	device_used(0x4000 | S, 1, 0);
	device_used(0x8000 | S, 1, 0);
	device_used(0x3000 | S, 1, 0);
	read_all();
	tap_is(j.nviolations, 4, "memory that a device uses is one finding a descriptor, and one for what it did untold");
	tap_ok(j.findings[0].pages == 3 && (uint32_t)j.findings[1].detail == 6 && j.findings[2].gpa == (0x8000 | S) &&
	       j.findings[3].gpa == (0x3000 | S), "each with its place, behind what was told and before it");
}

/* Conversions of what is no RAM, behind it and before it. */
static void test_device(void)
{
	begin();
	put(0, EVENT(OPEN, open, 1, (0x1000 - 2) * TDX_PAGE_SIZE | S, 5));
	put(0, EVENT(CLOSE, close, .how = TD_CLOSE_COMPLETE, .conversion = 1, .gpa = (0x1000 - 2) * TDX_PAGE_SIZE | S,
		     .done = 5, .pages = 5, .calls = 1));
	put(0, EVENT(OPEN, open, 2, HIGH - TDX_PAGE_SIZE, 3));
	put(0, EVENT(CLOSE, close, .how = TD_CLOSE_COMPLETE, .conversion = 2, .gpa = HIGH - TDX_PAGE_SIZE, .done = 3,
		     .pages = 3, .calls = 4, .retries = 3, .stalls = 2, .longest = 1));
	put(0, EVENT(OPEN, open, 3, (0x1000 - 2) * TDX_PAGE_SIZE, 0x100000));
	put(0, EVENT(CLOSE, close, .how = TD_CLOSE_COMPLETE, .conversion = 3, .gpa = (0x1000 - 2) * TDX_PAGE_SIZE,
		     .done = 0x100000, .pages = 0x100000));
	read_all();
	tap_is(j.conversions[2].device, 0x100000 - 2 - 0xffe, "one from the end of one slot to the next's");
	tap_ok(j.conversions[0].device == 3 && j.conversions[1].device == 1, "pages that are no RAM, behind it and before it");
	tap_ok(j.conversions[1].calls == 4 && j.conversions[1].retries == 3 && j.conversions[1].stalls == 2 &&
	       j.conversions[1].longest_run == 1, "what is counted of a conversion comes with its end");
	tap_ok(j.conversions[0].to_shared && !j.conversions[1].to_shared && j.nfindings == 0 && !*j.fatal && !j.untracked,
	       "and nothing else is said");
}

/* When it was detected, reached user space and ended. */
static void test_times(void)
{
	begin();
	read_all();
	tap_ok(j.detected < 0 && j.user < 0 && j.ended < 0 && !j.marked, "nothing yet");
	put(0, EVENT(MARK, mark, TD_MARK_DETECTED, 0));
	put(0, EVENT(MARK, mark, TD_MARK_DETECTED, 0));
	put(0, EVENT(MARK, mark, TD_MARK_USER, 0));
	read_all();
	tap_ok(j.detected == 1 && j.user == 3 && j.ended < 0 && !j.marked, "detected first, and user space");
	records.all[1].time = 0;
	read_all();
	tap_is(j.detected, 0, "... at once, and no second time");
	put(0, EVENT(STOP, stop, TD_STOP_ENGINE, 5));
	read_all();
	tap_ok(j.ended == 4 && j.stop == TD_STOP_ENGINE && j.stop_detail == 5 && !j.marked && j.exits[TD_STOP_ENGINE] == 0,
	       "the end of the TD");
	put(0, EVENT(MARK, mark, TD_MARK_SHUTDOWN, 3));
	put(0, EVENT(COUNT, count, EXIT_CPUID, 5));
	put(0, EVENT(COUNT, count, EXIT_KINDS, 5));
	read_all();
	tap_ok(j.ended == 5 && j.marked && j.mark == TD_MARK_SHUTDOWN && j.end_value == 3 && j.exits[EXIT_CPUID] == 5,
	       "what its mark says");
}

/* What cannot be said of a run is said by records that say nothing else. */
static void test_alone(void)
{
	begin();
	put(0, EVENT(UNTRACKED, untracked, S, 2));
	read_all();
	tap_ok(j.untracked && !j.unrecorded && j.ended < 0, "what could not be followed");
	begin();
	put(0, EVENT(UNRECORDED, unrecorded, .answer = 3, .gpa = S, .bytes = 5));
	read_all();
	tap_ok(j.unrecorded && !j.untracked && j.ended < 0 && j.stop == TD_RUNNING, "what was not recorded");
	begin();
	put(0, EVENT(STOP, stop, TD_STOP_ENGINE, 5));
	put(0, EVENT(STOP, stop, TD_STOP_ENGINE, 5));
	records.all[1].time = 0;
	read_all();
	tap_ok(j.ended == 0 && !j.unrecorded, "an end at once, and no second time");
}

static void conversion(uint32_t id, uint64_t gpa)
{
	put(0, EVENT(OPEN, open, id, gpa | S, 512));
	put(0, EVENT(MAPGPA, mapgpa, .gpa = gpa | S, .bytes = 512 * TDX_PAGE_SIZE, .r10 = TDVMCALL_RETRY, .conversion = id));
	put(0, (struct td_event){ .type = TD_EV_EXIT });
	put(0, EVENT(CALLERS, callers, .address = { 0x100 + id }));
	put(0, EVENT(CALLERS, callers, .address = { 0x200 + id }));	/* of something else */
}

/* Who is to be named for what was given up: of two conversions side by side, and by an ACCEPT of 2 MiB. */
static void test_look_back(void)
{
	begin();
	conversion(1, 0x400000);
	conversion(2, 0x200000);
	verdict(1, TD_V_ABANDONED, TD_CLASS_VIOLATION, 0x400000 | S, 1, TD_REAL_MAPPED);
	verdict(1, TD_V_ABANDONED, TD_CLASS_VIOLATION, 0x410000 | S, 1, TD_REAL_MAPPED);
	read_all();
	tap_is(j.findings[0].callers[0], 0x101, "the first page is not its neighbour's last");
	tap_is(j.findings[1].callers[0], 0x101, "... and all of it is its own");
	begin();
	verdict(1, TD_V_ACCEPT_ABANDONED, TD_CLASS_VIOLATION, 0x401000, 1, TD_REAL_PENDING);
	read_all();
	tap_is(j.findings[0].rip, 1, "an ACCEPT of which there is no record");
	put(0x777, EVENT(ACCEPT, accept, .rcx = 0x400000 | TDX_LEVEL_2M));
	read_all();
	tap_is(j.findings[0].rip, 0x777, "... and one of 2 MiB");
}

int main(void)
{
	test_open();
	test_two();
	test_fatal();
	test_neighbours();
	test_details();
	test_causes();
	test_given_up();
	test_conversion_of();
	test_device();
	test_device_use();
	test_times();
	test_alone();
	test_look_back();
	records_free(&records);
	judge_free(&j);
	return tap_done();
}
