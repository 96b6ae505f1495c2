/* SPDX-License-Identifier: MIT */
/* Rows of guest code in a process: it converts to shared, and to private, and is judged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check.h"
#include "sim/guest.h"

/*
 * A row is as good as the worse of its directions. Many behaviours are about one of them only: what the other did not
 * meet counts when neither met it.
 */
enum badness { NOT_MET, GOOD, DOUBTFUL, BAD };

static enum badness badness(const struct code_run *run)
{
	if (run->judged.verdict == VERDICT_FAIL)
		return BAD;
	if (run->judged.verdict == VERDICT_PASS)
		return GOOD;
	return run->judged.status == STATUS_INCONCLUSIVE && !run->seen.untracked ? NOT_MET : DOUBTFUL;
}

static enum badness one_direction(const struct check_row *row, bool to_private, struct check_result *r)
{
	const char *direction = to_private ? "to private" : "to shared";
	struct code code = *row->code;
	struct code_run run;

	code.job.to_shared = !to_private;
	r->status = code_run(&code, &row->behaviour, &run);
	if (r->status) {
		r->verdict = VERDICT_INCONCLUSIVE;
		r->status = STATUS_ENVIRONMENT;
		snprintf(r->why, sizeof(r->why), "%s: it could not be run: see standard error", direction);
		return DOUBTFUL;
	}
	r->status = run.judged.status;
	r->verdict = run.judged.verdict;
	r->violations += r->verdict == VERDICT_FAIL;
	r->totals.mapgpa_calls += run.seen.calls;
	r->all_named = run.finding != TD_V_NONE;
	if (r->all_named)
		r->found[run.cause] |= 1u << run.finding;
	snprintf(r->why, sizeof(r->why), "%s: %s", direction, run.judged.why);
	return badness(&run);
}

void check_code_row(struct check_row *row)
{
	struct check_result shared = { 0 }, private = { 0 };
	double start = seconds_now();
	enum badness first = one_direction(row, false, &shared);
	bool second = one_direction(row, true, &private) > first;
	uint64_t calls;

	calls = shared.totals.mapgpa_calls + private.totals.mapgpa_calls;
	*row->result = second ? private : shared;
	if (shared.verdict == VERDICT_PASS && private.verdict == VERDICT_PASS)
		snprintf(row->result->why, sizeof(row->result->why), "%s", strchr(shared.why, ':') + 2);
	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		row->result->found[cause] = shared.found[cause] | private.found[cause];
	row->result->worse_is_private = second;
	row->result->totals.mapgpa_calls = calls;
	row->result->seconds = seconds_now() - start;
}

char *check_code_command(const struct check_row *row)
{
	struct code code = *row->code;

	code.job.to_shared = !row->result->worse_is_private;
	return code_command(&code, &row->behaviour);
}

static int add(struct check *c, const char *guest)
{
	struct explore_options *o = &c->code_options;

	c->codes = xrealloc(c->codes, (c->ncodes + 1) * sizeof(*c->codes));
	o->guest = guest;
	return code_open(&c->codes[c->ncodes++], o, CODE_RUN_PAGES);
}

int check_code_guests(struct check *c)
{
	const struct check_options *o = &c->options;
	int status = 0;

	c->code_options = (struct explore_options){ .boot = o->boot, .harness = o->harness, .pages = o->pages };
	if (!o->guest || strcmp(o->guest, "all") != 0)
		return add(c, o->guest);
	for (const struct sim_guest *const *g = sim_guests; !status && *g; g++)
		status = add(c, (*g)->name);
	return status;
}
