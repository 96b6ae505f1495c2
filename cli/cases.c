/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/cases.h"
#include "cli/json.h"
#include "cli/tdlab.h"

enum end { PASSED, FAILED, BROKEN, SKIPPED, ENDS };

/* A case that failed is a failure, an inconclusive one an error, one that was not run or is not applicable skipped. */
static enum end end_of(const struct test_case *c)
{
	if (!c->done || c->verdict == VERDICT_NOT_APPLICABLE)
		return SKIPPED;
	return verdict_good(c->verdict) ? PASSED : c->verdict == VERDICT_FAIL ? FAILED : BROKEN;
}

/* In a description "#" begins a directive, and a line ends where it ends. */
static void tap_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '#' || *text == '\\')
			putchar('\\');
		putchar(*text == '\n' ? ' ' : *text);
	}
}

void case_tap(const struct test_case *c, size_t number)
{
	enum end end = end_of(c);

	printf("%s %zu - ", end == PASSED || end == SKIPPED ? "ok" : "not ok", number);
	tap_text(c->name);
	printf("%s%s%s%s\n", *c->label ? " " : "", c->label, end == SKIPPED ? " # SKIP not applicable: " : "",
	       end == SKIPPED ? c->why : "");
	if (end != PASSED && end != SKIPPED)
		printf("# %s: %s\n", verdict_name(c->verdict), c->why);
	if (end != PASSED && end != SKIPPED && c->replay)
		printf("# replay: %s\n", c->replay);
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

static void junit_case(FILE *out, const char *class, const struct test_case *c)
{
	static const char *const elements[ENDS] = { NULL, "failure", "error", "skipped" };
	const char *element = elements[end_of(c)];

	fputs("    <testcase", out);
	xml_attribute(out, "classname", class);
	xml_attribute(out, "name", c->name);
	fprintf(out, " time=\"%.3f\"", c->seconds);
	if (!element) {
		fputs("/>\n", out);
		return;
	}
	fprintf(out, ">\n      <%s", element);
	xml_attribute(out, "message", c->done ? c->why : "it was not run");
	fputs(">", out);
	if (c->replay) {
		fputs("replay: ", out);
		xml(out, c->replay);
	}
	fprintf(out, "</%s>\n    </testcase>\n", element);
}

int cases_junit_open(struct output *output, const char *path)
{
	int error = path ? output_open(output, path) : 0;

	return error ? complain(STATUS_INPUT, "--junit %s: %s", path, strerror(error)) : 0;
}

int cases_junit(struct output *output, const char *suite, const char *class, const struct test_case *all, size_t count,
		double seconds)
{
	FILE *out = output->out;
	size_t ends[ENDS] = { 0 };
	const char *path = output->given;
	int error;

	if (!out)
		return 0;
	for (size_t i = 0; i < count; i++)
		ends[end_of(&all[i])]++;
	fflush(stdout);		/* it may be the same */
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite", out);
	xml_attribute(out, "name", suite);
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n", count, ends[FAILED],
		ends[BROKEN], ends[SKIPPED], seconds);
	for (size_t i = 0; i < count; i++)
		junit_case(out, class, &all[i]);
	fputs("  </testsuite>\n</testsuites>\n", out);
	error = output_close(output);
	return error ? complain(STATUS_ENVIRONMENT, "--junit %s: %s", path, strerror(error)) : 0;
}
