/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "sim/match.h"

#define FIRST_SLOTS	(1u << 16)
#define MAX_STATES	(1u << 23)
#define MAX_FRUITLESS	64	/* answers in a row that claim nothing: no loop with a budget goes on for so long */
#define MAX_CALLS	50000000ull	/* of a search that has found something */

/* Open addressing; key 0 is free. value: of a state, the answers before it; of a state and an answer, where it led. */
struct table {
	struct entry { uint64_t key, value; } *entries;
	uint64_t slots, used;
};

struct match {
	const struct sim_job *job;
	struct match_tally *tally;
	uint32_t limit;		/* answers on one path */
	bool bounded;		/* by the user: beyond the limit answers follow from the last one */
	bool check;
	uint8_t taken[MATCH_DEPTH], width[MATCH_DEPTH];
	uint64_t path[MATCH_DEPTH];	/* states before each */
	uint32_t depth;		/* choices on record */
	uint32_t at;		/* of the present run */
	uint64_t gpa, size;	/* the last request */
	bool undoing;
	uint32_t same;		/* how many times in a row */
	uint32_t fruitless;
	uint64_t step;		/* state and answer that the run comes from; 0: none */
	uint8_t answer;		/* the last one */
	bool choosing, found;
	struct table states, steps;
};

static uint64_t mix(uint64_t sum, uint64_t word)
{
	uint64_t x = (sum ^ word) * 0xff51afd7ed558ccdull;

	return x ^ x >> 32;
}

static struct entry *slot_of(const struct table *t, uint64_t key)
{
	uint64_t i = key * 0x9e3779b97f4a7c15ull >> 20;

	while (t->entries[i % t->slots].key != 0 && t->entries[i % t->slots].key != key)
		i++;
	return &t->entries[i % t->slots];
}

static bool grow(struct table *t)
{
	struct table bigger = { .slots = t->slots != 0 ? t->slots * 2 : FIRST_SLOTS, .used = t->used };

	bigger.entries = calloc(bigger.slots, sizeof(*bigger.entries));
	if (bigger.entries == NULL)
		return false;
	for (uint64_t i = 0; i < t->slots; i++)
		if (t->entries[i].key != 0)
			*slot_of(&bigger, t->entries[i].key) = t->entries[i];
	free(t->entries);
	*t = bigger;
	return true;
}

/* The entry of key, *known if it was there before. NULL without memory. */
static struct entry *entry_of(struct table *t, uint64_t key, bool *known)
{
	struct entry *e;

	key |= key == 0;
	if (t->used * 2 >= t->slots && (t->slots >= 2 * MAX_STATES || !grow(t)))
		return NULL;
	e = slot_of(t, key);
	*known = e->key == key;
	t->used += !*known;
	e->key = key;
	return e;
}

/* Once a guest is excused from completing, the judge does not look at stalls any more. */
static uint64_t state_of(const struct sim *sim)
{
	const struct sim_seen *seen = &sim->seen;
	const struct match *m = sim->match;
	bool excused = sim_excused(sim, m->job);
	uint64_t flags = (uint64_t)seen->undoing | (uint64_t)seen->found.answers.hostile << 1 | (uint64_t)excused << 2 |
			 (uint64_t)seen->found.vmm_caused << 3;
	uint64_t sum = mix(td_fingerprint(&sim->td), m->gpa);

	sum = mix(mix(sum, m->size), m->same);
	sum = mix(mix(sum, flags), seen->found.first);
	return mix(sum, excused ? 0 : seen->found.answers.stalls);
}

/* The last answer, from a state that was known or not, has led to `to`. */
static void led_to(struct match *m, uint64_t to)
{
	struct entry *e;
	bool known;

	if (m->step == 0)
		return;
	e = entry_of(&m->steps, m->step, &known);
	if (e == NULL)
		m->tally->full = true;
	else if (known && e->value != to)
		m->tally->torn++;
	else
		e->value = to;
}

/* At a state for the first time in this run. True: it was gone through before. */
static bool been_here(struct match *m, uint64_t state)
{
	bool known;
	struct entry *e = entry_of(&m->states, state, &known);

	if (e == NULL) {
		m->tally->full = true;
		return true;
	}
	m->tally->states += !known;
	if (known && !m->check && (!m->bounded || e->value <= m->at))
		return true;
	e->value = m->at;
	return false;
}

/*
 * td is given one choice at a time, because a path here may be longer than the strings that it keeps. Beyond the limit
 * it answers as it does beyond its own.
 */
static void set_choice(struct td_choices *c, const struct match *m)
{
	c->at = 0;
	c->cut = 0;
	c->depth = 1;
	c->limit = 1;
	if (m->at < m->limit) {
		c->taken[0] = m->taken[m->at];
	} else {
		c->at = 1;
		c->answer[0] = m->answer;
	}
}

/* td's own name for it; with no bound td does not count, because a count would make every state a new one. */
static _Noreturn void runaway(struct sim *sim)
{
	td_found_violation(&sim->seen.found, TD_V_RUNAWAY);
	sim_leave(sim, SIM_STOPPED);
}

/* A state that lies on the path to itself: the same answers again keep the guest there for ever. */
static bool goes_round(const struct match *m, uint64_t state)
{
	uint32_t i = 0;

	while (i < m->at && m->path[i] != state)
		i++;
	return i < m->at;
}

/* At a place where nothing was chosen before. Does not return if there is nothing new to see from here on. */
static void new_choice(struct sim *sim, struct match *m)
{
	uint64_t state = state_of(sim);

	if (m->check)
		led_to(m, state);
	if (!m->bounded && (m->fruitless >= MAX_FRUITLESS || goes_round(m, state)))
		runaway(sim);
	if (been_here(m, state))
		sim_leave(sim, SIM_MERGED);
	m->path[m->at] = state;
	m->taken[m->at] = 0;
	m->depth = m->at + 1;
	m->choosing = true;
}

void match_request(struct sim *sim, const struct td_regs *regs)
{
	struct match *m = sim->match;
	uint64_t gpa = regs->gpr[TD_R12], size = regs->gpr[TD_R13];
	bool again = gpa == m->gpa && size == m->size && sim->seen.undoing == m->undoing;

	m->same = again ? m->same + 1 : 0;
	m->undoing = sim->seen.undoing;
	m->gpa = gpa;
	m->size = size;
	if (m->at >= m->limit && !m->bounded) {
		m->tally->full = true;
		sim_leave(sim, SIM_MERGED);
	}
	if (m->at >= m->depth && m->at < m->limit)
		new_choice(sim, m);
	if (m->check && m->at < m->limit)
		m->step = mix(state_of(sim), m->taken[m->at] + 1u);
	set_choice(td_explore_choices(&sim->td), m);
}

static bool claims_pages(unsigned int answer)
{
	return answer == TD_ANSWER_LIE || (!td_explore_is_fruitless(answer) && answer != TD_ANSWER_END &&
					   answer != TD_ANSWER_OTHER_S && answer != TD_ANSWER_INVALID_AFTER);
}

void match_answered(struct sim *sim)
{
	const struct td_choices *c = td_explore_choices(&sim->td);
	struct match *m = sim->match;

	if (m->at >= m->limit)
		return;
	if (c->at != 0) {
		m->width[m->at++] = c->width[0];
		m->answer = c->answer[0];
		m->fruitless = claims_pages(m->answer) ? 0 : m->fruitless + 1;
	} else if (m->choosing) {	/* refused as it stood: there was nothing to choose */
		m->depth = m->at;
	}
	m->choosing = false;
}

static void one(struct sim *sim, struct match *m)
{
	struct match_tally *t = m->tally;
	enum td_violation finding = TD_V_NONE;

	m->at = 0;
	m->gpa = m->size = UINT64_MAX;
	m->same = m->fruitless = 0;
	m->step = 0;
	sim_restart(sim, m->job);
	sim_attempt(sim, m->job);
	t->runs++;
	t->calls += sim->seen.calls;
	t->deepest = m->at > t->deepest ? m->at : t->deepest;
	if (sim->seen.over == SIM_MERGED) {
		t->merged++;
		return;
	}
	finding = sim_judge(sim, m->job);
	m->found |= finding != TD_V_NONE;
	t->causes[td_found_cause(&sim->seen.found, finding)][finding]++;
	if (t->found[finding]++ == 0 || m->at < t->shortest[finding])
		t->shortest[finding] = m->at;
	if (m->check && m->at < m->limit)
		led_to(m, finding + 1u);
}

static bool next(struct match *m)
{
	for (m->depth = m->at < m->depth ? m->at : m->depth; m->depth > 0; m->depth--)
		if (++m->taken[m->depth - 1] < m->width[m->depth - 1])
			return true;
	return false;
}

void match_search(struct sim *sim, const struct sim_job *job, uint32_t depth, bool check, struct match_tally *tally)
{
	struct match *m = calloc(1, sizeof(*m));

	*tally = (struct match_tally){ .full = m == NULL };
	if (m == NULL)
		return;
	m->job = job;
	m->tally = tally;
	m->limit = depth != 0 && depth < MATCH_DEPTH ? depth : MATCH_DEPTH;
	m->bounded = depth != 0;
	m->check = check;
	sim->match = m;
	do
		one(sim, m);
	while (next(m) && !(m->found && tally->calls > MAX_CALLS));
	tally->full |= m->depth != 0;
	sim->match = NULL;
	free(m->states.entries);
	free(m->steps.entries);
	free(m);
}
