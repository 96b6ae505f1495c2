/* SPDX-License-Identifier: MIT */
/*
 * libtdlab: a guest that is part of the program which asks for it, under all that tdlab explore gives one. Nothing is
 * printed here, and nothing ends the program.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/harness.h"
#include "sim/search.h"
#include "sim/trap.h"

/* One at a time: a guest has no argument that tells whose it is. */
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

struct exploration {
	const struct tdlab_options *options;
	struct tdlab_result *result;
	struct sim_guest guest;
	uint8_t answers[TD_EXPLORE_DEPTH];
	uint32_t count;		/* of answers that were asked for */
	double until;
	bool threads;		/* the program has others, which are not there in the processes of the guest */
};

static __attribute__((format(printf, 2, 3))) void add_line(struct tdlab_result *r, const char *format, ...)
{
	size_t used = strlen(r->report);
	va_list args;

	va_start(args, format);
	vsnprintf(r->report + used, sizeof(r->report) - used, format, args);
	va_end(args);
}

/* From the worst on. */
static const struct {
	enum tdlab_verdict verdict;
	const char *name;
} verdicts[] = {
	{ TDLAB_REFUSED, "refused" }, { TDLAB_ENVIRONMENT, "no environment" }, { TDLAB_FAIL, "fail" },
	{ TDLAB_INCONCLUSIVE, "inconclusive" }, { TDLAB_PASS, "pass" },
};

static size_t rank(enum tdlab_verdict verdict)
{
	size_t i = 0;

	while (verdicts[i].verdict != verdict)
		i++;
	return i;
}

/* The worst of both directions, and the first reason for it. */
static void conclude(struct tdlab_result *r, enum tdlab_verdict verdict, const char *why)
{
	if (rank(verdict) > rank(r->verdict) || (verdict == r->verdict && *r->why != '\0'))
		return;
	r->verdict = verdict;
	snprintf(r->why, sizeof(r->why), "%.*s", (int)sizeof(r->why) - 1, why);
}

static const char *wrong_options(const struct tdlab_options *o)
{
	if (o->directions > (TDLAB_TO_SHARED | TDLAB_TO_PRIVATE))
		return "the options have directions that tdlab.h does not name";
	if (o->depth > TD_EXPLORE_DEPTH)
		return "the options' depth is more than 64";
	if (o->pages > SIM_MOST_PAGES)
		return "the options' pages are more than 32768";
	if (o->at != 0 && (o->at % TDX_PAGE_SIZE != 0 || o->at < SIM_LOWEST || o->at >= SIM_HIGHEST))
		return "the options' at is no page from 0x8000000 on, below 0x4000000000";
	if (!(o->seconds >= 0))
		return "the options' seconds are no time";
	if (o->answers != NULL && o->random != 0)
		return "the options have both answers and random";
	return NULL;
}

/* What has to be so in the whole program. */
static const char *wrong_time(void)
{
	struct sigaction child;

	if (harness_runs())
		return "tdlab_explore() was called by a guest";
	if (sigaction(SIGCHLD, NULL, &child) == 0 && (child.sa_handler == SIG_IGN || (child.sa_flags & SA_NOCLDWAIT)))
		return "the program ignores SIGCHLD: how a guest ended could not be known";
	return NULL;
}

/* The options as they are written in C, so that it can be pasted. */
static void add_again(struct tdlab_result *r, const struct tdlab_finding *f, uint32_t stalls)
{
	add_line(r, "           again    .directions = %s, .at = 0x%" PRIx64 ", .pages = %u, .answers = \"%s\"",
		 f->direction == TDLAB_TO_SHARED ? "TDLAB_TO_SHARED" : "TDLAB_TO_PRIVATE", f->at, f->pages,
		 *f->answers != '\0' ? f->answers : answer_name(TD_ANSWER_OK));
	if (stalls != TD_STALLS)
		add_line(r, ", .stalls = %u", stalls);
	add_line(r, "\n");
}

static void found(struct tdlab_result *r, const struct search *s, enum td_cause cause, enum td_violation finding)
{
	const struct ways *ways = &s->tally->ways[cause][finding];
	const struct sim_shape shape = ways->shape != 0 ? sim_shape_of(ways->shape - 1, s->job->guest->align) :
				       (struct sim_shape){ .at = s->job->at, .pages = s->job->pages };
	struct tdlab_finding *f = &r->findings[r->kept];

	r->found++;
	if (r->kept == TDLAB_FINDINGS)
		return;
	r->kept++;
	*f = (struct tdlab_finding){
		.name = td_violation_name(finding), .cause = td_cause_name(cause),
		.direction = s->job->to_shared ? TDLAB_TO_SHARED : TDLAB_TO_PRIVATE,
		.at = shape.at, .pages = shape.pages,
		.sequences = s->tally->found[cause][finding], .returned = s->tally->returned[cause][finding],
	};
	answers_text(ways->all[0].answers, ways->all[0].length, f->answers);
	snprintf(f->text, sizeof(f->text), "%s", tally_detail(s->tally, cause, finding));
	add_line(r, "finding    %s (%s) to %s in %" PRIu64 " sequence%s: %s\n           minimal  %s\n", f->name, f->cause,
		 s->job->to_shared ? "shared" : "private", f->sequences, f->sequences == 1 ? "" : "s", f->text,
		 *f->answers != '\0' ? f->answers : "(no answer is needed)");
	if (f->returned != 0)
		add_line(r, "           returned %d\n", f->returned);
	add_again(r, f, s->job->stalls);
}

/* What a search that came to its end has to say. */
static void tell(struct exploration *x, const struct search *s)
{
	struct tdlab_result *r = x->result;
	const struct tally *t = s->tally;
	char doubts[200] = "", classes[160], text[200];
	uint64_t before = r->found, hung = 0;

	r->sequences += t->sequences;
	r->calls += t->calls;
	r->tdcalls += t->tdcalls;
	r->seconds += t->spent.wall;
	add_line(r, "explored   to %s: %" PRIu64 " sequences, %" PRIu64 " MapGPA, %" PRIu64 " TDCALLs%s\n",
		 s->job->to_shared ? "shared" : "private", t->sequences, t->calls, t->tdcalls,
		 search_complete(t) ? "" : ", not complete");
	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
			if (f == TD_V_GUEST_HUNG && x->threads)
				hung += t->found[cause][f];
			else if (t->found[cause][f] != 0)
				found(r, s, (enum td_cause)cause, (enum td_violation)f);
	tally_doubts(t, doubts);
	if (r->found != before) {
		conclude(r, TDLAB_FAIL, r->findings[0].text);
	} else if (hung != 0) {
		conclude(r, TDLAB_INCONCLUSIVE, "the guest hangs, and the program has other threads, which are not there in the "
			 "guest's process: it may wait for one of them");
	} else if (!search_complete(t) || *doubts != '\0') {
		conclude(r, TDLAB_INCONCLUSIVE, *doubts != '\0' ? doubts : t->late ? "there was not time for all of it" :
			 "the guest code dies or diverges too often");
	} else if (!s->replay && answers_not_given(t->answers, s->job->to_shared, classes)) {
		snprintf(text, sizeof(text), "the guest was never given %s", classes);
		conclude(r, TDLAB_INCONCLUSIVE, text);
	}
}

static void explore(struct exploration *x, bool to_shared)
{
	const struct tdlab_options *o = x->options;
	struct sim_job job = {
		.guest = &x->guest, .at = o->at != 0 ? o->at : SIM_AT, .to_shared = to_shared,
		.pages = sim_pages_for(&x->guest, o->pages != 0 ? o->pages : SIM_PAGES),
		.stalls = o->stalls != 0 ? o->stalls : TD_STALLS,
	};
	struct search s = {
		.job = &job, .platform = td_platform_kvm(), .behaviour = { .implicit = TD_IMPLICIT_VE }, .journal = -1,
		.depth = x->count != 0 ? x->count : o->depth != 0 ? o->depth : SIM_DEPTH, .until = x->until,
		.random = o->random, .seed = o->seed != 0 ? o->seed : 1, .tally = tally_new(),
		.shapes = x->count == 0 && o->at == 0 && o->pages == 0,
		.only = x->count != 0, .replay = x->count != 0,
	};
	struct td_choices from = { .named = x->count };
	int status;

	if (s.tally == NULL) {
		conclude(x->result, TDLAB_ENVIRONMENT, "no memory for the results");
		return;
	}
	memcpy(from.answer, x->answers, x->count);
	status = search_all(&s, from);
	if (status == SEARCH_SECOND_THREAD)
		conclude(x->result, TDLAB_REFUSED, SEARCH_THREAD_TEXT);
	else if (status == SEARCH_THREAD_LEFT)
		conclude(x->result, TDLAB_REFUSED, SEARCH_LEFT_TEXT);
	else if (status != 0)
		conclude(x->result, TDLAB_ENVIRONMENT, "no memory or no process for the guest code");
	else
		tell(x, &s);
	tally_free(s.tally);
}

/* Of both directions those that are asked for and that it has. */
static void explore_all(struct exploration *x)
{
	uint32_t wanted = x->options->directions != 0 ? x->options->directions : TDLAB_TO_SHARED | TDLAB_TO_PRIVATE;
	bool any = false;

	for (uint32_t bit = TDLAB_TO_SHARED; bit <= TDLAB_TO_PRIVATE; bit <<= 1)
		if ((wanted & bit) != 0 && sim_guest_has(&x->guest, bit == TDLAB_TO_SHARED)) {
			explore(x, bit == TDLAB_TO_SHARED);
			any = true;
		}
	if (!any)
		conclude(x->result, TDLAB_PASS, "not applicable: the guest does not convert in that direction");
}

static const char *opened(struct exploration *x, const struct tdlab_guest *guest, char title[80])
{
	const struct tdlab_options *o = x->options;
	const char *wrong = wrong_options(o);
	char word[32];

	if (wrong == NULL && o->answers != NULL && !answers_parse(o->answers, x->answers, &x->count, word))
		wrong = "the options' answers are not names that \"tdlab list answers\" has, with commas between them, 64 at most";
	if (wrong == NULL)
		wrong = harness_guest(guest, title, &x->guest);
	if (wrong == NULL && o->pages != 0 && sim_pages_for(&x->guest, o->pages) != o->pages)
		wrong = "the options' pages are no multiple of the guest's align";
	return wrong;
}

enum tdlab_verdict tdlab_explore(const struct tdlab_guest *guest, const struct tdlab_options *options,
				 struct tdlab_result *result)
{
	static const struct tdlab_options defaults;
	struct exploration x = { .options = options != NULL ? options : &defaults, .result = result,
				 .guest.name = "the guest", .threads = sim_other_threads() };
	const char *wrong = wrong_time();
	char title[80] = "";

	*result = (struct tdlab_result){ .verdict = TDLAB_PASS };
	if (wrong == NULL) {
		pthread_mutex_lock(&one);
		wrong = opened(&x, guest, title);
		add_line(result, "guest      %s\n", title);
		if (x.options->seconds > 0)
			x.until = clocks_now().wall + x.options->seconds;
		if (wrong == NULL)
			explore_all(&x);
		pthread_mutex_unlock(&one);
	}
	if (wrong != NULL)
		conclude(result, TDLAB_REFUSED, wrong);
	conclude(result, TDLAB_PASS, "nothing to find");
	add_line(result, "verdict    %s: %s\n", verdicts[rank(result->verdict)].name, result->why);
	return result->verdict;
}
