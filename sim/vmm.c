/* SPDX-License-Identifier: MIT */
/* One run under a behaviour file, judged by its label as tdlab boot judges a kernel. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/json.h"
#include "cli/vmm/inject.h"
#include "cli/words.h"
#include "sim/child.h"
#include "sim/tally.h"

#define RUNAWAY_CALLS	10000	/* as in a boot */

/* With its budgets libtdconv asks twice a page at most, accepts as often, and undoes it with the same. */
#define TDCALLS_PER_PAGE	16
#define TDCALLS_EXTRA		200000

struct outcome {
	enum td_violation finding;
	const char *how;	/* what became of the conversion */
	struct judged judged;
};

struct single {
	const struct options *options;
	const struct sim_job *job;
	struct sim_guest *guest;
	struct sim *sim;
};

static int guest_process(void *arg)
{
	const struct single *s = arg;
	int status = options_load(s->options, s->guest);

	if (!status)
		sim_attempt(s->sim, s->job);
	return status;
}

/* sim_prepare() makes a MapGPA call of its own when there is something to be shared first. */
static void count_from_guest(struct td_behaviour *b)
{
	for (uint32_t i = 0; i < b->nrules; i++) {
		if (b->rules[i].on != TD_ON_MAPGPA)
			continue;
		b->rules[i].first = (b->rules[i].first != 0 ? b->rules[i].first : 1) + 1;
		b->rules[i].last += b->rules[i].last != 0;
	}
}

static struct sim *prepared(const struct options *o, const struct sim_job *job, const struct td_behaviour *behaviour)
{
	struct sim_setup setup = { .pages = sim_job_pages(job), .seed = o->seed.value, .behaviour = *behaviour,
				   .runaway_calls = RUNAWAY_CALLS,
				   .max_tdcalls = TDCALLS_EXTRA + TDCALLS_PER_PAGE * (uint64_t)job->pages };
	struct sim *sim;

	if (!job->to_shared)
		count_from_guest(&setup.behaviour);
	sim = sim_new(&setup);
	if (sim == NULL || !sim_prepare(sim, job))
		return NULL;
	td_explore_begin(&sim->td, 0);
	return sim;
}

static const char *how_it_went(const struct sim_seen *seen)
{
	if (seen->over != SIM_DONE)
		return seen->over == SIM_STOPPED ? "stopped" : "endless";
	if (seen->attempt.converted == 0)
		return "converted";
	return seen->attempt.undone == 0 ? "undone" : "failed";
}

/* What it did wrong; text is room for it. */
static const char *failure(const struct outcome *out, enum child_end end, int child_status, char *text, size_t bytes)
{
	if (end == CHILD_DIED && WIFSIGNALED(child_status))
		snprintf(text, bytes, "the guest code crashed: %s", strsignal(WTERMSIG(child_status)));
	else if (end == CHILD_DIED)
		snprintf(text, bytes, "the guest code ended its process");
	else if (out->finding != TD_V_NONE)
		snprintf(text, bytes, "%s", td_violation_sentence(out->finding));
	else
		return NULL;
	return text;
}

/* Of what makes a pass. */
static const char *missing(const struct sim_seen *seen, const struct sim_job *job, const struct behaviour *b)
{
	uint64_t most[2] = { 0, 0 };
	const char *undisturbed = ground_undisturbed(b->packed.contain, seen->disturbed);

	most[job->to_shared] = seen->attempt.converted == 0 ? job->pages : 0;
	if (seen->untracked)
		return GROUND_UNTRACKED;
	return undisturbed != NULL ? undisturbed : ground_unexercised(&b->packed, most);
}

static void judge(struct outcome *out, enum child_end end, int child_status, struct sim *sim, const struct sim_job *job,
		  const struct behaviour *b)
{
	bool contain = b->packed.contain, stopped = sim->seen.over == SIM_STOPPED;
	struct grounds grounds;
	char text[160];

	if (end == CHILD_BACK) {
		out->how = how_it_went(&sim->seen);
		out->finding = sim_judge(sim, job);
	} else {
		out->finding = end == CHILD_DIED ? TD_V_GUEST_DIED : TD_V_GUEST_HUNG;
		out->how = td_violation_name(out->finding);
	}
	grounds = (struct grounds){
		.failed = failure(out, end, child_status, text, sizeof(text)),
		.unfinished = stopped && !contain ? "the TDX module ended the TD for what the VMM did, no violation" : NULL,
		.missing = missing(&sim->seen, job, b),
		.passed = ground_passed(contain, stopped),
	};
	out->judged = judge_grounds(&grounds);
}

/* To be freed. */
static char *command_of(const struct options *o, const struct sim_job *job, const struct behaviour *b)
{
	char *text = command_line("--vmm"), number[32];

	add_word(&text, b->spec);
	for (unsigned int i = 0; i < o->inject.count; i++)
		add_option(&text, "--inject", o->inject.items[i]);
	add_option(&text, "--behaviours", o->behaviours);
	add_option(&text, o->harness != NULL ? "--harness" : "--guest", job->guest->name);
	snprintf(number, sizeof(number), "%" PRIu32, job->pages);
	add_option(&text, "--pages", number);
	if (!job->to_shared)
		add_word(&text, "--to-private");
	snprintf(number, sizeof(number), "%" PRIu64, o->seed.value);
	add_option(&text, "--seed", number);
	return text;
}

/* By the behaviour's label, as in a boot. */
static enum td_cause cause_of(const struct behaviour *b, const struct sim_seen *seen, enum td_violation finding)
{
	enum td_cause cause = sim_cause(seen, finding);

	if (cause == TD_CAUSE_CALLER)
		return cause;
	return b->packed.hostile && seen->disturbed ? TD_CAUSE_HOSTILE : TD_CAUSE_PERMITTED;
}

static void report_text(const struct sim_job *job, const struct behaviour *b, const struct sim_seen *seen,
			const struct outcome *out, const char *reproduce)
{
	printf("guest      %s: %s\n", job->guest->name, job->guest->what);
	printf("vmm        %s: %s (%s, to be %s)\n", b->spec, b->title, b->packed.hostile ? "hostile" : "permitted",
	       b->packed.contain ? "contained" : "completed");
	printf("conversion %u pages to %s: %s after %" PRIu64 " MapGPA, %" PRIu64 " TDCALLs\n", job->pages,
	       job->to_shared ? "shared" : "private", out->how, seen->calls, seen->tdcalls);
	if (out->finding != TD_V_NONE)
		printf("finding    %s (%s): %s\n", td_violation_name(out->finding),
		       td_cause_name(cause_of(b, seen, out->finding)), td_violation_sentence(out->finding));
	if (seen->in_unit)
		printf("note       it asked for memory outside the request, within its unit of %" PRIu64 " bytes\n",
		       job->guest->unit);
	printf("again      %s\n", reproduce);
	printf("verdict    %s: %s\n", verdict_name(out->judged.verdict), out->judged.why);
}

static void report_json(const struct sim_job *job, const struct behaviour *b, const struct sim_seen *seen,
			const struct outcome *out, const char *reproduce)
{
	json_t *json = json_object();

	json_add_text(json, "schema", "tdlab.sim-vmm/1");
	json_add_text(json, "behaviour", b->spec);
	json_add_text(json, "title", b->title);
	json_add_text(json, "class", b->packed.hostile ? "hostile" : "permitted");
	json_add_text(json, "expect", b->packed.contain ? "contain" : "complete");
	json_add_text(json, "guest", job->guest->name);
	json_add_number(json, "pages", job->pages);
	json_add_text(json, "direction", job->to_shared ? "shared" : "private");
	json_add_text(json, "outcome", out->how);
	json_add_text(json, "finding", out->finding != TD_V_NONE ? td_violation_name(out->finding) : NULL);
	json_add_text(json, "finding_class", out->finding != TD_V_NONE ? td_cause_name(cause_of(b, seen, out->finding)) : NULL);
	json_add_text(json, "verdict", verdict_name(out->judged.verdict));
	json_add_text(json, "reason", out->judged.why);
	json_add_number(json, "calls", seen->calls);
	json_add_number(json, "tdcalls", seen->tdcalls);
	json_add_bool(json, "in_unit", seen->in_unit);
	json_add_text(json, "reproduce", reproduce);
	json_print(json, stdout);
}

static int run_loaded(struct single *s, const struct behaviour *b)
{
	struct outcome out = { 0 };
	int child_status = 0;
	enum child_end end;
	char *reproduce;

	s->sim = prepared(s->options, s->job, &b->packed);
	end = s->sim != NULL ? child_run(guest_process, s, &s->sim->seen.tdcalls, NULL, &child_status) : CHILD_NONE;
	if (end == CHILD_NONE)
		return complain(STATUS_ENVIRONMENT, "no memory or no process for the guest code");
	if (end == CHILD_INTERRUPTED)
		return complain(STATUS_SIGNAL + child_signal(), "interrupted after %" PRIu64 " MapGPA, %" PRIu64 " TDCALLs",
				s->sim->seen.calls, s->sim->seen.tdcalls);
	if (end == CHILD_BACK && child_status != 0)
		return child_status;
	judge(&out, end, child_status, s->sim, s->job, b);
	reproduce = command_of(s->options, s->job, b);
	(s->options->json ? report_json : report_text)(s->job, b, &s->sim->seen, &out, reproduce);
	free(reproduce);
	sim_free(s->sim);
	return out.judged.status;
}

int run_vmm(const struct options *o, struct sim_job *job, struct sim_guest *guest)
{
	struct single s = { .options = o, .job = job, .guest = guest };
	struct behaviour b;
	int status = behaviour_load(&b, o->vmm, o->behaviours);

	if (!status && (status = behaviour_inject(&b, &o->inject)) != 0)
		behaviour_free(&b);
	if (status)
		return status;
	job->expect = b.packed.contain ? SIM_CONTAIN : SIM_COMPLETE;
	status = run_loaded(&s, &b);
	behaviour_free(&b);
	return status;
}
