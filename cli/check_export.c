/* SPDX-License-Identifier: MIT */
/* The matrix for programs: JSON, schema tdlab.check/1, and JUnit's XML. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/check.h"
#include "cli/json.h"

/* What only a boot tells of. */
static void put_boot(json_t *json, const struct check_result *r)
{
	json_add_text(json, "outcome", *r->outcome ? r->outcome : NULL);
	json_add_number(json, "violations", r->violations);
	json_add_bool(json, "init", r->init);
	json_add_bool(json, "device_equal", r->device_equal);
	report_exercised(json, r->exercised);
	totals_json(json, &r->totals);
}

static void put_found(json_t *json, const struct check_result *r)
{
	json_t *findings = json_add_array(json, "findings");

	for (unsigned int kind = 1; kind < TD_FINDING_KINDS; kind++)
		for (unsigned int cause = 0; cause < TD_CAUSES; cause++) {
			if (!(r->found[cause] >> kind & 1))
				continue;
			json_t *row = json_add_object(findings, NULL);
			json_add_text(row, "name", td_violation_name(kind));
			json_add_text(row, "class", td_cause_name(cause));
		}
}

static void put_row(json_t *rows, const struct check_row *row)
{
	const struct check_result *r = row->result;
	json_t *json = json_add_object(rows, NULL);

	if (row->guest)
		json_add_text(json, "guest", row->guest);
	json_add_text(json, "behaviour", row->behaviour.spec);
	json_add_text(json, "platform", row->platform);
	json_add_text(json, "class", row->behaviour.packed.hostile ? "hostile" : "permitted");
	json_add_text(json, "expect", row->behaviour.packed.contain ? "contain" : "complete");
	json_add_text(json, "verdict", r->done ? verdict_name(r->verdict) : NULL);
	json_add_text(json, "reason", r->done ? r->why : "it was not run");
	put_found(json, r);
	json_add_text(json, "reproduce", row->reproduce);
	json_add_number(json, "exit_status", (uint64_t)r->status);
	if (row->guest) {
		json_add_text(json, "not_applicable", r->not_applicable);
		json_add_number(json, "mapgpa_calls", r->totals.mapgpa_calls);
	}
	if (!row->guest)
		put_boot(json, r);
	json_add_seconds(json, "seconds", r->seconds);
	json_add_seconds(json, "cpu_seconds", row->cpu);
}

static const char *guest_of(const struct check *c)
{
	const struct boot *b;

	if (!c->nboots)
		return "process";
	b = &c->boots[0].boot;
	return b->guest.path ? b->guest.path : b->options.disk.items[0];	/* what the firmware finds there */
}

void check_json(const struct check *c)
{
	json_t *json = json_object(), *rows;
	struct check_tally t = check_count(c);

	json_add_text(json, "schema", "tdlab.check/1");
	json_add_text(json, "tdlab", TDLAB_VERSION);
	if (c->nboots)
		json_add_text(json, "guest", guest_of(c));
	json_add_number(json, "pass", t.of[VERDICT_PASS]);
	json_add_number(json, "fail", t.of[VERDICT_FAIL]);
	json_add_number(json, "inconclusive", t.of[VERDICT_INCONCLUSIVE]);
	json_add_number(json, "known", t.of[VERDICT_KNOWN]);
	json_add_number(json, "not_applicable", t.of[VERDICT_NOT_APPLICABLE]);
	json_add_number(json, "not_run", t.missing);
	json_add_number(json, "exit_status", (uint64_t)check_status(c));
	json_add_bool(json, "template", c->nboots && c->boots[0].template);
	json_add_seconds(json, "seconds", c->seconds);
	json_add_seconds(json, "cpu_seconds", c->cpu);
	json_add_number(json, "jobs", c->jobs);
	rows = json_add_array(json, "rows");
	for (size_t i = 0; i < c->nrows; i++)
		put_row(rows, &c->rows[i]);
	json_print(json, stdout);
}

int check_junit(struct check *c)
{
	struct test_case *all = xcalloc(c->nrows, sizeof(*all));
	char (*labels)[CHECK_LABEL] = xcalloc(c->nrows, sizeof(*labels));
	int status;

	for (size_t i = 0; i < c->nrows; i++)
		check_case(&c->rows[i], labels[i], &all[i]);
	status = cases_junit(&c->junit, "tdlab check", guest_of(c), all, c->nrows, c->seconds);
	free(labels);
	free(all);
	return status;
}
