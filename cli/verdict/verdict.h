/* SPDX-License-Identifier: MIT */
/* What may be said of a guest, and the one place where it is decided, whatever ran the guest and how often. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include <stdbool.h>

#include "cli/tdlab.h"
#include "td/behaviour.h"
#include "td/event.h"

/*
 * The worse comes later: of several verdicts the last counts. KNOWN: nothing but known findings. NOT_APPLICABLE: it was
 * about what the guest does not do; neither good nor bad, and no reason to fail a script that asks for both directions.
 *
 * VERDICT(identifier, name, exit status if no more is known, colour)
 */
#define VERDICTS(VERDICT) \
	VERDICT(PASS, "pass", STATUS_PASS, "\033[32m") \
	VERDICT(KNOWN, "known", STATUS_PASS, "\033[32m") \
	VERDICT(NOT_APPLICABLE, "not-applicable", STATUS_PASS, "\033[36m") \
	VERDICT(INCONCLUSIVE, "inconclusive", STATUS_INCONCLUSIVE, "\033[33m") \
	VERDICT(FAIL, "fail", STATUS_FAIL, "\033[31m")

enum verdict {
#define VERDICT(id, name, status, colour) VERDICT_##id,
	VERDICTS(VERDICT)
#undef VERDICT
	VERDICT_KINDS
};

extern const char *const verdict_names[VERDICT_KINDS];

const char *verdict_name(enum verdict verdict);
const char *verdict_coloured(enum verdict verdict);	/* the name, for standard output; until the next call */
int verdict_status(enum verdict verdict);
enum verdict verdict_of_status(int status);

static inline bool verdict_good(enum verdict verdict)
{
	return verdict <= VERDICT_KNOWN;
}

/* What there is to say of a guest; NULL: nothing of the kind. */
struct grounds {
	const char *broken;	/* it could not be run: the environment is to blame */
	const char *failed;	/* a violation, or it was to complete and did not */
	const char *unfinished;	/* it did not come to its end */
	const char *missing;	/* of the evidence that a pass takes */
	const char *passed;	/* what a pass would mean */
};

struct judged {
	enum verdict verdict;
	int status;
	char why[200];
};

/* The judge. The first of those grounds decides. */
struct judged judge_grounds(const struct grounds *grounds);

/*
 * All that was found is known, for that reason. It does not excuse a guest that did not come to its end, which may have
 * another cause: unfinished says how, or is NULL.
 */
struct judged judge_all_known(const char *why, const char *unfinished);

/* The guest does not have that direction. */
struct judged judge_not_applicable(bool to_shared);

/* Whether a VMM is about conversions of that direction, among others or alone. */
bool verdict_behaviour_about(const struct td_behaviour *behaviour, bool to_shared);

void judged_text(struct judged judged);	/* the last line of a report: the verdict, and why it is no other */

/* The grounds that every run under a behaviour has. ended: the TDX module ended the TD for what the VMM had done. */
const char *ground_undisturbed(bool contain, bool disturbed);	/* the behaviour was never in force */
#define GROUND_UNTRACKED TD_UNTRACKED
/* What was recorded was not answered, or not all of it. calls: MapGPA calls of the run. */
const char *ground_unrecorded(const struct td_behaviour *behaviour, bool unrecorded, uint64_t calls);
const char *ground_passed(bool contain, bool ended);

/*
 * A VMM that does a part at a time was met by nobody whose every conversion fits into one of its steps, be it that it
 * takes steps to private only. One that stalls before each step was met by whoever asked for a whole one.
 * most[to_shared]: pages that the largest conversion of that direction came to. What went beyond a step in one
 * direction only says nothing of the other, and the verdict claims nothing there.
 */
const char *ground_unexercised(const struct td_behaviour *behaviour, const uint64_t most[2]);
const char *ground_passed_boot(const struct td_behaviour *behaviour, bool ended, const uint64_t most[2]);

/* Something was converted in that direction, and more than the VMM does at a time, if it does a part. */
bool ground_exercised(const struct td_behaviour *behaviour, const uint64_t most[2], bool to_shared);

#endif
