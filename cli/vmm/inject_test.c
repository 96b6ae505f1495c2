/* SPDX-License-Identifier: MIT */
#include "abi/tdx.h"
#include "cli/testing.h"
#include "cli/vmm/inject.h"
#include "td/explore.h"

#define RETRY	TDVMCALL_RETRY
#define ALL	UINT64_MAX

static struct td_rule rule;

static bool taken(const char *text)
{
	const char *wrong = inject_parse(text, &rule);

	if (wrong)
		printf("# %s: %s\n", text, wrong);
	return !wrong;
}

#define TAKEN(text, condition)	tap_ok(taken(text) && (condition), text)

static void test_grammar(void)
{
	TAKEN("mapgpa:retry", rule.on == TD_ON_MAPGPA && rule.complete == 0 && rule.fail == 0 && rule.first == 0);
	TAKEN("mapgpa:retry=+512", rule.complete == 512 && rule.fail == 0);
	TAKEN("mapgpa:retry=end", rule.complete == 0 && rule.fail == RETRY && rule.claim_base == TD_CLAIM_END);
	TAKEN("mapgpa:retry=start-3+1b", rule.claim_base == TD_CLAIM_START && rule.claim_pages == -3 &&
	      rule.claim_bytes == 1 && rule.complete == 0);
	TAKEN("mapgpa:retry=+512:claim=frontier+1", rule.complete == 512 && rule.fail == 0 && rule.claim_pages == 1);
	TAKEN("mapgpa:retry=end:complete=all", rule.complete == ALL && rule.fail == RETRY);
	TAKEN("mapgpa:complete=all:retry=end", rule.complete == ALL && rule.fail == RETRY);
	TAKEN("mapgpa:retry=+512:when=3..9+2", rule.first == 3 && rule.last == 9 && rule.step == 2);
	TAKEN("mapgpa:when=3+:retry", rule.first == 3 && rule.last == 0 && rule.step == 1);
	TAKEN("mapgpa:retry:when=3+4", rule.first == 3 && rule.last == 0 && rule.step == 4);
	TAKEN("mapgpa:retry:when=7", rule.first == 7 && rule.last == 7);
	TAKEN("mapgpa:error=GPA_INUSE", rule.fail == TDVMCALL_GPA_INUSE && rule.complete == 0);
	TAKEN("mapgpa:error=0xdead:complete=3", rule.fail == 0xdead && rule.complete == 3);
	TAKEN("mapgpa:stall=5", rule.stalls == 5 && rule.complete == ALL && rule.fail == 0);
	TAKEN("mapgpa:stall=2:retry=+64", rule.stalls == 2 && rule.complete == 64);
	TAKEN("mapgpa:lie", rule.lie && rule.complete == 0);
	TAKEN("mapgpa:lie:complete=1", rule.lie && rule.complete == 1);
	TAKEN("mapgpa:shift=+16:direction=to-private", rule.shift == 16 && rule.complete == ALL &&
	      rule.direction == TD_MATCH_TO_PRIVATE);
	TAKEN("mapgpa:remove=4:readd", rule.remove == 4 && rule.readd && rule.complete == ALL);
	TAKEN("mapgpa:retry=+1:claim-s=flip", rule.claim_s == TD_S_FLIP && rule.complete == 1);
	TAKEN("accept:error=OPERAND_BUSY:when=2", rule.on == TD_ON_ACCEPT && rule.fail == TDX_OPERAND_BUSY &&
	      rule.last == 2);
	TAKEN("accept:busy=3:chance=128", rule.stalls == 3 && rule.chance == 128);
	TAKEN("accept:stall=3", rule.stalls == 3);
	TAKEN("accept:error=PAGE_SIZE_MISMATCH:min-pages=512", rule.min_pages == 512);
	TAKEN("accept:remove=1:when=5", rule.remove == 1);
}

static void refused(const char *text, const char *says)
{
	const char *wrong = inject_parse(text, &rule);

	if (!tap_ok(wrong && strstr(wrong, says), *text ? text : "nothing"))
		tap_note(wrong ? wrong : "was taken");
}

static void test_refused(void)
{
	refused("", "it begins with mapgpa: or accept:");
	refused("map:retry", "it begins with mapgpa: or accept:");
	refused("mapgpaa:retry", "it begins with mapgpa: or accept:");
	refused("mapgpa", "nothing is done: add retry");
	refused("mapgpa:", "there is no \"\"");
	refused("mapgpa:when=3", "nothing is done: add retry");
	refused("mapgpa:retr=5", "there is no \"retr\": did you mean \"retry\"?");
	refused("mapgpa:on=accept", "there is no \"on\"");
	refused("mapgpa:retry=", "\"retry=\": the value is missing");
	refused("mapgpa:error", "\"error\" needs a value: error=...");
	refused("mapgpa:error=SUCCESS", "fail: \"SUCCESS\" is neither");
	refused("mapgpa:error=EAGAIN", "fail: \"EAGAIN\" is neither a code of GHCI");
	refused("mapgpa:retry=512", "\"512\" is none of frontier start end zero");
	refused("mapgpa:retry=+x", "complete: \"x\" is not a number");
	refused("mapgpa:retry:when=0", "calls are counted from 1");
	refused("mapgpa:retry:when=9..3", "LAST is not before FIRST");
	refused("mapgpa:retry:when=3-5", "is not FIRST");
	refused("mapgpa:stall=-1", "stalls: \"-1\" is not a number");
	refused("mapgpa:claim=end", "nothing is done: add retry");
	refused("mapgpa:lie:claim=end", "R11 is looked at after RETRY or an error only");
	refused("mapgpa:lie:error=GPA_INUSE", "lie says SUCCESS and fail says something else");
	refused("mapgpa:busy=3", "busy is nothing for a rule on mapgpa");
	refused("accept:retry", "retry is nothing for accept: write error=OPERAND_BUSY");
	refused("accept:lie", "lie is nothing for a rule on accept");
	refused("accept:error=GPA_INUSE", "a VMM can make ACCEPT fail with OPERAND_BUSY or PAGE_SIZE_MISMATCH only");
	refused("mapgpa:retry:claim=1111111111111111111111111111111111111111111111111111111111111111", "is too long");
}

static bool contain, hostile;

/* On top of the behaviour "complete". */
static int on_top(struct behaviour *b, const char *one, const char *two)
{
	struct opt_list list = { .items = { one, two }, .count = two ? 2 : 1 };
	int status = behaviour_load(b, "hyperv", "behaviours");

	if (!status)
		status = behaviour_inject(b, &list);
	contain = b->packed.contain;
	hostile = b->packed.hostile;
	return status;
}

static void labels(const char *text, bool contains, bool is_hostile)
{
	struct behaviour b;
	char name[96];

	snprintf(name, sizeof(name), "%s: %s, %s", text, is_hostile ? "hostile" : "permitted",
		 contains ? "contain" : "complete");
	tap_ok(on_top(&b, text, NULL) == 0 && contain == contains && hostile == is_hostile, name);
	behaviour_free(&b);
}

static void test_on_top(void)
{
	struct opt_list many = { .count = 0 };
	struct behaviour b;

	tap_is(on_top(&b, "mapgpa:retry:when=2", "mapgpa:error=GPA_INUSE:when=2..3"), 0, "two on top of a behaviour");
	tap_ok(b.packed.nrules == 3 && b.packed.rules[0].first == 2 && b.packed.rules[1].fail == TDVMCALL_GPA_INUSE &&
	       b.packed.rules[2].complete == 512, "come before its own, in their order");
	tap_ok(strcmp(b.title, "at most 512 pages per MapGPA call; injected: mapgpa:retry:when=2; "
		      "and mapgpa:error=GPA_INUSE:when=2..3") == 0, "and are in its title");
	behaviour_free(&b);
	labels("mapgpa:retry:when=2", false, false);
	labels("mapgpa:retry:when=2+2", false, false);
	labels("mapgpa:retry", true, true);
	labels("mapgpa:retry=+4", false, false);
	labels("mapgpa:stall=3", false, false);
	labels("mapgpa:retry=end:when=2", true, true);
	labels("mapgpa:retry=+4:claim-s=strip", true, true);
	labels("mapgpa:error=GPA_INUSE:when=2", true, false);
	labels("mapgpa:error=0xdead:when=2", true, true);
	labels("mapgpa:lie:when=2", true, true);
	labels("mapgpa:shift=+1", true, true);
	labels("mapgpa:remove=1", true, true);
	labels("mapgpa:hole=1", true, true);
	labels("accept:busy=4", false, false);
	labels("accept:error=OPERAND_BUSY:when=1..9", false, false);
	labels("accept:error=OPERAND_BUSY", true, false);
	labels("accept:error=PAGE_SIZE_MISMATCH", true, false);
	labels("accept:remove=1", true, true);
	behaviour_load(&b, "hyperv", "behaviours");
	while (many.count < OPT_LIST_MOST)
		many.items[many.count++] = "mapgpa:retry";
	listen();
	tap_is(behaviour_inject(&b, &many), STATUS_INPUT, "more rules than there may be");
	tap_has(said(), "--inject mapgpa:retry: with those of hyperv these are more than 8 rules", "are said to be");
	behaviour_free(&b);
	listen();
	tap_is(on_top(&b, "mapgpa:retr", NULL), STATUS_INPUT, "a bad one");
	tap_has(said(), "tdlab: --inject mapgpa:retr: there is no \"retr\": did you mean \"retry\"?", "is named");
	behaviour_free(&b);
}

/* Each answer of an exploration, of 8 pages, and the keys that say the same. */
static const struct {
	enum td_answer answer;
	const char *keys;
} same[] = {
	{ TD_ANSWER_OK, "mapgpa:retry=+8" },
	{ TD_ANSWER_STALL, "mapgpa:retry:when=1" },
	{ TD_ANSWER_FIRST, "mapgpa:retry=+1" },
	{ TD_ANSWER_HALF, "mapgpa:retry=+4" },
	{ TD_ANSWER_LAST, "mapgpa:retry=+7" },
	{ TD_ANSWER_END, "mapgpa:retry=end:complete=all" },
	{ TD_ANSWER_BEYOND, "mapgpa:retry=end+1" },
	{ TD_ANSWER_BELOW, "mapgpa:retry=start-1" },
	{ TD_ANSWER_ZERO, "mapgpa:retry=zero:claim-s=strip" },
	{ TD_ANSWER_UNALIGNED, "mapgpa:retry=start+1b" },
	{ TD_ANSWER_OTHER_S, "mapgpa:retry=+1:claim-s=flip" },
	{ TD_ANSWER_INVALID, "mapgpa:error=INVALID_OPERAND" },
	{ TD_ANSWER_INVALID_AFTER, "mapgpa:error=INVALID_OPERAND:complete=1" },
	{ TD_ANSWER_INUSE, "mapgpa:error=GPA_INUSE" },
	{ TD_ANSWER_ALIGN, "mapgpa:error=ALIGN_ERROR" },
	{ TD_ANSWER_UNSUPPORTED, "mapgpa:error=SUBFUNC_UNSUPPORTED" },
	{ TD_ANSWER_UNKNOWN, "mapgpa:error=0xdead" },
	{ TD_ANSWER_LIE, "mapgpa:lie" },
	{ TD_ANSWER_OK_CHANGED, "mapgpa:registers=changed" },
	{ TD_ANSWER_FIRST_CHANGED, "mapgpa:retry=+1:registers=changed" },
	{ TD_ANSWER_INVALID_END, "mapgpa:error=INVALID_OPERAND:claim=end" },
	{ TD_ANSWER_BUSY, "accept:busy=1" },
	{ TD_ANSWER_NO_SIZE, "accept:error=PAGE_SIZE_MISMATCH" },
	{ TD_ANSWER_SMALL, "accept:error=PAGE_SIZE_MISMATCH:min-pages=512" },
};

enum { PERMITTED, HOSTILE };
enum { COMPLETE, CONTAIN };

#define LABELS_OF(id, name, ghci, expect, ...) [TD_ANSWER_##id] = { expect, ghci },
static const struct {
	bool contain, hostile;
} labels_of[] = { TD_ANSWERS(LABELS_OF) };

static void test_as_answers(void)
{
	_Static_assert(ARRAY_SIZE(same) == TD_ANSWER_KINDS, "each answer has its keys");
	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++) {
		tap_case_number("as the answer", i);
		tap_is(same[i].answer, i, "the table has their order");
		labels(same[i].keys, labels_of[i].contain, labels_of[i].hostile);
	}
	tap_case(NULL);
	labels("mapgpa:error=INVALID_OPERAND:claim=start", true, false);
	labels("mapgpa:error=INVALID_OPERAND:claim=start+1", true, true);
	labels("mapgpa:error=INVALID_OPERAND:complete=2:claim=start+2", true, false);
	labels("mapgpa:error=INVALID_OPERAND:claim=end+1", true, false);	/* nobody takes it for progress */
	labels("mapgpa:error=INVALID_OPERAND:claim=frontier+1", true, true);
	labels("mapgpa:error=INVALID_OPERAND:claim=none", true, false);
	labels("mapgpa:error=INVALID_OPERAND:complete=all", true, true);
}

int main(void)
{
	test_grammar();
	test_refused();
	test_on_top();
	test_as_answers();
	return tap_done();
}
