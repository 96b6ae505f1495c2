/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "sim/sequence.h"

#define GUARD	8	/* pages before and behind the request, to be hit by what goes astray */

const char *sim_finding_name(enum sim_finding finding)
{
	static const char *const names[] = {
#define TD_VIOLATION(id, name, sentence) [TD_V_##id] = name,
		TD_VIOLATIONS(TD_VIOLATION)
#undef TD_VIOLATION
#define SIM_FINDING(id, name, sentence) [SIM_FINDING_##id] = name,
		SIM_FINDINGS(SIM_FINDING)
#undef SIM_FINDING
	};

	return names[finding];
}

const char *sim_finding_sentence(enum sim_finding finding)
{
	static const char *const sentences[] = {
#define TD_VIOLATION(id, name, sentence) [TD_V_##id] = sentence,
		TD_VIOLATIONS(TD_VIOLATION)
#undef TD_VIOLATION
#define SIM_FINDING(id, name, sentence) [SIM_FINDING_##id] = sentence,
		SIM_FINDINGS(SIM_FINDING)
#undef SIM_FINDING
	};

	return sentences[finding];
}

uint64_t sim_job_start(void)
{
	return SIM_RAM + GUARD * TDX_PAGE_SIZE;
}

uint32_t sim_job_pages(const struct sim_job *job)
{
	return job->pages + 2 * GUARD;
}

/* The VMM is willing while the stage is set, and its rules do not count that call. */
bool sim_prepare(struct sim *sim, const struct sim_job *job)
{
	struct td_regs regs = { .long_mode = true };

	if (!job->to_shared) {
		regs.gpr[TD_RCX] = 0x3c00;
		regs.gpr[TD_R11] = GHCI_MAP_GPA;
		regs.gpr[TD_R12] = sim_job_start() | sim_shared_bit(sim);
		regs.gpr[TD_R13] = job->pages * TDX_PAGE_SIZE;
		td_explore_begin(sim->td, 1);	/* its first answer is "ok" */
		sim_tdcall(sim, &regs);
	}
	return td_mark(sim->td);
}

static void guest_side(struct sim *sim, const void *arg)
{
	const struct sim_job *job = arg;
	const struct sim_guest *guest = job->guest;
	struct sim_attempt *a = &sim->seen.attempt;
	uint64_t size = job->pages * TDX_PAGE_SIZE;

	a->converted = guest->convert(sim, sim_job_start(), size, job->to_shared);
	if (a->converted == 0 && !job->to_shared && guest->accept != NULL) {
		a->converted = 1;
		a->converted = guest->accept(sim, sim_job_start(), size);
	}
	if (a->converted != 0 && guest->undo != NULL) {
		a->tried_undo = sim->seen.undoing = true;
		a->undone = guest->undo(sim, sim_job_start(), size);
	}
}

/*
 * What the guest says that it has: the VMM must have said so too. Then the guest uses it, and td says whether it may;
 * to private, the module must have said so as well, even if the VMM has taken the page away since.
 */
static bool holds(struct sim *sim, const struct sim_job *job, bool shared)
{
	uint64_t s = shared ? sim_shared_bit(sim) : 0, end = sim_job_start() + job->pages * TDX_PAGE_SIZE;

	for (uint64_t gpa = sim_job_start(); gpa < end; gpa += TDX_PAGE_SIZE) {
		enum td_known known = td_known(sim->td, gpa);

		if (shared ? known != TD_KNOWN_CLAIMED_SHARED :
			     known != TD_KNOWN_CLAIMED_PRIVATE && known != TD_KNOWN_PRIVATE)
			return false;
	}
	for (uint64_t gpa = sim_job_start(); gpa < end && td_stopped(sim->td) == TD_RUNNING; gpa += TDX_PAGE_SIZE) {
		sim_touch(sim, gpa | s, false);
		if (!shared && td_real(sim->td, gpa) != TD_REAL_MAPPED && td_known(sim->td, gpa) != TD_KNOWN_PRIVATE)
			return false;
	}
	return true;
}

/* By its answers: nothing but what GHCI permits, and no more stalls in a row than the guest is made to survive. */
static bool should_have_completed(const struct sim_seen *seen, const struct sim_job *job)
{
	return job->expect == SIM_COMPLETE ||
	       (job->expect == SIM_BY_ANSWERS && !seen->forbidden && seen->longest_stall <= job->guest->patience);
}

enum sim_finding sim_judge(struct sim *sim, const struct sim_job *job)
{
	const struct sim_seen *seen = &sim->seen;
	bool truly = true;

	if (seen->over == SIM_DONE && seen->attempt.converted == 0)
		truly = holds(sim, job, job->to_shared);
	else if (seen->over == SIM_DONE && seen->attempt.tried_undo && seen->attempt.undone == 0)
		truly = holds(sim, job, false);
	if (seen->violations != 0)
		return (enum sim_finding)seen->first;
	if (seen->over == SIM_TDCALLS)
		return SIM_FINDING_UNBOUNDED;
	if (!truly)
		return SIM_FINDING_FALSE_SUCCESS;
	if (seen->over == SIM_STOPPED && seen->vmm_caused == 0)
		return SIM_FINDING_TD_LOST;
	if (seen->bad_request)
		return SIM_FINDING_BAD_REQUEST;
	if (seen->over == SIM_DONE && seen->attempt.converted != 0 && should_have_completed(seen, job))
		return seen->abandoned != 0 ? (enum sim_finding)TD_V_ABANDONED : SIM_FINDING_GAVE_UP;
	return SIM_FINDING_NONE;
}

void sim_attempt(struct sim *sim, const struct sim_job *job)
{
	sim->seen = (struct sim_seen){ .attempt = { .converted = 1, .undone = 1 } };
	sim_run(sim, guest_side, job);
}

/* More was changed than the log of changes holds: a new TD, which goes on with the same choices. */
static void renew(struct sim *sim, const struct sim_job *job)
{
	struct td_choices choices = *td_explore_choices(sim->td);
	struct match *match = sim->match;

	sim->match = NULL;
	td_init(sim->td, sim->bytes - sizeof(*sim), &sim->config);
	sim_prepare(sim, job);
	*td_explore_choices(sim->td) = choices;
	sim->match = match;
}

void sim_restart(struct sim *sim, const struct sim_job *job)
{
	if (!td_rollback(sim->td))
		renew(sim, job);
	td_explore_choices(sim->td)->at = 0;
}

enum sim_finding sim_sequence(struct sim *sim, const struct sim_job *job)
{
	sim_restart(sim, job);
	sim_attempt(sim, job);
	return sim_judge(sim, job);
}
