/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explored.h"
#include "cli/json.h"

#define MAX_CALLS	256	/* of one sequence that are compared */

static const char *const answer_names[] = {
#define TD_ANSWER(id, name, meaning) [TD_ANSWER_##id] = name,
	TD_ANSWERS(TD_ANSWER)
#undef TD_ANSWER
};

/* One sequence: its requests and what td said of them. */
struct sequence {
	const struct td_event *calls[MAX_CALLS];
	size_t ncalls;
	bool too_long;
	const struct td_event *verdict;		/* the first violation */
};

static void name_sequence(const struct td_event *end, char *text, size_t bytes)
{
	uint64_t word = end->a[3], count = end->a[4] & UINT32_MAX;
	size_t used = 0;

	text[0] = '\0';
	for (uint64_t i = 0; i < count && used < bytes; i++, word >>= EXPLORE_ANSWER_BITS) {
		uint64_t answer = word & ((1u << EXPLORE_ANSWER_BITS) - 1);

		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? "," : "",
					 answer < TD_ANSWER_KINDS ? answer_names[answer] : "?");
	}
}

static void note(struct explored_note notes[EXPLORED_SHOWN], uint64_t *count, const struct td_event *end,
		 const char *what)
{
	if (*count < EXPLORED_SHOWN) {
		name_sequence(end, notes[*count].sequence, sizeof(notes[*count].sequence));
		snprintf(notes[*count].what, sizeof(notes[*count].what), "%s", what);
	}
	(*count)++;
}

static void collect(struct sequence *s, const struct td_event *event)
{
	if (event->type == TD_EV_MAPGPA && s->ncalls < MAX_CALLS)
		s->calls[s->ncalls++] = event;
	else if (event->type == TD_EV_MAPGPA)
		s->too_long = true;
	else if (event->type == TD_EV_VERDICT && event->a[0] >> 32 == TD_CLASS_VIOLATION && s->verdict == NULL)
		s->verdict = event;
}

static void count_answers(struct explored *x, const struct td_event *end)
{
	uint64_t word = end->a[3];

	for (uint64_t i = 0; i < (end->a[4] & UINT32_MAX); i++, word >>= EXPLORE_ANSWER_BITS)
		if ((word & ((1u << EXPLORE_ANSWER_BITS) - 1)) < TD_ANSWER_KINDS)
			x->answers[word & ((1u << EXPLORE_ANSWER_BITS) - 1)]++;
}

static void finish(struct explored *x, const struct sequence *s, const struct td_event *end, uint64_t s_bit,
		   uint32_t stalls)
{
	bool undone = end->a[1] != EXPLORE_END_PORT && end->a[1] != EXPLORE_END_MAPGPA;
	struct model_verdict verdict;

	x->sequences++;
	x->calls += s->ncalls;
	x->cut += end->a[4] >> 32 != 0;
	if (end->a[1] >= 1 && end->a[1] <= 4)
		x->ends[end->a[1] - 1]++;
	count_answers(x, end);
	model_compare(s->calls, s->ncalls, s_bit, undone || s->too_long, stalls, &verdict);
	x->successes += verdict.succeeds;
	if (!verdict.agrees)
		note(x->mismatch, &x->mismatches, end, verdict.what);
	if (s->verdict != NULL)
		note(x->violation, &x->violations, end, violation_sentence((unsigned int)(s->verdict->a[0] & UINT32_MAX)));
}

void explored_read(struct explored *x, struct records *records, uint32_t depth, uint32_t stalls)
{
	uint64_t s_bit = 0, begin = 0;
	size_t kept = 0, start = 0;
	struct sequence s = { 0 };

	(void)depth;
	memset(x, 0, sizeof(*x));
	for (size_t i = 0; i < records->count; i++) {
		const struct td_event *event = &records->all[i];

		if (event->type == TD_EV_START)
			s_bit = tdx_shared_bit((unsigned int)event->a[0]);
		if (event->type == TD_EV_SEQUENCE && event->a[1] == EXPLORE_BEGIN) {
			x->began = true;
			x->gpa = event->a[2];
			x->pages = event->a[3];
			begin = event->time;
			start = i;
			kept = i;
		} else if (event->type == TD_EV_SEQUENCE) {
			finish(x, &s, event, s_bit, stalls);
			x->seconds = (double)(event->time - begin) / (double)records->tsc_hz;
			memset(&s, 0, sizeof(s));
			kept = i + 1;
		} else if (x->began) {
			collect(&s, event);
		}
	}
	if (x->began) {
		memmove(&records->all[start], &records->all[kept], (records->count - kept) * sizeof(*records->all));
		records->count -= kept - start;
	}
}

int explored_status(const struct explored *x, const struct boot *b)
{
	if (b->judgement.status == STATUS_ENVIRONMENT)
		return STATUS_ENVIRONMENT;
	if (x->mismatches || x->violations)
		return STATUS_FAIL;
	if (!x->began)
		return STATUS_INCONCLUSIVE;
	return b->judgement.status;
}

static void notes_text(const char *label, const struct explored_note *notes, uint64_t count)
{
	for (uint64_t i = 0; i < count && i < EXPLORED_SHOWN; i++)
		printf("%-10s %s: %s\n", label, notes[i].sequence, notes[i].what);
	if (count > EXPLORED_SHOWN)
		printf("%-10s and %lu more\n", label, count - EXPLORED_SHOWN);
}

void explored_text(const struct explored *x, const struct boot *b)
{
	uint64_t s = 1ull << (b->config.td.gpaw - 1);

	if (!x->began) {
		printf("explored   nothing: no MapGPA of this direction and size came\n");
	} else {
		printf("guest      %s %s, 1 vCPU, GPAW %u\n", b->guest.linux_kernel ? "Linux" : "payload",
		       b->guest.linux_kernel ? b->guest.version : b->guest.path, b->config.td.gpaw);
		printf("window     MapGPA of %lu pages at GPA 0x%lx, to %s\n", x->pages, x->gpa & ~s,
		       x->gpa & s ? "shared" : "private");
		printf("explored   %lu sequences of up to %u answers, %lu calls, %.1f s, %.0f a second\n", x->sequences,
		       b->config.explore.depth, x->calls, x->seconds,
		       x->seconds > 0 ? (double)x->sequences / x->seconds : 0);
		printf("answers   ");
		for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
			printf(" %s %lu%s", answer_names[i], x->answers[i], i + 1 < TD_ANSWER_KINDS ? "," : "\n");
		printf("model      %lu of %lu sequences as Linux 6.12's rules say, %lu of them to success\n",
		       x->sequences - x->mismatches, x->sequences, x->successes);
		notes_text("mismatch", x->mismatch, x->mismatches);
		notes_text("violation", x->violation, x->violations);
	}
	printf("afterwards %s: %s\n", outcome_sentence(b->judgement.outcome), b->judgement.why);
	printf("verdict    %s\n", explored_status(x, b) == STATUS_PASS ? "pass" : "fail");
}

static void notes_json(struct json *json, const char *key, const struct explored_note *notes, uint64_t count)
{
	json_array(json, key);
	for (uint64_t i = 0; i < count && i < EXPLORED_SHOWN; i++) {
		json_object(json, NULL);
		json_text(json, "sequence", notes[i].sequence);
		json_text(json, "detail", notes[i].what);
		json_object_end(json);
	}
	json_array_end(json);
}

void explored_json(const struct explored *x, const struct boot *b)
{
	struct json json = { .out = stdout, .indent = true };

	json_object(&json, NULL);
	json_text(&json, "schema", "tdlab.explore/1");
	json_text(&json, "image", b->guest.path);
	json_hex(&json, "gpa", x->gpa);
	json_number(&json, "pages", x->pages);
	json_number(&json, "depth", b->config.explore.depth);
	json_number(&json, "sequences", x->sequences);
	json_number(&json, "calls", x->calls);
	json_number(&json, "cut", x->cut);
	json_number(&json, "model_successes", x->successes);
	json_number(&json, "mismatches", x->mismatches);
	json_object(&json, "answers");
	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		json_number(&json, answer_names[i], x->answers[i]);
	json_object_end(&json);
	notes_json(&json, "mismatch", x->mismatch, x->mismatches);
	notes_json(&json, "violations", x->violation, x->violations);
	json_seconds(&json, "seconds", x->seconds);
	json_text(&json, "afterwards", outcome_name(b->judgement.outcome));
	json_text(&json, "verdict", explored_status(x, b) == STATUS_PASS ? "pass" : "fail");
	json_object_end(&json);
}
