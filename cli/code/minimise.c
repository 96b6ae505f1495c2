/* SPDX-License-Identifier: MIT */
/* The shortest sequence that still shows what a given one shows: each candidate is run in a process of its own. */
#include <stdio.h>
#include <string.h>

#include "cli/campaign/ddmin.h"
#include "sim/child.h"
#include "cli/code/tally.h"

static void shown(void *kind, const struct result_finding *f)
{
	*(int *)kind = (int)f->kind;
}

/* What the sequence shows, 0 being nothing; after a complaint a negative status. */
static int what_shows(struct search *s, const uint8_t *answers, uint32_t count)
{
	struct td_choices from = { .named = count };
	int kind = TD_V_NONE, status;

	memcpy(from.answer, answers, count);
	memset(s->tally, 0, sizeof(*s->tally));
	s->depth = count;
	status = search_status(s, search(s, from));
	if (status)
		return -status;
	tally_each(s->tally, shown, &kind);
	return kind;
}

static int minimise(struct search *s, struct ddmin *d, int wanted)
{
	uint8_t candidate[TD_EXPLORE_DEPTH];
	uint32_t count;

	while (child_signal() == 0 && ddmin_candidate(d, candidate, &count)) {
		int shown = what_shows(s, candidate, count);

		if (shown < 0)
			return -shown;
		ddmin_result(d, shown == wanted && child_signal() == 0);
	}
	return what_shows(s, d->best, d->count) == wanted ? 0 : complain(STATUS_ENVIRONMENT, "it does not show it each time");
}

static int report(const struct search *search, const struct ddmin *d)
{
	struct campaign campaign = { 0 };
	struct search s = *search;
	bool done = false;
	struct result r;
	int status;

	code_of(&s)->campaign = &campaign;
	if (campaign_open(&campaign, &s, &done))
		return STATUS_ENVIRONMENT;
	campaign_result(&s, child_signal() == 0, &r);
	if (!code_of(&s)->options->boot.json)
		printf("minimised  %u candidates tried\n", d->tried);
	status = campaign_report(&s, &r);
	return status == STATUS_FAIL ? STATUS_PASS : status;
}

int code_minimise(const struct explore_options *o, const uint8_t *answers, uint32_t count, const char *name)
{
	struct code code;
	struct search s;
	int status, shown;
	char text[ANSWERS_TEXT];
	const char *shows;
	struct ddmin d;

	child_catch_signals();
	status = search_open(&code, o);
	if (status)
		return status;
	s = search_of(&code, 0);
	s.only = s.replay = true;
	s.tally = search_tallies();
	if (s.tally == NULL)
		return STATUS_ENVIRONMENT;
	shown = what_shows(&s, answers, count);
	if (shown < 0)
		return -shown;
	if (child_signal())
		return complain(STATUS_SIGNAL + child_signal(), "interrupted before anything was tried");
	answers_text(answers, count, text);
	shows = shown ? td_violation_name((unsigned int)shown) : "nothing";
	if (shown == 0 || (*name && strcmp(name, shows) != 0))
		return complain(STATUS_INPUT, "%s: it shows %s%s%s", text, shows, *name ? ", not " : "", name);
	ddmin_begin(&d, answers, count);
	status = minimise(&s, &d, shown);
	return status ? status : report(&s, &d);
}
