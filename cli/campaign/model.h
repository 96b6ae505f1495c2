/* SPDX-License-Identifier: MIT */
/*
 * The reference model of a guest's loop: Linux 6.12's rules, or libtdconv's own, given the very answers that the real
 * guest was given, must ask the very same things.
 */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

#include "cli/tdlab.h"
#include "td/event.h"

/* As its name says, in an option and in a file: "linux", "linux:N", "libtdconv", "none". */
struct model {
	enum { MODEL_NONE, MODEL_LINUX, MODEL_LIBTDCONV } loop;
	uint32_t tries;		/* of Linux: RETRYs in a row without progress that end its loop, 3 unless its name says */
};

/* False: no name of a model. */
bool model_named(const char *name, struct model *model);

struct model_verdict {
	bool agrees;
	bool succeeds;		/* what the guest is bound to report */
	size_t at;		/* the request that differs */
	char what[160];		/* in words, if it does not agree */
};

/*
 * calls: the TD_EV_MAPGPA and TD_EV_ACCEPT records of one sequence, in order. cut: the sequence ended before the guest
 * was seen to be done, so that fewer requests than the model makes are no difference. What goes back after success is
 * another conversion, and not compared.
 */
void model_compare(const struct model *model, const struct td_event *calls, size_t ncalls, uint64_t shared_bit,
		   bool cut, struct model_verdict *verdict);

#endif
