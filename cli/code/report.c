/* SPDX-License-Identifier: MIT */
/* What a search in process has found, as text and JSON. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "cli/code/tally.h"

static void add(void *arg, const struct result_finding *f)
{
	*(uint64_t *)arg += f->sequences;
}

uint64_t tally_bad(const struct tally *t)
{
	uint64_t n = 0;

	tally_each(t, add, &n);
	return n;
}

void tally_each(const struct tally *t, void (*fn)(void *arg, const struct result_finding *finding), void *arg)
{
	for (unsigned int c = 0; c < TD_CAUSES; c++)
		for (unsigned int f = 1; f < TD_FINDING_KINDS; f++) {
			struct result_finding finding = { .kind = (enum td_violation)f, .cause = (enum td_cause)c,
							  .sequences = t->found[c][f], .ways = t->ways[c][f] };

			snprintf(finding.detail, sizeof(finding.detail), "%s", td_violation_sentence(f));
			if (finding.sequences != 0)
				fn(arg, &finding);
		}
}

struct clocks clocks_now(void)
{
	struct timespec now;
	struct rusage used;

	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_CHILDREN, &used);
	return (struct clocks){ (double)now.tv_sec + (double)now.tv_nsec / 1e9,
				(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
				(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6 };
}

struct clocks clocks_since(const struct clocks *start)
{
	struct clocks now = clocks_now();

	return (struct clocks){ now.wall - start->wall, now.cpu - start->cpu };
}
