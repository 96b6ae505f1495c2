/* SPDX-License-Identifier: MIT */
/* The manual tells of everything that there is, and its example works. */
#include <ctype.h>

#include "cli/file.h"
#include "cli/opt.h"
#include "cli/testing.h"
#include "cli/verdict/judge.h"
#include "cli/vmm/behaviour.h"

const struct verb *const verbs[] = {
	&verb_boot, &verb_check, &verb_explore, &verb_replay, &verb_minimise, &verb_run, &verb_merge,
	&verb_list, &verb_explain,
	&verb_trace, &verb_measure, &verb_doctor, &verb_completion,
	NULL,
};

/* The source of a page, without the marks of its fonts. */
static char *page(const char *path)
{
	uint8_t *data;
	size_t bytes, kept = 0;
	char *text;

	if (file_read(path, "page", &data, &bytes))
		return xprintf("%s", "");
	text = xrealloc(data, bytes + 1);
	for (size_t i = 0; i < bytes; i++)
		if (text[i] != '*' && (text[i] != '_' || (i && isalnum((unsigned char)text[i - 1]) &&
							  isalnum((unsigned char)text[i + 1]))))
			text[kept++] = text[i];
	text[kept] = '\0';
	return text;
}

/* A verb's options are in its own page, or in the general one if it has none. */
static void test_options(const struct verb *verb, const char *general)
{
	char *path = xprintf("man/tdlab-%s.1.scd", verb->name), name[80];
	char *own = access(path, R_OK) == 0 ? page(path) : NULL;

	snprintf(name, sizeof(name), "tdlab %s ", verb->name);
	tap_ok(strstr(general, name) != NULL, name);
	tap_case(verb->name);
	for (const struct opt *o = verb->options; o->name; o++) {
		snprintf(name, sizeof(name), "--%s", o->name);
		tap_ok(strstr(own ? own : general, name) != NULL, name);
	}
	tap_case(NULL);
	free(own);
	free(path);
}

static void test_outcomes(const char *boot)
{
	for (enum outcome o = OUTCOME_POWER_OFF; o <= OUTCOME_QEMU; o++)
		tap_ok(strstr(boot, outcome_name(o)) != NULL, outcome_name(o));
	for (unsigned int how = TD_CLOSE_COMPLETE; how <= TD_CLOSE_CUT_OFF; how++)
		tap_ok(strstr(boot, close_name(how)) != NULL, close_name(how));
}

/* What comes from a table when the pages are built (man/build.mk). */
static void test_lists(const char *boot)
{
	char *trace = page("man/tdlab-trace.1.scd");

	tap_ok(strstr(trace, "@list records@") != NULL, "records and their fields");
	tap_ok(strstr(boot, "@list totals@") != NULL, "totals");
	free(trace);
}

/* The text between the lines of three backquotes. */
static void test_example(void)
{
	char *path = xprintf("%s/example.vmm", testing_folder()), *text, *start, *stop;
	struct behaviour b;
	uint8_t *data;
	size_t bytes;
	FILE *file;
	int status;

	status = file_read("man/tdlab-behaviour.5.scd", "page", &data, &bytes);
	text = xprintf("%.*s", status ? 0 : (int)bytes, status ? "" : (char *)data);
	start = strstr(text, "```\n");
	stop = start ? strstr(start + 4, "```") : NULL;
	if (tap_ok(stop != NULL, "the example is there")) {
		file = fopen(path, "w");
		tap_ok(fwrite(start + 4, (size_t)(stop - start - 4), 1, file) == 1 && fclose(file) == 0, "it is written");
		status = behaviour_load(&b, path, NULL);
		tap_ok(status == 0 && b.packed.nrules == 2 && b.packed.rules[0].claim_pages == 1, "it loads");
		behaviour_free(&b);
	}
	free(path);
	free(text);
	free(data);
}

int main(void)
{
	char *general = page("man/tdlab.1.scd"), *boot = page("man/tdlab-boot.1.scd");

	for (const struct verb *const *v = verbs; *v; v++)
		test_options(*v, general);
	test_outcomes(boot);
	test_lists(boot);
	test_example();
	free(general);
	free(boot);
	return tap_done();
}
