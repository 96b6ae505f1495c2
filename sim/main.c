/* SPDX-License-Identifier: MIT */
/*
 * tdlab-sim: guest code in this process under every answer that a VMM can give. A program of its own, because td has
 * one engine per program, and so that guest code that crashes takes nothing else with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/opt.h"
#include "sim/load.h"
#include "sim/sequence.h"

#define MAX_DEPTH	TD_EXPLORE_DEPTH
#define HANG_S		5
#define POLL_US		20000
#define MAX_DEATHS	20
#define FIELD(name)	offsetof(struct options, name)
#define CRASH		SIM_FINDING_KINDS	/* two findings that only a parent process can make */
#define HANG		(SIM_FINDING_KINDS + 1)
#define FINDINGS	(SIM_FINDING_KINDS + 2)

struct options {
	const char *guest, *harness, *replay;
	struct opt_number pages, depth, random, seed, stalls;
	bool to_private, json;
};

static const struct opt option_table[] = {
	{ "guest", OPT_TEXT, FIELD(guest), "NAME", "libtdconv or a toy with a known defect [libtdconv]" },
	{ "harness", OPT_FILE, FIELD(harness), "FILE", "shared object with guest code of your own (sim/harness.h)" },
	{ "pages", OPT_NUMBER, FIELD(pages), "N", "of the conversion [8]" },
	{ "depth", OPT_NUMBER, FIELD(depth), "N", "answers chosen in one sequence [6]" },
	{ "to-private", OPT_FLAG, FIELD(to_private), NULL, "convert to private [to shared]" },
	{ "random", OPT_NUMBER, FIELD(random), "N", "so many sequences drawn at random instead of all" },
	{ "seed", OPT_NUMBER, FIELD(seed), "N", "of --random [1]" },
	{ "stalls", OPT_NUMBER, FIELD(stalls), "N", "RETRYs without progress in a row that a harness must survive [2]" },
	{ "replay", OPT_TEXT, FIELD(replay), "ANSWERS", "one sequence, such as first,stall,ok" },
	{ "json", OPT_FLAG, FIELD(json), NULL, "report as JSON" },
	{ 0 },
};

/* Shared with the process that runs the guest, so that what it did is known when it is gone. */
struct tally {
	uint64_t sequences, tdcalls, calls;
	uint64_t found[FINDINGS];
	uint64_t answers[TD_ANSWER_KINDS];
	struct td_choices now;			/* of the sequence that runs; where a process starts */
	struct td_choices first[FINDINGS];	/* the shortest sequence of each finding */
	uint32_t resumed;			/* processes that died before this one */
	bool done;
};

static const char *const answer_names[] = {
#define TD_ANSWER(id, name, meaning) [TD_ANSWER_##id] = name,
	TD_ANSWERS(TD_ANSWER)
#undef TD_ANSWER
};

static const char *finding_name(unsigned int f)
{
	return f == CRASH ? "crash" : f == HANG ? "hang" : sim_finding_name((enum sim_finding)f);
}

static const char *finding_sentence(unsigned int f)
{
	if (f == CRASH)
		return "the guest code crashed";
	return f == HANG ? "the guest code did not come back" : sim_finding_sentence((enum sim_finding)f);
}

static void sequence_text(const struct td_choices *c, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < c->at && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? "," : "", answer_names[c->answer[i]]);
}

static int parse_replay(const char *text, struct td_choices *c)
{
	char *copy = xprintf("%s", text), *rest = copy, *word;

	while ((word = strsep(&rest, ",")) != NULL) {
		unsigned int answer = 0;

		while (answer < TD_ANSWER_KINDS && strcmp(answer_names[answer], word) != 0)
			answer++;
		if (answer == TD_ANSWER_KINDS || c->named == MAX_DEPTH)
			return complain(STATUS_INPUT, "--replay: no answer \"%s\": tdlab list answers names them", word);
		c->answer[c->named++] = (uint8_t)answer;
	}
	free(copy);
	c->depth = c->fixed = c->named;
	return 0;
}

/* The shortest sequence of each finding is kept. */
static void note(struct tally *t, unsigned int finding, const struct td_choices *c)
{
	if (t->found[finding]++ == 0 || c->at < t->first[finding].at)
		t->first[finding] = *c;
}

static void one(struct sim *sim, const struct sim_job *job, struct tally *t)
{
	const struct td_choices *c = td_explore_choices(sim->td);

	note(t, sim_sequence(sim, job), c);
	t->sequences++;
	t->tdcalls += sim->tdcalls;
	t->calls += c->at + c->cut;
	for (uint32_t i = 0; i < c->at; i++)
		t->answers[c->answer[i]]++;
}

/* The child: from where the tally stands to the end. */
static void work(const struct options *o, uint32_t depth, const struct sim_job *job, struct tally *t)
{
	static const struct td_behaviour willing = { .implicit = TD_IMPLICIT_VE };
	struct sim *sim = sim_new(sim_job_pages(job), &willing);
	struct td_choices *c;

	if (sim == NULL || !sim_prepare(sim, job))
		_exit(STATUS_ENVIRONMENT);
	td_explore_begin(sim->td, depth);
	c = td_explore_choices(sim->td);
	*c = t->now;
	c->limit = depth;
	sim->watch = &t->now;
	if (o->random.value != 0) {
		c->random = c->random != 0 ? c->random : (o->seed.value + 1) * 0x9e3779b97f4a7c15ull;
		for (; t->sequences < o->random.value; c->depth = 0)
			one(sim, job, t);
	} else if (t->resumed == 0 || td_explore_next(sim->td)) {
		do
			one(sim, job, t);
		while (td_explore_next(sim->td));
	}
	t->done = true;
	_exit(0);
}

/* True: the child came to its end by itself, done or dead. */
static bool wait_for(pid_t child, struct tally *t)
{
	uint64_t seen = ~0ull;
	unsigned int quiet = 0;

	while (waitpid(child, NULL, WNOHANG) == 0) {
		quiet = t->sequences == seen ? quiet + 1 : 0;
		seen = t->sequences;
		if (quiet > HANG_S * 1000000 / POLL_US) {
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
			return false;
		}
		usleep(POLL_US);
	}
	return true;
}

/* A guest that crashes or hangs does so under one sequence: a finding; the next process goes on behind it. */
static int explore(const struct options *o, uint32_t depth, const struct sim_job *job, struct tally *t)
{
	t->done = false;
	for (t->resumed = 0; !t->done && t->resumed < MAX_DEATHS; t->resumed++) {
		bool ended;
		pid_t child;

		fflush(stdout);
		child = fork();
		if (child < 0)
			return complain(STATUS_ENVIRONMENT, "cannot start a process for the guest code");
		if (child == 0)
			work(o, depth, job, t);
		ended = wait_for(child, t);
		if (t->done)
			break;
		t->sequences++;
		note(t, ended ? CRASH : HANG, &t->now);
	}
	return 0;
}

/* The same at every smaller depth first: what is found there is shorter, and nothing shorter is to be had. */
static int shorten(const struct options *o, const struct sim_job *job, struct tally *t, struct tally *small)
{
	int status = 0;

	for (uint32_t depth = 1; !status && depth < o->depth.value; depth++) {
		memset(small, 0, sizeof(*small));
		status = explore(o, depth, job, small);
		for (unsigned int f = 1; f < FINDINGS; f++)
			if (t->found[f] != 0 && small->found[f] != 0 && small->first[f].at < t->first[f].at)
				t->first[f] = small->first[f];
	}
	return status;
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static uint64_t bad(const struct tally *t)
{
	uint64_t n = 0;

	for (unsigned int f = 1; f < FINDINGS; f++)
		n += t->found[f];
	return n;
}

static void report_text(const struct sim_job *job, const struct tally *t, double seconds)
{
	char text[TD_EXPLORE_DEPTH * 16];

	printf("guest      %s: %s\n", job->guest->name, job->guest->what);
	printf("explored   %u pages to %s: %lu sequences, %lu MapGPA, %lu TDCALLs, %.1f s, %.0f a second\n", job->pages,
	       job->to_shared ? "shared" : "private", t->sequences, t->calls, t->tdcalls, seconds,
	       (double)t->sequences / seconds);
	printf("answers   ");
	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		printf(" %s %lu%s", answer_names[i], t->answers[i], i + 1 < TD_ANSWER_KINDS ? "," : "\n");
	for (unsigned int f = 1; f < FINDINGS; f++) {
		if (t->found[f] == 0)
			continue;
		sequence_text(&t->first[f], text, sizeof(text));
		printf("finding    %s in %lu sequences: %s\n", finding_name(f), t->found[f], finding_sentence(f));
		printf("           shortest: --replay %s\n", text);
	}
	printf("verdict    %s\n", bad(t) ? "fail" : "pass: nothing to find");
}

static void report_json(const struct sim_job *job, const struct tally *t, double seconds)
{
	struct json json = { .out = stdout, .indent = true };
	char text[TD_EXPLORE_DEPTH * 16];

	json_object(&json, NULL);
	json_text(&json, "schema", "tdlab.sim/1");
	json_text(&json, "guest", job->guest->name);
	json_number(&json, "pages", job->pages);
	json_text(&json, "direction", job->to_shared ? "shared" : "private");
	json_number(&json, "sequences", t->sequences);
	json_number(&json, "calls", t->calls);
	json_number(&json, "tdcalls", t->tdcalls);
	json_seconds(&json, "seconds", seconds);
	json_array(&json, "findings");
	for (unsigned int f = 1; f < FINDINGS; f++) {
		if (t->found[f] == 0)
			continue;
		sequence_text(&t->first[f], text, sizeof(text));
		json_object(&json, NULL);
		json_text(&json, "name", finding_name(f));
		json_number(&json, "sequences", t->found[f]);
		json_text(&json, "shortest", text);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_text(&json, "verdict", bad(t) ? "fail" : "pass");
	json_object_end(&json);
}

static int find_guest(const struct options *o, struct sim_guest *guest)
{
	const char *wrong;

	if (o->harness != NULL) {
		wrong = harness_load(o->harness, (uint32_t)o->stalls.value, guest);
		return wrong != NULL ? complain(STATUS_INPUT, "--harness %s: %s", o->harness, wrong) : 0;
	}
	*guest = sim_library;
	if (strcmp(o->guest, sim_library.name) == 0)
		return 0;
	for (const struct sim_guest *const *toy = sim_toys; *toy != NULL; toy++)
		if (strcmp(o->guest, (*toy)->name) == 0) {
			*guest = **toy;
			return 0;
		}
	complain(STATUS_INPUT, "--guest %s: there are libtdconv and", o->guest);
	for (const struct sim_guest *const *toy = sim_toys; *toy != NULL; toy++)
		fprintf(stderr, "  %-16s %s\n", (*toy)->name, (*toy)->what);
	return STATUS_INPUT;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options o = { .guest = "libtdconv", .pages.value = 8, .depth.value = 6, .stalls.value = 2,
			     .seed.value = 1 };
	char **operands = xcalloc((size_t)argc + 1, sizeof(*operands));
	int noperands, status = opt_parse(verb, argc, argv, &o, operands, &noperands);
	struct td_choices from = { 0 };
	struct sim_guest guest;
	struct sim_job job = { .guest = &guest };
	struct timespec start;
	struct tally *t;
	double seconds;

	free(operands);
	if (!status && noperands > 0)
		status = complain(STATUS_INPUT, "tdlab-sim takes options only: see tdlab-sim --help");
	if (!status && (o.pages.value == 0 || o.pages.value > SIM_MAX_PAGES / 2))
		status = complain(STATUS_INPUT, "--pages %lu: from 1 to %d", o.pages.value, SIM_MAX_PAGES / 2);
	if (!status && (o.depth.value == 0 || o.depth.value > MAX_DEPTH))
		status = complain(STATUS_INPUT, "--depth %lu: from 1 to %d", o.depth.value, MAX_DEPTH);
	if (!status && o.replay != NULL) {
		status = parse_replay(o.replay, &from);
		o.depth.value = from.named;
	}
	if (!status)
		status = find_guest(&o, &guest);
	if (status)
		return status < 0 ? STATUS_PASS : status;
	t = mmap(NULL, 2 * sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t == MAP_FAILED)
		return complain(STATUS_ENVIRONMENT, "no memory for the results");
	job.pages = (uint32_t)o.pages.value;
	job.to_shared = !o.to_private;
	t->now = from;
	clock_gettime(CLOCK_MONOTONIC, &start);
	status = explore(&o, (uint32_t)o.depth.value, &job, t);
	seconds = seconds_since(&start);
	if (!status && bad(t) && o.replay == NULL && o.random.value == 0)
		status = shorten(&o, &job, t, t + 1);
	if (status)
		return status;
	if (o.json)
		report_json(&job, t, seconds);
	else
		report_text(&job, t, seconds);
	return bad(t) ? STATUS_FAIL : STATUS_PASS;
}

static const struct verb verb_sim = {
	"", run, "", "give guest code in a process every answer a VMM can give", option_table,
};
const struct verb *const verbs[] = { &verb_sim, NULL };

int main(int argc, char **argv)
{
	return run(&verb_sim, argc, argv);
}
