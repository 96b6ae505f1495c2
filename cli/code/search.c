/* SPDX-License-Identifier: MIT */
/* Guest code under every sequence of answers, or under one: from options to a search, and to its report. */
#include <string.h>

#include "cli/code/tally.h"
#include "cli/file.h"
#include "cli/vmm/inject.h"
#include "cli/vmm/rule.h"
#include "sim/child.h"

int search_status(const struct search *s, int status)
{
	if (status == SEARCH_NO_JOURNAL)
		return complain(STATUS_ENVIRONMENT, "--journal %s: %s", code_of(s)->options->boot.journal,
				strerror(s->journal_error));
	if (status == SEARCH_NO_PROCESS)
		return complain(STATUS_ENVIRONMENT, "no memory or no process for the guest code");
	if (status == SEARCH_SECOND_THREAD)
		return complain(STATUS_INPUT, "--harness %s: %s", code_of(s)->options->harness, SEARCH_THREAD_TEXT);
	if (status == SEARCH_THREAD_LEFT)
		return complain(STATUS_INPUT, "--harness %s: %s", code_of(s)->options->harness, SEARCH_LEFT_TEXT);
	return status;
}

static int load(void *arg)
{
	return code_load(arg);
}

static bool changes_registers_only(struct td_rule rule)
{
	bool changes = rule.registers != TD_REGISTERS_KEPT;

	rule.registers = TD_REGISTERS_KEPT;
	return changes && rule_flags(&rule) == 0;
}

/* What is said to MapGPA is the search's to choose; all else that a VMM does can be added. */
static int injected(const struct opt_list *list, struct td_behaviour *b)
{
	struct behaviour all = { 0 };
	int status = behaviour_inject(&all, list);

	for (uint32_t i = 0; i < all.packed.nrules && !status; i++)
		if (all.packed.rules[i].on == TD_ON_MAPGPA && !changes_registers_only(all.packed.rules[i]))
			status = complain(STATUS_INPUT, "--inject %s: a search chooses what MapGPA is answered: here it is accept:..., "
					  "or mapgpa:registers=changed", list->items[i]);
	*b = all.packed;
	b->implicit = TD_IMPLICIT_VE;
	behaviour_free(&all);
	return status;
}

int search_open(struct code *code, const struct explore_options *o)
{
	int status = code_open(code, o, SIM_PAGES);

	if (!status)
		status = injected(&o->boot.inject, &code->behaviour);
	if (!status && code->behaviour.contain)
		code->job.expect = SIM_CONTAIN;
	return status;
}

struct search search_of(struct code *code, uint32_t depth)
{
	const struct explore_options *o = code->options;

	return (struct search){ .job = &code->job, .platform = code->platform, .behaviour = code->behaviour,
				.depth = depth, .load = load, .arg = code,
				.random = o->random.value, .seed = explore_seed(o),
				.journal = -1 };
}

struct tally *search_tallies(void)
{
	struct tally *t = tally_new();

	if (t == NULL)
		complain(STATUS_ENVIRONMENT, "no memory for the results");
	return t;
}

/* name: of the finding that a replay is to show, or "". */
static int search_reported(struct search *s, struct td_choices from, const char *name)
{
	struct result result;
	bool done = false;
	int status = code_journal(code_of(s), &s->journal);

	if (!status && s->replay && s->journal < 0)	/* its steps are shown */
		s->journal = file_memory("tdlab-steps", 0);
	s->tally = !status ? search_tallies() : NULL;
	if (s->tally == NULL)
		return status ? status : STATUS_ENVIRONMENT;
	status = campaign_open(code_of(s)->campaign, s, &done);
	if (!status && !done && sim_guest_has(code_of(s)->guest, code_of(s)->job.to_shared))
		status = search_status(s, search_all(s, from));
	if (status)
		return status;
	campaign_result(s, search_complete(s->tally), &result);
	status = campaign_report(s, done ? &code_of(s)->campaign->before : &result);
	if (*name && status < STATUS_SIGNAL && !result_finding(&result, name))
		status = complain(STATUS_INCONCLUSIVE, "%s did not come again", name);
	return status;
}

static int check_numbers(const struct explore_options *o)
{
	if (o->depth.given && (o->depth.value == 0 || o->depth.value > TD_EXPLORE_DEPTH))
		return complain(STATUS_INPUT, "--depth %s: from 1 to %d", o->depth.text, TD_EXPLORE_DEPTH);
	if (!o->match)
		return 0;
	if (o->boot.inject.count != 0)
		return complain(STATUS_INPUT, "--inject is for a search: not with --match");
	if (o->shard != NULL || o->state != NULL)
		return complain(STATUS_INPUT, "--shard and --state are for a search: not with --match");
	if (o->tap || o->junit)
		return complain(STATUS_INPUT, "--tap and --junit are for a search: not with --match");
	if (o->random.given || o->harness != NULL)
		return complain(STATUS_INPUT, "--match is about all sequences of a --guest: %s", o->harness != NULL ?
				"what a harness remembers is not known" : "not with --random");
	return 0;
}

int code_explore(const struct explore_options *o)
{
	struct code code;
	struct campaign campaign = { 0 };
	struct search s;
	int status = check_numbers(o);

	child_catch_signals();
	if (!status)
		status = search_open(&code, o);
	if (status)
		return status;
	s = search_of(&code, o->depth.given ? (uint32_t)o->depth.value : SIM_DEPTH);
	code.campaign = &campaign;
	s.shapes = !o->at.given && !o->pages.given;
	status = o->match ? code_match(&code) : search_reported(&s, (struct td_choices){ 0 }, "");
	output_drop(&campaign.junit);	/* if nothing was reported */
	return status;
}

int code_replay(const struct explore_options *o, const uint8_t *answers, uint32_t count, const char *name)
{
	struct code code;
	struct campaign campaign = { 0 };
	struct search s;
	struct td_choices from = { .named = count };
	int status;

	child_catch_signals();
	memcpy(from.answer, answers, count);
	status = search_open(&code, o);
	if (status)
		return status;
	s = search_of(&code, count);
	code.campaign = &campaign;
	s.only = s.replay = true;
	return search_reported(&s, from, name);
}
