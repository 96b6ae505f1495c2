/* SPDX-License-Identifier: MIT */
/* What a sequence's end comes to, from records as the monitor writes them. */
#include <stdio.h>
#include <string.h>

#include "cli/campaign/explored.h"
#include "cli/testing.h"

#define GPA	0x2000000ull
#define PAGES	16u
#define S	(1ull << 47)

static struct td_event events[16];
static struct records records = { .all = events, .tsc_hz = 1000000000 };
static struct explored x;

static void put(struct td_event event)
{
	events[records.count++] = event;
}

static void put_verdict(enum td_class class, enum td_violation violation)
{
	put(EVENT(VERDICT, verdict, .violation = violation, .class = class));
}

static void begin(void)
{
	records.count = 0;
	x = (struct explored){ .result.of = { .to_shared = true, .depth = 3 }, .model = { MODEL_LINUX, 3 } };
	put(EVENT(START, start, .gpaw = 48));
	put(EVENT(WINDOW, window, GPA | S, PAGES));
}

/* A request, its conversion and its end if it has one: the conversion's number is 1. */
static void ask(uint64_t r10, uint32_t done, int close)
{
	put(EVENT(OPEN, open, 1, GPA | S, PAGES));
	put(EVENT(MAPGPA, mapgpa, .gpa = GPA | S, .bytes = PAGES * TDX_PAGE_SIZE, .r10 = r10,
		  .r11 = (GPA | S) + done * TDX_PAGE_SIZE, .done = done, .conversion = 1));
	if (close >= 0)
		put(EVENT(CLOSE, close, .how = (uint32_t)close, .conversion = 1, .gpa = GPA | S));
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
	answer(answer_given);
	put(EVENT(SEQUENCE, ended, .end = why, .ours = 1, .detail = detail, .count = 1));
	put(EVENT(ANSWERS, answers, .count = 1, .answer = { answer_given }));
	explored_read(&x, &records, 0);
	return x.result.nfindings ? td_violation_name(x.result.findings[0].kind) : "";
}

static bool is(enum td_answer answer, enum explore_end why, uint64_t detail, const char *name, const char *how)
{
	begin();
	return strcmp(found(answer, why, detail), name) == 0 && (!*name || strstr(x.result.findings[0].detail, how));
}

static void put_end(uint32_t count, enum explore_end why)
{
	put(EVENT(SEQUENCE, ended, .end = why, .ours = 1, .count = count));
}

static void put_answers(unsigned int first, unsigned int count, enum td_answer answer)
{
	struct td_event answers = EVENT(ANSWERS, answers, .first = (uint8_t)first, .count = (uint8_t)count);

	memset(answers.answers.answer, (int)answer, count);
	put(answers);
}

/* More answers than a record holds: they come in several. */
static void test_many_answers(void)
{
	begin();
	put_end(TD_ANSWERS_EACH + 2, EXPLORE_END_PORT);
	put_answers(0, TD_ANSWERS_EACH, TD_ANSWER_STALL);
	explored_read(&x, &records, 0);
	tap_is(x.result.sequences, 0, "a sequence is over when all its answers have come");
	put_answers(TD_ANSWERS_EACH, 2, TD_ANSWER_LIE);
	explored_read(&x, &records, 0);
	tap_is(x.result.sequences, 1, "and is one then");
	tap_ok(x.result.answers[TD_ANSWER_STALL] == TD_ANSWERS_EACH && x.result.answers[TD_ANSWER_LIE] == 2,
	       "with each of them");
}

/* The journal ends as it should, after count sequences; afterwards the guest did well. */
static int over(uint64_t count)
{
	static struct boot boot;

	put_end(0, EXPLORE_OVER);
	explored_read(&x, &records, 0);
	boot.judgement.status = STATUS_PASS;
	boot.config.explore.sequences = count + 1;	/* not all, so that nobody asks what was not given */
	return x.result.sequences == count && x.result.nfindings == 0 ? explored_end(&x, &boot) : -1;
}

static void inconclusive(const char *what)
{
	tap_is(over(0), STATUS_INCONCLUSIVE, what);
	tap_ok(!x.result.complete && strstr(x.result.incomplete, "out of order"), "... and it is said why");
}

static void test_disorder(void)
{
	begin();
	answer(TD_ANSWER_OK);
	put_end(2, EXPLORE_END_PORT);
	put_answers(0, 1, TD_ANSWER_STALL);
	put_answers(1, 1, TD_ANSWER_OK);
	tap_ok(over(1) == STATUS_PASS && x.result.complete && !*x.result.incomplete, "answers in their order");
	begin();
	answer(TD_ANSWER_HALF);
	put_end(2, EXPLORE_END_PORT);
	put_answers(1, 1, TD_ANSWER_OK);
	put_answers(0, 1, TD_ANSWER_STALL);
	put_answers(1, 1, TD_ANSWER_OK);
	inconclusive("answers out of their order");
	begin();
	put_end(2, EXPLORE_END_PORT);
	put_answers(0, 1, TD_ANSWER_STALL);
	answer(TD_ANSWER_HALF);
	put_end(2, EXPLORE_END_PORT);
	put_answers(0, 1, TD_ANSWER_STALL);
	put_answers(1, 1, TD_ANSWER_OK);
	inconclusive("the next sequence before all of one's answers");
	begin();
	put_end(1, EXPLORE_END_PORT);
	put_answers(0, 2, TD_ANSWER_STALL);
	inconclusive("more answers than there were");
	begin();
	put_answers(0, 1, TD_ANSWER_STALL);
	inconclusive("answers of no sequence");
	begin();
	put_end(TD_EXPLORE_DEPTH + 1, EXPLORE_END_PORT);
	inconclusive("a sequence longer than any can be");
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
	put(EVENT(OPEN, open, .conversion = 2, .gpa = GPA));
	put(EVENT(CLOSE, close, .how = TD_CLOSE_COMPLETE, .conversion = 2, .gpa = GPA));
	put(EVENT(SEQUENCE, ended, .end = EXPLORE_END_PORT, .ours = 1, .detail = uart, .count = 1));
	put(EVENT(ANSWERS, answers, .count = 1, .answer = { TD_ANSWER_FIRST }));
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
	put_verdict(TD_CLASS_VMM_CAUSED, TD_V_NONE);
	tap_ok(!*found(TD_ANSWER_OK, EXPLORE_END_STOPPED, TD_STOP_PRIVATE_LOST), "of what the VMM had done before: none");
	begin();
	put_verdict(TD_CLASS_VIOLATION, TD_V_PENDING_ACCESS);
	tap_ok(strcmp(found(TD_ANSWER_OK, EXPLORE_END_STOPPED, TD_STOP_PENDING_ACCESS), "pending-access") == 0,
	       "of a violation: that one");
	tap_is(x.result.nfindings, 1, "and only that");
	test_many_answers();
	test_disorder();
	return tap_done();
}
