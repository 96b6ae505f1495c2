/* SPDX-License-Identifier: MIT */
/*
 * What is known is expected, what is new is not, what vanished is told; lines that say nothing are refused with their
 * number.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/testing.h"
#include "cli/verdict/known.h"

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
}

static void test_find(void)
{
	struct known k;
	const char *why;

	open_text(&k, "6.12.* eagain-thrice\tabandoned permitted  three tries\r\n"
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
	struct known k;

	open_text(&k, "6.12.* stall,stall abandoned permitted of this guest\n"
		      "6.12.* eagain-thrice abandoned permitted under a behaviour\n"
		      "6.1.* stall abandoned permitted of another guest\n");
	known_tried_answers(&k, "6.12.95");
	tap_ok(k.all[0].tried && !k.all[1].tried && !k.all[2].tried, "what is known under answers was tried, of this guest");
	known_close(&k);
}

static void test_written(void)
{
	struct known k;

	open_text(&k, "a busy accept-abandoned permitted for a reason\n");
	known_close(&k);
	tap_is(known_open(&k, path, path), 0, "a file that is read and written");
	known_find(&k, "a", "busy", TD_V_ACCEPT_ABANDONED, TD_CAUSE_PERMITTED);
	known_find(&k, "a guest", "lie", TD_V_SKIPPED_PAGES, TD_CAUSE_HOSTILE);
	tap_is(known_close(&k), 0, "... is written");
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
}

int main(int argc, char **argv)
{
	snprintf(path, sizeof(path), "%s.file", argv[argc - 1]);
	test_lines();
	test_find();
	test_answers();
	test_written();
	unlink(path);
	return tap_done();
}
