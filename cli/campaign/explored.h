/* SPDX-License-Identifier: MIT */
/* What comes of exploring a guest in the monitor: read from the journal as it comes, and compared with the model. */
#ifndef CLI_EXPLORED_H
#define CLI_EXPLORED_H

#include "cli/boot.h"
#include "cli/campaign/model.h"
#include "cli/campaign/result.h"
#include "sim/estimate.h"

#define EXPLORED_CALLS	4096	/* MapGPAs and ACCEPTs of one sequence that are compared */

#define EXPLORED_STEPS	40	/* of one that is replayed, that are shown */

/* One sequence: its requests and what td said of them. */
struct explored_sequence {
	size_t ncalls;
	bool too_long;
	struct td_found found;
	uint32_t first, open;		/* conversions: the first one's number, how many are */
	bool undone;			/* and not made up for */

	bool ended;			/* so: */
	struct td_record_ended end;
	uint32_t answered;		/* of end.count, so many have come: */
	uint8_t taken[TD_EXPLORE_DEPTH], answer[TD_EXPLORE_DEPTH];
	struct td_event calls[EXPLORED_CALLS];	/* ncalls of them */
};

struct explored {
	struct result result;		/* what a run before this one had, and what has come */
	struct estimate estimate;
	bool over;			/* the monitor has run all that there are */
	bool began, first;		/* first: the last sequence of the run before this one comes again */
	bool disordered;	/* records of answers were missing, or not in their order */
	bool other_window;	/* it is not where the run before this one was */
	struct model model;
	uint64_t s_bit, begin;
	double seconds, cpu;		/* of the runs before this one */
	double cpu_before, cpu_begin;	/* when the journal was last read, and when sequences began */
	size_t start;			/* records before this one are of the run, not of sequences */
	size_t read;
	struct explored_sequence now;

	bool replay;		/* the one sequence is told step by step: */
	uint32_t not_given;	/* the first of its answers that had no place, from 1 on; 0: none */
	struct td_event steps[EXPLORED_STEPS];
	size_t nsteps;		/* there were; no more than those are kept */

	/* Called for each sequence that was asked for, if there; what it found, or "". */
	void (*found)(void *arg, const char *finding);
	void *found_arg;
};

/*
 * Reads on in the boot's records, and takes out those of sequences, so that the rest is an ordinary run. cpu: seconds
 * that QEMU has used.
 */
void explored_read(struct explored *explored, struct records *records, double cpu);

/* For a progress line. */
const char *explored_progress(const struct explored *explored);

/* The run is over: the verdict of it all. Returns the exit status. */
int explored_end(struct explored *explored, struct boot *boot);
void explored_text(const struct explored *explored, const struct boot *boot);

#endif
