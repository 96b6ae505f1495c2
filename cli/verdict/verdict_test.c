/* SPDX-License-Identifier: MIT */
/* Which ground of a verdict decides, and whether a VMM that does a part at a time was met at all. */
#include <fcntl.h>

#include "cli/testing.h"
#include "cli/verdict/verdict.h"

#define ALL UINT64_MAX

static void says(struct td_rule rule, uint64_t to_shared, uint64_t to_private, const char *want, const char *name)
{
	struct td_behaviour b = { .nrules = 1, .rules = { rule } };
	const uint64_t most[2] = { to_private, to_shared };
	const char *got = ground_unexercised(&b, most);

	if (!tap_ok(want ? got && strstr(got, want) : !got, name))
		tap_note(got ? got : "nothing");
}

static void test_steps(void)
{
	const struct td_rule steps = { .complete = 512 }, forth = { .direction = TD_MATCH_TO_SHARED, .complete = 512 };
	const struct td_rule back = { .direction = TD_MATCH_TO_PRIVATE, .complete = 512, .stalls = 2 };

	says(steps, 512, 512, "no conversion went", "one step each way");
	says(steps, 513, 1, NULL, "a page more than a step, to shared");
	says(steps, 1, 513, NULL, "... to private");
	says(back, 16384, 511, "no conversion to private", "stalls before each step to private only, and less than one");
	says(back, 16384, 512, NULL, "... and a whole one: no more is to be met of that VMM within it");
	says(back, 16384, 0, "no conversion to private", "... and none");
	says(forth, 512, 16384, "no conversion to shared", "steps to shared only");
	says(forth, 513, 0, NULL, "... and more than one");
}

static void test_other_rules(void)
{
	const struct td_rule chunks = { .complete = ALL, .chunk = 16, .chance = 16 };

	says(chunks, 16, 0, "not exercised", "a VMM that may stop after a chunk, and one chunk");
	says(chunks, 17, 0, NULL, "... and more");
	says((struct td_rule){ .complete = ALL, .stalls = 3 }, 1, 0, NULL, "one that always stalls is met at the first page");
	says((struct td_rule){ .complete = ALL, .stalls = 3 }, 0, 0, "not exercised", "... and not without one");
	says((struct td_rule){ .complete = 512, .stalls = 1, .chance = 64 }, 512, 0, "not exercised",
	     "one that may stall before each step, and a whole one");
	says((struct td_rule){ .complete = ALL, .stalls = 1, .chance = 3 }, 1, 0, NULL, "one that may stall has no steps");
	says((struct td_rule){ .complete = 512, .first = 3, .last = 3 }, 1, 0, NULL, "nor has a rule for certain calls");
	says((struct td_rule){ .complete = 512, .step = 2 }, 1, 0, NULL, "... or for every other one");
	says((struct td_rule){ .complete = 512, .step = 1 }, 1, 0, "no conversion went", "... but for each one, said so");
	says((struct td_rule){ .on = TD_ON_ACCEPT, .stalls = 1 }, 1, 0, NULL, "... or one about ACCEPT");
}

/* The first rule of a direction counts, and of a VMM that does not let the guest complete other things are asked. */
static void test_behaviour(void)
{
	struct td_behaviour b = { .nrules = 2, .rules = { { .direction = TD_MATCH_TO_PRIVATE, .complete = 4 },
							  { .complete = 512 } } };
	const uint64_t some[2] = { 5, 5 }, few[2] = { 4, 512 };

	tap_ok(!ground_unexercised(&b, some), "two rules: past the step of the first");
	tap_ok(ground_unexercised(&b, few), "... past neither");
	b.contain = 1;
	tap_ok(!ground_unexercised(&b, few), "a VMM that is to be contained");
	b = (struct td_behaviour){ 0 };
	tap_ok(!ground_unexercised(&b, few), "no rules, no steps");
}

/* A pass claims nothing of a direction in which the VMM's steps were not met. */
static void test_directions(void)
{
	static const struct {
		struct td_rule rule;
		uint64_t most[2];	/* to private, to shared */
		const char *ends;
	} rows[] = {
		{ { .complete = 512 }, { 513, 513 }, "no violation" },
		{ { .complete = 512 }, { 512, 16384 }, "no violation; to private not exercised" },
		{ { .complete = 512 }, { 1024, 512 }, "no violation; to shared not exercised" },
		{ { .complete = 512 }, { 0, 16384 }, "no violation; to private not exercised" },
		{ { .direction = TD_MATCH_TO_PRIVATE, .complete = 512 }, { 1024, 1 }, "no violation" },
		{ { .direction = TD_MATCH_TO_SHARED, .complete = 512 }, { 0, 1024 }, "no violation" },
		{ { .direction = TD_MATCH_TO_PRIVATE, .complete = 512 }, { 1024, 0 }, "no violation" },
		{ { .direction = TD_MATCH_TO_PRIVATE, .complete = 512 }, { 512, 1024 },
		  "no violation; to private not exercised" },
		{ { .direction = TD_MATCH_TO_SHARED, .complete = 512 }, { 1024, 512 }, "no violation; to shared not exercised" },
		{ { .complete = ALL }, { 2, 1 }, "no violation" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct td_behaviour b = { .nrules = 1, .rules = { rows[i].rule } };
		const char *got = ground_passed_boot(&b, false, rows[i].most), *ends = strstr(got, "no violation");

		tap_case_number("row", i);
		tap_ok(ends && strcmp(ends, rows[i].ends) == 0, "what a pass claims");
		b.contain = 1;
		tap_ok(!strstr(ground_passed_boot(&b, false, rows[i].most), "exercised"), "of a VMM to be contained other things");
		tap_is(ground_exercised(&b, rows[i].most, true), rows[i].most[1] && !strstr(rows[i].ends, "to shared"), "to shared");
		tap_is(ground_exercised(&b, rows[i].most, false), rows[i].most[0] && !strstr(rows[i].ends, "to private"),
		       "to private");
	}
	tap_case(NULL);
}

/* A rule about MapGPA is about its direction; ACCEPT, and a page that is wanted back, are on the way to private. */
static void test_about(void)
{
	static const struct {
		struct td_behaviour b;
		bool shared, private;
		const char *name;
	} rows[] = {
		{ { .nrules = 1, .rules = { { .direction = TD_MATCH_ANY } } }, true, true, "any MapGPA" },
		{ { .nrules = 1, .rules = { { .direction = TD_MATCH_TO_SHARED } } }, true, false, "MapGPA to shared" },
		{ { .nrules = 1, .rules = { { .direction = TD_MATCH_TO_PRIVATE } } }, false, true, "MapGPA to private" },
		{ { .nrules = 1, .rules = { { .on = TD_ON_ACCEPT } } }, false, true, "ACCEPT" },
		{ { .nrules = 2, .rules = { { .on = TD_ON_ACCEPT }, { .direction = TD_MATCH_TO_SHARED } } }, true, true, "both" },
		{ { .old = TD_OLD_REMOVED }, true, true, "a VMM without rules" },
		{ { .old = TD_OLD_KEPT }, false, true, "... that keeps the old page" },
		{ { .old = TD_OLD_REMOVED, .nrules = 1, .rules = { { .direction = TD_MATCH_TO_PRIVATE } } }, false, true,
		  "... but with a rule: what that says" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tap_ok(verdict_behaviour_about(&rows[i].b, true) == rows[i].shared &&
		       verdict_behaviour_about(&rows[i].b, false) == rows[i].private, rows[i].name);
}

/* The last line of a report. */
static void test_line(void)
{
	FILE *file = tmpfile();
	char text[64] = "";
	int out;

	fflush(stdout);
	out = dup(STDOUT_FILENO);
	dup2(fileno(file), STDOUT_FILENO);
	judged_text((struct judged){ VERDICT_FAIL, STATUS_FAIL, "a reason" });
	judged_text((struct judged){ .verdict = VERDICT_PASS });
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(file);
	tap_ok(fread(text, 1, sizeof(text) - 1, file) > 0 &&
	       strcmp(text, "verdict    fail: a reason\nverdict    pass\n") == 0, "a verdict, and why, if it is known");
	fclose(file);
}

/* On a terminal, unless the user says otherwise. */
static void test_colour(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), out = dup(STDOUT_FILENO), terminal;
	char want[32], got[32];

	if (grantpt(master) || unlockpt(master) || (terminal = open(ptsname(master), O_RDWR | O_NOCTTY)) < 0)
		abort();
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	fflush(stdout);
	dup2(terminal, STDOUT_FILENO);
	snprintf(got, sizeof(got), "%s", verdict_coloured(VERDICT_FAIL));
	setenv("NO_COLOR", "1", 1);
	snprintf(want, sizeof(want), "%s", verdict_coloured(VERDICT_FAIL));
	dup2(out, STDOUT_FILENO);
	tap_ok(strcmp(want, "fail") == 0, "a verdict without colours");
	tap_ok(got[0] == '\033' && strcmp(strchr(got, 'm') + 1, "fail\033[0m") == 0, "... and with one, which ends behind it");
	close(out);
	close(terminal);
	close(master);
}

/* A run of a VMM that is about what this guest does not do. */
static void test_not_applicable(void)
{
	struct judged shared = judge_not_applicable(true), private = judge_not_applicable(false);

	tap_ok(shared.verdict == VERDICT_NOT_APPLICABLE && shared.status == STATUS_PASS &&
	       strcmp(shared.why, "the guest does not convert to shared") == 0 &&
	       strcmp(private.why, "the guest does not convert to private") == 0, "what a guest does not do");
}

/* Each ground in turn decides where nothing before it is known; and what nobody knows anything of is no pass. */
static void test_order(void)
{
	static const int statuses[] = { STATUS_ENVIRONMENT, STATUS_FAIL, STATUS_UNFINISHED, STATUS_INCONCLUSIVE, STATUS_PASS };
	struct grounds g = { "broken", "failed", "unfinished", "missing", "passed" };
	const char **const order[] = { &g.broken, &g.failed, &g.unfinished, &g.missing, &g.passed };
	bool right = true;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct judged judged = judge_grounds(&g);

		right &= judged.status == statuses[i] && judged.verdict == verdict_of_status(statuses[i]) &&
			 strcmp(judged.why, *order[i]) == 0;
		*order[i] = NULL;
	}
	tap_ok(right, "of several grounds the first decides");
	tap_ok(judge_grounds(&g).verdict == VERDICT_INCONCLUSIVE, "no ground at all is no pass");
	for (unsigned int v = 0; v < VERDICT_KINDS; v++)
		right &= (verdict_good((enum verdict)v) || v == VERDICT_NOT_APPLICABLE) ==
			 (verdict_status((enum verdict)v) == STATUS_PASS);
	tap_ok(right && !verdict_good(VERDICT_NOT_APPLICABLE) && verdict_of_status(STATUS_PASS) == VERDICT_PASS,
	       "a verdict that is good has exit status 0, and one that was about nothing");
}

int main(void)
{
	test_order();
	test_steps();
	test_other_rules();
	test_behaviour();
	test_directions();
	test_about();
	test_line();
	test_colour();
	test_not_applicable();
	return tap_done();
}
