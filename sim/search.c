/* SPDX-License-Identifier: MIT */
/* Every sequence of answers, depth first, or so many drawn at random. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "sim/child.h"
#include "sim/tally.h"

#define MAX_DEATHS	20
#define CPU_EVERY	4096	/* sequences */

static void count(struct tally *t, const struct td_choices *c, enum td_violation finding, const struct sim_seen *seen)
{
	enum td_cause cause = sim_cause(seen, finding);

	t->found[cause][finding]++;
	if (finding != TD_V_NONE)
		ways_add_cut(&t->ways[cause][finding], c->answer, c->at, c->cut);
	t->sequences++;
	t->tdcalls += seen->tdcalls;
	t->calls += seen->calls;
	t->cut += c->cut != 0;
	for (uint32_t i = 0; i < c->at; i++)
		t->answers[c->answer[i]]++;
}

/* Where it is, while the parent may look at any time: with a mark that it is being changed. */
static void follow(struct tally *t, const struct td_choices *c)
{
	struct timespec cpu;

	memcpy(t->last.taken, c->taken, c->at);
	t->last.any = true;
	t->last.depth = c->at;
	t->last.dealt = c->dealt;
	t->last.number = c->number;
	t->last.ours = c->ours;
	estimate_add(&t->estimate, c->taken, c->width, c->at);
	if (t->estimate.sequences % CPU_EVERY == 1 && clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
		t->cpu = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
}

static void one(struct sim *sim, const struct sim_job *job, struct tally *t)
{
	const struct td_choices *c = td_explore_choices(sim->td);
	enum td_violation finding = sim_sequence(sim, job);

	t->changes++;
	__asm__ volatile("" : : : "memory");	/* x86 keeps stores in order; the compiler must, too */
	if (c->ours)
		count(t, c, finding, &sim->seen);
	if (t->followed)
		follow(t, c);
	t->states = c->states;
	__asm__ volatile("" : : : "memory");
	t->changes++;
}

/* The child: from where the choices stand to the end. */
static int work(void *arg)
{
	const struct search *s = arg;
	struct tally *t = s->tally;
	int status = options_load(s->options, s->guest);
	bool first = false;

	if (status || (!t->skipping && t->resumed == 0 && !td_explore_any(s->sim->td)))
		return status;
	if (t->skipping) {
		sim_sequence(s->sim, s->job);
		t->skipping = false;
	} else if (t->resumed == 0) {
		first = true;
	}
	if (first || td_explore_next(s->sim->td))
		do
			one(s->sim, s->job, t);
		while (td_explore_next(s->sim->td));
	return 0;
}

static void begin(const struct search *s, struct td *td, const struct td_choices *from)
{
	const struct options *o = s->options;
	struct td_choices *c = td_explore_choices(td);

	td_explore_begin(td, s->depth);
	if (o->random.value != 0)
		td_explore_random(td, o->seed.value, o->random.value);
	if (s->campaign != NULL && s->campaign->before.of.shards != 0)
		td_explore_shard(td, s->campaign->before.of.shard - 1, s->campaign->before.of.shards);
	if (s->tally->resumed != 0) {
		*c = *from;
		return;
	}
	if (s->tally->skipping) {
		const struct result_last *last = &s->campaign->before.last;

		memcpy(c->taken, last->taken, sizeof(c->taken));
		c->depth = last->depth;
		c->dealt = last->dealt;
		c->ours = last->ours;
		td_explore_number(td, last->number);
		return;
	}
	memcpy(c->answer, from->answer, sizeof(c->answer));
	c->depth = c->fixed = c->named = from->named;
}

/* A TD that is ready for the sequence that comes after *from, or for what *from names if none was run. */
static struct sim *prepared(const struct search *s, const struct td_choices *from)
{
	struct sim_setup setup = { .pages = sim_job_pages(s->job), .behaviour.implicit = TD_IMPLICIT_VE,
				   .journal = s->journal > 0 ? s->journal : 0 };
	struct sim *sim = sim_new(&setup);

	if (sim == NULL || !sim_prepare(sim, s->job))
		return NULL;
	begin(s, sim->td, from);
	return sim;
}

/* A guest that crashes or hangs does so under one sequence, and nobody has to run that one again. */
static void dead(struct tally *t, enum td_violation finding, const struct td_choices *c, const struct sim_seen *seen)
{
	if (!t->skipping && c->ours)
		count(t, c, finding, seen);
	if (!t->skipping && t->followed)
		follow(t, c);
	t->skipping = false;
	t->cpu = 0;
}

int search(struct search *s, struct td_choices from)
{
	struct tally *t = s->tally;
	enum child_end end = CHILD_DIED;
	struct sim_seen seen;
	int status = 0;

	for (t->resumed = 0; end != CHILD_BACK && t->resumed < MAX_DEATHS; t->resumed++) {
		s->sim = prepared(s, &from);
		end = s->sim != NULL ? child_run(work, s, &t->changes, s->campaign ? campaign_tick : NULL, &status) : CHILD_NONE;
		if (end == CHILD_NONE)
			return complain(STATUS_ENVIRONMENT, "no memory or no process for the guest code");
		from = *td_explore_choices(s->sim->td);
		seen = s->sim->seen;
		sim_free(s->sim);
		if (end == CHILD_BACK)
			return status;
		dead(t, end == CHILD_DIED ? TD_V_GUEST_DIED : TD_V_GUEST_HUNG, &from, &seen);
	}
	return 0;
}

static void join(struct ways *to, const struct ways *from)
{
	for (uint32_t i = 0; i < from->count; i++)
		ways_add(to, from->all[i].answers, from->all[i].length);
	to->more |= from->more;
}

int shorten(struct search *s, uint32_t below, struct tally *small)
{
	struct campaign *campaign = s->campaign;
	struct tally *t = s->tally;
	int status = 0;

	s->tally = small;
	s->campaign = NULL;	/* all of it, and nobody waits for it */
	for (s->depth = 1; !status && s->depth < below; s->depth++) {
		memset(small, 0, sizeof(*small));
		status = search(s, (struct td_choices){ 0 });
		for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
			for (unsigned int c = 0; c < TD_CAUSES; c++)
				join(&t->ways[c][f], &small->ways[c][f]);
	}
	s->tally = t;
	s->campaign = campaign;
	return status;
}

struct tally *tally_new(void)
{
	struct tally *t = mmap(NULL, 2 * sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		complain(STATUS_ENVIRONMENT, "no memory for the results");
	return t != MAP_FAILED ? t : NULL;
}

/* The sequence that --replay or --minimise names. */
int search_given(const char *option, const char *text, struct td_choices *c)
{
	const char *near;
	char wrong[32];

	if (answers_parse(text, c->answer, &c->named, wrong))
		return 0;
	if (!*wrong && c->named == TD_EXPLORE_DEPTH)
		return complain(STATUS_INPUT, "%s: more than %d answers", option, TD_EXPLORE_DEPTH);
	near = answers_near(wrong);
	return complain(STATUS_INPUT, "%s: no answer \"%s\": %s%s%s", option, wrong,
			near ? "did you mean \"" : "tdlab list answers names them", near ? near : "", near ? "\"?" : "");
}

static int open_journal(struct search *s)
{
	const char *path = s->options->journal;

	s->journal = path != NULL ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	return path != NULL && s->journal < 0 ? complain(STATUS_INPUT, "--journal %s: %s", path, strerror(errno)) : 0;
}

static int search_all(struct search *s, struct td_choices from)
{
	const struct options *o = s->options;
	struct tally *t = s->tally;
	int status;

	s->campaign->start = clocks_now();
	status = search(s, from);
	t->spent = clocks_since(&s->campaign->start);
	if (!status && tally_bad(t) && o->replay == NULL && o->random.value == 0)
		status = shorten(s, s->depth, t + 1);
	s->depth = s->campaign->before.of.depth;
	return status;
}

int run_search(const struct options *o, struct sim_job *job, struct sim_guest *guest)
{
	struct campaign campaign = { 0 };
	struct search s = { .options = o, .job = job, .guest = guest, .depth = (uint32_t)o->depth.value,
			    .campaign = &campaign, .journal = -1 };
	struct td_choices from = { 0 };
	struct result result;
	bool done = false;
	int status = o->replay != NULL ? search_given("--replay", o->replay, &from) : 0;

	if (!status)
		status = open_journal(&s);
	s.depth = o->replay != NULL ? from.named : s.depth;
	s.tally = !status ? tally_new() : NULL;
	if (s.tally == NULL)
		return status ? status : STATUS_ENVIRONMENT;
	status = campaign_open(&campaign, &s, &done);
	if (!status && !done)
		status = search_all(&s, from);
	if (status)
		return status;
	campaign_result(&s, s.tally->resumed < MAX_DEATHS, &result);
	return campaign_report(&s, done ? &campaign.before : &result);
}
