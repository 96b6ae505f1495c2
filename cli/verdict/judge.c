/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/verdict/summary.h"
#include "cli/verdict/known.h"
#include "cli/verdict/waiting.h"
#include "td/td.h"

static const struct {
	const char *name, *sentence;
	bool finished;
} outcomes[] = {
#define OUTCOME(id, name, sentence, finished) { name, sentence, finished },
	OUTCOMES(OUTCOME)
#undef OUTCOME
};

const char *outcome_name(enum outcome outcome)
{
	return outcomes[outcome].name;
}

const char *outcome_sentence(enum outcome outcome)
{
	return outcomes[outcome].sentence;
}

bool outcome_finished(enum outcome outcome)
{
	return outcomes[outcome].finished;
}

/* The same as a test's in Automake, and in kvm-unit-tests. */
#define PAYLOAD_SKIPS 77

/* Nothing happens any more: that a guest halted itself, or waits for a key, is no hang. */
static enum outcome idle_outcome(const struct console *console, const struct run_end *end)
{
	bool parked = waiting_all_parked(end->vcpus);

	if (parked && console->halted)
		return OUTCOME_HALTED;
	return !parked && !end->hung_ms && end->console_input ? OUTCOME_INPUT : OUTCOME_IDLE;
}

static enum outcome outcome_of(const struct judgement *j, const struct console *console, const struct run_end *end)
{
	if (end->monitor_failed)
		return OUTCOME_MONITOR;
	if (j->detected < 0 && end->no_tdx && !end->signal)
		return OUTCOME_NO_TDX;
	if (j->stop == TD_STOP_FATAL_ERROR)
		return OUTCOME_FATAL_ERROR;
	if (j->stop != TD_RUNNING && j->stop != TD_STOP_ENGINE)
		return OUTCOME_STOPPED;
	if (!j->marked)
		return end->expected ? OUTCOME_EXPECTED : end->signal ? OUTCOME_INTERRUPTED :
		       end->no_boot ? OUTCOME_NO_BOOT : end->timed_out ? OUTCOME_TIMEOUT :
		       end->misdeed ? OUTCOME_MISDEED : OUTCOME_QEMU;
	switch (j->mark) {
	case TD_MARK_POWER_OFF:
		return OUTCOME_POWER_OFF;
	case TD_MARK_SUSPENDED:
		return OUTCOME_SUSPENDED;
	case TD_MARK_SHUTDOWN:
		return j->end_value == 0 ? OUTCOME_ENDED :
		       j->end_value == PAYLOAD_SKIPS ? OUTCOME_PAYLOAD_SKIPPED : OUTCOME_PAYLOAD_FAILED;
	case TD_MARK_RESET:
		if (console->panicked)
			return OUTCOME_PANIC;
		return j->end_value == 1 ? OUTCOME_TRIPLE_FAULT : OUTCOME_RESET;
	case TD_MARK_IDLE:
		return console->panicked ? OUTCOME_PANIC : idle_outcome(console, end);
	case TD_MARK_NO_TDX:
		return OUTCOME_NO_TDX;
	case TD_MARK_MISDEED:
		return OUTCOME_MISDEED;
	default:
		return OUTCOME_MONITOR;
	}
}

/* How far later conversions that were completed take c, from `at` on. */
static uint64_t taken_to(const struct judgement *j, const struct conversion *c, uint64_t at)
{
	for (const struct conversion *d = c + 1; d < j->conversions + j->nconversions; d++)
		if (d->to_shared == c->to_shared && d->closed && d->how == TD_CLOSE_COMPLETE && d->gpa <= at &&
		    d->gpa + d->pages * TDX_PAGE_SIZE > at)
			at = d->gpa + d->pages * TDX_PAGE_SIZE;
	return at;
}

/* Later conversions of the same direction cover what c left undone: the guest came there in the end. */
static bool made_up_for(const struct judgement *j, const struct conversion *c)
{
	uint64_t at = c->gpa + (c->how == TD_CLOSE_UNDONE ? 0 : c->done) * TDX_PAGE_SIZE, before;

	do {
		before = at;
		at = taken_to(j, c, before);
	} while (at != before);
	return at >= c->gpa + c->pages * TDX_PAGE_SIZE;
}

/* Under a VMM that would have gone on, the guest was to complete. */
static bool is_missed(const struct judgement *j, const struct conversion *c)
{
	return c->closed && (c->how == TD_CLOSE_REFUSED || c->how == TD_CLOSE_UNDONE || c->how == TD_CLOSE_ABANDONED) &&
	       !made_up_for(j, c);
}

/* The first conversion that was not completed, under a VMM that would have gone on. */
static const struct conversion *missed(const struct judgement *j, const struct td_behaviour *behaviour)
{
	for (size_t i = 0; i < j->nconversions && !behaviour->contain; i++)
		if (is_missed(j, &j->conversions[i]))
			return &j->conversions[i];
	return NULL;
}

/* The violation that is named in the verdict: the first. What came later it may have led to. */
static const struct finding *first_violation(const struct judgement *j)
{
	for (size_t i = 0; i < j->nfindings; i++)
		if (j->findings[i].class == TD_CLASS_VIOLATION)
			return &j->findings[i];
	return NULL;
}

/* A violation, or what was to be completed and was not; text is room for it. */
static const char *failure(const struct judgement *j, const struct td_behaviour *behaviour, char *text, size_t bytes)
{
	const struct finding *f = first_violation(j);
	const struct conversion *c = missed(j, behaviour);

	if (f && j->nviolations > 1)
		snprintf(text, bytes, "%s, and %zu more", td_violation_sentence(f->kind), j->nviolations - 1);
	else if (f)
		snprintf(text, bytes, "%s", td_violation_sentence(f->kind));
	else if (c)
		snprintf(text, bytes, "a conversion of %" PRIu64 " pages was %s after %" PRIu64
			 ", although the VMM would have gone on", c->pages, close_name(c->how), c->done);
	else if (j->outcome == OUTCOME_PAYLOAD_FAILED)
		snprintf(text, bytes, "the payload ended with status %" PRIu64 ": it failed by its own word", j->end_value);
	else
		return NULL;
	return text;
}

/* The module ended the TD at a page of which the judge has said that the VMM took it, or lied about it. */
static bool ended_by_vmm(const struct judgement *j)
{
	uint64_t page = j->stop_detail & ~(TDX_PAGE_SIZE - 1);

	for (size_t i = 0; i < j->nfindings; i++)
		if (j->findings[i].class == TD_CLASS_VMM_CAUSED && page >= j->findings[i].gpa &&
		    page - j->findings[i].gpa < j->findings[i].pages * TDX_PAGE_SIZE)
			return true;
	return false;
}

/* A guest that met a VMM which does not let it complete may well stop, or be stopped: there is an end to it. */
static bool contained(const struct judgement *j)
{
	return j->outcome == OUTCOME_FATAL_ERROR || j->outcome == OUTCOME_PANIC || j->outcome == OUTCOME_IDLE ||
	       j->outcome == OUTCOME_INPUT ||
	       (j->outcome == OUTCOME_STOPPED && ended_by_vmm(j));
}

/* The disk belongs to the VMM: where the guest is not expected to complete, what comes from there says nothing. */
static const char *no_device(const struct judgement *j, const struct console *console,
			     const struct device_facts *device)
{
	if (!device->attached)
		return NULL;
	if (console->device && *device->sha256 && !j->device_equal)
		return "the disk's data came back wrong";
	if (console->device_failed)
		return "the disk could not be read";
	return console->missing ? "the disk never turned up in the guest, although its driver is there" : NULL;
}

/* Pages of the largest conversion in each direction. */
static void largest(const struct judgement *j, uint64_t most[2])
{
	most[false] = most[true] = 0;
	for (size_t i = 0; i < j->nconversions; i++) {
		const struct conversion *c = &j->conversions[i];

		if (c->done > most[c->to_shared])
			most[c->to_shared] = c->done;
	}
}

/* What is missing before a pass may be called one; NULL if nothing is. text is room for it. */
static const char *no_evidence(const struct judgement *j, const struct console *console,
			       const struct td_behaviour *behaviour, const struct device_facts *device,
			       const struct run_end *end, const uint64_t most[2], char *text, size_t bytes)
{
	bool stopped = behaviour->contain && contained(j);
	const char *missing = ground_unrecorded(behaviour, j->unrecorded, j->totals.mapgpa_calls);

	if (j->outcome == OUTCOME_NO_TDX)
		return "this kernel does not know TDX: it needs CONFIG_INTEL_TDX_GUEST=y";
	if (j->outcome == OUTCOME_PAYLOAD_SKIPPED)
		return outcome_sentence(j->outcome);
	if (j->detected < 0)
		return "no TD was detected: the guest never asked TDG.VP.INFO";
	if (j->untracked)
		return GROUND_UNTRACKED;
	if (!missing)
		missing = ground_undisturbed(behaviour->contain, j->disturbed);
	if (missing)
		return missing;
	if (!behaviour->contain && j->totals.completed == 0)
		return "no conversion was completed: the guest never asked for one";
	missing = ground_unexercised(behaviour, most);
	if (missing)
		return missing;
	if (j->outcome != OUTCOME_ENDED && !stopped && !console->init && (end->nonce_due || j->user < 0))
		return "user space was never reached: the run's nonce did not come back (tdlab-boot(1), EVIDENCE)";
	if (console->expect && !console->expected)
		return "the text that was waited for never came";
	if (console->stress.wrong)
		return "files in memory came back wrong";
	if (end->log_differs)
		return "the RTMRs are not what the guest's event log says was measured";
	if (behaviour->contain)
		return NULL;
	missing = no_device(j, console, device);
	if (missing || !*console->failed)	/* evidence was set up, and did not come */
		return missing;
	snprintf(text, bytes, "the guest's user space could not %s", console->failed);
	return text;
}

/* That the guest did not come to its end; text is room for it. */
static const char *unfinished(const struct judgement *j, const struct td_behaviour *behaviour,
			      const struct run_end *end, char *text, size_t bytes)
{
	if (outcome_finished(j->outcome) || (behaviour->contain && contained(j)) || j->outcome == OUTCOME_NO_TDX ||
	    j->outcome == OUTCOME_PAYLOAD_SKIPPED)
		return NULL;
	if (j->outcome == OUTCOME_STOPPED)
		snprintf(text, bytes, "%s (%s at GPA 0x%" PRIx64 ") and no violation was seen", outcome_sentence(j->outcome),
			 stop_name(j->stop), j->stop_detail);
	else if (j->outcome == OUTCOME_MISDEED)
		snprintf(text, bytes, "the guest %s; no violation was seen before", end->message);
	else
		snprintf(text, bytes, "%s and no violation was seen", outcome_sentence(j->outcome));
	return text;
}

static const char *broken(const struct judgement *j, const struct run_end *end, char *text, size_t bytes)
{
	if (j->outcome != OUTCOME_MONITOR && j->outcome != OUTCOME_QEMU)
		return NULL;
	snprintf(text, bytes, "%s%s%s", outcome_sentence(j->outcome), *end->message ? ": " : "", end->message);
	return text;
}

void judge(struct judgement *j, const struct records *records, const struct console *console,
	   const struct td_behaviour *behaviour, const struct td_config *config, const struct device_facts *device,
	   const struct run_end *end)
{
	char texts[4][320];
	uint64_t most[2];
	struct grounds grounds;
	struct judged judged;

	*j = (struct judgement){ 0 };
	summarise(j, records, config, behaviour->hostile);
	j->outcome = outcome_of(j, console, end);
	j->device_equal = console->device && console->device_bytes == device->bytes &&
			  strcmp(console->device_sha256, device->sha256) == 0;
	largest(j, most);
	j->exercised[true] = ground_exercised(behaviour, most, true);
	j->exercised[false] = ground_exercised(behaviour, most, false);
	grounds = (struct grounds){
		.broken = broken(j, end, texts[0], sizeof(texts[0])),
		.failed = failure(j, behaviour, texts[1], sizeof(texts[1])),
		.unfinished = unfinished(j, behaviour, end, texts[2], sizeof(texts[2])),
		.missing = no_evidence(j, console, behaviour, device, end, most, texts[3], sizeof(texts[3])),
		.passed = ground_passed_boot(behaviour, j->outcome == OUTCOME_STOPPED, most),
	};
	j->unfinished = grounds.unfinished && j->outcome != OUTCOME_STOPPED;
	judged = judge_grounds(&grounds);
	j->verdict = judged.verdict;
	j->status = j->outcome == OUTCOME_INTERRUPTED ? STATUS_SIGNAL + end->signal : judged.status;
	memcpy(j->why, judged.why, sizeof(j->why));
}

/* The same kind and class more than once is one finding. */
static bool is_first(const struct judgement *j, size_t i)
{
	for (size_t n = 0; n < i; n++)
		if (j->findings[n].class == TD_CLASS_VIOLATION && j->findings[n].kind == j->findings[i].kind &&
		    j->findings[n].cause == j->findings[i].cause)
			return false;
	return j->findings[i].class == TD_CLASS_VIOLATION;
}

void judge_known(struct judgement *j, struct known *known, const char *guest, const char *under)
{
	const char *why = NULL, *one;
	bool whole = j->outcome != OUTCOME_INTERRUPTED;	/* else the signal is the status, whatever was seen */
	size_t kinds = 0, met = 0;
	struct judged judged;

	for (size_t i = 0; i < j->nfindings; i++) {
		if (!is_first(j, i))
			continue;
		one = known_find(known, guest, under, (enum td_violation)j->findings[i].kind, j->findings[i].cause);
		why = why ? why : one;
		met += one != NULL;
		kinds++;
	}
	if (whole && (j->verdict == VERDICT_PASS || j->verdict == VERDICT_FAIL))
		known_tried(known, guest, under);
	if (kinds == 0 || met != kinds || j->verdict != VERDICT_FAIL)
		return;
	judged = judge_all_known(why, j->unfinished ? outcome_sentence(j->outcome) : NULL);
	j->verdict = judged.verdict;
	j->status = whole ? judged.status : j->status;
	memcpy(j->why, judged.why, sizeof(j->why));
}

void judge_free(struct judgement *j)
{
	free(j->conversions);
	free(j->findings);
	*j = (struct judgement){ 0 };
}
