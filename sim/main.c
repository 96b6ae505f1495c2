/* SPDX-License-Identifier: MIT */
/*
 * tdlab-sim: guest code in this process under every answer that a VMM can give, or under one behaviour. A program of
 * its own, because td has one engine per program, and so that guest code that crashes takes nothing else with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/file.h"
#include "sim/child.h"
#include "sim/load.h"
#include "sim/options.h"

#define FIELD(name)	offsetof(struct options, name)
#define SEARCH_PAGES	8
#define MOST_PAGES	32768
#define VMM_PAGES	MOST_PAGES	/* so much that each of our behaviours has something to do */

static const struct opt option_table[] = {
	{ "guest", OPT_TEXT, FIELD(guest), "NAME", "libtdconv, linux, or a toy with a known defect [libtdconv]" },
	{ "guests", OPT_FLAG, FIELD(guests), NULL, "list them, or try to load --harness" },
	{ "harness", OPT_FILE, FIELD(harness), "FILE", "shared object with guest code of your own (sim/harness.h)" },
	{ "pages", OPT_NUMBER, FIELD(pages), "N", "of the conversion [8; with --vmm 32768]" },
	{ "to-private", OPT_FLAG, FIELD(to_private), NULL, "convert to private [to shared]" },
	{ "vmm", OPT_BEHAVIOUR, FIELD(vmm), "NAME[:PARAMETER=VALUE,...]", "one run under this behaviour, no more" },
	{ "inject", OPT_LIST, FIELD(inject), "CALL:KEY=VALUE...", "a fault on top of --vmm [complete]" },
	{ "behaviours", OPT_FOLDER, FIELD(behaviours), "DIR", "where the files of --vmm are" },
	{ "depth", OPT_NUMBER, FIELD(depth), "N", "answers chosen in one sequence [6]" },
	{ "match", OPT_FLAG, FIELD(match), NULL, "go on from equal states once, and without --depth to every sequence's end" },
	{ "random", OPT_NUMBER, FIELD(random), "N", "so many sequences drawn at random instead of all" },
	{ "seed", OPT_NUMBER, FIELD(seed), "N", "of --random, and of the chances that a behaviour takes [1]" },
	{ "stalls", OPT_NUMBER, FIELD(stalls), "N", "RETRYs without progress in a row that a guest has to live through [3]" },
	{ "shard", OPT_TEXT, FIELD(shard), "I/N", "only this part of all sequences, for tdlab merge" },
	{ "state", OPT_FILE, FIELD(state), "FILE", "keeps what is done; go on from there if it exists" },
	{ "replay", OPT_TEXT, FIELD(replay), "ANSWERS", "one sequence, such as first,stall,ok" },
	{ "journal", OPT_FILE, FIELD(journal), "FILE", "of --replay: what happened, for tdlab trace" },
	{ "minimise", OPT_TEXT, FIELD(minimise), "ANSWERS", "the shortest that still shows what this sequence shows" },
	{ "finding", OPT_TEXT, FIELD(finding), "NAME", "of --minimise: what it is to show [what it does show]" },
	{ "known", OPT_FILE, FIELD(known), "FILE", "findings that are known and explained are expected" },
	{ "write-known", OPT_FILE, FIELD(write_known), "FILE", "write what was found, to be explained" },
	{ "json", OPT_FLAG, FIELD(json), NULL, "report as JSON" },
	{ 0 },
};

struct loading {
	const struct options *options;
	struct sim_guest *guest;
};

static int load(void *arg)
{
	const struct loading *l = arg;

	return options_load(l->options, l->guest);
}

/* A harness is loaded and no more, in a process of its own: that runs code of it. guest is memory that both see. */
static int try_harness(const struct options *o, struct sim_guest *guest)
{
	struct loading loading = { o, guest };
	uint64_t beat = 0;
	int status = 0;

	switch (child_run(load, &loading, &beat, NULL, &status)) {
	case CHILD_BACK:
		break;
	case CHILD_NONE:
		return complain(STATUS_ENVIRONMENT, "no process for the guest code");
	case CHILD_INTERRUPTED:
		return STATUS_SIGNAL + child_signal();
	case CHILD_HUNG:
		return complain(STATUS_INPUT, "--harness %s: it does not come back from being loaded", o->harness);
	default:
		return complain(STATUS_INPUT, "--harness %s: it crashes when it is loaded", o->harness);
	}
	if (!status && guest->old_names && (o->guests || !o->json))	/* not for each row of tdlab check */
		narrate("%s: convert() and accept() are names of tdlab 0.1: call them tdlab_convert() and tdlab_accept()",
			o->harness);
	return status;
}

static int list_guests(void)
{
	for (const struct sim_guest *const *g = sim_guests; *g != NULL; g++)
		printf("%-16s %s\n", (*g)->name, (*g)->what);
	return STATUS_PASS;
}

static int find_guest(const struct options *o, struct sim_guest *guest)
{
	if (o->harness != NULL) {
		*guest = (struct sim_guest){ .name = o->harness, .what = "a harness" };
		return try_harness(o, guest);
	}
	for (const struct sim_guest *const *g = sim_guests; *g != NULL; g++)
		if (strcmp(o->guest, (*g)->name) == 0) {
			*guest = **g;
			return 0;
		}
	for (const struct sim_guest *const *g = sim_broken; *g != NULL; g++)
		if (strcmp(o->guest, (*g)->name) == 0) {
			*guest = **g;
			return 0;
		}
	return complain(STATUS_INPUT, "--guest %s: no such guest: see tdlab-sim --guests", o->guest);
}

int options_load(const struct options *o, struct sim_guest *guest)
{
	const char *wrong;
	uint64_t bytes;
	int fd;

	if (o->harness == NULL)
		return 0;
	fd = file_open(o->harness, "--harness", &bytes);	/* dlopen() would wait for a pipe */
	if (fd < 0)
		return STATUS_INPUT;
	close(fd);
	wrong = harness_load(o->harness, guest);
	return wrong != NULL ? complain(STATUS_INPUT, "--harness %s: %s", o->harness, wrong) : 0;
}

static int check(const struct options *o, int noperands)
{
	if (noperands > 0)
		return complain(STATUS_INPUT, "tdlab-sim takes options only: see tdlab-sim --help");
	if (o->pages.value == 0 || o->pages.value > MOST_PAGES)
		return complain(STATUS_INPUT, "--pages %s: from 1 to %d", o->pages.text, MOST_PAGES);
	if (o->depth.value == 0 || o->depth.value > TD_EXPLORE_DEPTH)
		return complain(STATUS_INPUT, "--depth %s: from 1 to %d", o->depth.text, TD_EXPLORE_DEPTH);
	if (o->vmm != NULL && (o->replay != NULL || o->random.given || o->depth.given))
		return complain(STATUS_INPUT, "--vmm is one run: --depth, --random and --replay are about many");
	if (o->journal != NULL && o->replay == NULL)
		return complain(STATUS_INPUT, "--journal is of one sequence: with --replay");
	if ((o->replay != NULL || o->vmm != NULL || o->minimise != NULL || o->match) && (o->shard != NULL || o->state != NULL))
		return complain(STATUS_INPUT, "--shard and --state are for a search");
	if (o->match && (o->replay != NULL || o->random.given || o->vmm != NULL || o->harness != NULL))
		return complain(STATUS_INPUT, "--match is about all sequences of a --guest: %s",
				o->harness != NULL ? "what a harness remembers is not known" :
				"not with --vmm, --random or --replay");
	return 0;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options o = { .guest = "libtdconv", .depth.value = 6, .stalls.value = TD_STALLS, .seed.value = 1 };
	char **operands = xcalloc((size_t)argc + 1, sizeof(*operands));
	struct sim_guest *guest = mmap(NULL, sizeof(*guest), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sim_job job = { .guest = guest };
	int noperands, status = opt_parse(verb, argc, argv, &o, operands, &noperands);

	free(operands);
	if (status < 0)
		return STATUS_PASS;
	if (guest == MAP_FAILED)
		return complain(STATUS_ENVIRONMENT, "no memory for the guest code");
	if (!status && o.guests && o.harness == NULL)
		return list_guests();
	if (o.inject.count > 0 && o.vmm == NULL)
		o.vmm = "complete";
	if (!o.pages.given)
		o.pages.value = o.vmm != NULL ? VMM_PAGES : SEARCH_PAGES;
	if (!status)
		status = check(&o, noperands);
	if (!status)
		status = find_guest(&o, guest);
	if (status)
		return status;
	if (o.guests) {
		printf("%-16s a harness\n", o.harness);
		return STATUS_PASS;
	}
	job.pages = (uint32_t)o.pages.value;
	job.to_shared = !o.to_private;
	job.stalls = (uint32_t)o.stalls.value;
	if (o.vmm != NULL)
		return run_vmm(&o, &job, guest);
	if (o.minimise != NULL)
		return run_minimise(&o, &job, guest);
	return o.match ? run_states(&o, &job, guest) : run_search(&o, &job, guest);
}

static const struct verb verb_sim = {
	"", run, "", "give guest code in a process every answer a VMM can give", option_table,
};
const struct verb *const verbs[] = { &verb_sim, NULL };

int main(int argc, char **argv)
{
	program_name = "tdlab-sim";
	program_called = argc > 0 && *argv[0] ? argv[0] : program_name;
	descriptors_fill();
	child_catch_signals();
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	return delivered(run(&verb_sim, argc, argv));
}
