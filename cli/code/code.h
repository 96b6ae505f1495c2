/* SPDX-License-Identifier: MIT */
/* Guest code in a process: one conversion under every sequence of answers, under one, or under a behaviour. */
#ifndef CLI_CODE_H
#define CLI_CODE_H

#include "cli/explore.h"
#include "sim/sequence.h"

struct campaign;

/* A job with its guest, which is in memory that is shared with the process that runs it. */
struct code {
	const struct explore_options *options;
	struct sim_guest *guest;
	char *title;		/* of a harness, beside it */
	struct sim_job job;
	struct td_platform platform;
	struct td_behaviour behaviour;	/* of a search: what is injected */
	struct campaign *campaign;	/* likewise: what it is part of */
};

/*
 * From options to a job of so many pages, unless they say how many; a harness was loaded once, to see that it can be.
 * Numbers that no guest takes are refused. Returns 0, or a status after a complaint.
 */
int code_open(struct code *code, const struct explore_options *options, uint64_t pages);

/*
 * A harness is loaded in the process that is to run it, as loading runs code of it. guest is complete afterwards.
 * Returns 0, or a status after a complaint.
 */
int code_load(const struct code *code);

/* search.c: every sequence of answers. states.c: every state. Exit statuses, as from all that follow. */
int code_explore(const struct explore_options *options);
int code_match(struct code *code);

/* name: the finding that is expected, "" for none in particular. */
int code_replay(const struct explore_options *options, const uint8_t *answers, uint32_t count, const char *name);
int code_minimise(const struct explore_options *options, const uint8_t *answers, uint32_t count, const char *name);

/* run.c: one run under a behaviour. */
/* Opens what --journal names; -1: nothing. Returns 0, or a status after a complaint. */
int code_journal(const struct code *code, int *journal);

#define CODE_RUN_PAGES	SIM_MOST_PAGES	/* so much that each of our behaviours has something to do */

struct code_run {
	enum td_violation finding;
	enum td_cause cause;
	const char *how;	/* what became of the conversion */
	struct judged judged;
	struct sim_seen seen;
	const char *refused;	/* why this is no guest that can be judged: bad input, and not told yet */
	char last_words[96];	/* of a guest that ended itself */
};

/* Returns 0 with *run filled in, or a status after a complaint. */
int code_run(struct code *code, const struct behaviour *behaviour, struct code_run *run);

/* One run as the user asked for it: tdlab run. Returns the exit status. */
int code_run_reported(const struct explore_options *options);

/* The command that does that again, to be freed. */
char *code_command(const struct code *code, const struct behaviour *behaviour);

#endif
