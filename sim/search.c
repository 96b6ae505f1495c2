/* SPDX-License-Identifier: MIT */
/* Every sequence of answers, depth first, or so many drawn at random. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "sim/child.h"
#include "sim/search.h"
#include "sim/trap.h"

#define MAX_DEATHS	20
#define MAX_RETRIES	1000
#define CPU_EVERY	4096	/* sequences */

/* What comes of a process of guest code, beside statuses after a complaint. */
enum { OVER, GO_ON = -1, AGAIN = -2 };

static void count(struct tally *t, const struct td_choices *c, enum td_violation finding, const struct sim_seen *seen)
{
	enum td_cause cause = td_found_cause(&seen->found, finding);

	t->found[cause][finding]++;
	if (seen->over == SIM_DONE && finding != TD_V_GUEST_DIED && finding != TD_V_GUEST_HUNG)
		t->returned[cause][finding] = seen->attempt.converted;
	if (finding != TD_V_NONE && ways_begin(&t->ways[cause][finding], t->shape))
		ways_add_cut(&t->ways[cause][finding], c->answer, c->at, c->cut);
	t->sequences++;
	t->tdcalls += seen->tdcalls;
	t->calls += seen->calls;
	t->cut += c->cut != 0;
	t->in_unit += seen->in_unit;
	t->untracked += seen->untracked;
	for (uint32_t i = 0; i < c->at; i++)
		t->answers[c->answer[i]] += (c->met >> i & 1) || td_explore_class(c->answer[i]) != TD_ANSWERS_ACCEPT;
}

/* Where it is, while the parent may look at any time: with a mark that it is being changed. */
static void follow(struct tally *t, const struct td_choices *c)
{
	struct timespec cpu;

	memcpy(t->last.taken, c->taken, c->at);
	t->last.any = true;
	t->last.depth = c->at;
	t->last.shape = t->shape;
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
static bool count_run(struct search *s, enum td_violation finding, const struct sim_seen *seen)
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
	finding = sim_sequence(sim, s->job);
	if (finding != TD_V_NONE && sim_thread_left(sim))
		return OVER;	/* ended() looks at it */
	if (!count_run(s, finding, &sim->seen))
		return AGAIN;
	return s->job->guest->remembers && sim->seen.over != SIM_DONE ? GO_ON : OVER;
}

/* The child: from where the choices stand to the end, or to where another process has to go on. */
static int work(void *arg)
{
	struct search *s = arg;
	struct tally *t = s->tally;
	struct td *td = &s->sim->td;
	int status = s->load != NULL ? s->load(s->arg) : 0;
	bool first = t->resumed == 0 || t->again;

	if (status || (t->resumed == 0 && !t->skipping && !td_explore_any(td)))
		return status;
	while (status == OVER && !t->stop && !s->sim->thread_left && (first || (!s->only && td_explore_next(td)))) {
		first = false;
		status = one(s);
	}
	return status;
}

static void begin(const struct search *s, struct td *td, const struct td_choices *from)
{
	struct td_choices *c = td_explore_choices(td);

	td_explore_begin(td, s->depth);
	if (s->random != 0 && !s->only)
		td_explore_random(td, s->seed, s->random);
	if (s->shards != 0)
		td_explore_shard(td, s->shard - 1, s->shards);
	if (s->tally->resumed != 0 || (s->only && from->named == 0)) {
		*c = *from;
		td_explore_number(td, c->number);	/* draws as it did, if it does */
		return;
	}
	if (s->tally->skipping) {
		memcpy(c->taken, s->last.taken, sizeof(c->taken));
		c->depth = s->last.depth;
		c->dealt = s->last.dealt;
		c->ours = s->last.ours;
		td_explore_number(td, s->last.number);
		return;
	}
	memcpy(c->answer, from->answer, sizeof(c->answer));
	c->depth = c->fixed = c->named = from->named;
}

/* A TD that is ready for the sequence that comes after *from, or for what *from names if none was run. */
static struct sim *prepared(const struct search *s, const struct td_choices *from)
{
	struct sim_setup setup = { .ram = sim_job_ram(s->job), .pages = sim_job_pages(s->job), .gpaw = s->job->guest->gpaw,
				   .behaviour = s->behaviour, .platform = s->platform,
				   .journal = s->journal > 0 ? s->journal : 0 };
	struct sim *sim;

	setup.behaviour.before = sim_job_calls(s->job);
	sim = sim_new(&setup);
	if (sim == NULL || !sim_prepare(sim, s->job))
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
	if (alone && *t->crash[td_found_cause(&s->sim->seen.found, finding)] == '\0')
		memcpy(t->crash[td_found_cause(&s->sim->seen.found, finding)], s->sim->crash, sizeof(t->crash[0]));
	if (alone)
		count_run(s, finding, &s->sim->seen);
}

static void tick(void *arg)
{
	struct search *s = arg;

	s->tally->late = s->until != 0 && !s->only && clocks_now().wall >= s->until;
	s->tally->stop = (child_signal() != 0 && !s->only) || s->tally->late;
	if (s->tick != NULL)
		s->tick(s);
}

/* How a process ended: GO_ON if another has to, OVER, or a status after a complaint. */
static int ended(struct search *s, enum child_end end, int status)
{
	struct tally *t = s->tally;

	s->journal_error = s->sim->journal_error;
	if (s->journal_error != 0)
		return SEARCH_NO_JOURNAL;
	if (s->sim->second_thread)
		return SEARCH_SECOND_THREAD;
	if (s->sim->thread_left)
		return SEARCH_THREAD_LEFT;
	if (end == CHILD_INTERRUPTED)
		return OVER;
	if (end == CHILD_DIED || end == CHILD_HUNG) {
		dead(s, end == CHILD_DIED ? TD_V_GUEST_DIED : TD_V_GUEST_HUNG);
		status = GO_ON;
	} else {
		t->again = status == AGAIN;
	}
	t->retries += t->again;
	if (t->deaths >= MAX_DEATHS || t->retries >= MAX_RETRIES || t->late || (child_signal() != 0 && status < 0))
		return OVER;
	return status >= 0 ? status : s->only ? OVER : GO_ON;
}

int search(struct search *s, struct td_choices from)
{
	const struct td_choices named = from;
	struct tally *t = s->tally;
	enum child_end end;
	int status = GO_ON;

	t->nasked = 0;
	for (t->resumed = 0; status == GO_ON; t->resumed++) {
		t->begun = 0;
		t->cpu = 0;
		s->sim = prepared(s, &from);
		end = s->sim != NULL ? child_run(work, s, &t->changes, tick, &status) : CHILD_NONE;
		if (end == CHILD_NONE)
			return SEARCH_NO_PROCESS;
		status = ended(s, end, status);
		if (t->again)
			restore(td_explore_choices(&s->sim->td), t);
		from = *td_explore_choices(&s->sim->td);
		sim_free(s->sim);
	}
	if (s->replay)
		t->not_given.number = td_explore_not_given(&from, named.answer);
	if (t->not_given.number != 0)
		t->not_given.answer = named.answer[t->not_given.number - 1];
	return status;
}

static bool search_going(const struct tally *t)
{
	return t->deaths < MAX_DEATHS && t->retries < MAX_RETRIES && child_signal() == 0 && !t->late;
}

bool search_complete(const struct tally *t)
{
	return search_going(t) && t->diverged == 0 && t->untracked == 0;
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
	s.tick = NULL;
	s.shards = 0;
	s.depth = c.named;
	s.only = true;
	if (search(&s, c) != OVER)
		return false;
	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		shown |= scratch->found[cause][finding] != 0;
	return shown;
}

/* The sequences that show it in a process of their own. If there is none, it is not to be reported. */
static void confirm_one(struct search *s, enum td_cause cause, enum td_violation finding)
{
	uint64_t *found = &s->tally->found[cause][finding];
	struct ways *ways = &s->tally->ways[cause][finding];
	struct ways good = { .shape = ways->shape, .more = ways->more };

	if (ways->shape != s->tally->shape)
		return;
	for (uint32_t i = 0; *found != 0 && i < ways->count; i++) {
		if (!shows(s, &ways->all[i], finding, s->tally + 2))
			continue;
		if (good.count == 0)
			s->tally->returned[cause][finding] = s->tally[2].returned[cause][finding];
		good.all[good.count++] = ways->all[i];
	}
	*ways = good;
	if (good.count != 0)
		return;
	s->tally->unsure[finding] += *found;
	*found = 0;
}

/* Deaths were confirmed when they came. */
static void confirm(struct search *s)
{
	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
			if (f != TD_V_GUEST_DIED && f != TD_V_GUEST_HUNG)
				confirm_one(s, (enum td_cause)cause, (enum td_violation)f);
}

static void join(struct ways *to, const struct ways *from, uint32_t shape)
{
	if (from->count == 0 || !ways_begin(to, shape))
		return;
	for (uint32_t i = 0; i < from->count; i++)
		ways_add(to, from->all[i].answers, from->all[i].length);
	to->more |= from->more;
}

int shorten(const struct search *of, uint32_t below, struct tally *small)
{
	struct search s = *of;	/* all of it, and nobody waits for it */
	int status = 0;

	s.tally = small;
	s.tick = NULL;
	s.until = 0;
	s.shards = 0;
	for (s.depth = 1; !status && s.depth < below && child_signal() == 0; s.depth++) {
		memset(small, 0, sizeof(*small));
		status = search(&s, (struct td_choices){ 0 });
		for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
			for (unsigned int c = 0; c < TD_CAUSES; c++)
				join(&of->tally->ways[c][f], &small->ways[c][f], of->tally->shape);
	}
	return status;
}

struct tally *tally_new(void)
{
	struct tally *t = mmap(NULL, 3 * sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return t != MAP_FAILED ? t : NULL;
}

void tally_free(struct tally *t)
{
	munmap(t, 3 * sizeof(*t));
}

uint64_t tally_bad(const struct tally *t)
{
	uint64_t n = 0;

	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
			n += t->found[cause][f];
	return n;
}

const char *tally_detail(const struct tally *t, enum td_cause cause, enum td_violation finding)
{
	return finding == TD_V_GUEST_DIED && *t->crash[cause] != '\0' ? t->crash[cause] : td_violation_sentence(finding);
}

void tally_doubts(const struct tally *t, char text[200])
{
	for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
		if (t->unsure[f] != 0)
			snprintf(text, 200, "%s was seen in %lu sequence%s and did not come again in a process of its own: what the "
				 "guest code does depends on what it did before", td_violation_name(f), t->unsure[f],
				 t->unsure[f] == 1 ? "" : "s");
	if (t->untracked != 0)
		snprintf(text, 200, "in %lu sequence%s " TD_UNTRACKED, t->untracked, t->untracked == 1 ? "" : "s");
	if (t->diverged != 0)
		snprintf(text, 200, "in %lu sequence%s the guest code did not ask again, after the same answers, what it had asked "
			 "before: there may be more behind that", t->diverged, t->diverged == 1 ? "" : "s");
	if (t->not_given.number != 0)
		answers_misplaced(t->not_given.number, t->not_given.answer, text);
}

/* Whether something was found with the present shape that was not with one before. */
static bool found_with(const struct tally *t)
{
	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
			if (t->ways[cause][f].count != 0 && t->ways[cause][f].shape == t->shape)
				return true;
	return false;
}

static int search_one(struct search *s, struct td_choices from)
{
	struct clocks start = clocks_now(), spent;
	struct tally *t = s->tally;
	int status = search(s, from);

	spent = clocks_since(&start);
	t->spent.wall += spent.wall;
	t->spent.cpu += spent.cpu;
	if (!status && found_with(t) && !s->replay && s->random == 0 && !t->late)
		status = shorten(s, s->depth, t + 1);
	if (!status && !s->replay)	/* that is one process already */
		confirm(s);
	return status;
}

/* Of the sequences to be drawn each shape but the first has the same share, and that has the rest. */
static uint64_t drawn(uint64_t random, uint32_t n, uint64_t align)
{
	uint64_t share = random / SIM_SHAPES;

	if (n != 0)
		return share;
	for (uint32_t i = 1; i < SIM_SHAPES; i++)
		random -= sim_shape_of(i, align).pages != 0 ? share : 0;
	return random;
}

/* Each shape is a tree of its own. */
static int search_shape(const struct search *all, uint32_t n)
{
	const struct sim_shape shape = sim_shape_of(n, all->job->guest->align);
	struct sim_job job = *all->job;
	struct search s = *all;

	job.at = shape.at;
	job.pages = shape.pages;
	s.job = &job;
	s.depth = sim_shape_depth(&shape, all->depth);
	s.random = drawn(all->random, n, all->job->guest->align);
	if (shape.pages == 0 || (all->random != 0 && s.random == 0))
		return 0;
	all->tally->shape = n + 1;
	all->tally->estimate = (struct estimate){ 0 };
	return search_one(&s, (struct td_choices){ 0 });
}

int search_all(struct search *s, struct td_choices from)
{
	uint32_t n = s->tally->skipping && s->last.shape != 0 ? s->last.shape - 1 : 0;
	int status = 0;

	if (!s->shapes)
		return search_one(s, from);
	for (; n < SIM_SHAPES && !status && search_going(s->tally); n++)
		status = search_shape(s, n);
	return status;
}

struct clocks clocks_now(void)
{
	struct timespec now;
	struct rusage used;

	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_CHILDREN, &used);
	return (struct clocks){ (double)now.tv_sec + (double)now.tv_nsec / 1e9,
				(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
				(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6 };
}

struct clocks clocks_since(const struct clocks *start)
{
	struct clocks now = clocks_now();

	return (struct clocks){ now.wall - start->wall, now.cpu - start->cpu };
}
