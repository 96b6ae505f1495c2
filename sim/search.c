/* SPDX-License-Identifier: MIT */
/* Every sequence of answers, depth first, or so many drawn at random. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/child.h"
#include "sim/tally.h"

#define MAX_DEATHS	20

static int parse_replay(const char *text, struct td_choices *c)
{
	char *copy = xprintf("%s", text), *rest = copy, *word;

	while ((word = strsep(&rest, ",")) != NULL) {
		unsigned int answer = 0;

		while (answer < TD_ANSWER_KINDS && strcmp(answer_name(answer), word) != 0)
			answer++;
		if (answer == TD_ANSWER_KINDS || c->named == TD_EXPLORE_DEPTH)
			return complain(STATUS_INPUT, "--replay: no answer \"%s\": tdlab list answers names them", word);
		c->answer[c->named++] = (uint8_t)answer;
	}
	free(copy);
	return 0;
}

/* The shortest sequence of each finding is kept. */
static void note(struct tally *t, unsigned int finding, const struct td_choices *c)
{
	if (t->found[finding]++ == 0 || c->at < t->first[finding].at)
		t->first[finding] = *c;
}

static void one(struct sim *sim, const struct sim_job *job, struct tally *t)
{
	const struct td_choices *c = td_explore_choices(sim->td);

	note(t, sim_sequence(sim, job), c);
	t->sequences++;
	t->tdcalls += sim->seen.tdcalls;
	t->calls += sim->seen.calls;
	for (uint32_t i = 0; i < c->at; i++)
		t->answers[c->answer[i]]++;
}

/* The child: from where the choices stand to the end. */
static int work(void *arg)
{
	const struct search *s = arg;
	struct tally *t = s->tally;
	int status = options_load(s->options, s->guest);

	if (status)
		return status;
	if (t->resumed == 0 ? td_explore_any(s->sim->td) : td_explore_next(s->sim->td))
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
	if (s->tally->resumed != 0) {
		*c = *from;
		return;
	}
	memcpy(c->answer, from->answer, sizeof(c->answer));
	c->depth = c->fixed = c->named = from->named;
}

/* A TD that is ready for the sequence that comes after *from, or for what *from names if none was run. */
static struct sim *prepared(const struct search *s, const struct td_choices *from)
{
	struct sim_setup setup = { .pages = sim_job_pages(s->job), .behaviour.implicit = TD_IMPLICIT_VE };
	struct sim *sim = sim_new(&setup);

	if (sim == NULL || !sim_prepare(sim, s->job))
		return NULL;
	begin(s, sim->td, from);
	return sim;
}

/* A guest that crashes or hangs does so under one sequence. */
int search(struct search *s, struct td_choices from)
{
	struct tally *t = s->tally;
	enum child_end end = CHILD_DIED;
	int status = 0;

	for (t->resumed = 0; end != CHILD_BACK && t->resumed < MAX_DEATHS; t->resumed++) {
		s->sim = prepared(s, &from);
		end = s->sim != NULL ? child_run(work, s, &t->sequences, &status) : CHILD_NONE;
		if (end == CHILD_NONE)
			return complain(STATUS_ENVIRONMENT, "no memory or no process for the guest code");
		from = *td_explore_choices(s->sim->td);
		sim_free(s->sim);
		if (end == CHILD_BACK)
			return status;
		t->sequences++;
		note(t, end == CHILD_DIED ? FINDING_CRASH : FINDING_HANG, &from);
	}
	return 0;
}

int shorten(struct search *s, uint32_t below, struct tally *small)
{
	struct tally *t = s->tally;
	int status = 0;

	s->tally = small;
	for (s->depth = 1; !status && s->depth < below; s->depth++) {
		memset(small, 0, sizeof(*small));
		status = search(s, (struct td_choices){ 0 });
		for (unsigned int f = 1; f < FINDINGS; f++)
			if (t->found[f] != 0 && small->found[f] != 0 &&
			    (t->first[f].at == 0 || small->first[f].at < t->first[f].at))
				t->first[f] = small->first[f];
	}
	s->tally = t;
	return status;
}

int run_search(const struct options *o, struct sim_job *job, struct sim_guest *guest)
{
	struct search s = { .options = o, .job = job, .guest = guest, .depth = (uint32_t)o->depth.value };
	struct td_choices from = { 0 };
	struct clocks start;
	struct tally *t;
	int status = o->replay != NULL ? parse_replay(o->replay, &from) : 0;

	if (status)
		return status;
	s.depth = o->replay != NULL ? from.named : s.depth;
	t = mmap(NULL, 2 * sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t == MAP_FAILED)
		return complain(STATUS_ENVIRONMENT, "no memory for the results");
	s.tally = t;
	start = clocks_now();
	status = search(&s, from);
	t->spent = clocks_since(&start);
	if (!status && tally_bad(t) && o->replay == NULL && o->random.value == 0)
		status = shorten(&s, s.depth, t + 1);
	if (status)
		return status;
	if (o->json)
		tally_json(job, t);
	else
		tally_text(job, t);
	return tally_bad(t) ? STATUS_FAIL : STATUS_PASS;
}
