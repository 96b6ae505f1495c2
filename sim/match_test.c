/* SPDX-License-Identifier: MIT */
/*
 * Merging states loses nothing: the findings, and how short they can be had, are those of the search that merges
 * nothing; and what is taken for the state of a guest is one. A guest that remembers more is caught.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/match.h"

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

#define DEPTH 4

static struct sim *prepared(const struct sim_job *job, uint64_t runaway_calls)
{
	struct sim_setup setup = { .pages = sim_job_pages(job), .runaway_calls = runaway_calls };
	struct sim *sim = sim_new(&setup);

	if (sim == NULL || !sim_prepare(sim, job))
		exit(1);
	td_explore_begin(&sim->td, DEPTH);
	return sim;
}

static struct match_tally matched(const struct sim_job *job, uint32_t depth, bool check)
{
	struct sim *sim = prepared(job, depth != 0 ? 0 : UINT64_MAX);
	struct match_tally t;

	match_search(sim, job, depth, check, &t);
	sim_free(sim);
	return t;
}

/* The search of search.c: nothing of match.c is in it. */
static struct match_tally plain(const struct sim_job *job)
{
	struct sim *sim = prepared(job, 0);
	struct match_tally t = { 0 };

	do {
		enum td_violation f = sim_sequence(sim, job);
		uint32_t answers = td_explore_choices(&sim->td)->at;

		if (t.found[f]++ == 0 || answers < t.shortest[f])
			t.shortest[f] = answers;
		t.runs++;
	} while (td_explore_next(&sim->td));
	sim_free(sim);
	return t;
}

static bool same_findings(const struct match_tally *a, const struct match_tally *b, bool shortest)
{
	for (unsigned int f = 1; f < TD_FINDING_KINDS; f++)
		if ((a->found[f] != 0) != (b->found[f] != 0) || (shortest && a->shortest[f] != b->shortest[f])) {
			printf("# %s: %lu in %u answers, %lu in %u\n", td_violation_name(f), a->found[f],
			       a->shortest[f], b->found[f], b->shortest[f]);
			return false;
		}
	return true;
}

static void within_depth(const struct sim_job *job, const char *name)
{
	struct match_tally p = plain(job), m = matched(job, DEPTH, false), c = matched(job, DEPTH, true);

	printf("# %s: %lu sequences, %lu states, %lu runs\n", name, p.runs, m.states, m.runs);
	tap_ok(same_findings(&p, &m, true), name);
	tap_ok(c.torn == 0 && !c.full && c.runs == p.runs && c.states == m.states, "... and what is taken for a state is one");
}

/* To the end of every sequence. Not for two toys: one can be led through all of memory, the other goes on 64 times. */
static void to_the_end(const struct sim_job *job, const char *name)
{
	struct match_tally m, c;

	if (strcmp(name, "no-r11-check") == 0 || strcmp(name, "unbounded") == 0)
		return;
	m = matched(job, 0, false);
	c = matched(job, 0, true);
	printf("# %s, to the end: %lu states, %lu runs; without merging %lu\n", name, m.states, m.runs, c.runs);
	tap_ok(same_findings(&c, &m, false) && !m.full && !c.full, "... nor is anything lost without a depth");
	tap_ok(c.torn == 0 && c.states == m.states, "... in the same states");
}

/* A loop that takes the third RETRY that it ever got for success: neither its request nor its stalls show it. */
static int remembers(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	uint64_t s = to_shared ? sim_shared_bit(sim) : 0, at = gpa, end = gpa + size;

	for (int retries = 0; retries < 3; retries++) {
		struct td_regs regs = { .long_mode = true };

		tdx_map_gpa(regs.gpr, at | s, end - at);
		sim_tdcall(sim, &regs);
		if (regs.gpr[TD_R10] != TDVMCALL_RETRY)
			return regs.gpr[TD_R10] != TDVMCALL_SUCCESS;
		if (regs.gpr[TD_R11] % TDX_PAGE_SIZE != 0 || (regs.gpr[TD_R11] ^ s) < at || (regs.gpr[TD_R11] ^ s) >= end)
			return -1;
		at = regs.gpr[TD_R11] ^ s;
	}
	return 0;
}

static void more_than_a_state(void)
{
	static const struct sim_guest guest = { .name = "remembers", .convert = remembers };
	struct sim_job job = { .guest = &guest, .pages = 4, .to_shared = true, .stalls = TD_STALLS };
	struct match_tally c = matched(&job, 0, true);

	printf("# %lu torn\n", c.torn);
	tap_ok(c.found[TD_V_FALSE_SUCCESS] > 0, "a guest that counts all RETRYs is caught without merging");
	tap_ok(c.torn > 0, "... and shown to have more to remember than a state is taken to be");
}

int main(void)
{
	for (const struct sim_guest *const *g = sim_guests; *g != NULL; g++)
		for (int to_shared = 0; to_shared < 2; to_shared++) {
			struct sim_job job = { .guest = *g, .pages = 4, .to_shared = to_shared, .stalls = TD_STALLS };
			char name[64];

			snprintf(name, sizeof(name), "%s, 4 pages to %s", (*g)->name, to_shared ? "shared" : "private");
			within_depth(&job, name);
			job.pages = (*g)->undo != NULL ? 2 : 4;
			to_the_end(&job, (*g)->name);
		}
	more_than_a_state();
	return tap_done();
}
