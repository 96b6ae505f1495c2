/* SPDX-License-Identifier: MIT */
/* The matrix for programs: JSON, schema tdlab.check/1, and JUnit's XML as CI systems read it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
	return b->guest.path ? b->guest.path : b->options.disk;	/* what the firmware finds there */
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

/* XML 1.0 has no way to write a control character, nor anything that is not UTF-8. */
static void xml(FILE *out, const char *text)
{
	const unsigned char *t = (const unsigned char *)text;

	while (*t) {
		unsigned int length = utf8_length(t);

		if (*t == '<' || *t == '>' || *t == '&' || *t == '"')
			fprintf(out, "&#%u;", *t);
		else if (length == 0 || (*t < 0x20 && *t != '\n' && *t != '\t') || *t == 0x7f)
			fputs("&#xfffd;", out);
		else
			fwrite(t, 1, length, out);
		t += length ? length : 1;
	}
}

static void xml_attribute(FILE *out, const char *name, const char *text)
{
	fprintf(out, " %s=\"", name);
	xml(out, text);
	fputc('"', out);
}

static void junit_row(FILE *out, const char *class, const struct check_row *row)
{
	const struct check_result *r = row->result;
	bool skipped = !r->done || r->verdict == VERDICT_NOT_APPLICABLE;
	const char *element = skipped ? "skipped" : r->verdict == VERDICT_FAIL ? "failure" : "error";

	fputs("    <testcase", out);
	xml_attribute(out, "classname", class);
	xml_attribute(out, "name", row->name);
	fprintf(out, " time=\"%.3f\"", r->seconds);
	if (r->done && verdict_good(r->verdict)) {
		fputs("/>\n", out);
		return;
	}
	fprintf(out, ">\n      <%s", element);
	xml_attribute(out, "message", r->done ? r->why : "it was not run");
	fputs(">", out);
	if (row->reproduce) {	/* else it was not run */
		fputs("replay: ", out);
		xml(out, row->reproduce);
	}
	fprintf(out, "</%s>\n    </testcase>\n", element);
}

int check_junit(struct check *c)
{
	struct check_tally t = check_count(c);
	FILE *out = c->junit.out;
	int error;

	if (!out)
		return 0;
	fflush(stdout);		/* it may be the same */
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"tdlab check\"", out);
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n", c->nrows,
		t.of[VERDICT_FAIL], t.of[VERDICT_INCONCLUSIVE], t.missing + t.of[VERDICT_NOT_APPLICABLE], c->seconds);
	for (size_t i = 0; i < c->nrows; i++)
		junit_row(out, guest_of(c), &c->rows[i]);
	fputs("  </testsuite>\n</testsuites>\n", out);
	error = output_close(&c->junit);
	return error ? complain(STATUS_ENVIRONMENT, "--junit %s: %s", c->options.junit, strerror(error)) : 0;
}
