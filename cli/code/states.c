/* SPDX-License-Identifier: MIT */
/* Every state that a guest can be brought to, each gone on from once: match.h says what a state is. */
#include <stdio.h>
#include <sys/mman.h>

#include "cli/json.h"
#include "sim/child.h"
#include "sim/match.h"
#include "cli/code/tally.h"

#define SHORT 5		/* answers: below that a shortest sequence is looked for, without merging */

struct shared {
	struct match_tally states;
	struct tally tally, scratch;
};

struct matching {
	const struct sim_job *job;
	uint32_t depth;
	struct sim *sim;
	struct shared *shared;
};

static int work(void *arg)
{
	struct matching *m = arg;

	match_search(m->sim, m->job, m->depth, false, &m->shared->states);
	return 0;
}

static uint64_t bad(const struct shared *s)
{
	return tally_bad(&s->tally);
}

static struct judged judged(const struct matching *m)
{
	const struct shared *s = m->shared;

	return judge_grounds(&(struct grounds){
		.failed = bad(s) ? "" : NULL,
		.missing = s->states.full ? "not all states were seen" :
			   m->job->pages < 2 ? "one page: the guest was never given partial completion" : NULL,
		.passed = "nothing to find",
	});
}

/* What a finding is of, as far as it is shown. */
static struct result_of of(const struct matching *m)
{
	struct result_of of = { .engine = "process", .at = m->job->at, .pages = m->job->pages,
				.to_shared = m->job->to_shared, .stalls = m->job->stalls };

	snprintf(of.guest, sizeof(of.guest), "%s", m->job->guest->name);
	return of;
}

struct shown {
	struct result_of of;
	json_t *json;
};

static void one_text(void *arg, const struct result_finding *f)
{
	const struct shown *shown = arg;

	result_finding_text(&shown->of, f);
}

static void one_json(void *arg, const struct result_finding *f)
{
	const struct shown *shown = arg;

	result_finding_json(shown->json, &shown->of, f);
}

static void match_text(const struct matching *m)
{
	const struct match_tally *t = &m->shared->states;
	struct shown shown = { of(m), NULL };

	printf("guest      %s: %s\n", m->job->guest->name, m->job->guest->what);
	printf("explored   %u pages to %s, %s: %lu states; %lu sequences, of which %lu ended in a known one;\n",
	       m->job->pages, m->job->to_shared ? "shared" : "private",
	       m->depth != 0 ? "to that depth" : "every sequence to its end", t->states, t->runs, t->merged);
	printf("           longest %u answers, %lu MapGPA, %.1f s\n", t->deepest, t->calls, m->shared->tally.spent.wall);
	tally_each(&m->shared->tally, one_text, &shown);
	judged_text(judged(m));
}

static void match_json(const struct matching *m)
{
	const struct match_tally *t = &m->shared->states;
	struct shown shown = { of(m), NULL };
	json_t *json = json_object();

	json_add_text(json, "schema", "tdlab.sim-match/1");
	json_add_text(json, "guest", m->job->guest->name);
	json_add_hex(json, "at", m->job->at);
	json_add_number(json, "pages", m->job->pages);
	json_add_text(json, "direction", m->job->to_shared ? "shared" : "private");
	json_add_number(json, "depth", m->depth);
	json_add_number(json, "states", t->states);
	json_add_number(json, "sequences", t->runs);
	json_add_number(json, "merged", t->merged);
	json_add_number(json, "longest", t->deepest);
	json_add_number(json, "calls", t->calls);
	json_add_bool(json, "all", !t->full);
	json_add_seconds(json, "seconds", m->shared->tally.spent.wall);
	json_add_seconds(json, "cpu_seconds", m->shared->tally.spent.cpu);
	shown.json = json_add_array(json, "violations");
	tally_each(&m->shared->tally, one_json, &shown);
	json_add_text(json, "verdict", verdict_name(judged(m).verdict));
	json_print(json, stdout);
}

/* The ways that the merging search found are long; short ones are looked for without it. */
static int look_for_short_ones(struct code *code, struct matching *m)
{
	struct search s = search_of(code, SHORT);

	s.tally = &m->shared->tally;
	return bad(m->shared) && child_signal() == 0 ? search_status(&s, shorten(&s, SHORT, &m->shared->scratch)) : 0;
}

int code_match(struct code *code)
{
	const struct explore_options *o = code->options;
	const struct sim_job *job = &code->job;
	struct sim_setup setup = { .ram = sim_job_ram(job), .pages = sim_job_pages(job), .platform = code->platform,
				   .runaway_calls = o->depth.given ? 0 : UINT64_MAX };
	struct matching m = { .job = job, .depth = o->depth.given ? (uint32_t)o->depth.value : 0 };
	struct clocks start = clocks_now();
	enum child_end end;
	int status = 0;

	if (!job->guest->matchable)
		return complain(STATUS_INPUT, "--match: what %s remembers is not known", job->guest->name);
	m.shared = mmap(NULL, sizeof(*m.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	m.sim = sim_new(&setup);
	if (m.shared == MAP_FAILED || m.sim == NULL || !sim_prepare(m.sim, job))
		return complain(STATUS_ENVIRONMENT, "no memory for the guest code");
	end = child_run(work, &m, &m.shared->states.runs, NULL, &status);
	if (end != CHILD_BACK && end != CHILD_INTERRUPTED)
		return complain(STATUS_ENVIRONMENT, "the process of the guest code did not come back");
	m.shared->states.full |= end == CHILD_INTERRUPTED;
	m.shared->tally.spent = clocks_since(&start);
	for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
		for (unsigned int c = 0; c < TD_CAUSES; c++)
			m.shared->tally.found[c][f] = m.shared->states.causes[c][f];
	status = look_for_short_ones(code, &m);
	if (status)
		return status;
	(o->boot.json ? match_json : match_text)(&m);
	if (end == CHILD_INTERRUPTED)
		return complain(STATUS_SIGNAL + child_signal(), "interrupted: not all states were seen");
	return judged(&m).status;
}
