/* SPDX-License-Identifier: MIT */
/* TDVMCALLs that came to nothing: refused by the module for their mask, or with no service of the VMM behind them. */
#ifndef CLI_UNSERVED_H
#define CLI_UNSERVED_H

#include "cli/verdict/records.h"

#define UNSERVED_MOST 8

struct unserved {
	struct {
		const struct td_event *event;	/* the first of its kind */
		uint64_t times;			/* a refusal is recorded once for all in a row */
	} all[UNSERVED_MOST];
	size_t count;
	uint64_t others;	/* for which there was no room */
};

void unserved_read(struct unserved *unserved, const struct records *records);

#endif
