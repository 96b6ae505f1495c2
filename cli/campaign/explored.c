/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/campaign/explored.h"
#include "cli/vmm/describe.h"

/* Answers come in their order: after any other record of them it is not known what the sequence was. */
static void collect_answers(struct explored *x, const struct td_record_answers *a)
{
	struct explored_sequence *s = &x->now;

	if (!s->ended || a->first != s->answered || a->count > TD_ANSWERS_EACH || a->count > s->end.count - s->answered) {
		x->disordered = true;
		return;
	}
	memcpy(s->taken + s->answered, a->taken, a->count);
	memcpy(s->answer + s->answered, a->answer, a->count);
	s->answered += a->count;
}

/* Of the direction that is explored, and begun in this sequence. */
static void collect_conversion(struct explored *x, const struct td_event *event)
{
	struct explored_sequence *s = &x->now;
	bool opens = event->type == TD_EV_OPEN;
	uint64_t gpa = opens ? event->open.gpa : event->close.gpa;
	uint32_t id = opens ? (uint32_t)event->open.conversion : event->close.conversion;
	bool ours = !!(gpa & x->s_bit) == x->result.of.to_shared;

	if (opens && ours)
		s->first = s->open++ ? s->first : id;
	if (opens || !ours || !s->open || id < s->first)
		return;
	s->open--;
	s->undone = event->close.how == TD_CLOSE_UNDONE || (s->undone && event->close.how != TD_CLOSE_COMPLETE);
}

static void collect(struct explored *x, const struct td_event *event)
{
	struct explored_sequence *s = &x->now;

	td_found_add(&s->found, event);
	if (event->type == TD_EV_MAPGPA || event->type == TD_EV_ACCEPT) {
		if (s->ncalls < EXPLORED_CALLS)
			s->calls[s->ncalls++] = *event;
		else
			s->too_long = true;
	} else if (event->type == TD_EV_OPEN || event->type == TD_EV_CLOSE) {
		collect_conversion(x, event);
	}
}

static void find(struct explored *x, enum td_violation finding, const char *detail)
{
	const struct explored_sequence *s = &x->now;
	struct result_finding new = { .kind = finding, .cause = td_found_cause(&s->found, finding), .sequences = 1 };

	snprintf(new.detail, sizeof(new.detail), "%s", detail);
	ways_add_cut(&new.ways, s->answer, s->end.count, s->end.cut);
	result_find(&x->result, &new);
}

/* Port 0x80, and 0xed where that is taken: writing there is how to wait a little, in a loop as well as behind it. */
static bool waits_only(const struct td_record_ended *e)
{
	uint64_t port = e->detail >> 32;

	return e->end == EXPLORE_END_PORT && (port == 0x80 || port == 0xed);
}

static void compare(struct explored *x, enum td_violation *finding)
{
	const struct explored_sequence *s = &x->now;
	uint32_t end = s->end.end;
	bool undone = (end != EXPLORE_END_PORT && end != EXPLORE_END_MAPGPA) || waits_only(&s->end);
	struct model_verdict verdict;

	model_compare(&x->model, s->calls, s->ncalls, x->s_bit, undone || s->too_long, &verdict);
	x->result.successes += verdict.succeeds;
	if (!verdict.agrees) {
		find(x, TD_V_MODEL_MISMATCH, verdict.what);
		*finding = TD_V_MODEL_MISMATCH;
	}
}

/*
 * What became of the guest, if the VMM did nothing that lets it give up: a guest that dies, hangs, goes on for ever, or
 * goes on without what it asked for has failed. After any other answer that is how it keeps out of harm.
 */
static enum td_violation ended_how(struct explored *x)
{
	static const char although[] = "although every answer was one that it has to live through";
	const struct explored_sequence *s = &x->now;
	const struct td_record_ended *e = &s->end;
	enum td_violation finding = TD_V_NONE;
	char detail[160] = "";

	if (s->found.first || s->found.vmm_caused || !td_answers_complete(&s->found.answers, TD_STALLS))
		return TD_V_NONE;
	if (e->end == EXPLORE_END_STOPPED) {
		finding = TD_V_GUEST_DIED;
		snprintf(detail, sizeof(detail), "the guest died (%s) %s",
			 e->detail == TD_RUNNING ? "triple-fault" : stop_name((unsigned int)e->detail), although);
	} else if (e->end == EXPLORE_END_IDLE) {
		finding = TD_V_GUEST_HUNG;
		snprintf(detail, sizeof(detail), "nothing could happen in the guest any more %s", although);
	} else if (e->end == EXPLORE_END_LIMIT) {
		finding = TD_V_UNBOUNDED;
		snprintf(detail, sizeof(detail), "the guest's TDCALLs had no end %s", although);
	} else if ((s->open || s->undone) && !waits_only(e)) {
		finding = TD_V_ABANDONED;
	} else if (!waits_only(e)) {
		finding = s->found.given_up;
	}
	if (finding != TD_V_NONE)
		find(x, finding, *detail ? detail : td_violation_sentence(finding));
	return finding;
}

static void count(struct explored *x)
{
	const struct explored_sequence *s = &x->now;
	enum td_violation finding = TD_V_NONE, end;

	result_count(&x->result, s->answer, s->end.count);
	x->result.calls += s->ncalls;
	x->result.cut += s->end.cut != 0;
	compare(x, &finding);
	end = ended_how(x);
	finding = end != TD_V_NONE ? end : finding;
	if (s->found.first != TD_V_NONE) {
		finding = s->found.first;
		find(x, finding, td_violation_sentence(finding));
	}
	x->not_given = x->replay ? s->end.not_given : 0;
	x->nsteps = x->replay ? s->ncalls : 0;
	for (size_t i = 0; i < x->nsteps && i < EXPLORED_STEPS; i++)
		x->steps[i] = s->calls[i];
	if (x->found)
		x->found(x->found_arg, finding != TD_V_NONE ? td_violation_name(finding) : "");
}

static void finish(struct explored *x)
{
	const struct explored_sequence *s = &x->now;
	const struct td_record_ended *e = &s->end;
	struct search_last *last = &x->result.last;
	uint8_t widths[TD_EXPLORE_DEPTH];

	for (uint32_t i = 0; i < e->count; i++)
		widths[i] = i < s->ncalls ? (uint8_t)td_explore_width(s->calls[i].mapgpa.bytes / TDX_PAGE_SIZE,
								      s->calls[i].mapgpa.gpa & x->s_bit) : 0;
	if (e->ours && !x->first)
		count(x);
	x->result.states |= e->states;
	estimate_add(&x->estimate, s->taken, widths, e->count);
	if (!x->first) {
		*last = (struct search_last){ .any = true, .depth = e->count, .ours = e->ours };
		memcpy(last->taken, s->taken, sizeof(last->taken));
		last->dealt = x->result.of.random ? 0 : e->number;
		last->number = x->result.of.random ? e->number : 0;
	}
	x->first = false;
	memset(&x->now, 0, offsetof(struct explored_sequence, calls));
}

static void begin(struct explored *x, const struct td_event *event)
{
	x->began = true;
	x->result.gpa = event->window.gpa;
	x->other_window = x->result.last.any && x->result.of.pages != event->window.pages;
	x->result.of.pages = event->window.pages;
	x->begin = event->time;
	x->cpu_begin = x->cpu_before;	/* when it had not yet begun, so that no rate is too good */
	x->start = x->read;
}

/* A sequence that had ended before and lacks answers stays without them. */
static void collect_end(struct explored *x, const struct td_record_ended *end)
{
	struct explored_sequence *s = &x->now;

	x->over |= end->end == EXPLORE_OVER;
	x->disordered |= s->ended || end->count > TD_EXPLORE_DEPTH;
	s->ended = end->count <= TD_EXPLORE_DEPTH;
	s->end = *end;
	s->answered = 0;
}

/* Whether the record is the last one of a sequence, or of what is around sequences. */
static bool read_one(struct explored *x, const struct records *records, double cpu)
{
	const struct td_event *event = &records->all[x->read];
	struct explored_sequence *s = &x->now;

	if (event->type == TD_EV_START)
		x->s_bit = tdx_shared_bit((unsigned int)event->start.gpaw);
	if (event->type == TD_EV_WINDOW) {
		begin(x, event);
		return true;
	}
	if (event->type == TD_EV_SEQUENCE) {
		collect_end(x, &event->ended);
	} else if (event->type == TD_EV_ANSWERS) {
		collect_answers(x, &event->answers);
	} else if (x->began) {
		collect(x, event);
	}
	if (!s->ended || s->answered < s->end.count)
		return false;
	if (s->end.end == EXPLORE_OVER || x->disordered) {	/* nobody is blamed for what may be of two sequences */
		memset(&x->now, 0, offsetof(struct explored_sequence, calls));
		return true;
	}
	finish(x);
	x->result.seconds = x->seconds + (double)(event->time - x->begin) / (double)records->tsc_hz;
	x->result.cpu = x->cpu + cpu - x->cpu_begin;
	return true;
}

void explored_read(struct explored *x, struct records *records, double cpu)
{
	size_t over = x->start;		/* behind the last record of a sequence */

	for (; x->read < records->count; x->read++)
		over = read_one(x, records, cpu) ? x->read + 1 : over;
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
	const struct monitor_explore *e = &b->config.explore;
	bool all = !e->sequences && !e->ordered && !e->order.count;
	int status = b->judgement.status;
	uint32_t new;

	r->complete = x->over && !x->disordered && !b->end.signal && !b->end.timed_out;
	new = result_known(r, &b->known, boot_guest_name(b));

	if (status == STATUS_ENVIRONMENT)
		complain(status, "%s", b->judgement.why);
	else if (status < STATUS_SIGNAL && new)
		status = STATUS_FAIL;
	else if (status == STATUS_PASS && (!x->began || x->disordered || x->not_given || (all && result_not_given(r))))
		status = STATUS_INCONCLUSIVE;
	r->incomplete[0] = '\0';
	if (!r->complete && b->end.signal)
		snprintf(r->incomplete, sizeof(r->incomplete), "interrupted by signal %d", b->end.signal);
	else if (x->disordered)
		snprintf(r->incomplete, sizeof(r->incomplete), "answers of a sequence are missing in the journal, or out of order");
	else if (x->not_given)
		answers_misplaced(x->not_given, e->order.answers[x->not_given - 1], r->incomplete);
	r->complete &= !x->not_given;
	r->verdict = verdict_of_status(status);
	snprintf(r->afterwards, sizeof(r->afterwards), "%s", outcome_name(b->judgement.outcome));
	return status;
}

static void steps_text(const struct explored *x)
{
	char text[256];

	for (size_t i = 0; i < x->nsteps && i < EXPLORED_STEPS; i++) {
		describe_text(&x->steps[i], text, sizeof(text));
		printf("%-10s %s\n", i ? "" : "steps", text);
	}
	if (x->nsteps > EXPLORED_STEPS)
		printf("           and %zu more: --journal keeps them all\n", x->nsteps - EXPLORED_STEPS);
}

void explored_text(const struct explored *x, const struct boot *b)
{
	const struct result *r = &x->result;
	uint64_t s = 1ull << (b->config.td.platform.gpaw - 1);

	if (!x->began) {
		printf("explored   nothing: no MapGPA of this direction and size came\n");
	} else {
		printf("guest      %s %s, 1 vCPU, GPAW %u\n", b->guest.kind == GUEST_LINUX ? "Linux" : "payload",
		       b->guest.kind == GUEST_LINUX ? b->guest.version : b->guest.path, b->config.td.platform.gpaw);
		printf("window     MapGPA of %lu pages at GPA 0x%lx\n", r->of.pages, r->gpa & ~s);
		steps_text(x);
		result_text(r);
		if (x->model.loop != MODEL_NONE)
			printf("model      %lu of %lu sequences as %s, %lu of them to success\n",
			       r->sequences - result_mismatches(r), r->sequences,
			       x->model.loop == MODEL_LINUX ? "Linux 6.12's rules say" : "libtdconv does it", r->successes);
	}
	printf("afterwards %s: %s\n", outcome_sentence(b->judgement.outcome), b->judgement.why);
	printf("verdict    %s\n", verdict_name(r->verdict));
}
