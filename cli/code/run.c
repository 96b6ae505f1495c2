/* SPDX-License-Identifier: MIT */
/* One run under a behaviour file, judged by its label as tdlab boot judges a kernel. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/code/code.h"
#include "cli/json.h"
#include "cli/vmm/inject.h"
#include "cli/words.h"
#include "sim/child.h"
#include "sim/search.h"
#include "sim/trap.h"

#define RUNAWAY_CALLS	10000	/* as in a boot */

/* With its budgets libtdconv asks twice a page at most, accepts as often, and undoes it with the same. */
#define TDCALLS_PER_PAGE	16
#define TDCALLS_EXTRA		200000

struct single {
	struct code *code;
	struct sim *sim;
	int journal;
};

static int guest_process(void *arg)
{
	const struct single *s = arg;
	int status = code_load(s->code);

	if (status)
		return status;
	sim_attempt(s->sim, &s->code->job);
	sim_thread_left(s->sim);
	return 0;
}

static struct sim *prepared(const struct code *code, const struct td_behaviour *behaviour, int journal)
{
	const struct sim_job *job = &code->job;
	struct sim_setup setup = { .ram = sim_job_ram(job), .pages = sim_job_pages(job), .gpaw = job->guest->gpaw,
				   .seed = explore_seed(code->options), .behaviour = *behaviour,
				   .journal = journal > 0 ? journal : 0,
				   .platform = code->platform, .runaway_calls = RUNAWAY_CALLS,
				   .max_tdcalls = TDCALLS_EXTRA + TDCALLS_PER_PAGE * (uint64_t)job->pages };
	struct sim *sim;

	setup.behaviour.before = sim_job_calls(job);
	sim = sim_new(&setup);
	if (sim == NULL || !sim_prepare(sim, job))
		return NULL;
	td_explore_begin(&sim->td, 0);
	return sim;
}

static const char *how_it_went(const struct sim_seen *seen)
{
	if (seen->over != SIM_DONE)
		return seen->over == SIM_STOPPED ? "stopped" : seen->over == SIM_ENDED ? "ended" : "endless";
	if (seen->attempt.converted == 0)
		return "converted";
	return seen->attempt.undone == 0 ? "undone" : "failed";
}

/* What it did wrong; text is room for it. */
static const char *failure(enum td_violation finding, enum child_end end, int child_status, const char *crash,
			   char *text, size_t bytes)
{
	if (end == CHILD_DIED && *crash)
		snprintf(text, bytes, "the guest code crashed: %s", crash);
	else if (end == CHILD_DIED && WIFSIGNALED(child_status))
		snprintf(text, bytes, "the guest code crashed: %s", strsignal(WTERMSIG(child_status)));
	else if (end == CHILD_DIED)
		snprintf(text, bytes, "the guest code ended its process");
	else if (finding != TD_V_NONE)
		snprintf(text, bytes, "%s", td_violation_sentence(finding));
	else
		return NULL;
	return text;
}

/* Of what makes a pass. */
static const char *missing(const struct sim_seen *seen, const struct sim_job *job, const struct behaviour *b)
{
	uint64_t most[2] = { 0, 0 };
	const char *missing = ground_unrecorded(&b->packed, seen->unrecorded, seen->calls);

	most[job->to_shared] = seen->attempt.converted == 0 ? job->pages : 0;
	if (seen->untracked)
		return GROUND_UNTRACKED;
	if (missing == NULL)
		missing = ground_undisturbed(b->packed.contain, seen->disturbed);
	return missing != NULL ? missing : ground_unexercised(&b->packed, most);
}

static void judge_run(struct code_run *out, enum child_end end, int child_status, struct sim *sim,
		      const struct sim_job *job, const struct behaviour *b)
{
	bool contain = b->packed.contain, stopped = sim->seen.over == SIM_STOPPED;
	struct grounds grounds;
	char text[sizeof(sim->crash) + 32];

	if (end == CHILD_BACK) {
		out->how = how_it_went(&sim->seen);
		out->finding = sim_judge(sim, job);
	} else {
		out->finding = end == CHILD_DIED ? TD_V_GUEST_DIED : TD_V_GUEST_HUNG;
		out->how = td_violation_name(out->finding);
	}
	grounds = (struct grounds){
		.failed = failure(out->finding, end, child_status, sim->crash, text, sizeof(text)),
		.unfinished = stopped && !contain ? "the TDX module ended the TD for what the VMM did, no violation" : NULL,
		.missing = missing(&sim->seen, job, b),
		.passed = ground_passed(contain, stopped),
	};
	out->judged = judge_grounds(&grounds);
}

char *code_command(const struct code *c, const struct behaviour *b)
{
	const struct explore_options *o = c->options;
	char *text = command_line("run"), number[32];

	add_option(&text, "--vmm", b->spec);
	for (unsigned int i = 0; i < o->boot.inject.count; i++)
		add_option(&text, "--inject", o->boot.inject.items[i]);
	add_option(&text, "--behaviours", o->boot.behaviours);
	add_option(&text, "--platform", o->boot.platform);
	add_option(&text, o->harness != NULL ? "--harness" : "--guest", c->guest->name);
	snprintf(number, sizeof(number), "%" PRIu32, c->job.pages);
	add_option(&text, "--pages", number);
	if (o->at.given)
		add_option(&text, "--at", o->at.text);
	if (!c->job.to_shared)
		add_word(&text, "--to-private");
	snprintf(number, sizeof(number), "%" PRIu64, explore_seed(o));
	add_option(&text, "--seed", number);
	return text;
}

/* By the behaviour's label, as in a boot. */
static enum td_cause cause_of(const struct behaviour *b, const struct sim_seen *seen, enum td_violation finding)
{
	enum td_cause cause = td_found_cause(&seen->found, finding);

	if (cause == TD_CAUSE_CALLER)
		return cause;
	return b->packed.hostile && seen->disturbed ? TD_CAUSE_HOSTILE : TD_CAUSE_PERMITTED;
}

int code_run(struct code *c, const struct behaviour *b, struct code_run *run)
{
	struct single s = { c, NULL, -1 };
	int child_status = 0, status = code_journal(c, &s.journal);
	enum child_end end;

	*run = (struct code_run){ .how = "not-applicable", .judged = judge_not_applicable(c->job.to_shared) };
	if (status || !sim_guest_has(c->guest, c->job.to_shared))
		return status;
	c->job.expect = b->packed.contain ? SIM_CONTAIN : SIM_COMPLETE;
	s.sim = prepared(c, &b->packed, s.journal);
	end = s.sim != NULL ? child_run(guest_process, &s, &s.sim->seen.tdcalls, NULL, &child_status) : CHILD_NONE;
	if (end == CHILD_NONE)
		return complain(STATUS_ENVIRONMENT, "no memory or no process for the guest code");
	if (end == CHILD_INTERRUPTED)
		status = complain(STATUS_SIGNAL + child_signal(), "interrupted after %" PRIu64 " MapGPA, %" PRIu64 " TDCALLs",
				  s.sim->seen.calls, s.sim->seen.tdcalls);
	else if (s.sim->journal_error)
		status = complain(STATUS_ENVIRONMENT, "--journal %s: %s", c->options->boot.journal, strerror(s.sim->journal_error));
	else if (s.sim->second_thread)
		run->refused = SEARCH_THREAD_TEXT, status = STATUS_INPUT;
	else if (end == CHILD_BACK && child_status != 0)
		status = child_status;
	else
		judge_run(run, end, child_status, s.sim, &c->job, b);
	if (!status && run->finding != TD_V_NONE && s.sim->thread_left) {
		run->refused = SEARCH_LEFT_TEXT;
		status = STATUS_INPUT;
	}
	run->seen = s.sim->seen;
	memcpy(run->last_words, s.sim->last_words, sizeof(run->last_words));
	run->cause = cause_of(b, &run->seen, run->finding);
	sim_free(s.sim);
	if (s.journal > 0)
		close(s.journal);
	return status;
}

static void run_text(const struct sim_job *job, const struct behaviour *b, const struct code_run *out,
			const char *reproduce)
{
	const struct sim_seen *seen = &out->seen;

	printf("guest      %s: %s\n", job->guest->name, job->guest->what);
	printf("vmm        %s: %s (%s, to be %s)\n", b->spec, b->title, b->packed.hostile ? "hostile" : "permitted",
	       b->packed.contain ? "contained" : "completed");
	printf("conversion %u pages to %s: %s after %" PRIu64 " MapGPA, %" PRIu64 " TDCALLs\n", job->pages,
	       job->to_shared ? "shared" : "private", out->how, seen->calls, seen->tdcalls);
	if (out->finding != TD_V_NONE)
		printf("finding    %s (%s): %s\n", td_violation_name(out->finding),
		       td_cause_name(out->cause), td_violation_sentence(out->finding));
	if (seen->over == SIM_ENDED)
		printf("ended      by itself: %s\n", out->last_words);
	else if (seen->over == SIM_DONE && seen->attempt.converted != 0)
		printf("returned   %d\n", seen->attempt.converted);
	if (seen->in_unit)
		printf("note       it asked for memory outside the request, within its unit of %" PRIu64 " bytes\n",
		       job->guest->unit);
	printf("again      %s\n", reproduce);
	judged_text(out->judged);
}

static void run_json(const struct sim_job *job, const struct behaviour *b, const struct code_run *out,
			const char *reproduce)
{
	const struct sim_seen *seen = &out->seen;
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
	json_add_signed(json, "returned", seen->attempt.converted);
	json_add_text(json, "ended", seen->over == SIM_ENDED ? out->last_words : NULL);
	json_add_text(json, "finding", out->finding != TD_V_NONE ? td_violation_name(out->finding) : NULL);
	json_add_text(json, "finding_class", out->finding != TD_V_NONE ? td_cause_name(out->cause) : NULL);
	json_add_text(json, "verdict", verdict_name(out->judged.verdict));
	json_add_text(json, "reason", out->judged.why);
	json_add_number(json, "calls", seen->calls);
	json_add_number(json, "tdcalls", seen->tdcalls);
	json_add_bool(json, "in_unit", seen->in_unit);
	json_add_text(json, "reproduce", reproduce);
	json_print(json, stdout);
}

int code_run_reported(const struct explore_options *o)
{
	struct code_run run = { 0 };
	struct behaviour b;
	struct code code;
	char *reproduce;
	int status;

	child_catch_signals();
	status = code_open(&code, o, CODE_RUN_PAGES);
	if (!status)
		status = behaviour_load(&b, o->boot.vmm, o->boot.behaviours);
	if (status)
		return status;
	status = behaviour_inject(&b, &o->boot.inject);
	if (!status)
		status = code_run(&code, &b, &run);
	if (status && run.refused)
		complain(status, "--harness %s: %s", o->harness, run.refused);
	if (!status) {
		reproduce = code_command(&code, &b);
		(o->boot.json ? run_json : run_text)(&code.job, &b, &run, reproduce);
		free(reproduce);
		status = run.judged.status;
	}
	behaviour_free(&b);
	return status;
}
