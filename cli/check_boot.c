/* SPDX-License-Identifier: MIT */
/* Rows of check that are boots: one boot's template and its copies, or a boot for each. */
#include <stdio.h>
#include <string.h>

#include "cli/check.h"

/* The row's name as a file's. */
char *check_kept(const struct check *c, const struct check_row *row, const char *suffix)
{
	bool one = row->guest && c->ncodes == check_platforms(c);	/* which guest that is goes without saying */
	const char *name = row->name + (one ? strlen(row->guest) + 1 : 0);
	char *path = xprintf("%s/%s.%s", c->options.keep, name, suffix);

	for (char *p = path + strlen(c->options.keep) + 1; *p; p++)
		if (*p == '/' || *p == ' ')
			*p = '_';
	return path;
}

static void copy_result(const struct boot *b, struct check_result *r)
{
	const struct judgement *j = &b->judgement;

	r->verdict = j->verdict;
	r->status = j->status;
	snprintf(r->why, sizeof(r->why), "%s", j->why);
	snprintf(r->outcome, sizeof(r->outcome), "%s", outcome_name(j->outcome));
	r->totals = j->totals;
	r->violations = j->nviolations;
	for (size_t i = 0; i < j->nfindings; i++)
		if (j->findings[i].class == TD_CLASS_VIOLATION)
			r->found[j->findings[i].cause] |= 1u << j->findings[i].kind;
	r->all_named = j->nviolations;
	r->unfinished = j->unfinished ? outcome_sentence(j->outcome) : NULL;
	r->init = b->console.init;
	r->device_equal = j->device_equal;
	memcpy(r->exercised, j->exercised, sizeof(r->exercised));
	r->seconds = b->wall;
}

/* Everything that the command prepared is inherited; what a run has for itself is made here, in its own process. */
void check_boot_row(struct check *c, struct check_row *row)
{
	struct boot *b = &row->on->boot;
	const struct template *template = row->on->template;
	struct check_result *r = row->result;
	int status = 0;

	b->behaviour = row->behaviour;
	b->options.console = c->options.keep ? check_kept(c, row, "console") : "/dev/null";
	b->options.journal = c->options.keep ? check_kept(c, row, "journal") : NULL;
	if (!b->options.disk.count && template_at_start(&c->at))	/* later, the guest may have read of it */
		status = boot_new_disk(b);
	if (!status)
		status = template ? template_run(template, b) : boot_arm(b);
	if (!status && !template)
		status = boot_judged(b);
	if (!status)
		status = boot_close_journal(b);
	if (!status) {
		copy_result(b, r);
		return;
	}
	r->verdict = VERDICT_INCONCLUSIVE;
	r->status = status;
	snprintf(r->why, sizeof(r->why), "it could not be run: see standard error");
}
