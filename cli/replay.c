/* SPDX-License-Identifier: MIT */
/*
 * tdlab replay and tdlab minimise: one sequence of answers again, and the shortest that still shows the same. What is
 * given is the sequence, or a result that has findings; what runs it is the monitor, or tdlab-sim where there is no
 * kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/campaign/ddmin.h"
#include "cli/explore.h"
#include "cli/file.h"
#include "cli/replay_check.h"
#include "wire/sha256.h"

static const struct opt options[] = {
	EXPLORE_OPTIONS,
	{ "finding", OPT_TEXT, EXPLORE_FIELD(finding), "NAME", "which one of FILE [the first]" },
	{ 0 },
};

/* What is to be run again, and whence it is known. */
struct again {
	struct result file;	/* if there is a file */
	const char *path;	/* NULL: answers were given */
	const struct result_finding *finding;
	uint8_t answers[TD_EXPLORE_DEPTH];
	uint32_t count;
	struct ddmin ddmin;
	uint64_t orders;	/* that the monitor was given */
	bool shown;		/* the sequence as given shows it */
	char name[32];		/* what is to be shown, "": what the first run shows */
	struct explore *explore;
};

static int pick(struct again *a, const char *name)
{
	const struct result *r = &a->file;

	a->finding = name ? result_finding(r, name) : r->nfindings ? &r->findings[0] : NULL;
	if (!a->finding)
		return complain(STATUS_INPUT, "%s: %s%s", a->path, name ? "it has no finding " : "nothing was found",
				name ? name : ": there is nothing to run again");
	a->count = a->finding->ways.all[0].length;
	memcpy(a->answers, a->finding->ways.all[0].answers, a->count);
	if (!a->count)	/* it takes no answer: any will do */
		a->answers[a->count++] = TD_ANSWER_OK;
	snprintf(a->name, sizeof(a->name), "%s", td_violation_name(a->finding->kind));
	return 0;
}

static int read_what(struct again *a, const char *what, const char *finding)
{
	char wrong[32];
	int status;

	if (answers_parse(what, a->answers, &a->count, wrong)) {
		snprintf(a->name, sizeof(a->name), "%s", finding ? finding : "");
		return 0;
	}
	if (a->count == TD_EXPLORE_DEPTH && !*wrong)
		return complain(STATUS_INPUT, "more than %d answers: a guest is given no more", TD_EXPLORE_DEPTH);
	if (access(what, F_OK) != 0) {
		const char *near = answers_near(wrong);

		return complain(STATUS_INPUT, "%s: neither a file nor answers (\"%s\" is none): %s%s%s", what, wrong,
				near ? "did you mean \"" : "tdlab list answers names them", near ? near : "", near ? "\"?" : "");
	}
	a->path = what;
	status = result_read(&a->file, what);
	return status ? status : pick(a, finding);
}

/* The harness must be the one that it was found with. */
static int check_harness(const struct again *a)
{
	const struct result_of *of = &a->file.of;
	uint8_t *data;
	size_t bytes;
	char digest[65];
	int status;

	if (!*of->digest)
		return 0;
	status = file_read(of->guest, "harness", &data, &bytes);
	if (status)
		return status;
	sha256_hex(data, bytes, digest);
	free(data);
	return strcmp(digest, of->digest) == 0 ? 0 :
	       complain(STATUS_INPUT, "%s: %s is not the harness that it was found with", a->path, of->guest);
}

/* tdlab-sim with what the file says, and does not return; options of the user's come last and are stronger. */
static int in_process(const struct again *a, const char *verb, const struct explore_options *o)
{
	char pages[24], stalls[24], answers[ANSWERS_TEXT];
	const struct result_of *of = &a->file.of;
	bool minimise = strcmp(verb, "minimise") == 0;
	const char *words[20];
	size_t n = 0;
	int status = check_harness(a);

	if (status)
		return status;
	snprintf(pages, sizeof(pages), "%lu", of->pages);
	snprintf(stalls, sizeof(stalls), "%lu", of->stalls);
	answers_text(a->answers, a->count, answers);
	words[n++] = *of->digest ? "--harness" : "--guest";
	words[n++] = of->guest;
	words[n++] = "--pages";
	words[n++] = pages;
	words[n++] = "--stalls";
	words[n++] = stalls;
	words[n++] = minimise ? "--minimise" : "--replay";
	words[n++] = answers;
	if (minimise && *a->name) {
		words[n++] = "--finding";
		words[n++] = a->name;
	}
	if (!of->to_shared)
		words[n++] = "--to-private";
	if (o->boot.json)
		words[n++] = "--json";
	if (o->boot.journal) {
		words[n++] = "--journal";
		words[n++] = o->boot.journal;
	}
	words[n] = NULL;
	return explore_in_process(NULL, words);
}

/* Answers for a guest that the user's options name: they are tdlab-sim's, the operand becomes one. */
static int given_in_process(const char *verb, int argc, char **argv)
{
	const char **words = xcalloc((size_t)argc + 3, sizeof(*words));
	const char *what = NULL, *near = NULL;
	char nearest[32] = "";
	size_t n = 0;
	int status;

	for (int i = 1; i < argc; i++) {
		uint8_t answers[TD_EXPLORE_DEPTH];
		uint32_t count;
		char wrong[32] = "";

		if (!what && argv[i][0] != '-' && answers_parse(argv[i], answers, &count, wrong)) {
			what = argv[i];
			continue;
		}
		words[n++] = argv[i];
		if (argv[i][0] != '-' && answers_near(wrong)) {
			near = answers_near(wrong);
			memcpy(nearest, wrong, sizeof(nearest));
		}
	}
	words[n++] = strcmp(verb, "minimise") == 0 ? "--minimise" : "--replay";
	words[n++] = what;
	if (what)
		status = explore_in_process(NULL, words);
	else if (near)
		status = complain(STATUS_INPUT, "%s: no answer \"%s\": did you mean \"%s\"?", verb, nearest, near);
	else
		status = complain(STATUS_INPUT, "%s: which answers? with --guest or --harness a sequence is to be given", verb);
	free(words);
	return status;
}

/* The boot must be of what the file is of. */
static int check_kernel(struct again *a)
{
	struct result_of *of = &a->explore->explored.result.of, *was = &a->file.of;
	const char *different;

	if (!a->path)
		return 0;
	was->pages = of->pages;
	was->depth = of->depth;
	was->random = of->random;
	was->seed = of->seed;
	was->shards = of->shards;
	different = result_differs(was, of);
	if (different && strcmp(was->conditions, of->conditions) != 0)
		return complain(STATUS_INPUT, "%s was found with \"%s\", not with \"%s\"", a->path, was->conditions,
				of->conditions);
	return different ? complain(STATUS_INPUT, "%s: %s is another", a->path, different) : 0;
}

static int prepare(struct again *a, const char *kernel)
{
	struct explore_options *o = &a->explore->options;
	struct monitor_explore *e = &a->explore->boot.config.explore;
	int status;

	if (a->path) {
		o->to_private = !a->file.of.to_shared;
		o->stalls.value = o->stalls.given ? o->stalls.value : a->file.of.stalls;
		kernel = kernel ? kernel : a->file.of.guest;
	}
	o->depth.value = a->count;
	status = explore_prepare(a->explore, kernel);
	if (!status)
		status = check_kernel(a);
	e->order = (struct monitor_order){ .number = ++a->orders, .count = a->count };
	memcpy(e->order.answers, a->answers, a->count);
	return status;
}

static int replay(struct again *a)
{
	struct explore *x = a->explore;
	const struct result *r = &x->explored.result;
	int status;

	x->boot.config.explore.sequences = 1;
	status = explore_run(x);
	if (status == STATUS_ENVIRONMENT || status == STATUS_INPUT)
		return status;
	if (x->options.boot.json)
		result_json(r, stdout);
	else
		explored_text(&x->explored, &x->boot);
	if (*a->name && !result_finding(r, a->name))
		status = complain(STATUS_INCONCLUSIVE, "%s did not come again", a->name);
	return boot_close_journal(&x->boot) ? STATUS_ENVIRONMENT : status;
}

/* The monitor has run a candidate and waits for another. */
static void next_candidate(void *arg, const char *finding)
{
	struct again *a = arg;
	volatile struct monitor_status *status = ram_status(&a->explore->boot.ram);
	uint8_t candidate[TD_EXPLORE_DEPTH];
	uint32_t count = 0;

	if (!a->shown) {	/* the sequence as it was given */
		if (!*a->name)
			snprintf(a->name, sizeof(a->name), "%s", finding);
		a->shown = *finding && strcmp(finding, a->name) == 0;
		ddmin_begin(&a->ddmin, a->answers, a->count);
	} else {
		ddmin_told(&a->ddmin, strcmp(finding, a->name) == 0);
	}
	if (!status)
		return;
	if (a->shown && ddmin_candidate(&a->ddmin, candidate, &count))
		memcpy((void *)(uintptr_t)status->order.answers, candidate, count);
	status->order.count = count;
	__atomic_store_n(&status->order.number, ++a->orders, __ATOMIC_RELEASE);
}

static int minimise(struct again *a)
{
	struct explore *x = a->explore;
	struct result *r = &x->explored.result;
	const struct result_finding *f;
	int status;

	x->boot.config.explore.ordered = 1;
	x->explored.found = next_candidate;
	x->explored.found_arg = a;
	status = explore_run(x);
	if (status == STATUS_ENVIRONMENT || status == STATUS_INPUT)
		return status;
	if ((!x->explored.began || !r->complete) && !(a->shown && x->boot.end.signal))
		return complain(status == STATUS_PASS ? STATUS_INCONCLUSIVE : status, "the guest did not come to it: %s",
				x->boot.judgement.why);
	if (!a->shown)
		return complain(STATUS_INPUT, "this sequence does not show %s", *a->name ? a->name : "anything");
	f = result_finding(r, a->name);
	r->findings[0] = *f;
	r->nfindings = 1;
	if (x->options.boot.json) {
		result_json(r, stdout);
	} else {
		printf("minimised  %u candidates tried\n", a->ddmin.tried);
		explored_text(&x->explored, &x->boot);
	}
	return boot_close_journal(&x->boot) ? STATUS_ENVIRONMENT : r->complete ? STATUS_PASS : status;
}

static int run_kernel(struct again *a, const char *verb, const char *kernel)
{
	int status = prepare(a, kernel);

	if (!status)
		status = strcmp(verb, "minimise") == 0 ? minimise(a) : replay(a);
	return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	struct again *a = xcalloc(1, sizeof(*a));
	int n, status;

	if (explore_is_process(argc, argv))
		return given_in_process(verb->name, argc, argv);
	a->explore = explore_new();
	status = opt_parse(verb, argc, argv, &a->explore->options, operands, &n);
	if (!status && (n == 0 || n > 2))
		status = complain(STATUS_INPUT, "%s: %s: see tdlab %s --help", verb->name,
				  n ? "too many files" : "which file or answers?", verb->name);
	if (!status && n == 1 && replay_is_check(operands[0]))
		status = strcmp(verb->name, "replay") == 0 ? replay_check(operands[0], a->explore->options.finding) :
			 complain(STATUS_INPUT, "%s: a row of tdlab check is one run: there is nothing to minimise", operands[0]);
	if (!status)
		status = read_what(a, operands[0], a->explore->options.finding);
	if (!status && a->path && strcmp(a->file.of.engine, "process") == 0)
		status = n > 1 ? complain(STATUS_INPUT, "%s was found in a process: it takes no kernel", a->path) :
				 in_process(a, verb->name, &a->explore->options);
	else if (!status && !a->path && n < 2)
		status = complain(STATUS_INPUT, "%s: on which guest? name a kernel, --guest or --harness", verb->name);
	else if (!status)
		status = run_kernel(a, verb->name, operands[1]);
	explore_free(a->explore);
	free(a);
	free(operands);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_replay = { "replay", run, "WHAT [KERNEL]",
				  "run one sequence of answers again: of a result, or as given", options };
const struct verb verb_minimise = { "minimise", run, "WHAT [KERNEL]",
				    "the shortest sequence of answers that still shows the same", options };
