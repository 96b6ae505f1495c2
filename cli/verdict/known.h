/* SPDX-License-Identifier: MIT */
/*
 * Known findings: a file that says what a guest is known to do, and why that is expected. What is in it fails no run;
 * what is not does; what did not come although it was tried is told. tdlab-known(5) describes the file.
 */
#ifndef CLI_KNOWN_H
#define CLI_KNOWN_H

#include "cli/output.h"
#include "cli/tdlab.h"
#include "td/event.h"
#include "td/explore.h"

struct known_line {
	char *guest, *under;		/* patterns: of its name; of the behaviour, or of the answers */
	enum td_violation kind;
	enum td_cause cause;
	char *why;
	unsigned int line;
	bool tried, met;
};

struct known {
	const char *path;		/* NULL: nothing is known */
	struct known_line *all;
	size_t count;
	size_t met;			/* findings that were known */
	struct output out;		/* of --write-known */
	const char *written;		/* its path, or NULL */
};

/* --known and --write-known, either of which may be NULL. Return 0, or a status after a complaint. */
int known_open(struct known *known, const char *path, const char *write);
int known_close(struct known *known);	/* writes; nothing is left of *known */

/* That what is under this was run to its end with this guest: what is known of it had its chance. */
void known_tried(struct known *known, const char *guest, const char *under);

/*
 * The same of whatever is known under answers, not under a behaviour: of all sequences of at most depth (0: of any
 * length) of those that were given.
 */
void known_tried_answers(struct known *known, const char *guest, const uint64_t given[TD_ANSWER_KINDS], uint64_t depth);

/* A finding: why it is expected, or NULL if it is new. It goes to --write-known either way. */
const char *known_find(struct known *known, const char *guest, const char *under, enum td_violation kind,
		       enum td_cause cause);

/* A line on standard error for each that vanished. Returns how many. */
size_t known_vanished(const struct known *known);

#endif
