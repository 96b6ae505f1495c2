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

static int open_text(struct known *k, const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
	return known_open(k, path, NULL);
}

static bool refused(const char *text)
{
	struct known k;
	int status = open_text(&k, text);

	known_close(&k);
	return status == STATUS_INPUT;
}

static void test_lines(void)
{
	tap_ok(!refused("") && !refused("# nothing\n\n   \t\n"), "comments and empty lines");
	tap_ok(refused("6.12* busy accept-abandoned permitted\n"), "what nobody explained is not known");
	tap_ok(refused("6.12* busy accept-abandoned permitted   \n"), "... nor what blanks explain");
	tap_ok(refused("6.12* busy accept-abandonned permitted it is so\n"), "a finding that there is not");
	tap_ok(refused("6.12* busy none permitted it is so\n"), "... none is none");
	tap_ok(refused("6.12* busy accept-abandoned permited it is so\n"), "a class that there is not");
	tap_ok(refused("6.12*\n"), "half a line");
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
	tap_is(known_vanished(&k), 1, "what was tried and did not come has vanished; what was not tried has not");
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
}

int main(int argc, char **argv)
{
	snprintf(path, sizeof(path), "%s.file", argv[argc - 1]);
	test_lines();
	test_find();
	test_written();
	unlink(path);
	return tap_done();
}
