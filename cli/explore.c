/* SPDX-License-Identifier: MIT */
/*
 * tdlab explore: every sequence of answers, up to a depth, against one running guest. The monitor takes the
 * guest back after each (monitor/explore.h); here each sequence is compared with the reference model and with td's
 * verdicts, and afterwards the guest is judged on what it does when it is left alone.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/code/code.h"
#include "cli/vmm/recorded.h"
#include "wire/sha256.h"

#define UNDO_STEPS	200000
#define SAVE_S		1.0	/* at most that much is done again after the command was killed */
#define TIMEOUT_S	86400

static const struct opt options[] = {
	EXPLORE_OPTIONS
	KNOWN_OPTIONS(EXPLORE_BOOT_FIELD, 0)
	EXPLORE_JOURNAL_OPTION(OPT_BOOT)
	{ "depth", OPT_NUMBER, EXPLORE_FIELD(depth), "N", "answers chosen in one sequence [6; a kernel: 5]" },
	{ "match", OPT_FLAG | OPT_CODE, EXPLORE_FIELD(match), NULL,
	  "go on from equal states once, and without --depth to every sequence's end" },
	{ "sequences", OPT_NUMBER | OPT_BOOT, EXPLORE_FIELD(sequences), "N", "stop after so many [all]" },
	{ "random", OPT_NUMBER, EXPLORE_FIELD(random), "N", "so many sequences drawn at random instead of all" },
	{ "shard", OPT_TEXT, EXPLORE_FIELD(shard), "I/N", "only this part of all sequences, for tdlab merge" },
	{ "state", OPT_FILE, EXPLORE_FIELD(state), "FILE", "keeps what is done; go on from there if it exists" },
	{ "tap", OPT_FLAG, EXPLORE_FIELD(tap), NULL, "report as TAP: a test for each finding, and one for the whole" },
	{ "junit", OPT_FILE, EXPLORE_FIELD(junit), "FILE", "report as JUnit XML as well" },
	{ 0 },
};

struct explore *explore_new(void)
{
	struct explore *x = xcalloc(1, sizeof(*x));

	x->options = (struct explore_options){
		.boot = { .vmm = "complete", .memory.value = 1ull << 30, .cpus.value = 1, .timeout.value = TIMEOUT_S },
		.depth.value = 5, .pages.value = 1,
	};
	return x;
}

void explore_free(struct explore *x)
{
	known_close(&x->boot.known);
	output_drop(&x->junit);
	if (x->prepared)
		boot_free(&x->boot);
	free(x);
}

static int fill_of(struct explore *x, const char *kernel)
{
	const struct explore_options *o = &x->options;
	struct result_of *of = &x->explored.result.of;

	*of = (struct result_of){
		.version = TDLAB_VERSION, .engine = "monitor", .to_shared = !o->to_private, .depth = o->depth.value,
		.stalls = TD_STALLS, .random = o->random.value, .seed = o->random.value ? explore_seed(o) : 0,
	};
	snprintf(of->model, sizeof(of->model), "%s", o->model ? o->model : "linux");
	if (!model_named(of->model, &x->explored.model))
		return complain(STATUS_INPUT, "--model %s: write linux, linux:N with N RETRYs without progress, libtdconv or none",
				o->model);
	snprintf(of->guest, sizeof(of->guest), "%s", kernel);
	sha256_hex(x->boot.guest.data, x->boot.guest.bytes, of->digest);
	if (explore_conditions(o, &of->options))
		return STATUS_INPUT;
	if (o->shard && !result_shard(o->shard, &of->shard, &of->shards))
		return complain(STATUS_INPUT, "--shard %s: write I/N, I from 1 to N", o->shard);
	return 0;
}

static int check_numbers(const struct explore_options *o)
{
	if (o->depth.value == 0 || o->depth.value > TD_EXPLORE_DEPTH)
		return complain(STATUS_INPUT, "--depth %s: from 1 to %d", o->depth.text, TD_EXPLORE_DEPTH);
	if (o->random.given && (o->random.value == 0 || o->random.value > UINT32_MAX))
		return complain(STATUS_INPUT, "--random %s: from 1 to %u", o->random.text, UINT32_MAX);
	if (strncmp(o->boot.vmm, RECORDED_PREFIX, strlen(RECORDED_PREFIX)) == 0)
		return complain(STATUS_INPUT, "--vmm %s: that is one sequence of answers: tdlab boot gives it to a guest",
				o->boot.vmm);
	if (o->sequences.given && (o->shard || o->state))
		return complain(STATUS_INPUT, "--sequences leaves a part out: not with --shard or --state");
	return 0;
}

int explore_prepare(struct explore *x, const char *kernel)
{
	const struct explore_options *o = &x->options;
	struct boot *b = &x->boot;
	int status = check_numbers(o);

	if (status)
		return status;
	x->options.boot.kernel = kernel;
	b->options = o->boot;
	b->options.console_live = true;		/* a sequence ends where the kernel says something */
	b->options.large_ring = o->to_private;	/* the one thing that Linux gives back in our run */
	b->config.td.undo_steps = UNDO_STEPS;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	x->prepared = true;
	status = known_open(&b->known, o->boot.known, o->boot.write_known);
	if (!status)
		status = boot_prepare(b);
	if (!status)
		status = cases_junit_open(&x->junit, o->junit);
	if (!status)
		status = fill_of(x, kernel);
	if (!status)
		b->config.explore = (struct monitor_explore){
			.depth = (uint32_t)o->depth.value, .to_shared = !o->to_private, .min_pages = o->pages.value,
			.sequences = o->sequences.value, .random = o->random.value, .seed = explore_seed(o),
			.shard = x->explored.result.of.shard ? x->explored.result.of.shard - 1 : 0,
			.shards = x->explored.result.of.shards,
		};
	return status;
}

static const char *look(void *arg, double cpu)
{
	struct explore *x = arg;

	explored_read(&x->explored, &x->boot.records, cpu);
	if (x->options.state && x->explored.began && !x->status && seconds_now() - x->saved >= SAVE_S) {
		x->status = result_save(&x->explored.result, x->options.state);
		x->saved = seconds_now();
	}
	return explored_progress(&x->explored);
}

int explore_run(struct explore *x)
{
	struct boot *b = &x->boot;
	int status = boot_arm(b);

	b->look = look;
	b->look_arg = x;
	if (!status)
		status = boot_judged(b);
	if (status)
		return status;
	if (x->explored.other_window)
		return complain(STATUS_INPUT, "--state %s: the guest converts %lu pages there this time: it is not the same run",
				x->options.state, x->explored.result.of.pages);
	status = explored_end(&x->explored, b);
	known_vanished(&b->known);
	if (x->options.state && !x->status && x->explored.began)
		x->status = result_save(&x->explored.result, x->options.state);
	return x->status ? x->status : status;
}

/* Goes on from --state. Returns 0, or a status after a complaint; *done: there is nothing more to do. */
static int resume(struct explore *x, bool *done)
{
	struct monitor_explore *e = &x->boot.config.explore;
	struct explored *to = &x->explored;
	const struct search_last *last = &to->result.last;
	const char *state = x->options.state, *different;
	struct result r;
	int status;

	if (!state)
		return 0;
	if (access(state, F_OK) != 0)
		return result_save(&to->result, state);	/* that it cannot is better known now */
	status = result_read(&r, state);
	if (status)
		return status;
	to->result.of.pages = r.of.pages;	/* not known before the guest runs */
	different = result_differs(&to->result.of, &r.of);
	if (!different && r.of.shard != to->result.of.shard)
		different = "the shard";
	if (different)
		return complain(STATUS_INPUT, "--state %s: %s is another: use another file", state, different);
	to->result = r;
	to->seconds = r.seconds;
	to->cpu = r.cpu;
	to->first = last->any;
	e->resumed = last->any;
	memcpy(e->taken, last->taken, sizeof(e->taken));
	e->depth_then = last->depth;
	e->dealt = last->dealt;
	e->number = last->number;
	e->ours = last->ours;
	*done = r.complete;
	return 0;
}

static int explore(struct explore *x, const char *kernel)
{
	bool done = false;
	int status = explore_prepare(x, kernel);

	if (!status)
		status = resume(x, &done);
	if (status)
		return status;
	if (done)
		status = verdict_status(x->explored.result.verdict);
	else
		status = explore_run(x);
	if (status == STATUS_ENVIRONMENT || status == STATUS_INPUT)
		return status;
	if (result_cases(&x->explored.result, done ? "done before" : x->boot.judgement.why, x->options.tap, &x->junit))
		status = STATUS_ENVIRONMENT;
	if (x->options.tap)
		;
	else if (x->options.boot.json)
		result_json(&x->explored.result, stdout);
	else if (done)
		result_report(&x->explored.result);
	else
		explored_text(&x->explored, &x->boot);
	return boot_close_journal(&x->boot) ? STATUS_ENVIRONMENT : status;
}

static int run_explore(const struct verb *verb, int argc, char **argv)
{
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	struct explore *x = explore_new();
	const struct explore_options *o = &x->options;
	int noperands, status = opt_parse(verb, argc, argv, &x->options, operands, &noperands);

	if (!status && noperands != !explore_is_code(o))
		status = complain(STATUS_INPUT, "explore: %s: see tdlab explore --help",
				  noperands ? "more than one guest" : "which kernel, --guest or --harness?");
	if (!status)
		status = opt_suits(verb, argc, argv, explore_is_code(o));
	if (!status && o->tap && o->boot.json)
		status = complain(STATUS_INPUT, "explore: --tap and --json both want standard output");
	if (!status)
		status = explore_is_code(o) ? code_explore(o) : explore(x, operands[0]);
	explore_free(x);
	free(operands);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_explore = { "explore", run_explore, "[KERNEL]",
				   "give one guest every answer a VMM can give", options };
