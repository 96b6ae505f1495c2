/* SPDX-License-Identifier: MIT */
/* Who asked for what, in a guest that starts with firmware. */
#ifndef CLI_PHASES_H
#define CLI_PHASES_H

#include "cli/verdict/judge.h"
#include "cli/verdict/symbols.h"
#include "cli/verdict/volume.h"
#include "monitor/phase.h"
#include "td/td.h"

struct phase_totals {
	uint64_t calls, retries, stalls;
	uint64_t conversions;
	uint64_t to_shared, to_private;	/* pages of RAM */
	uint64_t device;		/* pages of the same conversions where there is no RAM */
	uint64_t accepts_2m, accepts_4k, mismatches;	/* of ACCEPT: the last are PAGE_SIZE_MISMATCH */
	double last;			/* seconds: when it was last heard of; negative: never */
};

struct phases {
	struct phase_totals all[PHASES];
};

/* The images go to the symbols, with their names as the firmware's file has them. */
void phases_read(struct phases *phases, const struct judgement *judgement, const struct records *records,
		 const struct td_config *config, const struct volume *volume, struct symbols *symbols);

const char *phase_name(enum phase phase);	/* "boot loader" */

#endif
