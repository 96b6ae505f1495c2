/* SPDX-License-Identifier: MIT */
/*
 * tdlab replay and tdlab minimise: one sequence of answers again, and the shortest that still shows the same. What is
 * given is the sequence, or a result that has findings; what runs it is the monitor, or a process where there is no
 * kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/campaign/ddmin.h"
#include "cli/code/code.h"
#include "cli/file.h"
#include "cli/replay_check.h"
#include "cli/suggest.h"
#include "wire/sha256.h"

#define FINDING_OPTION \
	{ "finding", OPT_TEXT, EXPLORE_FIELD(finding), "NAME", "what is to be shown [of FILE: the first]" },

static const struct opt replay_options[] = {
	EXPLORE_OPTIONS
	KNOWN_OPTIONS(EXPLORE_BOOT_FIELD, OPT_BOOT)
	EXPLORE_JOURNAL_OPTION(0)
	FINDING_OPTION
	{ 0 },
};

static const struct opt minimise_options[] = {
	EXPLORE_OPTIONS
	EXPLORE_JOURNAL_OPTION(OPT_BOOT)
	FINDING_OPTION
	{ 0 },
};

/* What is to be run again, and whence it is known. */
struct rerun {
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

static int pick(struct rerun *a, const char *name)
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

static const char *near_answer(const char *word)
{
	const char *names[TD_ANSWER_KINDS];

	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		names[i] = answer_name(i);
	return suggest(word, names, TD_ANSWER_KINDS);
}

static int read_what(struct rerun *a, const char *what, const char *finding)
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
		const char *near = near_answer(wrong);

		return complain(STATUS_INPUT, "%s: neither a file nor answers (\"%s\" is none): %s%s%s", what, wrong,
				near ? "did you mean \"" : "tdlab list answers names them", near ? near : "", near ? "\"?" : "");
	}
	a->path = what;
	status = result_read(&a->file, what);
	return status ? status : pick(a, finding);
}

/* The harness must be the one that it was found with. */
static int check_harness(const struct rerun *a)
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

/* Those of guest code, which explore_conditions() kept. The words are the file's. */
static void options_from_file(const struct result_options *options, struct boot_options *to)
{
	bool platform = to->platform, inject = to->inject.count;

	for (const char *name = NULL; (name = result_option_next(options, name));) {
		const char *value = result_option_next(options, name);

		if (strcmp(name, "--platform") == 0 && !platform)
			to->platform = value;
		else if (strcmp(name, "--inject") == 0 && !inject && to->inject.count < OPT_LIST_MOST)
			to->inject.items[to->inject.count++] = value;
		name = value;
	}
}

/* What the file says, unless the user says otherwise. */
static void fill_from_file(const struct rerun *a, struct explore_options *o)
{
	const struct result_of *of = &a->file.of;

	*(*of->digest ? &o->harness : &o->guest) = of->guest;
	if (!o->pages.given)
		o->pages = (struct opt_number){ result_pages(of, a->finding), true, "of the file" };
	if (!o->at.given)
		o->at = (struct opt_number){ result_at(of, a->finding), true, "of the file" };
	if (!o->stalls.given)
		o->stalls = (struct opt_number){ of->stalls, true, "of the file" };
	o->to_private = !of->to_shared;
	options_from_file(&of->options, &o->boot);
}

static bool is_minimise(const struct verb *verb)
{
	return strcmp(verb->name, "minimise") == 0;
}

static int run_code(struct rerun *a, const struct verb *verb)
{
	struct explore_options *o = &a->explore->options;
	int status = 0;

	if (a->path) {
		fill_from_file(a, o);
		status = check_harness(a);
	}
	if (status)
		return status;
	return (is_minimise(verb) ? code_minimise : code_replay)(o, a->answers, a->count, a->name);
}

static int other_options(const char *path, const struct result_options *was, const struct result_options *now)
{
	char *then = result_options_text(was), *here = result_options_text(now);

	complain(STATUS_INPUT, "%s was found with \"%s\", not with \"%s\"", path, then + 1, here + 1);
	free(then);
	free(here);
	return STATUS_INPUT;
}

/* The boot must be of what the file is of. */
static int check_kernel(struct rerun *a)
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
	if (different && strcmp(different, "the options") == 0)
		return other_options(a->path, &was->options, &of->options);
	return different ? complain(STATUS_INPUT, "%s: %s is another", a->path, different) : 0;
}

static int prepare(struct rerun *a, const char *kernel)
{
	struct explore_options *o = &a->explore->options;
	struct monitor_explore *e = &a->explore->boot.config.explore;
	int status;

	if (a->path) {
		o->to_private = !a->file.of.to_shared;
		o->model = o->model ? o->model : a->file.of.model;
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

static int replay(struct rerun *a)
{
	struct explore *x = a->explore;
	const struct result *r = &x->explored.result;
	int status;

	x->boot.config.explore.sequences = 1;
	x->explored.replay = true;
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
	struct rerun *a = arg;
	volatile struct monitor_status *status = ram_status(&a->explore->boot.ram);
	uint8_t candidate[TD_EXPLORE_DEPTH];
	uint32_t count = 0;

	if (!a->shown) {	/* the sequence as it was given */
		if (!*a->name)
			snprintf(a->name, sizeof(a->name), "%s", finding);
		a->shown = *finding && strcmp(finding, a->name) == 0;
		ddmin_begin(&a->ddmin, a->answers, a->count);
	} else {
		ddmin_result(&a->ddmin, strcmp(finding, a->name) == 0);
	}
	if (!status)
		return;
	if (a->shown && ddmin_candidate(&a->ddmin, candidate, &count))
		memcpy((void *)(uintptr_t)status->order.answers, candidate, count);
	status->order.count = count;
	__atomic_store_n(&status->order.number, ++a->orders, __ATOMIC_RELEASE);
}

static int minimise(struct rerun *a)
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

static int run_kernel(struct rerun *a, const struct verb *verb, const char *kernel)
{
	int status = prepare(a, kernel);

	if (!status)
		status = is_minimise(verb) ? minimise(a) : replay(a);
	return status;
}

/* The line of a row has its options already. */
static int rerun_row(const struct verb *verb, int argc, char **argv, const char *path, const char *finding)
{
	if (is_minimise(verb))
		return complain(STATUS_INPUT, "%s: a row of tdlab check is one run: there is nothing to minimise", path);
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--", 2) == 0 && strncmp(argv[i], "--finding", 9) != 0)
			return complain(STATUS_INPUT, "%s: %s: a row of tdlab check is run as it was: no option but --finding",
					path, argv[i]);
	return replay_check(path, finding);
}

/* What is given is known: on which guest it is to be run, and whether that goes with the options. */
static int rerun(struct rerun *a, const struct verb *verb, int argc, char **argv, const char *kernel)
{
	const struct explore_options *o = &a->explore->options;
	bool code = a->path ? strcmp(a->file.of.engine, "process") == 0 : explore_is_code(o);
	int status;

	if (a->path && explore_is_code(o))
		return complain(STATUS_INPUT, "%s: it says of which guest it is: no --guest and no --harness", a->path);
	if (code && kernel)
		return complain(STATUS_INPUT, "%s: %s: it is about guest code in a process, and takes no kernel", verb->name,
				a->path ? a->path : kernel);
	if (!a->path && !code && !kernel)
		return complain(STATUS_INPUT, "%s: on which guest? name a kernel, --guest or --harness", verb->name);
	status = opt_suits(verb, argc, argv, code);
	if (status)
		return status;
	return code ? run_code(a, verb) : run_kernel(a, verb, kernel);
}

static int run_replay(const struct verb *verb, int argc, char **argv)
{
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	struct rerun *a = xcalloc(1, sizeof(*a));
	struct explore_options *o;
	int n, status;

	a->explore = explore_new();
	o = &a->explore->options;
	status = opt_parse(verb, argc, argv, o, operands, &n);
	if (!status && (n == 0 || n > 2))
		status = complain(STATUS_INPUT, "%s: %s: see tdlab %s --help", verb->name,
				  n ? "too many files" : "which file or answers?", verb->name);
	if (!status && n == 1 && replay_is_check(operands[0]))
		status = rerun_row(verb, argc, argv, operands[0], o->finding);
	if (!status)
		status = read_what(a, operands[0], o->finding);
	if (!status)
		status = rerun(a, verb, argc, argv, n > 1 ? operands[1] : NULL);
	explore_free(a->explore);
	free(a);
	free(operands);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_replay = { "replay", run_replay, "WHAT [KERNEL]",
				  "run one sequence of answers again: of a result, or as given", replay_options };
const struct verb verb_minimise = { "minimise", run_replay, "WHAT [KERNEL]",
				    "the shortest sequence of answers that still shows the same", minimise_options };
