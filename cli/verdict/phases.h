/* SPDX-License-Identifier: MIT */
/* Who asked for what, in a guest that starts with firmware. */
#ifndef CLI_PHASES_H
#define CLI_PHASES_H

#include "cli/verdict/judge.h"
#include "cli/verdict/symbols.h"
#include "cli/verdict/volume.h"
#include "td/td.h"
#include "wire/phase.h"

struct phase_totals {
	struct totals of;		/* what this phase did of all */
	double last;			/* seconds: when it was last heard of; negative: never */
};

struct phases {
	struct phase_totals all[PHASES];
};

/*
 * Of everything that the judgement's totals count, who did it: their sums are the totals. The images go to the symbols,
 * with their names as the firmware's file has them.
 */
void phases_read(struct phases *phases, const struct judgement *judgement, const struct records *records,
		 const struct volume *volume, struct symbols *symbols);

const char *phase_name(enum phase phase);	/* "boot loader" */

#endif
