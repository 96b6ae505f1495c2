/* SPDX-License-Identifier: MIT */
/* A search as the command has it: kept, divided, gone on with, and told. */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include "cli/campaign/result.h"
#include "cli/code/code.h"
#include "cli/output.h"
#include "cli/verdict/known.h"
#include "sim/search.h"

/* A search that is kept: by whom it is divided, what was done before it, and where it is saved. campaign.c */
struct campaign {
	struct result before;	/* of.*: what is searched */
	struct known known;
	struct output junit;
	struct clocks start;
	double saved, shown;
	int status;		/* not 0: it could not be saved */
	bool progress;
};

/* Returns 0, or a status after a complaint. *done: all of it was done before, and before is the result. */
int campaign_open(struct campaign *campaign, struct search *search, bool *done);

/* What was before and what came. */
void campaign_result(const struct search *search, bool complete, struct result *result);
int campaign_report(const struct search *search, struct result *result);	/* returns the exit status */

/* code_open() for a search, with what is injected. Returns 0, or a status after a complaint. */
int search_open(struct code *code, const struct explore_options *options);

/* All of it, by options. */
struct search search_of(struct code *code, uint32_t depth);

/* What it was made of. */
static inline struct code *code_of(const struct search *search)
{
	return search->arg;
}

/* What search() and its like return; where they could not, a status after a complaint. */
int search_status(const struct search *search, int status);

struct tally *search_tallies(void);	/* tally_new(), with a complaint */

/* What was asked, answered, accepted and returned, in its order, as far as the journal is a file that can be read. */
void steps_text(int journal);

/* For each finding, in their order: its sequences and the minimal ones among them. */
void tally_each(const struct tally *tally, void (*fn)(void *arg, const struct result_finding *finding), void *arg);

#endif
