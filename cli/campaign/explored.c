/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/campaign/explored.h"

#define CHOICE(word, i) ((word) >> (i) * EXPLORE_ANSWER_BITS & ((1u << EXPLORE_ANSWER_BITS) - 1))

/* The record of the end of a sequence, unpacked: wire/explore.h says how it is. */
struct ending {
	uint8_t taken[TD_EXPLORE_DEPTH], answers[TD_EXPLORE_DEPTH], widths[TD_EXPLORE_DEPTH];
	uint32_t count, cut, dealt;
	enum explore_end why;
	uint64_t detail;	/* of why */
	bool ours;
	uint64_t states;
};

static void unpack(const struct td_event *event, const struct explored_sequence *s, struct ending *e)
{
	*e = (struct ending){
		.count = event->a[4] & 0xff, .cut = event->a[4] >> 8 & 0xffffff, .dealt = (uint32_t)(event->a[4] >> 32),
		.why = event->a[1] & 0xff, .detail = event->a[2], .ours = event->a[1] >> 8 & 1, .states = event->a[1] >> 16,
	};
	if (e->count > EXPLORE_MAX_DEPTH)
		e->count = EXPLORE_MAX_DEPTH;
	for (uint32_t i = 0; i < e->count; i++) {
		e->taken[i] = (uint8_t)CHOICE(event->a[0], i);
		e->answers[i] = (uint8_t)CHOICE(event->a[3], i);
		e->widths[i] = i < s->ncalls ? (uint8_t)td_explore_width(s->calls[i].a[1] / TDX_PAGE_SIZE) : 0;
	}
}

/* Of the direction that is explored, and begun in this sequence. */
static void collect_conversion(struct explored *x, const struct td_event *event)
{
	struct explored_sequence *s = &x->now;
	bool opens = event->type == TD_EV_OPEN, ours = !!(event->a[1] & x->s_bit) == x->result.of.to_shared;
	uint32_t id = (uint32_t)(opens ? event->a[0] : event->a[0] >> 32), how = (uint32_t)event->a[0];

	if (opens && ours)
		s->first = s->open++ ? s->first : id;
	if (opens || !ours || !s->open || id < s->first)
		return;
	s->open--;
	s->undone = how == TD_CLOSE_UNDONE || (s->undone && how != TD_CLOSE_COMPLETE);
}

static void collect(struct explored *x, const struct td_event *event)
{
	struct explored_sequence *s = &x->now;
	uint64_t class = event->a[0] >> 32;
	enum td_violation kind = (enum td_violation)(event->a[0] & UINT32_MAX);

	td_answers_add(&s->answers, event);
	if (event->type == TD_EV_MAPGPA && s->ncalls < EXPLORED_CALLS)
		s->calls[s->ncalls++] = *event;
	else if (event->type == TD_EV_MAPGPA)
		s->too_long = true;
	else if (event->type == TD_EV_OPEN || event->type == TD_EV_CLOSE)
		collect_conversion(x, event);
	if (event->type != TD_EV_VERDICT)
		return;
	s->vmm_caused |= class == TD_CLASS_VMM_CAUSED;
	if (class != TD_CLASS_VIOLATION || s->violation != TD_V_NONE || kind == TD_V_ABANDONED ||
	    kind == TD_V_ACCEPT_ABANDONED)
		return;
	s->violation = kind;
	s->cause = s->answers.hostile ? TD_CAUSE_HOSTILE : TD_CAUSE_PERMITTED;
}

static void find(struct explored *x, const struct ending *e, enum td_violation finding, const char *detail)
{
	const struct explored_sequence *s = &x->now;
	enum td_cause cause = s->violation != TD_V_NONE && finding == s->violation ? s->cause :
			      s->answers.hostile ? TD_CAUSE_HOSTILE : TD_CAUSE_PERMITTED;

	struct result_finding new = { .kind = finding, .cause = cause, .sequences = 1 };

	snprintf(new.detail, sizeof(new.detail), "%s", detail);
	ways_add_cut(&new.ways, e->answers, e->count, e->cut);
	result_find(&x->result, &new);
}

/* Port 0x80, and 0xed where that is taken: writing there is how to wait a little, in a loop as well as behind it. */
static bool waits_only(const struct ending *e)
{
	uint64_t port = e->detail >> 32;

	return e->why == EXPLORE_END_PORT && (port == 0x80 || port == 0xed);
}

static void compare(struct explored *x, const struct ending *e, enum td_violation *finding)
{
	bool undone = (e->why != EXPLORE_END_PORT && e->why != EXPLORE_END_MAPGPA) || waits_only(e);
	const struct td_event *calls[EXPLORED_CALLS];
	const struct explored_sequence *s = &x->now;
	struct model_verdict verdict;

	for (size_t i = 0; i < s->ncalls; i++)
		calls[i] = &s->calls[i];
	model_compare(calls, s->ncalls, x->s_bit, undone || s->too_long, (uint32_t)x->result.of.stalls, &verdict);
	x->result.successes += verdict.succeeds;
	if (!verdict.agrees) {
		find(x, e, TD_V_MODEL_MISMATCH, verdict.what);
		*finding = TD_V_MODEL_MISMATCH;
	}
}

/*
 * What became of the guest, if the VMM did nothing that lets it give up: a guest that dies, hangs, goes on for ever, or
 * goes on without what it asked for has failed. After any other answer that is how it keeps out of harm.
 */
static enum td_violation fate(struct explored *x, const struct ending *e)
{
	static const char although[] = "although every answer was one that it has to live through";
	const struct explored_sequence *s = &x->now;
	enum td_violation finding = TD_V_NONE;
	char detail[160] = "";

	if (s->violation || s->vmm_caused || !td_answers_complete(&s->answers, TD_STALLS))
		return TD_V_NONE;
	if (e->why == EXPLORE_END_STOPPED) {
		finding = TD_V_GUEST_DIED;
		snprintf(detail, sizeof(detail), "the guest died (%s) %s",
			 e->detail == TD_RUNNING ? "triple-fault" : stop_name((unsigned int)e->detail), although);
	} else if (e->why == EXPLORE_END_IDLE) {
		finding = TD_V_GUEST_HUNG;
		snprintf(detail, sizeof(detail), "nothing could happen in the guest any more %s", although);
	} else if (e->why == EXPLORE_END_LIMIT) {
		finding = TD_V_UNBOUNDED;
		snprintf(detail, sizeof(detail), "the guest's TDCALLs had no end %s", although);
	} else if ((s->open || s->undone) && !waits_only(e)) {
		finding = TD_V_ABANDONED;
	}
	if (finding != TD_V_NONE)
		find(x, e, finding, *detail ? detail : td_violation_sentence(finding));
	return finding;
}

static void count(struct explored *x, const struct ending *e)
{
	const struct explored_sequence *s = &x->now;
	enum td_violation finding = TD_V_NONE, end;

	result_count(&x->result, e->answers, e->count);
	x->result.calls += s->ncalls;
	x->result.cut += e->cut != 0;
	compare(x, e, &finding);
	end = fate(x, e);
	finding = end != TD_V_NONE ? end : finding;
	if (s->violation != TD_V_NONE) {
		finding = s->violation;
		find(x, e, finding, td_violation_sentence(finding));
	}
	if (x->found)
		x->found(x->found_arg, finding != TD_V_NONE ? td_violation_name(finding) : "");
}

static void finish(struct explored *x, const struct td_event *event)
{
	struct result_last *last = &x->result.last;
	struct ending e;

	unpack(event, &x->now, &e);
	if (e.ours && !x->first)
		count(x, &e);
	x->result.states |= e.states;
	estimate_add(&x->estimate, e.taken, e.widths, e.count);
	if (!x->first) {
		*last = (struct result_last){ .any = true, .depth = e.count, .ours = e.ours };
		memcpy(last->taken, e.taken, sizeof(last->taken));
		last->dealt = x->result.of.random ? 0 : e.dealt;
		last->number = x->result.of.random ? e.dealt : 0;
	}
	x->first = false;
	x->now = (struct explored_sequence){ 0 };
}

static void begin(struct explored *x, const struct td_event *event, size_t at)
{
	x->began = true;
	x->result.gpa = event->a[2];
	x->other_window = x->result.last.any && x->result.of.pages != event->a[3];
	x->result.of.pages = event->a[3];
	x->begin = event->time;
	x->cpu_begin = x->cpu_before;	/* when it had not yet begun, so that no rate is too good */
	x->start = at;
}

void explored_read(struct explored *x, struct records *records, double cpu)
{
	size_t over = x->start;		/* behind the last record of a sequence */

	for (; x->read < records->count; x->read++) {
		const struct td_event *event = &records->all[x->read];

		if (event->type == TD_EV_START)
			x->s_bit = tdx_shared_bit((unsigned int)event->a[0]);
		if (event->type == TD_EV_SEQUENCE && (event->a[1] & 0xff) == EXPLORE_BEGIN) {
			begin(x, event, x->read);
			over = x->read + 1;
		} else if (event->type == TD_EV_SEQUENCE && (event->a[1] & 0xff) == EXPLORE_OVER) {
			x->over = true;
			over = x->read + 1;
		} else if (event->type == TD_EV_SEQUENCE) {
			finish(x, event);
			x->result.seconds = x->seconds + (double)(event->time - x->begin) / (double)records->tsc_hz;
			x->result.cpu = x->cpu + cpu - x->cpu_begin;
			over = x->read + 1;
		} else if (x->began) {
			collect(x, event);
		}
	}
	x->cpu_before = cpu;
	if (over > x->start) {
		memmove(&records->all[x->start], &records->all[over], (records->count - over) * sizeof(*records->all));
		records->count -= over - x->start;
		x->read -= over - x->start;
	}
}

const char *explored_progress(const struct explored *x)
{
	static char line[160];
	const struct result *r = &x->result;
	double total = r->of.random ? (double)r->of.random / (r->of.shards ? r->of.shards : 1) :
				      estimate_total(&x->estimate);
	double share = total > 0 ? (double)(r->of.random ? r->sequences : x->estimate.sequences) / total : 0;
	double rate = r->seconds > 0 ? (double)r->sequences / r->seconds : 0;
	double left = share > 0 && x->result.seconds > x->seconds ?
			      (r->seconds - x->seconds) / share * (1 - share) : 0;

	if (!x->began || !r->sequences)
		return NULL;
	snprintf(line, sizeof(line), "%lu sequences, %.0f a second, %u finding%s, about %.0f %% done, %.0f s to go",
		 r->sequences, rate, r->nfindings, r->nfindings == 1 ? "" : "s", 100 * share, left);
	return line;
}

int explored_end(struct explored *x, struct boot *b)
{
	struct result *r = &x->result;
	int status = b->judgement.status;
	uint32_t new;

	r->complete = x->over && !b->end.signal && !b->end.timed_out;
	new = result_known(r, &b->known, boot_guest_name(b));

	if (status == STATUS_ENVIRONMENT)
		complain(status, "%s", b->judgement.why);
	else if (status < STATUS_SIGNAL && new)
		status = STATUS_FAIL;
	else if (status == STATUS_PASS && !x->began)
		status = STATUS_INCONCLUSIVE;
	r->incomplete[0] = '\0';
	if (!r->complete && b->end.signal)
		snprintf(r->incomplete, sizeof(r->incomplete), "interrupted by signal %d", b->end.signal);
	r->verdict = status == STATUS_PASS ? RESULT_PASS : status == STATUS_FAIL ? RESULT_FAIL : RESULT_INCONCLUSIVE;
	snprintf(r->afterwards, sizeof(r->afterwards), "%s", outcome_name(b->judgement.outcome));
	return status;
}

void explored_text(const struct explored *x, const struct boot *b)
{
	static const char *const verdicts[] = { "pass", "inconclusive", "fail" };
	const struct result *r = &x->result;
	uint64_t s = 1ull << (b->config.td.gpaw - 1);

	if (!x->began) {
		printf("explored   nothing: no MapGPA of this direction and size came\n");
	} else {
		printf("guest      %s %s, 1 vCPU, GPAW %u\n", b->guest.linux_kernel ? "Linux" : "payload",
		       b->guest.linux_kernel ? b->guest.version : b->guest.path, b->config.td.gpaw);
		printf("window     MapGPA of %lu pages at GPA 0x%lx\n", r->of.pages, r->gpa & ~s);
		result_text(r);
		printf("model      %lu of %lu sequences as Linux 6.12's rules say, %lu of them to success\n",
		       r->sequences - result_mismatches(r), r->sequences, r->successes);
	}
	printf("afterwards %s: %s\n", outcome_sentence(b->judgement.outcome), b->judgement.why);
	printf("verdict    %s\n", verdicts[r->verdict]);
}
