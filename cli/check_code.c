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
	if (run->judged.verdict == VERDICT_NOT_APPLICABLE)
		return NOT_MET;
	return run->judged.status == STATUS_INCONCLUSIVE && !run->seen.untracked ? NOT_MET : DOUBTFUL;
}

static enum badness one_direction(const struct check *c, const struct check_row *row, bool to_private,
				  struct check_result *r)
{
	const char *direction = to_private ? "to private" : "to shared";
	struct explore_options options = *row->code->options;
	struct code code = *row->code;
	char *journal = NULL;
	struct code_run run;

	code.job.to_shared = !to_private;
	if (c->options.keep && sim_guest_has(code.guest, code.job.to_shared))
		journal = check_kept(c, row, to_private ? "to-private.journal" : "to-shared.journal");
	options.boot.journal = journal;
	code.options = &options;
	r->status = code_run(&code, &row->behaviour, &run);
	free(journal);
	if (r->status) {
		r->verdict = VERDICT_INCONCLUSIVE;
		r->status = r->status == STATUS_INPUT ? STATUS_INPUT : STATUS_ENVIRONMENT;
		snprintf(r->why, sizeof(r->why), "%s: %s", direction,
			 run.refused ? run.refused : "it could not be run: see standard error");
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

/* A guest that has one direction is not to blame for not meeting a VMM that is about the other one. */
static void one_way(const struct check_row *row, enum badness badness, struct check_result *r)
{
	bool to_shared = row->code->guest->to_shared;
	struct judged none = judge_not_applicable(!to_shared);

	r->not_applicable = to_shared ? "private" : "shared";
	if (badness != NOT_MET || verdict_behaviour_about(&row->behaviour.packed, to_shared))
		return;
	r->verdict = none.verdict;
	r->status = none.status;
	snprintf(r->why, sizeof(r->why), "%s", none.why);
}

void check_code_row(const struct check *c, struct check_row *row)
{
	const struct sim_guest *guest = row->code->guest;
	struct check_result results[2] = { { 0 } }, *shared = &results[0], *private = &results[1];
	double start = seconds_now();
	enum badness first = one_direction(c, row, false, shared), second = one_direction(c, row, true, private);
	bool worse = guest->one_way ? !guest->to_shared : second > first;

	*row->result = results[worse];
	if (shared->verdict == VERDICT_PASS && private->verdict == VERDICT_PASS)
		snprintf(row->result->why, sizeof(row->result->why), "%s", strchr(shared->why, ':') + 2);
	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		row->result->found[cause] = shared->found[cause] | private->found[cause];
	if (guest->one_way)
		one_way(row, worse ? second : first, row->result);
	row->result->worse_is_private = worse;
	row->result->totals.mapgpa_calls = shared->totals.mapgpa_calls + private->totals.mapgpa_calls;
	row->result->seconds = seconds_now() - start;
}

char *check_code_command(const struct check_row *row)
{
	struct code code = *row->code;

	code.job.to_shared = !row->result->worse_is_private;
	return code_command(&code, &row->behaviour);
}

static int add(struct check *c, struct explore_options *o, const char *guest)
{
	c->codes = xrealloc(c->codes, (c->ncodes + 1) * sizeof(*c->codes));
	o->guest = guest;
	return code_open(&c->codes[c->ncodes++], o, CODE_RUN_PAGES);
}

int check_code_guests(struct check *c)
{
	const struct check_options *o = &c->options;
	int status = 0;

	c->code_options = xcalloc(check_platforms(c), sizeof(*c->code_options));
	for (unsigned int i = 0; i < check_platforms(c) && !status; i++) {
		struct explore_options *of = &c->code_options[i];

		*of = (struct explore_options){ .boot = o->boot, .harness = o->harness, .pages = o->pages,
						.at = o->start };
		of->boot.platform = check_platform(c, i);
		if (!o->guest || strcmp(o->guest, "all") != 0)
			status = add(c, of, o->guest);
		else
			for (const struct sim_guest *const *g = sim_guests; !status && *g; g++)
				status = add(c, of, (*g)->name);
	}
	return status;
}
