/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "sim/sequence.h"

#define GUARD	8	/* pages before and behind the request, to be hit by what goes astray */

static uint64_t start_of(const struct sim_job *job)
{
	uint64_t at = job->at != 0 ? job->at : SIM_AT, align = job->guest->align != 0 ? job->guest->align : TDX_PAGE_SIZE;

	return (at + align - 1) / align * align;
}

uint32_t sim_pages_for(const struct sim_guest *guest, uint64_t pages)
{
	uint64_t least = guest->align > TDX_PAGE_SIZE ? guest->align / TDX_PAGE_SIZE : 1;

	return (uint32_t)((pages + least - 1) / least * least);
}

/* The units that the request touches, with neighbours on both sides. */
static struct sim_range unit_of(const struct sim_job *job)
{
	uint64_t unit = job->guest->unit > TDX_PAGE_SIZE ? job->guest->unit : TDX_PAGE_SIZE, start = start_of(job);

	return (struct sim_range){ start / unit * unit, (start + job->pages * TDX_PAGE_SIZE + unit - 1) / unit * unit };
}

uint64_t sim_job_ram(const struct sim_job *job)
{
	return unit_of(job).start - GUARD * TDX_PAGE_SIZE;
}

uint32_t sim_job_pages(const struct sim_job *job)
{
	return (uint32_t)((unit_of(job).end - sim_job_ram(job)) / TDX_PAGE_SIZE) + GUARD;
}

/* The VMM is willing while the stage is set, its rules do not count that call, and a journal is the guest's alone. */
bool sim_prepare(struct sim *sim, const struct sim_job *job)
{
	struct td_regs regs = { .long_mode = true };
	int journal = sim->journal;

	sim->unit = unit_of(job);
	sim->request.start = start_of(job);
	sim->request.end = sim->request.start + job->pages * TDX_PAGE_SIZE;
	if (!job->to_shared) {
		tdx_map_gpa(regs.gpr, sim->request.start | sim_shared_bit(sim), job->pages * TDX_PAGE_SIZE);
		td_explore_begin(&sim->td, 1);	/* its first answer is "ok" */
		sim->journal = 0;
		sim_tdcall(sim, &regs);
		sim->journal = journal;
	}
	return td_mark(&sim->td);
}

static void guest_side(struct sim *sim, const void *arg)
{
	const struct sim_job *job = arg;
	const struct sim_guest *guest = job->guest;
	struct sim_attempt *a = &sim->seen.attempt;
	uint64_t start = sim->request.start, size = sim->request.end - start;

	a->converted = guest->convert(sim, start, size, job->to_shared);
	if (a->converted == 0 && !job->to_shared && guest->accept != NULL) {
		a->converted = 1;
		a->converted = guest->accept(sim, start, size);
	}
	if (a->converted != 0 && guest->undo != NULL) {
		a->tried_undo = sim->seen.undoing = true;
		a->undone = guest->undo(sim, start, size);
	}
}

/*
 * What the guest says that it has: the VMM must have said so too. Then the guest uses it, and td says whether it may;
 * to private, the module must have said so as well, even if the VMM has taken the page away since.
 */
static bool holds(struct sim *sim, bool shared, uint64_t start, uint64_t end)
{
	uint64_t s = shared ? sim_shared_bit(sim) : 0;

	for (uint64_t gpa = start; gpa < end; gpa += TDX_PAGE_SIZE) {
		enum td_known known = td_known(&sim->td, gpa);

		if (shared ? known != TD_KNOWN_CLAIMED_SHARED :
			     known != TD_KNOWN_CLAIMED_PRIVATE && known != TD_KNOWN_PRIVATE)
			return false;
	}
	for (uint64_t gpa = start; gpa < end && td_stopped(&sim->td) == TD_RUNNING; gpa += TDX_PAGE_SIZE) {
		sim_touch(sim, gpa | s, false);
		if (!shared && td_real(&sim->td, gpa) != TD_REAL_MAPPED && td_known(&sim->td, gpa) != TD_KNOWN_PRIVATE)
			return false;
	}
	return true;
}

/*
 * The guest goes on after a conversion that failed and was not undone: it uses what it says is converted, and the
 * rest in the way that its page table was left. Of the rest it says nothing: td judges what it may do with it.
 */
static bool goes_on(struct sim *sim, const struct sim_job *job)
{
	enum sim_after_error after = job->guest->after_error;
	bool shared = (after == SIM_USES_NEW) == job->to_shared;
	uint64_t start = sim->request.start, end = sim->request.end, done = sim->seen.attempt.done, rest;

	rest = done < end - start ? start + done / TDX_PAGE_SIZE * TDX_PAGE_SIZE : end;
	if (!holds(sim, job->to_shared, start, rest))
		return false;
	for (uint64_t gpa = rest; after != SIM_LEAKS && gpa < end && td_stopped(&sim->td) == TD_RUNNING; gpa += TDX_PAGE_SIZE)
		sim_touch(sim, gpa | (shared ? sim_shared_bit(sim) : 0), false);
	return true;
}

bool sim_excused(const struct sim *sim, const struct sim_job *job)
{
	return job->expect == SIM_CONTAIN ||
	       (job->expect == SIM_BY_ANSWERS &&
		!td_answers_complete(&sim->seen.found.answers, job->stalls));
}

/* A guest that gave up goes on without the memory: td says what it left, if it did not take it back. */
static enum td_violation given_up(struct sim *sim)
{
	sim_power_off(sim);
	if (sim->seen.found.given_up != TD_V_NONE)
		return sim->seen.found.given_up;
	return sim->seen.found.flaw != TD_V_NONE ? sim->seen.found.flaw : TD_V_ABANDONED;
}

enum td_violation sim_judge(struct sim *sim, const struct sim_job *job)
{
	const struct sim_seen *seen = &sim->seen;
	bool truly = true, gave_up = seen->over == SIM_ENDED || (seen->over == SIM_DONE && seen->attempt.converted != 0);

	if (seen->over == SIM_DONE && seen->attempt.converted == 0)
		truly = holds(sim, job->to_shared, sim->request.start, sim->request.end);
	else if (seen->over == SIM_DONE && seen->attempt.tried_undo && seen->attempt.undone == 0)
		truly = holds(sim, false, sim->request.start, sim->request.end);
	else if (seen->over == SIM_DONE)
		truly = goes_on(sim, job);
	if (seen->over == SIM_DONE && seen->attempt.converted == 0)
		td_moved_on(&sim->td);
	if (seen->found.first != TD_V_NONE)
		return seen->found.first;
	if (seen->over == SIM_TDCALLS)
		return TD_V_UNBOUNDED;
	if (!truly)
		return TD_V_FALSE_SUCCESS;
	if (seen->over == SIM_STOPPED && !seen->found.vmm_caused)
		return TD_V_TD_LOST;
	if (gave_up && !sim_excused(sim, job))
		return given_up(sim);
	return TD_V_NONE;
}

void sim_attempt(struct sim *sim, const struct sim_job *job)
{
	sim->seen = (struct sim_seen){ .attempt = { .converted = 1, .undone = 1 } };
	sim_run(sim, guest_side, job);
}

/* More was changed than the log of changes holds: a new TD, which goes on with the same choices. */
static void renew(struct sim *sim, const struct sim_job *job)
{
	struct td_choices choices = *td_explore_choices(&sim->td);
	struct match *match = sim->match;

	sim->match = NULL;
	td_init(&sim->td, sim->storage, sim->bytes - sizeof(*sim), &sim->config);
	sim_prepare(sim, job);
	*td_explore_choices(&sim->td) = choices;
	sim->match = match;
}

void sim_restart(struct sim *sim, const struct sim_job *job)
{
	if (!td_rollback(&sim->td))
		renew(sim, job);
	td_explore_choices(&sim->td)->at = 0;
}

enum td_violation sim_sequence(struct sim *sim, const struct sim_job *job)
{
	sim_restart(sim, job);
	sim_attempt(sim, job);
	return sim_judge(sim, job);
}
