/* SPDX-License-Identifier: MIT */
/* What tdlab check prints as it goes: a table for people, or TAP. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/check.h"

#define BEFORE_WHY	47	/* columns of a row between its name and the reason */

struct check_tally check_count(const struct check *c)
{
	struct check_tally t = { 0 };

	for (size_t i = 0; i < c->nrows; i++) {
		const struct check_result *r = c->rows[i].result;

		t.missing += !r->done;
		t.of[r->verdict] += r->done;
	}
	return t;
}

/* What is worse comes first; a row that failed is the answer to what was asked. */
int check_status(const struct check *c)
{
	struct check_tally t;
	static const int order[] = { STATUS_FAIL, STATUS_ENVIRONMENT, STATUS_INPUT, STATUS_UNFINISHED };

	if (c->signal)
		return STATUS_SIGNAL + c->signal;
	for (size_t k = 0; k < ARRAY_SIZE(order); k++)
		for (size_t i = 0; i < c->nrows; i++)
			if (c->rows[i].result->status == order[k])
				return order[k] == STATUS_INPUT && !check_is_code(c) ? STATUS_ENVIRONMENT : order[k];
	t = check_count(c);
	return t.of[VERDICT_INCONCLUSIVE] || t.of[VERDICT_NOT_APPLICABLE] == c->nrows ? STATUS_INCONCLUSIVE : STATUS_PASS;
}

void check_case(const struct check_row *row, char label[static CHECK_LABEL], struct test_case *one)
{
	const struct check_result *r = row->result;

	snprintf(label, CHECK_LABEL, "(%s, %s)", row->behaviour.packed.hostile ? "hostile" : "permitted",
		 row->behaviour.packed.contain ? "contain" : "complete");
	*one = (struct test_case){ .name = row->name, .label = label, .done = r->done, .verdict = r->verdict, .why = r->why,
				   .replay = row->reproduce, .seconds = r->seconds };
}

static const char *class_of(const struct check_row *row)
{
	return row->behaviour.packed.hostile ? "hostile" : "permitted";
}

static const char *expect_of(const struct check_row *row)
{
	return row->behaviour.packed.contain ? "contain" : "complete";
}

static int name_width(const struct check *c)
{
	size_t width = strlen("behaviour");

	for (size_t i = 0; i < c->nrows; i++)
		if (strlen(c->rows[i].name) > width)
			width = strlen(c->rows[i].name);
	return width < 40 ? (int)width : 40;
}

void check_report_begin(const struct check *c)
{
	if (c->options.tap)
		printf("1..%zu\n", c->nrows);
	if (c->options.tap || c->options.boot.json)
		return;
	if (c->nboots)
		report_guest(&c->boots[0].boot);
	else if (c->ncodes > check_platforms(c))
		printf("guests     %zu, in a process, both directions\n", c->ncodes / check_platforms(c));
	else
		printf("guest      %s, in a process, %s\n", c->codes[0].guest->name, !c->codes[0].guest->one_way ? "both directions" :
		       c->codes[0].guest->to_shared ? "to shared alone" : "to private alone");
	for (size_t i = 0; i < c->nboots && c->boots[i].template; i++)
		template_describe(c->boots[i].template);
	printf("%-*s  %-9s  %-8s  %-14s  %6s  %s\n", name_width(c), "behaviour", "class", "expect", "verdict", "calls",
	       "why");
	fflush(stdout);
}

static void table_row(const struct check *c, const struct check_row *row)
{
	const struct check_result *r = row->result;
	int padding = 14 - (int)strlen(verdict_name(r->verdict));

	printf("%-*s  %-9s  %-8s  %s%*s  %6" PRIu64 "  ", name_width(c), row->name, class_of(row), expect_of(row),
	       verdict_coloured(r->verdict), padding, "", r->totals.mapgpa_calls);
	fold_on_terminal(r->why, name_width(c) + BEFORE_WHY);
	if (!verdict_good(r->verdict) && r->verdict != VERDICT_NOT_APPLICABLE)
		printf("    replay: %s\n", row->reproduce);
}

void check_report_row(const struct check *c, size_t row)
{
	struct test_case one;
	char label[CHECK_LABEL];

	check_case(&c->rows[row], label, &one);
	if (c->options.tap)
		case_tap(&one, row + 1);
	else if (!c->options.boot.json)
		table_row(c, &c->rows[row]);
}

void check_report_end(const struct check *c)
{
	struct check_tally t = check_count(c);

	if (c->options.tap && c->signal)
		printf("Bail out! ended by signal %d\n", c->signal);
	if (c->options.boot.json)
		check_json(c);
	if (c->options.tap || c->options.boot.json)
		return;
	printf("%zu row%s: %zu pass, %zu fail, %zu inconclusive", c->nrows, c->nrows == 1 ? "" : "s",
	       t.of[VERDICT_PASS], t.of[VERDICT_FAIL], t.of[VERDICT_INCONCLUSIVE]);
	if (c->options.boot.known)
		printf(", %zu known", t.of[VERDICT_KNOWN]);
	if (t.of[VERDICT_NOT_APPLICABLE])
		printf(", %zu not applicable", t.of[VERDICT_NOT_APPLICABLE]);
	if (t.missing)
		printf(", %zu not run", t.missing);
	printf("; %.1f s, %.1f s of CPU, %u at a time\n", c->seconds, c->cpu, c->jobs);
}
