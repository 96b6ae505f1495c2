/* SPDX-License-Identifier: MIT */
/* Every row of `expect`, in a process. The same rows run on the monitor in boot_test. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tap_puts(const char *text)
{
	fputs(text, stdout);
}

#include "cli/verdict/verdict.h"
#include "cli/vmm/behaviour.h"
#include "cli/vmm/platform.h"
#include "payloads/test_engine.h"
#include "wire/tap.h"

struct row {
	char scenario[32], vmm[96], violations[64], facts[160];
	int cpus, status;
};

static void list_violations(const struct engine_result *r, char *text, size_t bytes)
{
	size_t used = (size_t)snprintf(text, bytes, "%s", r->nviolations == 0 ? "-" : "");

	for (unsigned int i = 0; i < r->nviolations && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i == 0 ? "" : ",",
					 td_violation_name(r->violations[i]));
}

static bool fact_holds(const struct engine_result *r, const char *name, size_t length, uint64_t want)
{
	const struct {
		const char *name;
		uint64_t value;
	} facts[] = {
		{ "mapgpa_calls", r->mapgpa_calls }, { "retries", r->retries }, { "stalls", r->stalls },
		{ "to_shared_pages", r->to_shared_pages }, { "to_private_pages", r->to_private_pages },
		{ "abandoned_pages", r->abandoned_pages }, { "accepts_4k", r->accepts_4k },
		{ "accepts_2m", r->accepts_2m },
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (strlen(facts[i].name) != length || strncmp(facts[i].name, name, length) != 0)
			continue;
		if (facts[i].value != want)
			printf("# %s is %llu, expected %llu\n", facts[i].name, (unsigned long long)facts[i].value,
			       (unsigned long long)want);
		return facts[i].value == want;
	}
	printf("# there is no fact %.*s\n", (int)length, name);
	return false;
}

/* The report's word for how the run ended. */
static bool outcome_holds(const struct engine_result *r, const char *want)
{
	const char *outcome = r->stopped ? "stopped" : "ended";

	if (strncmp(want, outcome, strcspn(want, ",")) == 0 && outcome[strcspn(want, ",")] == '\0')
		return true;
	printf("# outcome is %s, expected %s\n", outcome, want);
	return false;
}

static bool facts_hold(const struct engine_result *r, const char *facts)
{
	bool good = true;

	for (const char *p = facts; p != NULL && *p != '\0' && *p != '-';) {
		const char *equals = strchr(p, '='), *comma = strchr(p, ',');

		if (equals == NULL)
			return false;
		good = (strncmp(p, "outcome=", 8) == 0 ? outcome_holds(r, equals + 1) :
			fact_holds(r, p, (size_t)(equals - p), strtoull(equals + 1, NULL, 10))) && good;
		p = comma != NULL ? comma + 1 : NULL;
	}
	return good;
}

/* True if the run came to what the row says. */
static bool run_row(const struct row *row, bool verbose)
{
	const struct scenario *scenario = scenario_named(row->scenario);
	struct behaviour behaviour;
	struct platform platform;
	char vmm[sizeof(row->vmm)], *at;
	struct engine_result r;
	char violations[128];
	bool ran, exercised;

	memcpy(vmm, row->vmm, sizeof(vmm));
	at = strchr(vmm, '@');
	if (at != NULL)
		*at++ = '\0';
	if (scenario == NULL || (int)scenario->cpus != row->cpus || platform_load(&platform, at, "platforms") != 0 ||
	    behaviour_load(&behaviour, vmm, "behaviours") != 0) {
		printf("# no scenario %s for %d vCPUs, or no behaviour %s\n", row->scenario, row->cpus, row->vmm);
		return false;
	}
	engine_platform = platform.packed;
	platform_free(&platform);
	ran = engine_run(scenario, &behaviour.packed, &r);
	exercised = ran && ground_unexercised(&behaviour.packed, r.most) == NULL;
	behaviour_free(&behaviour);
	if (!ran)
		return false;
	list_violations(&r, violations, sizeof(violations));
	if (verbose && strcmp(violations, row->violations) != 0)
		printf("# violations: %s, expected: %s\n", violations, row->violations);
	return r.status == 0 && strcmp(violations, row->violations) == 0 && facts_hold(&r, row->facts) &&
	       (row->status != 0 || r.completed > 0) &&
	       (row->status == 1 || (r.untracked || !exercised) == (row->status == 5));
}

static bool read_row(FILE *file, struct row *row)
{
	char line[256];

	while (fgets(line, sizeof(line), file) != NULL)
		if (line[0] != '#' && sscanf(line, "%31s %95s %d %d %63s %159s", row->scenario, row->vmm, &row->cpus,
					     &row->status, row->violations, row->facts) == 6)
			return true;
	return false;
}

static void test_rows(FILE *file, bool seen[TD_VIOLATION_KINDS])
{
	struct row row;
	char name[240];

	while (read_row(file, &row)) {
		snprintf(name, sizeof(name), "%s under %s: %s", row.scenario, row.vmm, row.violations);
		tap_ok(run_row(&row, true), name);
		for (unsigned int v = 1; v < TD_VIOLATION_KINDS; v++)
			seen[v] |= strcmp(row.violations, td_violation_name((enum td_violation)v)) == 0;
	}
}

/* A table that forgets a name, or a scenario that no row runs, would pass in silence. */
static bool has_row(FILE *file, const char *scenario)
{
	struct row row;

	rewind(file);
	while (read_row(file, &row))
		if (strcmp(row.scenario, scenario) == 0)
			return true;
	printf("# no row runs %s\n", scenario);
	return false;
}

static void test_coverage(FILE *file, const bool seen[TD_VIOLATION_KINDS])
{
	static const struct scenario *const tables[] = { scenarios_broken, scenarios_sound, scenarios_vcpus, scenarios_hosts };
	bool all = true;

	for (unsigned int v = 1; v < TD_VIOLATION_KINDS; v++)
		/* Always the VMM's doing, or the caller's; what RFLAGS has to say (the payload ending commits it). */
		if (v != TD_V_UNALIGNED_REQUEST && v != TD_V_EMPTY_REQUEST && v != TD_V_HALT_BLOCKED)
			tap_ok(seen[v], td_violation_name((enum td_violation)v));
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct scenario *s = tables[i]; s->name != NULL; s++)
			all = has_row(file, s->name) && all;
	tap_ok(all, "every scenario has a row");
}

int main(void)
{
	static const struct row plain = { "plain", "complete", "-", "-", 1, 0 };
	static const struct row wrong = { "plain", "complete", "abandoned", "-", 1, 1 };
	bool seen[TD_VIOLATION_KINDS] = { false };
	FILE *file = fopen("payloads/expect", "r");

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (file == NULL) {
		fprintf(stderr, "payloads/expect: %s; run from the top of the repository\n", strerror(errno));
		return 2;
	}
	test_rows(file, seen);
	test_coverage(file, seen);
	fclose(file);
	tap_ok(!run_row(&wrong, false), "control: a violation that does not come is noticed");
	engine_alias_banks = true;
	tap_ok(!run_row(&plain, false), "control: an engine in which both aliases are one memory is noticed");
	return tap_done();
}
