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
#include "cli/code/tally.h"

#define MAX_DEATHS	20
#define MAX_RETRIES	1000
#define DEPTH		6
#define CPU_EVERY	4096	/* sequences */

/* What comes of a process of guest code, beside statuses after a complaint. */
enum { OVER, GO_ON = -1, AGAIN = -2 };

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
	t->in_unit += seen->in_unit;
	t->untracked += seen->untracked;
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

/* Whether the guest, after the answers that were given before, asked again what it had asked then. */
static bool diverges(const struct tally *t, const struct sim *sim, const struct td_choices *c)
{
	uint32_t known = t->plan.depth < t->nasked ? t->plan.depth : t->nasked;

	return c->at < known || memcmp(t->asked, sim->asked, known * sizeof(t->asked[0])) != 0;
}

/* What was planned stays: the tree goes on as if this sequence had used all of it, and no more. */
static void restore(struct td_choices *c, const struct tally *t)
{
	memcpy(c->taken, t->plan.taken, t->plan.depth);
	memcpy(c->width, t->plan.width, t->plan.depth);
	c->depth = c->at = t->plan.depth;
}

/* A run that is over, in one way or another. False: it has to be run again in a process of its own. */
static bool settle(struct search *s, enum td_violation finding, const struct sim_seen *seen)
{
	struct tally *t = s->tally;
	struct td_choices *c = td_explore_choices(&s->sim->td);
	bool diverged = diverges(t, s->sim, c);

	if (diverged && t->begun > 1)
		return false;
	t->changes++;
	__asm__ volatile("" : : : "memory");	/* x86 keeps stores in order; the compiler must, too */
	if (c->ours && !t->skipping)
		count(t, c, finding, seen);
	t->diverged += diverged;
	if (diverged)
		restore(c, t);
	t->nasked = c->at;
	memcpy(t->asked, s->sim->asked, c->at * sizeof(t->asked[0]));
	if (t->followed && !t->skipping)
		follow(t, c);
	t->states = c->states;
	t->skipping = false;
	__asm__ volatile("" : : : "memory");
	t->changes++;
	return true;
}

static int one(struct search *s)
{
	struct sim *sim = s->sim;
	const struct td_choices *c = td_explore_choices(&sim->td);
	struct tally *t = s->tally;
	enum td_violation finding;

	t->plan.depth = c->depth;
	memcpy(t->plan.taken, c->taken, c->depth);
	memcpy(t->plan.width, c->width, c->depth);
	t->begun++;
	finding = sim_sequence(sim, &s->code->job);
	if (!settle(s, finding, &sim->seen))
		return AGAIN;
	return s->code->options->harness != NULL && sim->seen.over != SIM_DONE ? GO_ON : OVER;
}

/* The child: from where the choices stand to the end, or to where another process has to go on. */
static int work(void *arg)
{
	struct search *s = arg;
	struct tally *t = s->tally;
	struct td *td = &s->sim->td;
	int status = code_load(s->code);
	bool first = t->resumed == 0 || t->again;

	if (status || (t->resumed == 0 && !t->skipping && !td_explore_any(td)))
		return status;
	while (status == OVER && !t->stop && (first || (!s->only && td_explore_next(td)))) {
		first = false;
		status = one(s);
	}
	return status;
}

static void begin(const struct search *s, struct td *td, const struct td_choices *from)
{
	const struct explore_options *o = s->code->options;
	struct td_choices *c = td_explore_choices(td);

	td_explore_begin(td, s->depth);
	if (o->random.value != 0 && !s->only)
		td_explore_random(td, explore_seed(o), o->random.value);
	if (s->campaign != NULL && s->campaign->before.of.shards != 0)
		td_explore_shard(td, s->campaign->before.of.shard - 1, s->campaign->before.of.shards);
	if (s->tally->resumed != 0 || (s->only && from->named == 0)) {
		*c = *from;
		td_explore_number(td, c->number);	/* draws as it did, if it does */
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
	struct sim_setup setup = { .pages = sim_job_pages(&s->code->job), .behaviour.implicit = TD_IMPLICIT_VE,
				   .journal = s->journal > 0 ? s->journal : 0 };
	struct sim *sim = sim_new(&setup);

	if (sim == NULL || !sim_prepare(sim, &s->code->job))
		return NULL;
	begin(s, &sim->td, from);
	return sim;
}

/* The guest has taken its process down. The sequence is settled if it was alone in there. */
static void dead(struct search *s, enum td_violation finding)
{
	struct tally *t = s->tally;
	bool alone = t->begun <= 1;

	if (alone && t->again)
		t->unsure[finding] -= t->unsure[finding] != 0;
	else if (!alone)
		t->unsure[finding]++;	/* until it dies again */
	t->again = !alone;
	t->retries += !alone && finding == TD_V_GUEST_HUNG ? MAX_RETRIES / MAX_DEATHS : 0;
	t->deaths += alone;
	if (alone)
		settle(s, finding, &s->sim->seen);
}

static void tick(void *arg)
{
	struct search *s = arg;

	s->tally->stop = child_signal() != 0 && !s->only;
	if (s->campaign != NULL)
		campaign_tick(s);
}

/* How a process ended: GO_ON if another has to, OVER, or a status after a complaint. */
static int ended(struct search *s, enum child_end end, int status)
{
	struct tally *t = s->tally;

	if (s->sim->journal_error != 0)
		return complain(STATUS_ENVIRONMENT, "--journal %s: %s", s->code->options->boot.journal,
				strerror(s->sim->journal_error));
	if (end == CHILD_INTERRUPTED)
		return OVER;
	if (end == CHILD_DIED || end == CHILD_HUNG) {
		dead(s, end == CHILD_DIED ? TD_V_GUEST_DIED : TD_V_GUEST_HUNG);
		status = GO_ON;
	} else {
		t->again = status == AGAIN;
	}
	t->retries += t->again;
	if (t->deaths >= MAX_DEATHS || t->retries >= MAX_RETRIES || (child_signal() != 0 && status < 0))
		return OVER;
	return status >= 0 ? status : s->only ? OVER : GO_ON;
}

int search(struct search *s, struct td_choices from)
{
	struct tally *t = s->tally;
	enum child_end end;
	int status = GO_ON;

	for (t->resumed = 0; status == GO_ON; t->resumed++) {
		t->begun = 0;
		t->cpu = 0;
		s->sim = prepared(s, &from);
		end = s->sim != NULL ? child_run(work, s, &t->changes, tick, &status) : CHILD_NONE;
		if (end == CHILD_NONE)
			return complain(STATUS_ENVIRONMENT, "no memory or no process for the guest code");
		status = ended(s, end, status);
		if (t->again)
			restore(td_explore_choices(&s->sim->td), t);
		from = *td_explore_choices(&s->sim->td);
		sim_free(s->sim);
	}
	return status;
}

static bool tally_complete(const struct tally *t)
{
	return t->deaths < MAX_DEATHS && t->retries < MAX_RETRIES && t->diverged == 0 && t->untracked == 0 &&
	       child_signal() == 0;
}

/* Whether that sequence shows that in a process of its own. */
static bool shows(const struct search *of, const struct way *way, enum td_violation finding, struct tally *scratch)
{
	struct search s = *of;
	/* What takes no answer is shown with any: here with SUCCESS. */
	struct td_choices c = { .named = way->length > 0 ? way->length : 1 };
	bool shown = false;

	memcpy(c.answer, way->answers, way->length);
	memset(scratch, 0, sizeof(*scratch));
	s.tally = scratch;
	s.campaign = NULL;
	s.depth = c.named;
	s.only = true;
	if (search(&s, c) != OVER)
		return false;
	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		shown |= scratch->found[cause][finding] != 0;
	return shown;
}

/* The sequences that show it in a process of their own. If there is none, it is not to be reported. */
static void confirm_one(struct search *s, uint64_t *found, struct ways *ways, enum td_violation finding)
{
	struct ways good = { .more = ways->more };

	for (uint32_t i = 0; *found != 0 && i < ways->count; i++)
		if (shows(s, &ways->all[i], finding, s->tally + 2))
			good.all[good.count++] = ways->all[i];
	*ways = good;
	if (good.count != 0)
		return;
	s->tally->unsure[finding] += *found;
	*found = 0;
}

/* Deaths were confirmed when they came. */
static void confirm(struct search *s)
{
	struct tally *t = s->tally;

	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
			if (f != TD_V_GUEST_DIED && f != TD_V_GUEST_HUNG)
				confirm_one(s, &t->found[cause][f], &t->ways[cause][f], (enum td_violation)f);
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
	for (s->depth = 1; !status && s->depth < below && child_signal() == 0; s->depth++) {
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
	struct tally *t = mmap(NULL, 3 * sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		complain(STATUS_ENVIRONMENT, "no memory for the results");
	return t != MAP_FAILED ? t : NULL;
}

static int open_journal(struct search *s)
{
	const char *path = s->code->options->boot.journal;

	s->journal = path != NULL ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	return path != NULL && s->journal < 0 ? complain(STATUS_INPUT, "--journal %s: %s", path, strerror(errno)) : 0;
}

static int search_all(struct search *s, struct td_choices from)
{
	struct tally *t = s->tally;
	int status;

	s->campaign->start = clocks_now();
	status = search(s, from);
	t->spent = clocks_since(&s->campaign->start);
	if (!status && tally_bad(t) && !s->replay && s->code->options->random.value == 0)
		status = shorten(s, s->depth, t + 1);
	s->depth = s->campaign->before.of.depth;
	if (!status && !s->replay)	/* that is one process already */
		confirm(s);
	return status;
}

/* name: of the finding that a replay is to show, or "". */
static int search_reported(struct search *s, struct td_choices from, const char *name)
{
	struct result result;
	bool done = false;
	int status = open_journal(s);

	s->tally = !status ? tally_new() : NULL;
	if (s->tally == NULL)
		return status ? status : STATUS_ENVIRONMENT;
	status = campaign_open(s->campaign, s, &done);
	if (!status && !done)
		status = search_all(s, from);
	if (status)
		return status;
	campaign_result(s, tally_complete(s->tally), &result);
	status = campaign_report(s, done ? &s->campaign->before : &result);
	if (*name && status < STATUS_SIGNAL && !result_finding(&result, name))
		status = complain(STATUS_INCONCLUSIVE, "%s did not come again", name);
	return status;
}

static int check_numbers(const struct explore_options *o)
{
	if (o->depth.given && (o->depth.value == 0 || o->depth.value > TD_EXPLORE_DEPTH))
		return complain(STATUS_INPUT, "--depth %s: from 1 to %d", o->depth.text, TD_EXPLORE_DEPTH);
	if (!o->match)
		return 0;
	if (o->shard != NULL || o->state != NULL)
		return complain(STATUS_INPUT, "--shard and --state are for a search: not with --match");
	if (o->random.given || o->harness != NULL)
		return complain(STATUS_INPUT, "--match is about all sequences of a --guest: %s", o->harness != NULL ?
				"what a harness remembers is not known" : "not with --random");
	return 0;
}

int code_explore(const struct explore_options *o)
{
	struct code code;
	struct campaign campaign = { 0 };
	struct search s = { .code = &code, .depth = o->depth.given ? (uint32_t)o->depth.value : DEPTH, .campaign = &campaign,
			    .journal = -1 };
	int status = check_numbers(o);

	child_catch_signals();
	if (!status)
		status = code_open(&code, o, CODE_PAGES);
	if (status)
		return status;
	return o->match ? code_match(&code) : search_reported(&s, (struct td_choices){ 0 }, "");
}

int code_replay(const struct explore_options *o, const uint8_t *answers, uint32_t count, const char *name)
{
	struct code code;
	struct campaign campaign = { 0 };
	struct search s = { .code = &code, .depth = count, .campaign = &campaign, .journal = -1, .replay = true };
	struct td_choices from = { .named = count };
	int status;

	child_catch_signals();
	memcpy(from.answer, answers, count);
	status = code_open(&code, o, CODE_PAGES);
	return status ? status : search_reported(&s, from, name);
}
