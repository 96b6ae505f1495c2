/* SPDX-License-Identifier: MIT */
/* What a sequence's end comes to, from records as the monitor writes them. */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "cli/campaign/explored.h"
#include "tests/tap.h"

#define GPA	0x2000000ull
#define PAGES	16ull

static struct td_event events[8];
static struct records records = { .all = events, .tsc_hz = 1000000000 };
static struct explored x;

static struct td_event *add(unsigned int type)
{
	struct td_event *event = &events[records.count++];

	*event = (struct td_event){ .type = (uint16_t)type };
	return event;
}

static void add_verdict(enum td_class class, enum td_violation violation)
{
	add(TD_EV_VERDICT)->a[0] = (uint64_t)class << 32 | violation;
}

static void begin(void)
{
	struct td_event *event;

	records.count = 0;
	x = (struct explored){ .result.of = { .to_shared = true, .depth = 3, .stalls = TDCONV_LINUX_TRIES } };
	add(TD_EV_START)->a[0] = 48;
	event = add(TD_EV_SEQUENCE);
	event->a[1] = EXPLORE_BEGIN;
	event->a[2] = GPA | 1ull << 47;
	event->a[3] = PAGES;
}

/* The name of the finding that one sequence makes, "" if it makes none. */
static const char *found(enum td_answer answer, enum explore_end why, uint64_t detail)
{
	struct td_event *event = add(TD_EV_SEQUENCE);

	event->a[1] = why | 1u << 8;
	event->a[2] = detail;
	event->a[3] = answer;
	event->a[4] = 1;
	explored_read(&x, &records, 0);
	return x.result.nfindings ? x.result.findings[0].name : "";
}

static bool is(enum td_answer answer, enum explore_end why, uint64_t detail, const char *name, const char *how)
{
	begin();
	return strcmp(found(answer, why, detail), name) == 0 && (!*name || strstr(x.result.findings[0].detail, how));
}

int main(void)
{
	tap_ok(is(TD_ANSWER_HALF, EXPLORE_END_PORT, 0, "", ""), "a port access is no finding");
	tap_ok(is(TD_ANSWER_HALF, EXPLORE_END_MAPGPA, 0, "", ""), "nor is another conversion");
	tap_ok(is(TD_ANSWER_HALF, EXPLORE_END_STOPPED, TD_RUNNING, RESULT_DIED, "(triple-fault)"), "a triple fault is one");
	tap_ok(is(TD_ANSWER_OK, EXPLORE_END_STOPPED, TD_STOP_FATAL_ERROR, RESULT_DIED, "(fatal-error)"), "ReportFatalError");
	tap_ok(is(TD_ANSWER_STALL, EXPLORE_END_IDLE, 0, RESULT_HUNG, "nothing could happen"), "nothing happens any more");
	tap_ok(is(TD_ANSWER_LAST, EXPLORE_END_LIMIT, 0, RESULT_UNBOUNDED, "no end"), "it goes on and on");
	tap_ok(is(TD_ANSWER_INVALID, EXPLORE_END_STOPPED, TD_RUNNING, "", ""), "refused, it may die");
	tap_ok(is(TD_ANSWER_LIE, EXPLORE_END_IDLE, 0, "", ""), "lied to, it may hang");
	begin();
	add_verdict(TD_CLASS_VMM_CAUSED, TD_V_NONE);
	tap_ok(!*found(TD_ANSWER_OK, EXPLORE_END_STOPPED, TD_STOP_PRIVATE_LOST), "of what the VMM had done before: none");
	begin();
	add_verdict(TD_CLASS_VIOLATION, TD_V_PENDING_ACCESS);
	tap_ok(strcmp(found(TD_ANSWER_OK, EXPLORE_END_STOPPED, TD_STOP_PENDING_ACCESS), "pending-access") == 0,
	       "of a violation: that one");
	tap_is(x.result.nfindings, 1, "and only that");
	return tap_done();
}
