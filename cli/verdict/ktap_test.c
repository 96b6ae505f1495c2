/* SPDX-License-Identifier: MIT */
/* TAP and KTAP as tests print them. */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "cli/verdict/ktap.h"
#include "wire/tap.h"

static const struct {
	const char *name, *text, *first;
	bool seen;
	uint64_t passed, failed, skipped, missing;
} cases[] = {
	{ "nothing", "", "", false, 0, 0, 0, 0 },
	{ "prose", "ok then\nnot okay\nokay\n", "", false, 1, 0, 0, 0 },
	{ "plan first", "TAP version 13\n1..3\nok 1 a\nnot ok 2 b\nok 3 # SKIP no such thing\n", "not ok 2 b", true,
	  1, 1, 1, 0 },
	{ "plan last, no numbers, CR", "ok\r\nok - b\r\n1..2\r\n", "", true, 2, 0, 0, 0 },
	{ "the last line has no end", "1..1\nnot ok", "not ok", true, 0, 1, 0, 0 },
	{ "a test that did not come", "1..4\nok 1\nok 2\n", "", true, 2, 0, 0, 2 },
	{ "expected failures", "1..3\nnot ok 1 # TO" "DO x\nnot ok 2 - b # XFAIL y\nnot ok 3 # TIMEOUT 45 seconds\n",
	  "not ok 3 # TIMEOUT 45 seconds", true, 2, 1, 0, 0 },
	{ "a failure that is skipped", "1..1\nnot ok 1 a # skip", "", true, 0, 0, 1, 0 },
	{ "all skipped", "TAP version 13\n1..0 # SKIP not root\n", "", true, 0, 0, 1, 0 },
	{ "a directive without a blank, and with many", "1..2\nnot ok 1 #SKIP a\nnot ok 2 #    skip b\n", "", true,
	  0, 0, 2, 0 },
	{ "a plan of nothing", "1..0\n", "", true, 0, 0, 0, 0 },
	{ "two plans, of two programs", "1..2\nok 1\n1..1\nok 1\n", "", true, 2, 0, 0, 1 },
	{ "a number sign in a name", "1..2\nok 1 C#\nnot ok 2 a#1 # SKIP b\n", "", true, 1, 0, 1, 0 },
	{ "KTAP, nested: what sums up is not counted",
	  "KTAP version 1\n1..2\n  KTAP version 1\n  1..2\n    KTAP version 1\n    1..2\n    not ok 1 test_1\n"
	  "    ok 2 test_2\n  not ok 1 test_3\n  ok 2 test_4 # SKIP\nnot ok 1 example_test_1\nok 2 example_test_2\n",
	  "not ok 1 test_1", true, 2, 1, 1, 0 },
	{ "two with subtests in a row",
	  "KTAP version 1\n1..2\n    1..1\n    ok 1 a\n  ok 1 s\n    1..2\n    ok 1 a\n    not ok 2 b\n  not ok 2 t\n"
	  "not ok 1 top\nok 2 last\n", "not ok 2 b", true, 3, 1, 0, 0 },
	{ "as kselftest runs them",
	  "TAP version 13\n1..2\n# timeout set to 45\n# selftests: a: b\n# TAP version 13\n# 1..2\n# ok 1 x\n"
	  "# not ok 2 y\n# # Totals: pass:1 fail:1\nnot ok 1 selftests: a: b # exit=1\n# selftests: a: c\n"
	  "# not ok to be counted\nok 2 selftests: a: c\n", "not ok 2 y", true, 2, 1, 0, 0 },
	{ "an outer plan between a quoted version and its results",
	  "TAP version 13\n# TAP version 13\n1..1\n# 1..2\n# ok 1 x\n# not ok 2 y\nnot ok 1 z\n", "not ok 2 y", true,
	  1, 1, 0, 0 },
	{ "a remark behind a subtest that is indented",
	  "KTAP version 1\n1..1\n  1..1\n  ok 1 a\n# not ok to be counted\nok 1 top\n", "", true, 1, 0, 0, 0 },
};

static void test_long(void)
{
	struct ktap k = { 0 };

	ktap_feed(&k, "1..2\n", 5);
	for (int i = 0; i < 3000; i++)
		ktap_feed(&k, "ok 1 ", 5);
	ktap_feed(&k, "\nnot ok 2 \033[31m\n", 16);
	ktap_end(&k);
	tap_is(k.passed, 1, "a line without end is one");
	tap_ok(strcmp(k.first_failed, "not ok 2 ?[31m") == 0, "what is quoted commands no terminal");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ktap k = { 0 };

		tap_case(cases[i].name);
		for (const char *p = cases[i].text; *p; p++)
			ktap_feed(&k, p, 1);
		ktap_end(&k);
		tap_is(k.seen, cases[i].seen, "seen");
		tap_is(k.passed, cases[i].passed, "passed");
		tap_is(k.failed, cases[i].failed, "failed");
		tap_is(k.skipped, cases[i].skipped, "skipped");
		tap_is(ktap_missing(&k), cases[i].missing, "missing");
		tap_ok(strcmp(k.first_failed, cases[i].first) == 0, "the first that failed");
		tap_case(NULL);
	}
	test_long();
	return tap_done();
}
