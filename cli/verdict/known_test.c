/* SPDX-License-Identifier: MIT */
/*
 * What is known is expected, what is new is not, what vanished is told; lines that say nothing are refused with their
 * number.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/testing.h"
#include "cli/verdict/judge.h"
#include "cli/verdict/known.h"
#include "wire/status.h"

static char path[256];

static void write_bytes(const char *text, size_t bytes)
{
	FILE *file = fopen(path, "w");

	fwrite(text, 1, bytes, file);
	fclose(file);
}

static int open_text(struct known *k, const char *text)
{
	write_bytes(text, strlen(text));
	return known_open(k, path, NULL);
}

static bool refused(const char *text)
{
	struct known k;
	int status = open_text(&k, text);

	known_close(&k);
	return status == STATUS_INPUT;
}

/* Whether what is wrong with this is told so, and where; the file's name ends with "file". */
static bool complains(const char *text, const char *so)
{
	bool no;

	listen();
	no = refused(text);
	return strstr(said(), so) && no;
}

static void test_lines(void)
{
	static const char hidden[] = "# x\n\0 6.12* busy none permitted\n";
	struct known k;

	tap_ok(!refused("") && !refused("# nothing\n\n   \t\n"), "comments and empty lines");
	tap_ok(refused("6.12* busy accept-abandoned permitted\n"), "what nobody explained is not known");
	tap_ok(refused("6.12* busy accept-abandoned permitted   \n"), "... nor what blanks explain");
	tap_ok(refused("6.12* busy accept-abandonned permitted it is so\n"), "a finding that there is not");
	tap_ok(refused("6.12* busy none permitted it is so\n"), "... none is none");
	tap_ok(refused("6.12* busy accept-abandoned permited it is so\n"), "a class that there is not");
	tap_ok(refused("6.12*\n"), "half a line");
	tap_ok(complains("\n6.12* busy runaway permitted\n", "file:2: why it is expected is missing\n"),
	       "what is missing is told");
	tap_ok(complains("6.12* busy runawya permitted it is so\n", "file:1: tdlab list violations has no \"runawya\"\n"),
	       "... and what is wrong");
	write_bytes(hidden, sizeof(hidden) - 1);
	tap_is(known_open(&k, path, NULL), STATUS_INPUT, "a file in which a NUL hides the rest");
	known_close(&k);
	tap_ok(!refused("6.12* busy accept-abandoned permitted it is so"), "no newline at the end");
	open_text(&k, "6.12* busy accept-abandoned permitted it is so\n");
	known_close(&k);
	tap_is(known_close(&k), 0, "what is closed knows nothing, and can be closed again");
}

static void test_find(void)
{
	struct known k;
	const char *why;

	open_text(&k, "6.12.* \t eagain-thrice\t abandoned permitted  three tries\r\n"
		      "6.12.* eagain:* abandoned permitted any\n"
		      "6.1.* * abandoned permitted no loop\n"
		      "* stall,stall,stall abandoned permitted three tries\n");
	why = known_find(&k, "6.12.95+deb12", "eagain-thrice", TD_V_ABANDONED, TD_CAUSE_PERMITTED);
	tap_ok(why && strcmp(why, "three tries") == 0, "known, with why");
	tap_ok(!known_find(&k, "6.12.95", "eagain-thrice", TD_V_RUNAWAY, TD_CAUSE_PERMITTED), "another finding is new");
	tap_ok(!known_find(&k, "6.12.95", "eagain-thrice", TD_V_ABANDONED, TD_CAUSE_HOSTILE), "... and another class");
	tap_ok(!known_find(&k, "6.13.1", "eagain-thrice", TD_V_ABANDONED, TD_CAUSE_PERMITTED), "... and another guest");
	tap_ok(!known_find(&k, "6.12.95", "hyperv", TD_V_ABANDONED, TD_CAUSE_PERMITTED), "... and under another VMM");
	tap_is(k.met, 1, "one is known");
	known_tried(&k, "6.12.95", "eagain:stalls=3");
	known_tried(&k, "6.12.95", "eagain-thrice");
	known_tried(&k, "6.12.95", "hyperv");
	listen();
	tap_is(known_vanished(&k), 1, "what was tried and did not come has vanished; what was not tried has not");
	tap_has(said(), "file:2: vanished: abandoned (permitted) under eagain:*\n", "... and is told");
	known_close(&k);
}

/* All answers were given to this guest: what is known of it under a behaviour was not tried, nor what is of others. */
static void test_answers(void)
{
	uint64_t given[TD_ANSWER_KINDS] = { [TD_ANSWER_STALL] = 2 };
	struct known k;

	open_text(&k, "6.12.* stall,stall abandoned permitted of this guest\n"
		      "6.12.* eagain-thrice abandoned permitted under a behaviour\n"
		      "6.1.* stall abandoned permitted of another guest\n");
	known_tried_answers(&k, "6.12.95", given, 1);
	tap_ok(!k.all[0].tried, "a sequence that is longer than those were was not tried");
	given[TD_ANSWER_STALL] = 0;
	known_tried_answers(&k, "6.12.95", given, 2);
	tap_ok(!k.all[0].tried, "nor is one of an answer that was never given");
	given[TD_ANSWER_STALL] = 1;
	known_tried_answers(&k, "6.12.95", given, 2);
	tap_ok(k.all[0].tried && !k.all[1].tried && !k.all[2].tried, "what is known under answers was tried, of this guest");
	known_tried_answers(&k, "6.1.1", given, 0);
	tap_ok(k.all[0].tried && k.all[2].tried, "... and stays so when another is");
	known_close(&k);
}

/* Read and written, it loses nothing that was not looked at. */
static void test_kept(void)
{
	struct known k;
	char *text;
	size_t bytes;

	open_text(&k, "g met runaway permitted why\ng gone runaway permitted why\ng untried runaway permitted why\n");
	known_close(&k);
	tap_is(known_open(&k, path, path), 0, "the same file");
	known_tried(&k, "g", "met");
	known_tried(&k, "g", "gone");
	known_find(&k, "g", "met", TD_V_RUNAWAY, TD_CAUSE_PERMITTED);
	tap_is(known_close(&k), 0, "it is written");
	tap_ok(file_read(path, "known", (uint8_t **)&text, &bytes) == 0 && memmem(text, bytes, "g met ", 6) &&
	       memmem(text, bytes, "g untried ", 10) && !memmem(text, bytes, "g gone ", 7), "what vanished is gone alone");
	free(text);
}

static struct finding found[3];

/* A run with the first so many of those findings that ended like this. */
static struct judgement run(size_t findings, enum outcome outcome, enum verdict verdict, int status)
{
	struct judgement j = { .findings = found, .nfindings = findings, .outcome = outcome, .verdict = verdict,
			       .status = status };

	for (size_t i = 0; i < findings; i++)
		j.nviolations += found[i].class == TD_CLASS_VIOLATION;
	return j;
}

/* Whether it is judged like this once it is compared with what is known. */
static bool becomes(struct known *k, struct judgement j, enum verdict verdict, int status, const char *why)
{
	for (size_t i = 0; i < k->count; i++)
		k->all[i].met = k->all[i].tried = false;
	k->met = 0;
	judge_known(&j, k, "6.12.1", "busy");
	return j.verdict == verdict && j.status == status && strcmp(j.why, why) == 0;
}

/* What is known and explained fails no run, what is new does; what was not run to its end gave nothing its chance. */
static void test_run(void)
{
	struct known k;
	struct judgement hung;
	char hangs[200];

	snprintf(hangs, sizeof(hangs), "what was found is known, but %s", outcome_sentence(OUTCOME_TIMEOUT));
	open_text(&k, "6.12.* busy abandoned permitted so it is\n");
	found[0] = found[1] = (struct finding){ .class = TD_CLASS_VIOLATION, .kind = TD_V_ABANDONED };
	found[2] = (struct finding){ .class = TD_CLASS_VMM_CAUSED, .kind = TD_V_PENDING_ACCESS };
	tap_ok(becomes(&k, run(3, OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL), VERDICT_KNOWN, STATUS_PASS, "so it is"),
	       "a run whose only finding is known, and says why");
	tap_ok(k.met == 1 && k.all[0].met, "... that is one finding in two places");
	tap_ok(becomes(&k, run(3, OUTCOME_INTERRUPTED, VERDICT_FAIL, 130), VERDICT_KNOWN, 130, "so it is") && !k.all[0].tried,
	       "... was ended by a signal all the same");
	hung = run(3, OUTCOME_TIMEOUT, VERDICT_FAIL, STATUS_FAIL);
	hung.unfinished = true;
	tap_ok(becomes(&k, hung, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, hangs) && k.all[0].tried,
	       "... and one that hangs after it may have another cause for that");
	found[2].class = TD_CLASS_VIOLATION;
	tap_ok(becomes(&k, run(3, OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL), VERDICT_FAIL, STATUS_FAIL, ""),
	       "a run with one that is new as well");
	found[2] = found[0];
	found[2].cause = TD_CAUSE_HOSTILE;
	tap_ok(becomes(&k, run(3, OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL), VERDICT_FAIL, STATUS_FAIL, ""),
	       "... or with the same of another class");
	found[2] = found[0];
	found[0].kind = TD_V_RUNAWAY;
	tap_ok(becomes(&k, run(3, OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL), VERDICT_FAIL, STATUS_FAIL, "") &&
	       k.all[0].met, "... whichever comes first");
	tap_ok(becomes(&k, run(0, OUTCOME_TIMEOUT, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED), VERDICT_INCONCLUSIVE,
		       STATUS_UNFINISHED, "") && !k.all[0].tried, "a run that did not end gives what is known no chance");
	tap_ok(becomes(&k, run(0, OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL), VERDICT_FAIL, STATUS_FAIL, "") &&
	       k.all[0].tried, "one that failed without a finding fails");
	tap_ok(becomes(&k, run(1, OUTCOME_MONITOR, VERDICT_INCONCLUSIVE, STATUS_ENVIRONMENT), VERDICT_INCONCLUSIVE,
		       STATUS_ENVIRONMENT, ""), "one that the environment broke is broken");
	tap_ok(becomes(&k, run(0, OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS), VERDICT_PASS, STATUS_PASS, "") &&
	       k.all[0].tried && !k.all[0].met, "one that passes: what is known has vanished");
	known_close(&k);
	open_text(&k, "6.12.* busy abandoned permitted so it is\n6.12.* busy runaway permitted and so\n");
	tap_ok(becomes(&k, run(3, OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL), VERDICT_KNOWN, STATUS_PASS, "and so") &&
	       k.met == 2, "two findings, and both are known");
	known_close(&k);
}

static void test_written(void)
{
	struct known k;
	FILE *file;

	open_text(&k, "a busy accept-abandoned permitted for a reason\n");
	known_close(&k);
	tap_is(known_open(&k, path, path), 0, "a file that is read and written");
	known_find(&k, "a", "busy", TD_V_ACCEPT_ABANDONED, TD_CAUSE_PERMITTED);
	known_find(&k, "a guest", "lie", TD_V_SKIPPED_PAGES, TD_CAUSE_HOSTILE);
	tap_is(known_close(&k), 0, "... is written");
	file = fopen(path, "r");
	tap_ok(fgetc(file) == '#', "... with a word on what it is");
	fclose(file);
	known_open(&k, path, NULL);
	tap_is(k.count, 2, "what was written can be read");
	tap_ok(!known_find(&k, "a guest", "lie", TD_V_SKIPPED_PAGES, TD_CAUSE_HOSTILE) && k.all[1].met,
	       "... but what nobody has explained yet is as new as before");
	tap_ok(strcmp(k.all[0].why, "for a reason") == 0, "... with the reason that was known");
	known_close(&k);
	write_bytes("half a", 6);
	tap_ok(known_open(&k, path, path) == STATUS_INPUT && !k.out.out,
	       "where what is known cannot be read nothing is written");
	known_close(&k);
	tap_ok(known_open(&k, NULL, path) == 0 && known_close(&k) == 0, "nothing is known, and it is written");
	listen();
	tap_is(known_open(&k, "/nonexistent", NULL), STATUS_INPUT, "a file that is not there");
	tap_is(known_open(&k, NULL, "/nonexistent/known"), STATUS_INPUT, "... or cannot be");
	tap_has(said(), "--write-known /nonexistent/known: ", "... is told");
	known_close(&k);
}

int main(int argc, char **argv)
{
	snprintf(path, sizeof(path), "%s.file", argv[argc - 1]);
	test_lines();
	test_find();
	test_answers();
	test_kept();
	test_run();
	test_written();
	unlink(path);
	return tap_done();
}
