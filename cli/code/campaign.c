/* SPDX-License-Identifier: MIT */
/* A search that may be one part of many, or one that is gone on with; and how its result is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cases.h"
#include "cli/file.h"
#include "sim/child.h"
#include "cli/code/tally.h"
#include "wire/sha256.h"

#define SAVE_S	1.0	/* at most that much is done again after the command was killed */
#define SHOW_S	0.2

static int fill_of(struct result_of *of, const struct search *s)
{
	const struct explore_options *o = code_of(s)->options;
	uint8_t *data;
	size_t bytes, used;
	int status;

	*of = (struct result_of){ .version = TDLAB_VERSION, .engine = "process",
				  .at = s->shapes ? 0 : s->job->at, .pages = s->shapes ? 0 : s->job->pages,
				  .align = s->job->guest->align,
				  .to_shared = code_of(s)->job.to_shared, .depth = s->depth, .stalls = code_of(s)->job.stalls, .model = "none",
				  .random = o->random.value, .seed = o->random.value ? explore_seed(o) : 0 };
	snprintf(of->guest, sizeof(of->guest), "%s", code_of(s)->guest->name);
	if (code_of(s)->guest->unit != 0)
		snprintf(of->conditions, sizeof(of->conditions), "in units of %lu bytes", code_of(s)->guest->unit);
	used = strlen(of->conditions);
	if (code_of(s)->guest->gpaw != 0)
		snprintf(of->conditions + used, sizeof(of->conditions) - used, "%sGPAW %u", used ? " " : "",
			 code_of(s)->guest->gpaw);
	if (explore_conditions(o, &of->options))
		return STATUS_INPUT;
	if (o->shard != NULL && !result_shard(o->shard, &of->shard, &of->shards))
		return complain(STATUS_INPUT, "--shard %s: write I/N, I from 1 to N", o->shard);
	if (o->harness == NULL)
		return 0;
	status = file_read(o->harness, "harness", &data, &bytes);
	if (!status)
		sha256_hex(data, bytes, of->digest);
	free(data);
	return status;
}

/* Returns 0, or a status after a complaint; *done as below. */
static int go_on(struct campaign *c, const char *path, bool *done)
{
	struct result_of wanted = c->before.of;
	int status = result_read(&c->before, path);
	const char *different = !status ? result_differs(&wanted, &c->before.of) : NULL;

	if (!status && !different && wanted.shard != c->before.of.shard)
		different = "the shard";
	if (different)
		return complain(STATUS_INPUT, "--state %s: %s is another: use another file", path, different);
	*done = !status && c->before.complete;
	return status;
}

static void finding(void *result, const struct result_finding *f)
{
	result_find(result, f);
}

static void add_tally(struct result *r, const struct tally *t)
{
	struct result now = { .sequences = t->sequences, .calls = t->calls, .tdcalls = t->tdcalls, .cut = t->cut,
			      .in_unit = t->in_unit,
			      .states = t->states, .seconds = t->spent.wall, .cpu = t->spent.cpu };

	memcpy(now.answers, t->answers, sizeof(now.answers));
	tally_each(t, finding, &now);
	now.verdict = now.nfindings ? VERDICT_FAIL : VERDICT_PASS;
	result_add(r, &now);
	if (t->last.any)
		r->last = t->last;
}

/* new: findings that are not known. What is known is expected. */
static struct judged judged(const struct search *s, const struct result *r, uint32_t new)
{
	const char *not_given = s->replay ? NULL : result_not_given(r);
	static char text[200];

	if (not_given)
		snprintf(text, sizeof(text), "the guest was never given %s: it did not ask for what can be answered so", not_given);
	if (!sim_guest_has(code_of(s)->guest, r->of.to_shared))
		return judge_not_applicable(r->of.to_shared);
	return judge_grounds(&(struct grounds){
		.failed = new ? "" : NULL,
		.missing = !r->complete ? "not all was seen" : not_given ? text : NULL,
		.passed = r->nfindings ? "nothing that is not known" : "nothing to find",
	});
}

void campaign_result(const struct search *s, bool complete, struct result *r)
{
	*r = code_of(s)->campaign->before;
	add_tally(r, s->tally);
	if (!*r->incomplete)
		tally_doubts(s->tally, r->incomplete);
	if (!sim_guest_has(code_of(s)->guest, r->of.to_shared))
		snprintf(r->incomplete, sizeof(r->incomplete), "%s", judge_not_applicable(r->of.to_shared).why);
	r->complete = complete && !*r->incomplete;
	r->verdict = judged(s, r, r->nfindings).verdict;
}

/* The child goes on meanwhile: false if there was no moment at which it did not change anything. */
static bool tally_copy(const struct tally *t, struct tally *to)
{
	for (int tries = 0; tries < 1000; tries++) {
		uint64_t before = __atomic_load_n(&t->changes, __ATOMIC_ACQUIRE);

		memcpy(to, t, sizeof(*to));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (before % 2 == 0 && t->changes == before)
			return true;
	}
	return false;
}

static void show(const struct search *s, const struct tally *t, double seconds)
{
	const struct result *before = &code_of(s)->campaign->before;
	const struct result_of *of = &before->of;
	const char *shape = t->shape ? sim_shapes[t->shape - 1].name : "";
	double all = of->random ? (double)of->random / (of->shards ? of->shards : 1) - (double)before->sequences :
				  estimate_total(&t->estimate);
	double share = (double)(of->random ? t->sequences : t->estimate.sequences) / (all > 0 ? all : 1);

	progress_show("%5.1f s  %lu sequences, %.0f a second, %s%sabout %.0f %% done, %.0f s to go", seconds, t->sequences,
		      (double)t->sequences / seconds, shape, *shape ? ": " : "", 100 * share,
		      share > 0 ? seconds / share * (1 - share) : 0);
}

static void tick(struct search *s)
{
	static struct tally copy;
	struct campaign *c = code_of(s)->campaign;
	double seconds = clocks_since(&c->start).wall;
	struct result r;

	if (!s->tally->followed || (seconds - c->saved < SAVE_S && seconds - c->shown < SHOW_S) ||
	    !tally_copy(s->tally, &copy))
		return;
	if (c->progress && seconds - c->shown >= SHOW_S) {
		show(s, &copy, seconds);
		c->shown = seconds;
	}
	if (code_of(s)->options->state != NULL && c->status == 0 && seconds - c->saved >= SAVE_S && !copy.skipping) {
		copy.spent = (struct clocks){ seconds, clocks_since(&c->start).cpu + copy.cpu };
		r = c->before;
		add_tally(&r, &copy);
		c->status = result_save(&r, code_of(s)->options->state);
		c->saved = seconds;
	}
}

int campaign_open(struct campaign *c, struct search *s, bool *done)
{
	const char *state = code_of(s)->options->state;
	int status = fill_of(&c->before.of, s);

	if (!status)
		status = known_open(&c->known, code_of(s)->options->boot.known, code_of(s)->options->boot.write_known);
	if (!status)
		status = cases_junit_open(&c->junit, code_of(s)->options->junit);
	s->shard = c->before.of.shard;
	s->shards = c->before.of.shards;
	s->tick = tick;
	c->start = clocks_now();
	c->progress = !s->replay && progress_wanted();
	s->tally->followed = state != NULL || c->progress;
	if (status || state == NULL)
		return status;
	if (access(state, F_OK) != 0)
		return result_save(&c->before, state);	/* that it cannot is better known now */
	status = go_on(c, state, done);
	s->last = c->before.last;
	s->tally->skipping = s->last.any;
	return status;
}

int campaign_report(const struct search *s, struct result *r)
{
	struct campaign *c = code_of(s)->campaign;
	struct judged judgement;
	int status;

	if (c->progress && c->shown > 0)
		progress_clear();
	judgement = judged(s, r, result_known(r, &c->known, code_of(s)->guest->name));
	r->verdict = judgement.verdict;
	known_vanished(&c->known);
	if (code_of(s)->options->state != NULL && c->status == 0)
		c->status = result_save(r, code_of(s)->options->state);
	if (child_signal() && !r->complete)
		snprintf(r->incomplete, sizeof(r->incomplete), "interrupted by signal %d", child_signal());
	else if (!r->complete && !*r->incomplete)
		snprintf(r->incomplete, sizeof(r->incomplete), "given up: the guest code dies or diverges too often");
	status = result_cases(r, judgement.why, code_of(s)->options->tap, &c->junit);
	if (code_of(s)->options->boot.json) {
		result_json(r, stdout);
	} else if (!code_of(s)->options->tap) {
		printf("guest      %s: %s\n", code_of(s)->guest->name, code_of(s)->guest->what);
		if (s->replay && s->journal >= 0)
			steps_text(s->journal);
		result_text(r);
		judged_text(judgement);
	}
	if (known_close(&c->known))
		status = STATUS_ENVIRONMENT;
	if (c->status || status)
		return c->status ? c->status : status;
	return child_signal() && !r->complete ? STATUS_SIGNAL + child_signal() : judgement.status;
}
