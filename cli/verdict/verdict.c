/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cli/verdict/verdict.h"

static const struct {
	int status;
	const char *colour;
} rows[] = {
#define VERDICT(id, name, status, colour) { status, colour },
	VERDICTS(VERDICT)
#undef VERDICT
};

const char *const verdict_names[] = {
#define VERDICT(id, name, status, colour) name,
	VERDICTS(VERDICT)
#undef VERDICT
};

const char *verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

const char *verdict_coloured(enum verdict verdict)
{
	static char text[32];

	if (!colours())
		return verdict_names[verdict];
	snprintf(text, sizeof(text), "%s%s\033[0m", rows[verdict].colour, verdict_names[verdict]);
	return text;
}

int verdict_status(enum verdict verdict)
{
	return rows[verdict].status;
}

enum verdict verdict_of_status(int status)
{
	return status == STATUS_PASS ? VERDICT_PASS : status == STATUS_FAIL ? VERDICT_FAIL : VERDICT_INCONCLUSIVE;
}

struct judged judge_grounds(const struct grounds *g)
{
	const struct {
		const char *why;
		enum verdict verdict;
		int status;
	} order[] = {
		{ g->broken, VERDICT_INCONCLUSIVE, STATUS_ENVIRONMENT },
		{ g->failed, VERDICT_FAIL, STATUS_FAIL },
		{ g->unfinished, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED },
		{ g->missing, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE },
		{ g->passed, VERDICT_PASS, STATUS_PASS },
	};
	struct judged judged = { VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "nothing is known of the run" };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (order[i].why) {
			judged.verdict = order[i].verdict;
			judged.status = order[i].status;
			snprintf(judged.why, sizeof(judged.why), "%s", order[i].why);
			break;
		}
	return judged;
}

struct judged judge_all_known(const char *why, const char *unfinished)
{
	struct judged judged = { .verdict = unfinished ? VERDICT_INCONCLUSIVE : VERDICT_KNOWN };

	judged.status = unfinished ? STATUS_UNFINISHED : verdict_status(judged.verdict);
	if (unfinished)
		snprintf(judged.why, sizeof(judged.why), "what was found is known, but %s", unfinished);
	else
		snprintf(judged.why, sizeof(judged.why), "%s", why);
	return judged;
}

struct judged judge_not_applicable(bool to_shared)
{
	struct judged judged = { .verdict = VERDICT_NOT_APPLICABLE, .status = verdict_status(VERDICT_NOT_APPLICABLE) };

	snprintf(judged.why, sizeof(judged.why), "the guest does not convert to %s", to_shared ? "shared" : "private");
	return judged;
}

bool verdict_behaviour_about(const struct td_behaviour *b, bool to_shared)
{
	for (uint32_t i = 0; i < b->nrules; i++) {
		const struct td_rule *rule = &b->rules[i];

		if (rule->on == TD_ON_MAPGPA ?
		    rule->direction == TD_MATCH_ANY || (rule->direction == TD_MATCH_TO_SHARED) == to_shared : !to_shared)
			return true;
	}
	return b->nrules == 0 && (b->old == TD_OLD_REMOVED || !to_shared);	/* whoever wants a page back meets the old one */
}

void judged_text(struct judged j)
{
	printf("verdict    %s%s%s\n", verdict_coloured(j.verdict), *j.why ? ": " : "", j.why);
}

const char *ground_undisturbed(bool contain, bool disturbed)
{
	return contain && !disturbed ?
	       "the VMM never came to misbehave: the guest made no request that the behaviour is about" : NULL;
}

const char *ground_unrecorded(const struct td_behaviour *b, bool unrecorded, uint64_t calls)
{
	if (unrecorded)
		return TD_UNRECORDED;
	return calls < b->nrecorded ? "the guest made fewer requests than there are recorded answers" : NULL;
}

const char *ground_passed(bool contain, bool ended)
{
	if (!contain)
		return "every conversion completed, no violation";
	return ended ? "the TDX module ended the TD for what the VMM had done: contained, no violation" :
	       "what the VMM did not complete was contained, no violation";
}

#define NO_STEPS UINT64_MAX

/*
 * The most pages for which a guest never meets what the rule does. What stalls before each step is met by whoever asks
 * for a whole one; if its step is all of a request, by whoever asks at all.
 */
static uint64_t step_of(const struct td_rule *rule)
{
	bool stalls = rule->stalls != 0 && rule->chance == 0;

	if (rule->chunk != 0 && rule->chance != 0)
		return rule->chunk;
	if (rule->complete == NO_STEPS)
		return stalls ? 0 : NO_STEPS;
	return stalls && rule->complete != 0 ? rule->complete - 1 : rule->complete;
}

/* Of the VMM in this direction. A rule for certain calls is no way that it has: it does something once. */
static uint64_t step_to(const struct td_behaviour *b, bool to_shared)
{
	for (uint32_t i = 0; i < b->nrules; i++) {
		const struct td_rule *rule = &b->rules[i];

		if (rule->on == TD_ON_MAPGPA && rule->first == 0 && rule->last == 0 && rule->step <= 1 &&
		    (rule->direction == TD_MATCH_ANY || (rule->direction == TD_MATCH_TO_SHARED) == to_shared))
			return step_of(rule);
	}
	return NO_STEPS;
}

static void steps_of(const struct td_behaviour *b, uint64_t step[2])
{
	step[false] = step_to(b, false);
	step[true] = step_to(b, true);
}

bool ground_exercised(const struct td_behaviour *b, const uint64_t most[2], bool to_shared)
{
	uint64_t step = step_to(b, to_shared);

	return most[to_shared] != 0 && (step == NO_STEPS || most[to_shared] > step);
}

const char *ground_unexercised(const struct td_behaviour *b, const uint64_t most[2])
{
	uint64_t step[2];

	steps_of(b, step);
	if (b->contain || (step[true] == NO_STEPS && step[false] == NO_STEPS) ||
	    (step[true] != NO_STEPS && ground_exercised(b, most, true)) ||
	    (step[false] != NO_STEPS && ground_exercised(b, most, false)))
		return NULL;
	if (step[true] == NO_STEPS)
		return "not exercised: no conversion to private went beyond one step of this VMM";
	if (step[false] == NO_STEPS)
		return "not exercised: no conversion to shared went beyond one step of this VMM";
	return "not exercised: no conversion went beyond one step of this VMM";
}

const char *ground_passed_boot(const struct td_behaviour *b, bool ended, const uint64_t most[2])
{
	uint64_t step[2];

	steps_of(b, step);
	if (!b->contain && step[true] != NO_STEPS && !ground_exercised(b, most, true))
		return "every conversion completed, no violation; to shared not exercised";
	if (!b->contain && step[false] != NO_STEPS && !ground_exercised(b, most, false))
		return "every conversion completed, no violation; to private not exercised";
	return ground_passed(b->contain, ended);
}
