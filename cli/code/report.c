/* SPDX-License-Identifier: MIT */
/* What a search in process has found, as text and JSON. */
#include <stdio.h>

#include "cli/code/tally.h"

void tally_each(const struct tally *t, void (*fn)(void *arg, const struct result_finding *finding), void *arg)
{
	for (unsigned int c = 0; c < TD_CAUSES; c++)
		for (unsigned int f = 1; f < TD_FINDING_KINDS; f++) {
			struct result_finding finding = { .kind = (enum td_violation)f, .cause = (enum td_cause)c,
							  .sequences = t->found[c][f], .ways = t->ways[c][f] };

			snprintf(finding.detail, sizeof(finding.detail), "%s", tally_detail(t, finding.cause, finding.kind));
			if (finding.sequences != 0)
				fn(arg, &finding);
		}
}
