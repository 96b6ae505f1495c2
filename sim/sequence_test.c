/* SPDX-License-Identifier: MIT */
/* Each toy defect is found under its own name; the correct loop and the library are clean. */
#include <stdio.h>
#include <string.h>

#include "sim/sequence.h"

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

struct tally {
	uint64_t sequences, found[TD_FINDING_KINDS];
};

static struct tally explore(const struct sim_guest *guest, uint32_t pages, bool to_shared, uint32_t depth)
{
	struct sim_job job = { .guest = guest, .pages = pages, .to_shared = to_shared, .stalls = TD_STALLS };
	struct sim_setup setup = { .pages = sim_job_pages(&job) };
	struct sim *sim = sim_new(&setup);
	struct tally tally = { 0 };

	if (sim == NULL || !sim_prepare(sim, &job))
		return tally;
	td_explore_begin(&sim->td, depth);
	do {
		tally.sequences++;
		tally.found[sim_sequence(sim, &job)]++;
	} while (td_explore_next(&sim->td));
	sim_free(sim);
	return tally;
}

static const struct {
	const char *toy;
	enum td_violation finding;
	bool to_shared;
} expected[] = {
	{ "tail-only", TD_V_PENDING_ACCESS, false },
	{ "no-r11-check", TD_V_WRAPPING_REQUEST, true },
	{ "unmasked-s", TD_V_ABANDONED, true },
	{ "unbounded", TD_V_RUNAWAY, true },
	{ "end-is-success", TD_V_FALSE_SUCCESS, true },
	{ "swallowed-error", TD_V_FALSE_SUCCESS, true },
	{ "inputs-only", TD_V_BEYOND_GPAW, true },
	{ "failed-r11", TD_V_FALSE_SUCCESS, true },
	{ "rax-reused", TD_V_ACCEPT_ABANDONED, false },
	{ "one-busy", TD_V_ACCEPT_ABANDONED, false },
};

static const struct sim_guest *toy(const char *name)
{
	for (const struct sim_guest *const *t = sim_guests; *t != NULL; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	return NULL;
}

static void clean(const struct sim_guest *guest, uint32_t pages, bool to_shared, uint32_t depth)
{
	struct tally t = explore(guest, pages, to_shared, depth);

	char name[80];

	snprintf(name, sizeof(name), "%s, %u pages, %s, %u answers", guest->name, pages,
		 to_shared ? "to shared" : "to private", depth);
	printf("# %s: %lu sequences\n", name, t.sequences);
	tap_case(name);
	tap_ok(t.sequences > 1000, "the tree is large");
	tap_is(t.found[TD_V_NONE], t.sequences, "and there is nothing to find");
	tap_case(NULL);
	for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
		if (t.found[f] != 0)
			printf("# %s: %lu\n", td_violation_name(f), t.found[f]);
}

int main(void)
{
	for (unsigned int i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct tally t = explore(toy(expected[i].toy), 4, expected[i].to_shared, 4);
		char name[128];

		snprintf(name, sizeof(name), "%s is caught as %s", expected[i].toy, td_violation_name(expected[i].finding));
		tap_ok(t.found[expected[i].finding] > 0, name);
	}
	for (int to_shared = 0; to_shared < 2; to_shared++) {
		clean(toy("correct"), 8, to_shared, 10);
		clean(&sim_library, 4, to_shared, 5);
		clean(toy("large-first"), 1100, to_shared, 4);
	}
	return tap_done();
}
