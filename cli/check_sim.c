/* SPDX-License-Identifier: MIT */
/*
 * Rows of guests that run in a process: tdlab-sim converts to shared, and to private, and judges. It is a program of
 * its own because td has one engine per program, and because other people's code may crash, hang or print.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/check.h"
#include "cli/words.h"

#define SIM		"tdlab-sim"
#define OUTPUT_LIMIT	(1u << 20)

static struct words arguments(const struct check *c, const struct check_row *row, bool to_private)
{
	const struct check_options *o = &c->options;
	struct words w = { 0 };

	words_add(&w, "%s", c->sim);
	words_add(&w, "--vmm");
	words_add(&w, "%s", row->behaviour.spec);
	for (unsigned int i = 0; i < o->boot.inject.count; i++) {
		words_add(&w, "--inject");
		words_add(&w, "%s", o->boot.inject.items[i]);
	}
	if (o->boot.behaviours) {
		words_add(&w, "--behaviours");
		words_add(&w, "%s", o->boot.behaviours);
	}
	words_add(&w, o->harness ? "--harness" : "--guest");
	words_add(&w, "%s", row->guest);
	if (o->pages.given) {
		words_add(&w, "--pages");
		words_add(&w, "%llu", (unsigned long long)o->pages.value);
	}
	words_add(&w, "--seed");
	words_add(&w, "%llu", (unsigned long long)(o->boot.seed.given ? o->boot.seed.value : 1));
	if (to_private)
		words_add(&w, "--to-private");
	return w;
}

/* The command for people: tdlab-sim need not be where they find tdlab. */
static char *shown(struct words *w)
{
	char *text = command_line("explore");

	for (size_t i = 1; i < w->count; i++)
		add_word(&text, w->all[i]);
	return text;
}

static void failed(struct check_result *r, const char *direction, const char *what)
{
	r->verdict = VERDICT_INCONCLUSIVE;
	r->status = STATUS_ENVIRONMENT;
	snprintf(r->why, sizeof(r->why), "%s: %s", direction, what);
}

/* By its name and class. */
static void take_finding(struct check_result *r, const json_t *json)
{
	const char *name = json_string_value(json_object_get(json, "finding"));
	const char *class = json_string_value(json_object_get(json, "finding_class"));

	for (unsigned int kind = 1; name && class && kind < TD_FINDING_KINDS; kind++)
		for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
			if (strcmp(name, td_violation_name(kind)) == 0 && strcmp(class, td_cause_name(cause)) == 0)
				r->found[cause] |= 1u << kind;
	r->all_named = name != NULL;
}

static void take(struct check_result *r, const char *direction, const json_t *json, int status)
{
	const char *why = json_string_value(json_object_get(json, "reason"));

	if (!why || status > STATUS_INCONCLUSIVE)
		return failed(r, direction, SIM " failed: see standard error");
	r->status = status;
	r->verdict = verdict_of_status(status);
	r->violations += status == STATUS_FAIL;
	r->totals.mapgpa_calls += (uint64_t)json_integer_value(json_object_get(json, "calls"));
	take_finding(r, json);
	snprintf(r->why, sizeof(r->why), "%s: %s", direction, why);
}

static void one_direction(const struct check *c, struct check_row *row, bool to_private, struct check_result *r)
{
	const char *direction = to_private ? "to private" : "to shared";
	struct words w = arguments(c, row, to_private);
	json_t *json;
	char *text;
	int status;

	words_add(&w, "--json");
	text = process_output(w.all, STDERR_FILENO, OUTPUT_LIMIT, &status);
	words_free(&w);
	json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (text && WIFEXITED(status))
		take(r, direction, json, WEXITSTATUS(status));
	else
		failed(r, direction, SIM " did not come to its end");
	json_decref(json);
	free(text);
}

/*
 * A row is as good as the worse of its directions. Many behaviours are about one of them only: what the other did not
 * meet counts when neither met it.
 */
static int badness(const struct check_result *r)
{
	if (r->verdict == VERDICT_FAIL)
		return 3;
	if (r->verdict == VERDICT_PASS)
		return 1;
	return r->status == STATUS_INCONCLUSIVE ? 0 : 2;
}

void check_sim_row(struct check *c, struct check_row *row)
{
	struct check_result shared = { 0 }, private = { 0 };
	double start = seconds_now();
	uint64_t calls;
	bool second;

	one_direction(c, row, false, &shared);
	one_direction(c, row, true, &private);
	calls = shared.totals.mapgpa_calls + private.totals.mapgpa_calls;
	second = badness(&private) > badness(&shared);
	*row->result = second ? private : shared;
	if (shared.verdict == VERDICT_PASS && private.verdict == VERDICT_PASS)
		snprintf(row->result->why, sizeof(row->result->why), "%s", strchr(shared.why, ':') + 2);
	for (unsigned int cause = 0; cause < TD_CAUSES; cause++)
		row->result->found[cause] = shared.found[cause] | private.found[cause];
	row->result->worse_is_private = second;
	row->result->totals.mapgpa_calls = calls;
	row->result->seconds = seconds_now() - start;
}

char *check_sim_command(const struct check *c, const struct check_row *row)
{
	struct words w = arguments(c, row, row->result->worse_is_private);
	char *text = shown(&w);

	words_free(&w);
	return text;
}

/* Loads a harness and no more, or lists the guests: the names, to be freed. */
static char **ask_guests(const struct check *c, size_t *count, int *status)
{
	char *argv[] = { c->sim, (char *)(uintptr_t)"--guests", NULL, NULL, NULL }, *text, *rest, *line, **guests = NULL;

	if (c->options.harness) {
		argv[2] = (char *)(uintptr_t)"--harness";
		argv[3] = (char *)(uintptr_t)c->options.harness;
	}
	*count = 0;
	text = rest = process_output(argv, STDERR_FILENO, OUTPUT_LIMIT, status);
	while (text && (line = strsep(&rest, "\n"))) {
		line[strcspn(line, " ")] = '\0';
		if (!*line)
			continue;
		guests = xrealloc(guests, (*count + 1) * sizeof(*guests));
		guests[(*count)++] = xprintf("%s", line);
	}
	free(text);
	return guests;
}

/* Those that are meant, of all that there are. */
static void choose(struct check *c, char **all, size_t count)
{
	const char *wanted = c->options.guest;

	c->guests = xcalloc(count, sizeof(*c->guests));
	for (size_t i = 0; i < count; i++) {
		if (strcmp(wanted, "all") == 0 || strcmp(wanted, all[i]) == 0)
			c->guests[c->nguests++] = all[i];
		else
			free(all[i]);
	}
}

int check_sim_guests(struct check *c)
{
	size_t count;
	int status = 0;
	char **all;

	c->sim = installed_needed(SIM);
	if (!c->sim)
		return STATUS_ENVIRONMENT;
	all = ask_guests(c, &count, &status);
	if (c->options.harness) {
		c->guests = xcalloc(1, sizeof(*c->guests));
		c->guests[c->nguests++] = xprintf("%s", c->options.harness);
		while (count)
			free(all[--count]);
	} else {
		choose(c, all, count);
	}
	free(all);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > STATUS_INCONCLUSIVE)
		return complain(STATUS_ENVIRONMENT, SIM " failed");
	if (WEXITSTATUS(status) == 0 && !c->nguests)
		return complain(STATUS_INPUT, "--guest %s: no such guest: see " SIM " --guests", c->options.guest);
	return WEXITSTATUS(status);
}
