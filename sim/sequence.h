/* SPDX-License-Identifier: MIT */
/* One sequence of answers against one guest, judged; and all of them, depth first. */
#ifndef SIM_SEQUENCE_H
#define SIM_SEQUENCE_H

#include "sim/guest.h"

/* SIM_FINDING(identifier, name shown, one sentence). td's violations come first, under their own names. */
#define SIM_FINDINGS(SIM_FINDING) \
	SIM_FINDING(FALSE_SUCCESS, "false-success", "success was reported that the VMM or the module did not give") \
	SIM_FINDING(TD_LOST, "td-lost", \
		    "the guest ended its own TD: it accepted memory that the VMM had not given back, or that is not there") \
	SIM_FINDING(BAD_REQUEST, "bad-request", "MapGPA was asked for something that no VMM can take") \
	SIM_FINDING(GAVE_UP, "gave-up", "a conversion failed although every answer was one that GHCI permits") \
	SIM_FINDING(UNBOUNDED, "unbounded", "the TDCALLs had no end")

enum sim_finding {
	SIM_FINDING_NONE = 0,
	/* 1 .. TD_VIOLATION_KINDS-1: enum td_violation */
	SIM_FINDING_OWN = TD_VIOLATION_KINDS,
#define SIM_FINDING(id, name, sentence) SIM_FINDING_##id,
	SIM_FINDINGS(SIM_FINDING)
#undef SIM_FINDING
	SIM_FINDING_KINDS
};

const char *sim_finding_name(enum sim_finding finding);
const char *sim_finding_sentence(enum sim_finding finding);

/* When a guest that gave the conversion up is to blame. */
enum sim_expect {
	SIM_BY_ANSWERS,		/* if GHCI permits every answer that it got */
	SIM_COMPLETE,
	SIM_CONTAIN,		/* never */
};

struct sim_job {
	const struct sim_guest *guest;
	uint32_t pages;		/* of the request; the TD has some on both sides of it */
	bool to_shared;
	enum sim_expect expect;
};

/* Prepares sim for job: what the guest will convert is on the other side, and td is marked there. */
bool sim_prepare(struct sim *sim, const struct sim_job *job);

/* Where the request begins. */
uint64_t sim_job_start(void);

/* Pages of RAM that a job needs. */
uint32_t sim_job_pages(const struct sim_job *job);

/* Takes the TD back and runs the sequence that td_explore_choices() or the behaviour's rules say. */
enum sim_finding sim_sequence(struct sim *sim, const struct sim_job *job);

/*
 * Its parts: the way back; the guest's, which may not come back; and the judge's, in the same process or in its parent.
 */
void sim_restart(struct sim *sim, const struct sim_job *job);
void sim_attempt(struct sim *sim, const struct sim_job *job);
enum sim_finding sim_judge(struct sim *sim, const struct sim_job *job);

#endif
