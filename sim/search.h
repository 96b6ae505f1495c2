/* SPDX-License-Identifier: MIT */
/* Guest code under every sequence of answers, depth first, or under so many drawn at random. */
#ifndef SIM_SEARCH_H
#define SIM_SEARCH_H

#include "sim/estimate.h"
#include "sim/sequence.h"
#include "sim/ways.h"

/* The last sequence that was run: whoever goes on runs it again, to see what else was possible, and then the next. */
struct search_last {
	bool any;
	uint8_t taken[TD_EXPLORE_DEPTH];
	uint32_t depth;
	uint32_t shape;
	uint64_t dealt, number;
	bool ours;
};

/* Seconds by the wall's clock, and of processor time that children used. */
struct clocks {
	double wall, cpu;
};

struct clocks clocks_now(void);
struct clocks clocks_since(const struct clocks *start);

/* Shared with the process that runs the guest, so that what it did is known when it is gone. */
struct tally {
	uint64_t sequences, tdcalls, calls, cut, in_unit, states;
	uint32_t shape;				/* of the present sequences, as in struct ways */
	uint64_t found[TD_CAUSES][TD_FINDING_KINDS];
	uint64_t answers[TD_ANSWER_KINDS];
	struct ways ways[TD_CAUSES][TD_FINDING_KINDS];
	char crash[TD_CAUSES][480];		/* where the first one was */
	int returned[TD_CAUSES][TD_FINDING_KINDS];	/* by the guest, in a sequence that shows it: the shortest, if it is over */
	uint64_t unsure[TD_FINDING_KINDS];	/* sequences that showed it, which did not in a process of their own */
	uint64_t untracked;			/* sequences in which more was open at a time than td can follow */
	uint64_t diverged;			/* sequences in which the guest did not do again what it had done */
	struct { uint32_t number, answer; } not_given;	/* the first of a replay that had no place there, from 1 on; 0: none */

	/* Processes: how many before this one, what ended them, sequences that this one has begun. */
	uint32_t resumed, deaths, retries, begun;
	bool stop;				/* the process is to end when its sequence is over */
	bool late;				/* the search's time was over before the search was */
	bool again;				/* the present process begins with the last one's last sequence */
	struct { uint8_t taken[TD_EXPLORE_DEPTH], width[TD_EXPLORE_DEPTH]; uint32_t depth; } plan;	/* of this sequence */
	uint64_t asked[TD_EXPLORE_DEPTH];	/* by the run before it, at so many first choices */
	uint32_t nasked;
	struct clocks spent;

	/* Only if it is followed: where it is, for whoever is to go on, and how much there will be. */
	bool followed;
	bool skipping;				/* what the run before this one had counted is only seen again */
	double cpu;				/* that the present process has used, now and then */
	struct search_last last;
	struct estimate estimate;
	volatile uint64_t changes;		/* odd while something is being changed */
};

/* What search() and its like return beside 0 and what load() returned. */
enum {
	SEARCH_NO_PROCESS = -10,
	SEARCH_NO_JOURNAL,
	SEARCH_SECOND_THREAD,
	SEARCH_THREAD_LEFT,
};

/* Of a TDCALL by a thread that is not the one in which the guest was called. */
#define SEARCH_THREAD_TEXT "it makes a TDCALL in a second thread: the order of the calls must not be left to chance"

/* Of a finding that may be no more than a thread that has not come to its TDCALL. */
#define SEARCH_LEFT_TEXT "it has a second thread when it is judged: that has to end before the function returns"

/* A search in a process of its own; tally is in memory that both see. */
struct search {
	const struct sim_job *job;
	struct td_platform platform;	/* of sim_setup */
	int (*load)(void *arg);		/* in each process of the guest, first of all; not 0 ends the search */
	void *arg;			/* the user's */
	uint32_t depth;
	bool shapes;			/* of requests: all of them, with that depth for the first; else the job's */
	struct td_behaviour behaviour;	/* of the VMM, but for its answers to MapGPA */
	uint64_t random, seed;		/* not 0: so many are drawn */
	uint32_t shard, shards;		/* from 1; 0 of 0: the whole */
	struct search_last last;	/* where to go on, if tally->skipping */
	double until;			/* by clocks_now().wall; 0: as long as it takes */
	void (*tick)(struct search *search);	/* now and then while it runs, or NULL */
	struct tally *tally;
	struct sim *sim;
	int journal;			/* of a replay; -1: none */
	int journal_error;		/* errno of SEARCH_NO_JOURNAL */
	bool only;			/* the sequence of `from`, and no other */
	bool replay;			/* that sequence is all that the user asked for */
};

struct tally *tally_new(void);	/* three, in memory that processes share; NULL: there is none */
void tally_free(struct tally *tally);

/*
 * From *from on, or the sequence that it names. What a guest can remember is gone with its process: one that was
 * stopped within a call is not run in the same one again, and one that dies, or asks for something else than it did
 * after the same answers, is given that sequence again in a process of its own. If it dies there too, that is a
 * finding, and the next process goes on after it.
 */
int search(struct search *search, struct td_choices from);

/* The same at every depth below that one: what is found there is shorter, and nothing shorter is to be had. */
int shorten(const struct search *search, uint32_t below, struct tally *scratch);

/* All of that, each finding as short as it can be had and shown in a process of its own. */
int search_all(struct search *search, struct td_choices from);

/* Whether nothing cut it short. */
bool search_complete(const struct tally *tally);

/*
 * What was not seen, although it was looked for; nothing is written if there is none. Whoever goes on from there cannot
 * make up for it, unlike for an interruption.
 */
void tally_doubts(const struct tally *tally, char text[200]);

/* What is to be said of a finding. */
const char *tally_detail(const struct tally *tally, enum td_cause cause, enum td_violation finding);

uint64_t tally_bad(const struct tally *tally);	/* sequences that show something */

#endif
