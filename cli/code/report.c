/* SPDX-License-Identifier: MIT */
/* What a search in process has found, as text and JSON. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/code/tally.h"
#include "cli/vmm/describe.h"

#define STEPS	40	/* lines */

static bool is_step(const struct td_event *e)
{
	return e->type == TD_EV_MAPGPA || e->type == TD_EV_ACCEPT || e->type == TD_EV_NOTE || e->type == TD_EV_VERDICT;
}

void steps_text(int journal)
{
	char *path = xprintf("/proc/self/fd/%d", journal), text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);	/* the user's may be for writing only */
	struct td_event e;
	unsigned int steps = 0;
	struct stat st;

	free(path);
	while (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && read(fd, &e, sizeof(e)) == sizeof(e)) {
		if (!is_step(&e) || ++steps > STEPS)
			continue;
		describe_text(&e, text, sizeof(text));
		printf("%-10s %s\n", steps == 1 ? "steps" : "", text);
	}
	if (steps > STEPS)
		printf("           and %u more: --journal keeps them all\n", steps - STEPS);
	if (fd >= 0)
		close(fd);
}

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
