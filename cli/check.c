/* SPDX-License-Identifier: MIT */
/* tdlab check GUEST: the matrix of behaviours, a verdict each. */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/check.h"
#include "cli/words.h"

#define BOOT_FIELD(name)	offsetof(struct check_options, boot.name)
#define FIELD(name)		offsetof(struct check_options, name)
#define MAX_JOBS		1024

static const struct opt options[] = {
	{ "vmm", OPT_BEHAVIOUR, BOOT_FIELD(vmm), "NAME[:K=V,...],...", "behaviours, or files ./NAME.vmm [all]" },
	BOOT_GUEST_OPTIONS(BOOT_FIELD)
	{ "platform", OPT_PLATFORM | OPT_MANY, FIELD(platforms), "NAME[:K=V,...]",
	  "what a TD is created with; may be repeated [kvm]" },
	KNOWN_OPTIONS(BOOT_FIELD, 0)
	{ "harness", OPT_FILE | OPT_CODE, FIELD(harness), "FILE", "code of your own in a process, a shared object" },
	{ "guest", OPT_TEXT | OPT_CODE, FIELD(guest), "NAME", "code in a process: see tdlab list guests, or all" },
	{ "pages", OPT_NUMBER | OPT_CODE, FIELD(pages), "N", "of a conversion in a process [32768]" },
	{ "at", OPT_NUMBER | OPT_CODE, FIELD(start), "GPA", "where that starts [0x40008000]" },
	{ "jobs", OPT_JOBS, FIELD(jobs), "N", "rows at a time, also -j N [one per processor]" },
	{ "full", OPT_FLAG | OPT_BOOT, FIELD(full), NULL, "boot for every row instead of continuing one boot" },
	{ "template-at", OPT_TEXT | OPT_BOOT, FIELD(at), "N|PHASE", "the MapGPA, or phase, that the behaviours begin at [1]" },
	{ "seed", OPT_NUMBER, BOOT_FIELD(seed), "N", "of what the VMM leaves to chance [drawn]" },
	{ "keep", OPT_FOLDER, FIELD(keep), "DIR", "keep each row's journal there, and a boot's console" },
	{ "tap", OPT_FLAG, FIELD(tap), NULL, "report as TAP" },
	{ "junit", OPT_FILE, FIELD(junit), "FILE", "report as JUnit XML as well" },
	{ "json", OPT_FLAG, BOOT_FIELD(json), NULL, "report as JSON" },
	{ 0 },
};

static int check_usage(const struct check_options *o, int noperands)
{
	const struct boot_options *b = &o->boot;

	if (o->tap && b->json)
		return complain(STATUS_INPUT, "check: --tap and --json both want standard output");
	if ((o->harness || o->guest) && noperands)
		return complain(STATUS_INPUT, "check: a kernel and --%s: one guest at a time", o->harness ? "harness" : "guest");
	if (o->full && o->at)
		return complain(STATUS_INPUT, "check: --full has no template: no --template-at");
	if (o->jobs.value < 1 || o->jobs.value > MAX_JOBS)
		return complain(STATUS_INPUT, "--jobs %s: from 1 to %d", o->jobs.text, MAX_JOBS);
	return 0;
}

static unsigned int processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned int)CPU_COUNT(&set);
}

/* What results go to is opened before anything is run: afterwards would be too late to say no. */
static int open_outputs(struct check *c)
{
	const struct check_options *o = &c->options;

	if (o->keep && mkdir(o->keep, 0777) && errno != EEXIST)
		return complain(STATUS_INPUT, "--keep %s: %s", o->keep, strerror(errno));
	if (o->keep && access(o->keep, W_OK | X_OK))
		return complain(STATUS_INPUT, "--keep %s: %s", o->keep, strerror(errno));
	return cases_junit_open(&c->junit, o->junit);
}

/* As many at a time as there is memory for. */
static int limit_jobs(struct check *c)
{
	uint64_t memory = c->options.boot.memory.value, fit = memory_free() / memory_needed(memory);

	if (fit >= c->jobs)
		return 0;
	if (fit == 0)
		return memory_available(memory);
	narrate("%u rows at a time and not %u: there is no memory for more", (unsigned int)fit, c->jobs);
	c->jobs = (unsigned int)fit;
	return 0;
}

/* A row that began in the middle of a boot cannot be had again by tdlab boot. */
static char *reproduce(const struct check *c, const struct check_row *row)
{
	struct boot *b = &row->on->boot;
	char *check, *text;

	b->behaviour = row->behaviour;
	if (template_at_start(&c->at))
		return boot_command(b);
	check = command_line("check");
	add_option(&check, "--template-at", c->options.at);
	text = boot_command_with(b, check);
	free(check);
	return text;
}

static int prepare_boot(const struct check *c, unsigned int platform)
{
	struct boot *b = &c->boots[platform].boot;
	int status;

	b->options = c->options.boot;
	b->options.platform = check_platform(c, platform);
	b->options.vmm = c->rows[0].behaviour.spec;
	b->options.in_check = b->options.many = true;
	b->options.unheard = !c->options.keep;
	status = boot_prepare(b);
	behaviour_free(&b->behaviour);		/* every row has its own */
	b->seed = b->config.td.seed = c->boots[0].boot.seed;	/* all rows have one */
	return status;
}

static int prepare_boots(struct check *c)
{
	int status = 0;

	for (unsigned int i = 0; i < c->nboots && !status; i++)
		status = prepare_boot(c, i);
	for (size_t i = 0; i < c->nrows && !status; i++)
		c->rows[i].reproduce = reproduce(c, &c->rows[i]);
	return status ? status : limit_jobs(c);
}

static double cpu_of(int who)
{
	struct rusage r;

	if (getrusage(who, &r))
		return 0;
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* What a row found, and whether it is known. */
void check_look_up(struct check *c, struct check_row *row)
{
	struct check_result *r = row->result;
	const char *guest = row->guest ? row->guest : boot_guest_name(&row->on->boot), *why = NULL, *one;
	struct judged judged;
	size_t new = 0;

	if (!r->done || (r->verdict != VERDICT_PASS && r->verdict != VERDICT_FAIL))
		return;
	known_tried(&c->known, guest, row->behaviour.spec);
	for (unsigned int kind = 1; kind < TD_FINDING_KINDS; kind++)
		for (unsigned int cause = 0; cause < TD_CAUSES; cause++) {
			if (!(r->found[cause] >> kind & 1))
				continue;
			one = known_find(&c->known, guest, row->behaviour.spec, (enum td_violation)kind, (enum td_cause)cause);
			why = why ? why : one;
			new += !one;
		}
	if (r->verdict != VERDICT_FAIL || new || !why || !r->all_named)
		return;
	judged = judge_all_known(why, r->unfinished);
	r->verdict = judged.verdict;
	r->status = judged.status;
	snprintf(r->why, sizeof(r->why), "%s", judged.why);
}

static int run_all(struct check *c)
{
	double start = seconds_now();
	int status = 0;

	for (size_t i = 0; i < c->nboots && !c->options.full && !status; i++) {
		progress_show("the one boot for all ...");
		status = template_make(&c->boots[i].template, &c->boots[i].boot, &c->at);
		progress_clear();
	}
	if (status)
		return status;
	check_report_begin(c);
	check_run(c);
	c->seconds = seconds_now() - start;
	c->cpu = cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
	check_report_end(c);
	known_vanished(&c->known);
	status = check_junit(c);
	return status ? status : check_status(c);
}

static void free_all(struct check *c)
{
	for (size_t i = 0; i < c->nboots; i++) {
		template_free(c->boots[i].template);
		c->boots[i].boot.behaviour = (struct behaviour){ 0 };	/* the last row's */
		boot_free(&c->boots[i].boot);
	}
	free(c->boots);
	output_drop(&c->junit);
	check_plan_free(c);
}

static int run_check(const struct verb *verb, int argc, char **argv)
{
	struct check c = { .options = { .jobs.value = processors() } };
	char **operands = xcalloc((size_t)argc, sizeof(*operands)), *own = NULL;
	int noperands, status = opt_parse(verb, argc, argv, &c.options, operands, &noperands);

	if (!status)
		status = check_usage(&c.options, noperands);
	if (!status)
		status = opt_suits(verb, argc, argv, check_is_code(&c));
	if (!status)
		status = template_at_read(&c.at, c.options.at, c.options.boot.firmware != NULL);
	if (!status && !check_is_code(&c))
		status = boot_guest(&c.options.boot, operands, noperands, verb->name, &own);
	if (!status)
		status = check_plan(&c);
	if (!status) {
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXFSZ, SIG_IGN);
		c.jobs = (unsigned int)(c.options.jobs.value < c.nrows ? c.options.jobs.value : c.nrows);
		if (c.nboots)
			status = prepare_boots(&c);
	}
	if (!status)
		status = open_outputs(&c);
	if (!status)
		status = known_open(&c.known, c.options.boot.known, c.options.boot.write_known);
	if (!status)
		status = run_all(&c);
	if (known_close(&c.known) && !status)
		status = STATUS_ENVIRONMENT;
	free_all(&c);
	free(operands);
	free(own);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_check = {
	"check", run_check, "[KERNEL]", "run a guest under every behaviour: a verdict each", options,
};
