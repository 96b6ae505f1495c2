/* SPDX-License-Identifier: MIT */
/*
 * What came of exploring a guest, wherever it ran: one JSON object, which `tdlab merge` adds up, `tdlab replay` and
 * `tdlab minimise` take findings from, and --state goes on from.
 */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include <stdio.h>

#include "cli/json.h"
#include "cli/verdict/verdict.h"
#include "sim/search.h"
#include "td/event.h"

#define RESULT_SCHEMA	"tdlab.explore/4"
#define RESULT_FINDINGS	(TD_CAUSES * TD_FINDING_KINDS)

struct result_finding {
	enum td_violation kind;
	enum td_cause cause;
	uint64_t sequences;		/* that show it */
	struct ways ways;
	char detail[512];		/* of the shortest */
	const char *known;		/* why it is expected, or NULL; not read back */
};

/* Pairs of an option and its value, each with its end. */
struct result_options {
	uint32_t bytes;
	char text[2048];
};

/* What was explored. Results are of the same thing if all of this is equal, but for the shard. */
struct result_of {
	char version[16];
	char engine[16];		/* "monitor" or "process" */
	char guest[256];		/* path or name */
	char digest[65];		/* SHA-256 of the file, empty for what is built in */
	char conditions[64];		/* of the guest itself, in words */
	struct result_options options;	/* what else its requests may depend on */
	uint64_t at;			/* in a process: where the request starts; 0: several shapes */
	uint64_t pages;			/* of the request; 0: several shapes */
	uint64_t align;			/* in a process: of the guest's requests; 0: a page */
	bool to_shared;
	uint64_t depth, stalls;
	char model[24];			/* whose requests the guest's were compared with: "linux", "none" ... */
	uint64_t random, seed;		/* random: sequences drawn, 0: all there are */
	uint32_t shard, shards;		/* from 1; 0 of 0: the whole */
};

struct result {
	struct result_of of;
	bool complete;
	char incomplete[200];		/* why not, if there is more to say than that not all was run yet */
	uint64_t gpa;			/* of the request, with S; the monitor's only */
	uint64_t sequences, calls, tdcalls, cut, successes;
	uint64_t in_unit;		/* sequences that asked for more than the request, within a unit that the guest declares */
	uint64_t answers[TD_ANSWER_KINDS];
	uint64_t states;		/* td/explore.h */
	double seconds, cpu;		/* spent on sequences; cpu negative: not known */
	uint32_t nfindings;
	struct result_finding findings[RESULT_FINDINGS];
	enum verdict verdict;
	char afterwards[32];		/* of a kernel */
	struct search_last last;	/* if not complete */
};

/* One more sequence, with these answers. */
void result_count(struct result *result, const uint8_t *answers, uint32_t count);

/*
 * A finding more, of so many sequences. They are in order: permitted answers first, then as in the table of findings.
 */
void result_find(struct result *result, const struct result_finding *finding);

/* The first of that name. NULL: not there. */
const struct result_finding *result_finding(const struct result *result, const char *name);

/* Looks each finding up, by each of its minimal sequences: one that is not known makes it new. Returns how many are. */
struct known;
uint32_t result_known(struct result *result, struct known *known, const char *guest);

uint64_t result_mismatches(const struct result *result);	/* sequences */

void result_json(const struct result *result, FILE *out);
void result_finding_json(json_t *json, const struct result_of *of, const struct result_finding *finding);
void result_finding_text(const struct result_of *of, const struct result_finding *finding);

/* Where the request of its minimal sequences starts, and its pages. */
uint64_t result_at(const struct result_of *of, const struct result_finding *finding);
uint64_t result_pages(const struct result_of *of, const struct result_finding *finding);

/*
 * NULL, or which classes of answers the guest was never given: nothing is known of it there. The next call's text is
 * the same memory.
 */
const char *result_not_given(const struct result *result);

/* The lines "explored" to "finding" of a report; result_report() is all of one. */
void result_text(const struct result *result);
void result_report(const struct result *result);

/*
 * As test cases: one for each finding, and one for the whole, whose verdict has this reason. tap: to standard output;
 * junit: what is open, or nothing. Returns 0, or a status after a complaint.
 */
struct output;
int result_cases(const struct result *result, const char *why, bool tap, struct output *junit);

/* The command that shows a finding of a process again: of the first of its sequences. To be freed. */
char *result_again(const struct result_of *of, const struct result_finding *finding);

/* Returns 0, or a status after a complaint. */
int result_read(struct result *result, const char *path);
int result_save(const struct result *result, const char *path);	/* replaces the file at once or not at all */

/* NULL, or why text is no result. */
const char *result_parse(struct result *result, const char *text, size_t bytes);

/* NULL if both are of the same thing, else what is different. */
const char *result_differs(const struct result_of *a, const struct result_of *b);

/* Adds from, which is of the same thing. */
void result_add(struct result *to, const struct result *from);

/* "2/4". False unless it is one of so many. */
bool result_shard(const char *text, uint32_t *shard, uint32_t *shards);

/* False if there is no room. */
bool result_option_add(struct result_options *options, const char *word);

/* The word behind that one; NULL: the first. NULL if there is none. */
const char *result_option_next(const struct result_options *options, const char *word);

/* As a shell would take them, each with a blank before it. To be freed. */
char *result_options_text(const struct result_options *options);

#endif
