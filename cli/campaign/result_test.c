/* SPDX-License-Identifier: MIT */
/* Results: written and read back the same, damaged ones refused, added up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/campaign/result.h"
#include "cli/tdlab.h"

#define tap_puts(s) fputs(s, stdout)
#include "td/td.h"
#include "wire/tap.h"

static void find(struct result *r, enum td_violation kind, enum td_cause cause, const char *detail,
		 const uint8_t *answers,
		 uint32_t count)
{
	struct result_finding f = { .kind = kind, .cause = cause, .sequences = 1 };

	snprintf(f.detail, sizeof(f.detail), "%s", detail);
	ways_add(&f.ways, answers, count);
	result_find(r, &f);
}

static struct result some(void)
{
	static const uint8_t two[] = { TD_ANSWER_FIRST, TD_ANSWER_LIE }, one[] = { TD_ANSWER_END };
	struct result r = {
		.of = { TDLAB_VERSION, "process", "a \"guest\"", "", "GPAW 52", { 16, "--inject\0a b'c\"" },
			0x40008000, 8, 0x200000, true, 6, 2, "linux", 0, 0, 2, 4 },
		.incomplete = "the guest \"forgets\"", .gpa = 0x800040000000, .sequences = 7, .calls = 20, .tdcalls = 22, .cut = 1,
		.in_unit = 5, .successes = 3,
		.states = 1ull << TD_EXPLORE_STATE(TD_REAL_SHARED, TD_KNOWN_CLAIMED_SHARED),
		.seconds = 1.5, .cpu = 1.25, .verdict = VERDICT_FAIL, .afterwards = "power-off",
		.last = { .any = true, .taken = { 1, 17, 3 }, .depth = 3, .dealt = 9, .number = 4, .ours = true },
	};

	result_count(&r, two, 2);
	find(&r, TD_V_SKIPPED_PAGES, TD_CAUSE_HOSTILE, "a conversion went on", two, 2);
	find(&r, TD_V_MODEL_MISMATCH, TD_CAUSE_PERMITTED, "request 2: ...", two, 2);
	find(&r, TD_V_SKIPPED_PAGES, TD_CAUSE_HOSTILE, "shorter", one, 1);
	return r;
}

static char *text_of(const struct result *r, size_t *bytes)
{
	static char *text;
	FILE *out = open_memstream(&text, bytes);

	result_json(r, out);
	fclose(out);
	return text;
}

static void test_there_and_back(void)
{
	struct result r = some(), back;
	size_t bytes, again;
	char *text = text_of(&r, &bytes), *second;

	tap_ok(result_parse(&back, text, bytes) == NULL, "what was written can be read");
	tap_ok(memcmp(&back.of, &r.of, sizeof(r.of)) == 0 && !result_differs(&back.of, &r.of), "... it is of the same");
	tap_ok(memcmp(&back.last, &r.last, sizeof(r.last)) == 0, "... goes on at the same place");
	tap_ok(back.nfindings == 2 && result_mismatches(&back) == 1, "... has found the same");
	tap_ok(result_finding(&back, "skipped-pages")->ways.count == 2 &&
		       result_finding(&back, "skipped-pages")->ways.all[0].length == 1, "... the ways to it, the shortest first");
	tap_is(result_finding(&back, "skipped-pages")->cause, TD_CAUSE_HOSTILE, "... in which class");
	tap_is(result_finding(&back, "skipped-pages")->sequences, 2, "... in as many sequences");
	second = text_of(&back, &again);
	tap_ok(again == bytes && memcmp(text, second, bytes) == 0, "... and reads the same");
	free(text);
	free(second);
}

/* Each line of it taken out, and all that begins like it. */
static void test_damage(void)
{
	struct result r = some(), back;
	unsigned int lines = 0, taken = 0, cut_short = 0;
	size_t bytes;
	char *text = text_of(&r, &bytes), *other = malloc(bytes);

	for (char *line = text, *end; *line; line = end, lines++) {
		size_t before = (size_t)(line - text);

		end = strchr(line, '\n') + 1;
		memcpy(other, text, before);
		memcpy(other + before, end, bytes - before - (size_t)(end - line));
		taken += result_parse(&back, other, bytes - (size_t)(end - line)) == NULL;
	}
	for (size_t n = 0; n < bytes - 2; n++)
		cut_short += result_parse(&back, text, n) == NULL;
	tap_is(taken, 13,
	       "without a line it is refused, but for a state, two choices, a sequence, and what follows from others");
	tap_is(cut_short, 0, "... and if it ends early");
	free(text);
	free(other);
}

static const char *why(const char *from, const char *to)
{
	struct result r = some(), back;
	size_t bytes;
	char *text = text_of(&r, &bytes), *at = strstr(text, from), *changed;
	const char *said;

	changed = xprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	said = result_parse(&back, changed, strlen(changed));
	free(text);
	free(changed);
	return said ? said : "";
}

static void test_refused(void)
{
	static const struct { const char *from, *to, *word; } rows[] = {
		{ RESULT_SCHEMA, "tdlab.explore/3", "another version" }, { RESULT_SCHEMA, "x", "no result" },
		{ "\"version\": \"" TDLAB_VERSION "\"", "\"version\": \"0.0\"", "made by tdlab 0.0" },
		{ "\"2/4\"", "\"5/4\"", "shard" }, { "\"2/4\"", "\"0/4\"", "shard" },
		{ "\"2/4\"", "\"4294967298/4294967300\"", "shard" },
		{ "\"direction\": \"shared\"", "\"direction\": \"up\"", "direction" },
		{ "\"calls\": 20", "\"calls\": -1", "calls" }, { "\"depth\": 6", "\"depth\": \"6\"", "depth" },
		{ "\"first,lie\"\n", "\"first,lies\"\n", "minimal" }, { "shared/claimed-shared", "shared/shared", "states" },
		{ "\"--inject\",", "", "options" }, { "\"--inject\"", "7", "options" }, { "\"options\"", "\"x\"", "options" },
		{ "\"verdict\": \"fail\"", "\"verdict\": \"bad\"", "verdict" }, { "17", "200", "taken" },
		{ "skipped-pages", "skipped-pagers", "name" },
		{ "\"hostile\"", "\"hostle\"", "class" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tap_ok(strstr(why(rows[i].from, rows[i].to), rows[i].word) != NULL, rows[i].to);
}

static void test_sum(void)
{
	static const uint8_t long_way[] = { 1, 1, 1 };
	struct result a = some(), b = some();

	b.of.shard = 3;
	tap_ok(!result_differs(&a.of, &b.of), "another shard of the same");
	find(&b, TD_V_RUNAWAY, TD_CAUSE_HOSTILE, "on and on", long_way, 3);
	find(&b, TD_V_SKIPPED_PAGES, TD_CAUSE_PERMITTED, "in another class", long_way, 3);
	b.states = 2;
	b.verdict = VERDICT_PASS;
	result_add(&b, &a);
	tap_ok(b.sequences == 16 && b.calls == 40 && b.answers[TD_ANSWER_FIRST] == 2, "numbers add up");
	tap_ok(b.nfindings == 4 && b.findings[2].sequences == 4 && b.findings[2].kind == TD_V_SKIPPED_PAGES,
	       "... findings by name and class");
	tap_ok(b.findings[0].kind == TD_V_SKIPPED_PAGES && b.findings[0].cause == TD_CAUSE_PERMITTED &&
		       b.findings[1].kind == TD_V_MODEL_MISMATCH && b.findings[3].kind == TD_V_RUNAWAY,
	       "... those under permitted answers first");
	tap_ok(b.verdict == VERDICT_FAIL && b.states == (a.states | 2), "... one failure is one, states are joined");
	b.of.depth++;
	tap_ok(strcmp(result_differs(&a.of, &b.of), "the depth") == 0, "another depth is something else");
}

static bool ways_are(const struct ways *w, const char *expected)
{
	char text[ANSWERS_TEXT], all[WAYS * ANSWERS_TEXT] = "";

	for (uint32_t i = 0; i < w->count; i++) {
		answers_text(w->all[i].answers, w->all[i].length, text);
		strcat(strcat(all, i ? " " : ""), text);
	}
	if (strcmp(all, expected) != 0)
		printf("# %s\n", all);
	return strcmp(all, expected) == 0;
}

static void add(struct ways *w, const char *text, uint32_t cut)
{
	uint8_t answers[TD_EXPLORE_DEPTH];
	char bad[32];
	uint32_t n;

	answers_parse(text, answers, &n, bad);
	ways_add_cut(w, answers, n, cut);
}

static void test_ways(void)
{
	struct ways w = { 0 };

	add(&w, "first,stall,stall,stall", 0);
	add(&w, "stall,first,stall,stall,stall", 0);
	tap_ok(ways_are(&w, "first,stall,stall,stall"), "what contains another is no minimal sequence");
	add(&w, "stall,stall,stall", 0);
	tap_ok(ways_are(&w, "stall,stall,stall"), "... nor is what contains a later one");
	add(&w, "half,stall", 2);
	tap_ok(ways_are(&w, "stall,stall,stall"), "what the VMM repeats beyond the depth was answered, too");
	add(&w, "half,first", 2);
	add(&w, "end", 0);
	add(&w, "half,last", 0);
	tap_ok(ways_are(&w, "end half,first half,last stall,stall,stall") && !w.more,
	       "the shortest first; willing is not repeated");
	w = (struct ways){ 0 };
	for (int i = 0; i < WAYS + 3; i++)
		add(&w, (const char *[]){ "ok,end", "ok,below", "ok,zero", "ok,lie", "ok,align", "ok,inuse", "ok,unknown",
					   "ok,invalid",
					  "ok,ok,ok", "half,half,half", "first" }[i], 0);
	tap_ok(w.count == WAYS && w.more && w.all[0].answers[0] == TD_ANSWER_FIRST,
	       "more than there is room for: the longest are left out");
	w = (struct ways){ 0 };
	add(&w, "stall", 100000);
	tap_ok(ways_are(&w, "stall"), "a loop without end is not written out");
}

static void test_answers(void)
{
	char text[ANSWERS_TEXT], bad[32];
	uint8_t answers[TD_EXPLORE_DEPTH];
	uint32_t n;

	for (uint32_t i = 0; i < TD_EXPLORE_DEPTH; i++)
		answers[i] = TD_ANSWER_INVALID_AFTER;
	answers_text(answers, TD_EXPLORE_DEPTH, text);
	tap_ok(answers_parse(text, answers, &n, bad) && n == TD_EXPLORE_DEPTH, "as many answers as there can be");
	tap_ok(!answers_parse(strcat(text, ",ok"), answers, &n, bad) && !*bad, "... and no more");
	tap_ok(!answers_parse("ok,maybe,ok", answers, &n, bad) && strcmp(bad, "maybe") == 0, "the word that is none is named");
	tap_ok(!answers_parse("", answers, &n, bad) && !answers_parse("ok,", answers, &n, bad), "an empty one is none");
}

int main(void)
{
	test_there_and_back();
	test_damage();
	test_refused();
	test_sum();
	test_ways();
	test_answers();
	return tap_done();
}
