/* SPDX-License-Identifier: MIT */
/* What a search has seen, and how it is told. */
#ifndef SIM_TALLY_H
#define SIM_TALLY_H

#include "sim/options.h"

/* Two findings more, which only the parent of a process can make. */
enum { FINDING_CRASH = SIM_FINDING_KINDS, FINDING_HANG, FINDINGS };

/* Shared with the process that runs the guest, so that what it did is known when it is gone. */
struct tally {
	uint64_t sequences, tdcalls, calls;
	uint64_t found[FINDINGS];
	uint64_t answers[TD_ANSWER_KINDS];
	struct td_choices first[FINDINGS];	/* the shortest sequence of each finding */
	uint32_t resumed;			/* processes that died before this one */
	bool done;
};

const char *finding_name(unsigned int finding);
const char *finding_sentence(unsigned int finding);
const char *answer_name(unsigned int answer);

uint64_t tally_bad(const struct tally *tally);
void tally_text(const struct sim_job *job, const struct tally *tally, double seconds);
void tally_json(const struct sim_job *job, const struct tally *tally, double seconds);

#endif
