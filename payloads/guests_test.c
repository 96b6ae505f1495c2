/* SPDX-License-Identifier: MIT */
/*
 * Guests made by seed, in a process. Sound ones: no VMM makes the judge blame them, and under one that lets them they
 * come to their end. Then planted defects: each is named, under the behaviour beside it.
 *
 * guests_test --list prints a line for each row: defect, behaviour, vCPUs, violation, seeds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tap_puts(const char *text)
{
	fputs(text, stdout);
}

#include "tests/tap.h"
#include "cli/vmm/behaviour.h"
#include "payloads/guests.h"
#include "payloads/test_engine.h"

#define SOUND		10000u	/* seeds */
#define EACH		3u	/* guests with the same defect under the same behaviour */
#define SEEDS		400u	/* among which there must be so many that come to make the mistake */

static const struct row {
	enum defect defect;
	const char *vmm;
	unsigned int cpus;
	enum td_violation named;
} rows[] = {
	{ DEFECT_RETRY_IS_SUCCESS, "hyperv:pages=3", 1, TD_V_ABANDONED },
	{ DEFECT_RETRY_IS_SUCCESS, "eagain:stalls=2,pages=3", 1, TD_V_ABANDONED },
	{ DEFECT_RETRY_IS_SUCCESS, "stall", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_RETRY_RETURNED, "hyperv:pages=3", 1, TD_V_ABANDONED },
	{ DEFECT_RETRY_RETURNED, "stall", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_RETRY_LOADS, "hyperv:pages=3", 1, TD_V_ABANDONED },
	{ DEFECT_ERROR_IS_SUCCESS, "gpa-inuse", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_ERROR_IS_SUCCESS, "maxphyaddr", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_ERROR_IS_SUCCESS, "unknown-status", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_NEVER_LOOKS, "one-page", 1, TD_V_ABANDONED },
	{ DEFECT_NEVER_LOOKS, "no-cap", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_ODD_R11_IS_DONE, "claim-end", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_ODD_R11_IS_DONE, "claim-beyond", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_ROUNDS_UP, "unaligned:pages=3", 1, TD_V_SKIPPED_PAGES },
	{ DEFECT_SKIPS_PAGE, "hyperv:pages=3", 1, TD_V_SKIPPED_PAGES },
	{ DEFECT_SKIPS_PRIVATE, "two-pages", 1, TD_V_SKIPPED_PAGES },
	{ DEFECT_KEEPS_LENGTH, "hyperv:pages=3", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_ASKS_SHORT, "hyperv:pages=3", 1, TD_V_ABANDONED },
	{ DEFECT_TWO_CALLS, "one-page", 1, TD_V_ABANDONED },
	{ DEFECT_IMPATIENT, "eagain:stalls=1", 1, TD_V_ABANDONED },
	{ DEFECT_IMPATIENT_BACK, "eagain:stalls=1", 1, TD_V_ABANDONED },
	{ DEFECT_THREE_STALLS, "eagain:stalls=4", 1, TD_V_ABANDONED },
	{ DEFECT_UNBOUNDED, "stall", 1, TD_V_RUNAWAY },
	{ DEFECT_STARTS_OVER, "hyperv:pages=3", 1, TD_V_RUNAWAY },
	{ DEFECT_PRIVATE_ALIAS, "complete", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_PRIVATE_EARLY, "hyperv:pages=3", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_USES_PENDING, "complete", 1, TD_V_PENDING_ACCESS },
	{ DEFECT_STALE_S, "complete", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_STALE_S, "implicit", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_STALE_LOAD, "kvm", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_STALE_ELSEWHERE, "complete", 2, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_NEVER_ASKED, "complete", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_RETURNS_ONE, "complete", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_ACCEPTS_TAIL, "two-pages", 1, TD_V_PENDING_ACCESS },
	{ DEFECT_ACCEPTS_HEAD, "two-pages", 1, TD_V_PENDING_ACCESS },
	{ DEFECT_ACCEPTS_NONE, "complete", 1, TD_V_PENDING_ACCESS },
	{ DEFECT_ACCEPTS_SHORT, "complete", 1, TD_V_PENDING_ACCESS },
	{ DEFECT_ACCEPTS_TWICE, "complete", 1, TD_V_DOUBLE_ACCEPT },
	{ DEFECT_BOTH_ACCEPT, "complete", 2, TD_V_DOUBLE_ACCEPT },
	{ DEFECT_ACCEPTS_SHARED, "complete", 1, TD_V_ACCEPT_UNREQUESTED },
	{ DEFECT_BUSY_IS_FAILURE, "busy", 1, TD_V_ACCEPT_ABANDONED },
	{ DEFECT_LARGE_ONLY, "aug-4k", 1, TD_V_ACCEPT_ABANDONED },
	{ DEFECT_SHARES_SHORT, "complete", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_SHARES_LATE, "complete", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_SHARES_LONG, "complete", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_SHARES_BEFORE, "complete", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_RETURNS_SHORT, "complete", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_DMA_PRIVATE, "complete", 1, TD_V_DMA_TO_PRIVATE },
	{ DEFECT_DMA_RETURNED, "complete", 1, TD_V_DMA_TO_PRIVATE },
	{ DEFECT_DMA_EARLY, "hyperv:pages=3", 1, TD_V_DMA_TO_PRIVATE },
	{ DEFECT_NO_UNDO, "hyperv:pages=3", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_HALF_UNDO, "hyperv:pages=3", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_UNDO_UNACCEPTED, "hyperv:pages=3", 1, TD_V_PENDING_ACCESS },
	{ DEFECT_FREES_REFUSED, "error-after:pages=1", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_FREES_STUCK, "stuck-shared", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *violation_name(enum td_violation v)
{
	static const char *const names[] = {
#define TD_VIOLATION(id, name, sentence) name,
		TD_VIOLATIONS(TD_VIOLATION)
#undef TD_VIOLATION
	};

	return names[v];
}

/* Runs the guest of a seed to its end. */
static void run(struct guest *g, uint64_t seed, unsigned int cpus, enum defect defect, const struct td_behaviour *vmm,
		struct engine_result *r)
{
	struct scene *scenes = engine_begin(GUEST_PAGES, cpus, vmm, r);
	int cpu;

	if (scenes == NULL)
		abort();
	guest_init(g, seed, 0, cpus, defect);
	while (!engine_over() && (cpu = guest_next(g)) >= 0)
		guest_step(g, &scenes[cpu]);
	engine_end();
}

static bool names(const struct engine_result *r, enum td_violation v)
{
	for (unsigned int i = 0; i < r->nviolations; i++)
		if (r->violations[i] == v)
			return true;
	return false;
}

static void say(const char *what, const char *vmm, uint64_t seed, unsigned int cpus, const struct engine_result *r)
{
	printf("# %s, seed %llu, under %s, %u vCPUs:", what, (unsigned long long)seed, vmm, cpus);
	for (unsigned int i = 0; i < r->nviolations; i++)
		printf(" %s", violation_name(r->violations[i]));
	printf("%s\n", r->nviolations == 0 ? " nothing" : "");
}

/* The behaviours that come with tdlab, and some of them with other numbers. */
static struct behaviour *load_all(size_t *count)
{
	static const char *const more[] = { "hyperv:pages=3", "hyperv:pages=7", "eagain:stalls=5,pages=4", "busy:times=9",
					    "underclaim:pages=3", "flip-s:pages=3", "oldkvm:pages=3", "overclaim:pages=3",
					    "unaligned:pages=3", "never-success:pages=5", "error-after:call=3,pages=2",
					    "kvm:pending=256", "hyperv-slice:chance=256", "remove:call=2", "readd:call=2",
					    "elsewhere:by=+1", "elsewhere:by=-1" };
	size_t extra = sizeof(more) / sizeof(more[0]), files;
	char **folder = behaviour_names("behaviours", &files);
	struct behaviour *all = calloc(files + extra, sizeof(*all));

	if (folder == NULL || all == NULL)
		exit(2);
	for (size_t i = 0; i < files + extra; i++)
		if (behaviour_load(&all[i], i < files ? folder[i] : more[i - files], "behaviours") != 0)
			exit(2);
	for (size_t i = 0; i < files; i++)
		free(folder[i]);
	free(folder);
	*count = files + extra;
	return all;
}

/* Under a VMM that lets a guest complete, a sound one never has to give up. */
static bool is_sound(uint64_t seed, unsigned int cpus, enum defect defect, const struct behaviour *vmm,
		     uint64_t *completed)
{
	struct engine_result r;
	struct guest g;

	run(&g, seed, cpus, defect, &vmm->packed, &r);
	*completed += r.completed;
	if (r.nviolations == 0 && r.status == 0 && (vmm->packed.contain || (g.contained == 0 && !engine_over())))
		return true;
	if (defect == DEFECT_NONE)
		say(g.contained != 0 ? "gave up" : "blamed", vmm->spec, seed, cpus, &r);
	return false;
}

/* Each seed under one VMM that lets it complete and one that need not. */
static void test_sound(const struct behaviour *all, size_t count)
{
	size_t of[2][128] = { { 0 } }, n[2] = { 0, 0 };	/* those that let a guest complete, and the others */
	uint64_t completed[2] = { 0, 0 };
	unsigned int bad[2] = { 0, 0 };

	for (size_t i = 0; i < count; i++)
		of[all[i].packed.contain][n[all[i].packed.contain]++] = i;
	for (uint64_t seed = 1; seed <= SOUND; seed++) {
		for (unsigned int k = 0; k < 2; k++)
			bad[k] += !is_sound(seed, 1 + seed / n[k] % 2, DEFECT_NONE, &all[of[k][seed % n[k]]], &completed[k]);
	}
	tap_is(bad[0], 0, "10000 sound guests under behaviours that let a guest complete");
	tap_is(bad[1], 0, "the same guests under behaviours that need not");
	tap_ok(completed[0] > 2 * SOUND && completed[1] > SOUND, "they convert");
	printf("# %llu and %llu conversions were completed\n", (unsigned long long)completed[0],
	       (unsigned long long)completed[1]);
}

struct score {
	unsigned int planted, named;
};

/* The first guests with this defect that come to make the mistake, in the order of their seeds. */
static struct score score_row(const struct row *row, bool verbose, bool list)
{
	struct behaviour vmm;
	struct score score = { 0, 0 };
	struct engine_result r;
	struct guest g;

	if (behaviour_load(&vmm, row->vmm, "behaviours") != 0)
		exit(2);
	if (list)
		printf("%s %s %u %s", defect_names[row->defect], row->vmm, row->cpus, violation_name(row->named));
	for (uint64_t seed = 1; seed <= SEEDS && score.planted < EACH; seed++) {
		run(&g, seed, row->cpus, row->defect, &vmm.packed, &r);
		if (g.planted == 0)
			continue;
		score.planted++;
		score.named += names(&r, row->named);
		if (verbose && !names(&r, row->named))
			say(defect_names[row->defect], row->vmm, seed, row->cpus, &r);
		if (list)
			printf(" %llu", (unsigned long long)seed);
	}
	printf("%s", list ? "\n" : "");
	behaviour_free(&vmm);
	return score;
}

static struct score score_all(bool verbose, bool list)
{
	struct score sum = { 0, 0 }, one;

	for (size_t i = 0; i < ROWS; i++) {
		one = score_row(&rows[i], verbose, list);
		sum.planted += one.planted;
		sum.named += one.named;
		if (one.planted < EACH)
			fprintf(stderr, "%s under %s: only %u of %u guests come to it\n", defect_names[rows[i].defect],
				rows[i].vmm, one.planted, SEEDS);
	}
	return sum;
}

static void test_planted(void)
{
	struct score score = score_all(true, false);
	char name[64];

	tap_is(score.planted, EACH * ROWS, "as many guests as there should be make their mistake");
	snprintf(name, sizeof(name), "planted %u / %u", score.named, score.planted);
	tap_ok(score.named == score.planted, name);
	printf("# score: %s\n", name);
}

/* The score can fall: by as many as rest on a verdict that is not heard. */
static void test_controls(const struct behaviour *all)
{
	uint64_t completed = 0;
	unsigned int bad = 0;

	for (unsigned int v = 1; v < TD_VIOLATION_KINDS; v++) {
		unsigned int rest_on = 0;
		char name[96];

		for (size_t i = 0; i < ROWS; i++)
			rest_on += rows[i].named == v ? EACH : 0;
		if (rest_on == 0)
			continue;
		engine_deaf_to = (enum td_violation)v;
		snprintf(name, sizeof(name), "control: without %s the score falls by %u", violation_name(engine_deaf_to),
			 rest_on);
		tap_is(score_all(false, false).named, EACH * ROWS - rest_on, name);
	}
	engine_deaf_to = TD_V_NONE;
	for (uint64_t seed = 1; seed <= 10; seed++)
		bad += !is_sound(seed, 1, DEFECT_NEVER_ASKED, all, &completed);
	tap_is(bad, 10, "control: a guest that is not sound is noticed");
}

int main(int argc, char **argv)
{
	struct behaviour *all;
	size_t count;

	if (argc > 1 && strcmp(argv[1], "--list") == 0) {
		score_all(false, true);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	all = load_all(&count);
	test_sound(all, count);
	test_planted();
	test_controls(all);
	for (size_t i = 0; i < count; i++)
		behaviour_free(&all[i]);
	free(all);
	return tap_done();
}
