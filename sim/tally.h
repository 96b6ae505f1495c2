/* SPDX-License-Identifier: MIT */
/* What a search has seen, and how it is told. */
#ifndef SIM_TALLY_H
#define SIM_TALLY_H

#include "sim/options.h"

/* Two findings more, which only the parent of a process can make. */
enum { FINDING_CRASH = SIM_FINDING_KINDS, FINDING_HANG, FINDINGS };

/* Seconds by the wall's clock, and of processor time that children used. */
struct clocks {
	double wall, cpu;
};

struct clocks clocks_now(void);
struct clocks clocks_since(const struct clocks *start);

/* Shared with the process that runs the guest, so that what it did is known when it is gone. */
struct tally {
	uint64_t sequences, tdcalls, calls;
	uint64_t found[FINDINGS];
	uint64_t answers[TD_ANSWER_KINDS];
	struct td_choices first[FINDINGS];	/* the shortest sequence of each finding */
	uint32_t resumed;			/* processes that died before this one */
	struct clocks spent;
};

/* A search in a process of its own; tally is in memory that both see. */
struct search {
	const struct options *options;
	const struct sim_job *job;
	struct sim_guest *guest;
	uint32_t depth;
	struct tally *tally;
	struct sim *sim;
};

/* From *from on, or the sequence that it names. A guest that dies is a finding, and the next process goes on behind it. */
int search(struct search *search, struct td_choices from);

/* The same at every depth below that one: what is found there is shorter, and nothing shorter is to be had. */
int shorten(struct search *search, uint32_t below, struct tally *scratch);

const char *finding_name(unsigned int finding);
const char *finding_sentence(unsigned int finding);
const char *answer_name(unsigned int answer);

uint64_t tally_bad(const struct tally *tally);
void tally_text(const struct sim_job *job, const struct tally *tally);
void tally_json(const struct sim_job *job, const struct tally *tally);

/* The findings of it alone. */
struct json;
void findings_text(const struct tally *tally);
void findings_json(struct json *json, const struct tally *tally);

#endif
