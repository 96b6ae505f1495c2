/* SPDX-License-Identifier: MIT */
/*
 * The reference model of a guest's MapGPA loop: libtdconv with the policy of Linux 6.12, given the very answers that
 * the real guest was given, must ask the very same things.
 */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

#include "cli/tdlab.h"
#include "guest/include/tdconv_linux.h"	/* TDCONV_LINUX_TRIES */
#include "td/event.h"

struct model_verdict {
	bool agrees;
	bool succeeds;		/* what the guest is bound to report */
	size_t at;		/* the request that differs */
	char what[140];		/* in words, if it does not agree */
};

/*
 * calls: the TD_EV_MAPGPA records of one sequence, in order. cut: the sequence ended before the guest was seen to be
 * done, so that fewer requests than the model makes are no difference. stalls: the model's budget.
 */
void model_compare(const struct td_event *const *calls, size_t ncalls, uint64_t shared_bit, bool cut, uint32_t stalls,
		   struct model_verdict *verdict);

#endif
