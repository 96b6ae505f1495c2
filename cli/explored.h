/* SPDX-License-Identifier: MIT */
/* What came of exploring a guest: read from the journal, compared with the model, reported. */
#ifndef CLI_EXPLORED_H
#define CLI_EXPLORED_H

#include "cli/boot.h"
#include "cli/model.h"
#include "td/explore.h"

#define EXPLORED_SHOWN 8	/* mismatches and violations that are kept in words */

struct explored_note {
	char sequence[128];	/* "first,stall,ok" */
	char what[160];
};

struct explored {
	bool began;
	uint64_t gpa, pages;	/* of the request, with S */
	uint64_t sequences, calls, mismatches, violations, cut;
	uint64_t successes;	/* of the model */
	uint64_t ends[4];	/* by enum explore_end */
	uint64_t answers[TD_ANSWER_KINDS];
	double seconds;		/* guest clock stands still; this is the machine's */
	struct explored_note mismatch[EXPLORED_SHOWN], violation[EXPLORED_SHOWN];
};

/* Takes the records of the sequences out of records, so that the rest is an ordinary run. */
void explored_read(struct explored *explored, struct records *records, uint32_t depth, uint32_t stalls);
void explored_text(const struct explored *explored, const struct boot *boot);
void explored_json(const struct explored *explored, const struct boot *boot);

/* Pass: it began, every sequence agreed and nothing was violated, and the run afterwards passed. */
int explored_status(const struct explored *explored, const struct boot *boot);

#endif
