/* SPDX-License-Identifier: MIT */
/*
 * Guests made by seed, in a process. Sound ones: no VMM makes the judge blame them, and under one that lets them they
 * come to their end. Then planted defects: each is named, under the behaviour beside it.
 *
 * guests_test --list prints what is planted, a line for each boot that it takes (tests/guests.sh): behaviour, vCPUs,
 * DEFECT:SEED,..., and the names that each of these got here, those of one joined by "+".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tap_puts(const char *text)
{
	fputs(text, stdout);
}

#include "cli/vmm/behaviour.h"
#include "payloads/guests.h"
#include "payloads/test_engine.h"
#include "wire/tap.h"

#define SOUND		10000u	/* seeds */
#define EACH		3u	/* guests with the same defect under the same behaviour */
#define EACH_END	2u	/* where it ends the TD, which costs a boot on the monitor */
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
	{ DEFECT_ERROR_IS_SUCCESS, "error-done", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_NEVER_LOOKS, "one-page", 1, TD_V_ABANDONED },
	{ DEFECT_NEVER_LOOKS, "no-cap", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_ODD_R11_IS_DONE, "claim-end", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_ODD_R11_IS_DONE, "claim-beyond", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_TAKES_S, "flip-s:pages=3", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_TAKES_S, "oldkvm:pages=3", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_ROUNDS_UP, "unaligned:pages=3", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
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
	{ DEFECT_STORES_EARLY, "hyperv:pages=3", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_STORES_EARLY, "eagain:stalls=1,pages=2", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_LOADS_EARLY, "one-page", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_EARLY_ELSEWHERE, "hyperv:pages=3", 2, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_PRIVATE_ALIAS, "complete", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_PRIVATE_EARLY, "hyperv:pages=3", 1, TD_V_PRIVATE_ALIAS_OF_SHARED },
	{ DEFECT_USES_PENDING, "complete", 1, TD_V_PENDING_ACCESS },
	{ DEFECT_STALE_S, "complete", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_STALE_S, "implicit", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_STALE_LOAD, "kvm", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_STALE_PENDING, "complete", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
	{ DEFECT_STALE_PENDING, "implicit", 1, TD_V_SHARED_ALIAS_OF_PRIVATE },
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
	{ DEFECT_ACCEPTS_REFUSED, "stuck-shared", 1, TD_V_TD_LOST },
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
static void run_one(struct guest *g, uint64_t seed, unsigned int cpus, enum defect defect,
		    const struct td_behaviour *vmm, struct engine_result *r)
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

static void print_result(const char *what, const char *vmm, uint64_t seed, unsigned int cpus,
			 const struct engine_result *r)
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

	run_one(&g, seed, cpus, defect, &vmm->packed, &r);
	*completed += r.completed;
	if (r.nviolations == 0 && r.status == 0 && (vmm->packed.contain || (g.contained == 0 && !engine_over())))
		return true;
	if (defect == DEFECT_NONE)
		print_result(g.contained != 0 ? "gave up" : "blamed", vmm->spec, seed, cpus, &r);
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

struct planted {
	const struct row *row;
	uint64_t seed;
	struct engine_result result;
	bool over;	/* it ended the TD */
};

static struct planted planted[EACH * ROWS];
static unsigned int nplanted;

/* The first guests with this defect that come to make the mistake, in the order of their seeds. */
static void plant_row(const struct row *row)
{
	unsigned int first = nplanted, limit = EACH;
	struct behaviour vmm;
	struct guest g;

	if (behaviour_load(&vmm, row->vmm, "behaviours") != 0)
		exit(2);
	for (uint64_t seed = 1; seed <= SEEDS && nplanted < first + limit; seed++) {
		struct planted *p = &planted[nplanted];

		*p = (struct planted){ .row = row, .seed = seed };
		run_one(&g, seed, row->cpus, row->defect, &vmm.packed, &p->result);
		p->over = engine_over();
		if (g.planted == 0)
			continue;
		nplanted++;
		limit = p->over ? EACH_END : EACH;
	}
	if (nplanted < first + limit)
		printf("# %s under %s: too few guests come to it\n", defect_names[row->defect], row->vmm);
	behaviour_free(&vmm);
}

static void plant_all(void)
{
	nplanted = 0;
	for (size_t i = 0; i < ROWS; i++)
		plant_row(&rows[i]);
}

static unsigned int score(bool verbose)
{
	unsigned int named = 0;

	for (unsigned int i = 0; i < nplanted; i++) {
		const struct planted *p = &planted[i];
		bool good = names(&p->result, p->row->named);

		named += good;
		if (verbose && !good)
			print_result(defect_names[p->row->defect], p->row->vmm, p->seed, p->row->cpus, &p->result);
	}
	return named;
}

static void test_planted(void)
{
	bool seen[DEFECT_KINDS] = { [DEFECT_NONE] = true }, all = true;
	unsigned int named;
	char name[64];

	plant_all();
	named = score(true);
	for (unsigned int i = 0; i < nplanted; i++)
		seen[planted[i].row->defect] = true;
	for (unsigned int d = 0; d < DEFECT_KINDS; d++) {
		all = seen[d] && all;
		if (!seen[d])
			printf("# nobody plants %s\n", defect_names[d]);
	}
	tap_ok(all, "every kind of defect is planted");
	tap_ok(nplanted >= EACH_END * ROWS && nplanted >= 100, "there are as many as there should be");
	snprintf(name, sizeof(name), "planted %u / %u", named, nplanted);
	tap_ok(named == nplanted, name);
	printf("# score: %s\n", name);
}

/* The score can fall: by as many as rest on a verdict that is not heard. */
static void test_controls(const struct behaviour *all)
{
	unsigned int bad = 0, before = score(false);
	uint64_t completed = 0;

	for (unsigned int v = 1; v < TD_VIOLATION_KINDS; v++) {
		unsigned int rest_on = 0;
		char name[96];

		for (unsigned int i = 0; i < nplanted; i++)
			rest_on += planted[i].row->named == v && names(&planted[i].result, planted[i].row->named);
		if (rest_on == 0)
			continue;
		engine_deaf_to = (enum td_violation)v;
		plant_all();
		snprintf(name, sizeof(name), "control: without %s the score falls by %u", violation_name(engine_deaf_to),
			 rest_on);
		tap_is(score(false), before - rest_on, name);
		engine_deaf_to = TD_V_NONE;
		plant_all();
	}
	for (uint64_t seed = 1; seed <= 10; seed++)
		bad += !is_sound(seed, 1, DEFECT_NEVER_ASKED, all, &completed);
	tap_is(bad, 10, "control: a guest that is not sound is noticed");
}

static bool same_boot(const struct planted *a, const struct planted *b)
{
	return strcmp(a->row->vmm, b->row->vmm) == 0 && a->row->cpus == b->row->cpus;
}

/* A boot ends with the first guest that ends the TD. A runaway keeps what is open from being judged, so it is alone. */
static void list_boot(struct planted *first, bool listed[])
{
	char guests[1024] = "", found[1024] = "";

	for (int pass = 0; pass < 2; pass++)
		for (struct planted *p = first; p < planted + nplanted; p++) {
			if (listed[p - planted] || !same_boot(p, first) || p->over != (pass == 1) ||
			    (p->row->named == TD_V_RUNAWAY && guests[0] != '\0'))
				continue;
			listed[p - planted] = true;
			sprintf(guests + strlen(guests), "%s%s:%llu", guests[0] ? "," : "", defect_names[p->row->defect],
				(unsigned long long)p->seed);
			for (unsigned int i = 0; i < p->result.nviolations; i++)
				sprintf(found + strlen(found), "%s%s", i > 0 ? "+" : found[0] ? "," : "",
					violation_name(p->result.violations[i]));
			if (p->over)
				goto full;
		}
full:
	printf("%s %u %s %s\n", first->row->vmm, first->row->cpus, guests, found);
}

static int list(void)
{
	bool listed[EACH * ROWS] = { false };

	plant_all();
	for (unsigned int i = 0; i < nplanted; i++)
		if (!listed[i])
			list_boot(&planted[i], listed);
	return 0;
}

int main(int argc, char **argv)
{
	struct behaviour *all;
	size_t count;

	if (argc > 1 && strcmp(argv[1], "--list") == 0)
		return list();
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
