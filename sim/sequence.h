/* SPDX-License-Identifier: MIT */
/* One sequence of answers against one guest, judged; and all of them, depth first. */
#ifndef SIM_SEQUENCE_H
#define SIM_SEQUENCE_H

#include "sim/guest.h"
#include "sim/shapes.h"

/* When a guest that gave the conversion up is to blame. */
enum sim_expect {
	SIM_BY_ANSWERS,		/* if its answers were such that it has to complete */
	SIM_COMPLETE,
	SIM_CONTAIN,		/* never */
};

struct sim_job {
	const struct sim_guest *guest;
	uint64_t at;		/* where the request starts, without S; 0: SIM_AT */
	uint32_t pages;		/* of the request; the TD has some on both sides of it, in use as private memory */
	bool to_shared;
	enum sim_expect expect;
	uint32_t stalls;	/* RETRYs in a row without progress that it has to live through */
};

/* Prepares sim for job: what the guest will convert is on the other side, and td is marked there. */
bool sim_prepare(struct sim *sim, const struct sim_job *job);

/* MapGPA calls that it makes for that, which are none of the guest's. */
static inline uint32_t sim_job_calls(const struct sim_job *job)
{
	return !job->to_shared;
}

/* So many pages, and what it takes to make them a request of the guest: one that takes no less is given no part. */
uint32_t sim_pages_for(const struct sim_guest *guest, uint64_t pages);

/* The RAM that a job needs. */
uint64_t sim_job_ram(const struct sim_job *job);
uint32_t sim_job_pages(const struct sim_job *job);

/* Takes the TD back and runs the sequence that td_explore_choices() or the behaviour's rules say. */
enum td_violation sim_sequence(struct sim *sim, const struct sim_job *job);

/*
 * Its parts: the way back; the guest's, which may not come back; and the judge's, in the same process or in its parent.
 */
void sim_restart(struct sim *sim, const struct sim_job *job);
void sim_attempt(struct sim *sim, const struct sim_job *job);
enum td_violation sim_judge(struct sim *sim, const struct sim_job *job);

/* Whether what the guest was answered lets it give the conversion up. */
bool sim_excused(const struct sim *sim, const struct sim_job *job);

#endif
