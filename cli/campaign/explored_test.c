/* SPDX-License-Identifier: MIT */
/* What a sequence's end comes to, from records as the monitor writes them. */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "cli/campaign/explored.h"
#include "wire/tap.h"

#define GPA	0x2000000ull
#define PAGES	16ull

static struct td_event events[16];
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

#define S	(1ull << 47)

/* A request, its conversion and its end if it has one: the conversion's number is 1. */
static void ask(uint64_t r10, uint64_t done, int close)
{
	struct td_event *e = add(TD_EV_OPEN);

	e->a[0] = 1;
	e->a[1] = GPA | S;
	e = add(TD_EV_MAPGPA);
	e->a[0] = GPA | S;
	e->a[1] = PAGES * TDX_PAGE_SIZE;
	e->a[2] = r10;
	e->a[3] = (GPA | S) + done * TDX_PAGE_SIZE;
	e->a[4] = 1ull << 32 | done;
	if (close < 0)
		return;
	e = add(TD_EV_CLOSE);
	e->a[0] = 1ull << 32 | (uint64_t)close;
	e->a[1] = GPA | S;
}

/* As the monitor's td answers it. */
static void answer(enum td_answer a)
{
	switch (a) {
	case TD_ANSWER_OK:
		return ask(TDVMCALL_SUCCESS, PAGES, TD_CLOSE_COMPLETE);
	case TD_ANSWER_LIE:
		return ask(TDVMCALL_SUCCESS, 0, TD_CLOSE_COMPLETE);
	case TD_ANSWER_INVALID:
		return ask(TDVMCALL_INVALID_OPERAND, 0, TD_CLOSE_REFUSED);
	case TD_ANSWER_END:
		return ask(TDVMCALL_RETRY, PAGES, -1);
	default:
		return ask(TDVMCALL_RETRY, a == TD_ANSWER_STALL ? 0 : a == TD_ANSWER_LAST ? PAGES - 1 : PAGES / 2, -1);
	}
}

/* The name of the finding that one sequence makes, "" if it makes none. */
static const char *found(enum td_answer answer_given, enum explore_end why, uint64_t detail)
{
	struct td_event *event;

	answer(answer_given);
	event = add(TD_EV_SEQUENCE);
	event->a[1] = why | 1u << 8;
	event->a[2] = detail;
	event->a[3] = answer_given;
	event->a[4] = 1;
	explored_read(&x, &records, 0);
	return x.result.nfindings ? td_violation_name(x.result.findings[0].kind) : "";
}

static bool is(enum td_answer answer, enum explore_end why, uint64_t detail, const char *name, const char *how)
{
	begin();
	return strcmp(found(answer, why, detail), name) == 0 && (!*name || strstr(x.result.findings[0].detail, how));
}

int main(void)
{
	uint64_t uart = 0x3f8ull << 32, delay = 0x80ull << 32;

	tap_ok(is(TD_ANSWER_OK, EXPLORE_END_PORT, uart, "", ""), "a port access after the conversion is no finding");
	tap_ok(is(TD_ANSWER_OK, EXPLORE_END_MAPGPA, 0, "", ""), "nor is another conversion");
	tap_ok(is(TD_ANSWER_HALF, EXPLORE_END_PORT, uart, "abandoned", "given up"), "to go on without it is one: to a device");
	tap_ok(is(TD_ANSWER_STALL, EXPLORE_END_MAPGPA, 0, "abandoned", "given up"), "... to another conversion");
	tap_ok(is(TD_ANSWER_STALL, EXPLORE_END_PORT, delay, "", ""), "... to the port that only takes time: not known");
	tap_ok(is(TD_ANSWER_INVALID, EXPLORE_END_PORT, uart, "", ""), "refused, it may give up");
	tap_ok(is(TD_ANSWER_END, EXPLORE_END_PORT, uart, "", ""), "... and where R11 cannot be believed");
	begin();
	ask(TDVMCALL_RETRY, 1, TD_CLOSE_UNDONE);
	found(TD_ANSWER_OK, EXPLORE_END_PORT, uart);
	tap_ok(!result_finding(&x.result, "abandoned"), "undone and done after all: not given up");
	begin();
	ask(TDVMCALL_RETRY, 1, TD_CLOSE_UNDONE);
	events[records.count++] = (struct td_event){ .type = TD_EV_OPEN, .a = { 2, GPA } };
	events[records.count++] = (struct td_event){ .type = TD_EV_CLOSE, .a = { 2ull << 32 | TD_CLOSE_COMPLETE, GPA } };
	events[records.count] = (struct td_event){
		.type = TD_EV_SEQUENCE, .a = { 0, EXPLORE_END_PORT | 1u << 8, uart, TD_ANSWER_FIRST, 1 } };
	records.count++;
	explored_read(&x, &records, 0);
	tap_ok(result_finding(&x.result, "abandoned") && result_finding(&x.result, "abandoned")->cause == TD_CAUSE_PERMITTED,
	       "undone, and left at that: given up");
	tap_ok(is(TD_ANSWER_HALF, EXPLORE_END_STOPPED, TD_RUNNING, "guest-died", "(triple-fault)"), "a triple fault is one");
	tap_ok(is(TD_ANSWER_OK, EXPLORE_END_STOPPED, TD_STOP_FATAL_ERROR, "guest-died", "(fatal-error)"), "ReportFatalError");
	tap_ok(is(TD_ANSWER_STALL, EXPLORE_END_IDLE, 0, "guest-hung", "nothing could happen"), "nothing happens any more");
	tap_ok(is(TD_ANSWER_LAST, EXPLORE_END_LIMIT, 0, "unbounded", "no end"), "it goes on and on");
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
