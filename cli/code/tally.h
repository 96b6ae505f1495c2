/* SPDX-License-Identifier: MIT */
/* What a search has seen, and how it is told. */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include "cli/campaign/estimate.h"
#include "cli/campaign/result.h"
#include "cli/code/code.h"
#include "cli/verdict/known.h"

/* Seconds by the wall's clock, and of processor time that children used. */
struct clocks {
	double wall, cpu;
};

struct clocks clocks_now(void);
struct clocks clocks_since(const struct clocks *start);

/* Shared with the process that runs the guest, so that what it did is known when it is gone. */
struct tally {
	uint64_t sequences, tdcalls, calls, cut, in_unit, states;
	uint64_t found[TD_CAUSES][TD_FINDING_KINDS];
	uint64_t answers[TD_ANSWER_KINDS];
	struct ways ways[TD_CAUSES][TD_FINDING_KINDS];
	uint64_t unsure[TD_FINDING_KINDS];	/* sequences that showed it, which did not in a process of their own */
	uint64_t untracked;			/* sequences in which more was open at a time than td can follow */
	uint64_t diverged;			/* sequences in which the guest did not do again what it had done */

	/* Processes: how many before this one, what ended them, sequences that this one has begun. */
	uint32_t resumed, deaths, retries, begun;
	bool stop;				/* the process is to end when its sequence is over */
	bool again;				/* the present process begins with the last one's last sequence */
	struct { uint8_t taken[TD_EXPLORE_DEPTH], width[TD_EXPLORE_DEPTH]; uint32_t depth; } plan;	/* of this sequence */
	uint64_t asked[TD_EXPLORE_DEPTH];	/* by the run before it, at so many first choices */
	uint32_t nasked;
	struct clocks spent;

	/* Only if it is followed: where it is, for whoever is to go on, and how much there will be. */
	bool followed;
	bool skipping;				/* what the run before this one had counted is only seen again */
	double cpu;				/* that the present process has used, now and then */
	struct result_last last;
	struct estimate estimate;
	volatile uint64_t changes;		/* odd while something is being changed */
};

struct search;

/*
 * A search that is kept: by whom it is divided, what was done before it, and where it is saved. campaign.c
 */
struct campaign {
	struct result before;	/* of.*: what is searched */
	struct known known;
	struct clocks start;
	double saved, shown;
	int status;		/* not 0: it could not be saved */
	bool progress;
};

/* Returns 0, or a status after a complaint. *done: all of it was done before, and before is the result. */
int campaign_open(struct campaign *campaign, const struct search *search, bool *done);
void campaign_tick(void *search);

/* What was before and what came. */
void campaign_result(const struct search *search, bool complete, struct result *result);
int campaign_report(const struct search *search, struct result *result);	/* returns the exit status */

/* A search in a process of its own; tally is in memory that both see. */
struct search {
	struct code *code;
	uint32_t depth;
	struct tally *tally;
	struct sim *sim;
	struct campaign *campaign;	/* NULL: nobody follows it */
	int journal;			/* of a replay; -1: none */
	bool only;			/* the sequence of `from`, and no other */
	bool replay;			/* that sequence is all that the user asked for */
};

struct tally *tally_new(void);	/* three, in memory that processes share; NULL after a complaint */

/*
 * From *from on, or the sequence that it names. What a guest can remember is gone with its process: one that was
 * stopped within a call is not run in the same one again, and one that dies, or asks for something else than it did
 * after the same answers, is given that sequence again in a process of its own. If it dies there too, that is a
 * finding, and the next process goes on after it.
 */
int search(struct search *search, struct td_choices from);

/* The same at every depth below that one: what is found there is shorter, and nothing shorter is to be had. */
int shorten(struct search *search, uint32_t below, struct tally *scratch);

uint64_t tally_bad(const struct tally *tally);	/* sequences that show something */

/* For each finding, in their order: its sequences and the minimal ones among them. */
void tally_each(const struct tally *tally, void (*fn)(void *arg, const struct result_finding *finding), void *arg);

#endif
