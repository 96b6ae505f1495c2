/* SPDX-License-Identifier: MIT */
/* A result in JSON and in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/campaign/result.h"
#include "cli/words.h"
#include "sim/shapes.h"

static void add_options(char **text, const struct result_options *options)
{
	for (const char *word = NULL; (word = result_option_next(options, word));)
		add_word(text, word);
}

char *result_options_text(const struct result_options *options)
{
	char *text = xprintf("%s", "");

	add_options(&text, options);
	return text;
}

char *result_again(const struct result_of *of, const struct result_finding *f)
{
	char *text = command_line("replay"), answers[ANSWERS_TEXT];

	answers_text(f->ways.all[0].answers, f->ways.all[0].length, answers);
	add_word(&text, *answers ? answers : answer_name(TD_ANSWER_OK));
	add_option(&text, *of->digest ? "--harness" : "--guest", of->guest);
	if (!of->to_shared)
		add_word(&text, "--to-private");
	if (of->stalls != TD_STALLS) {
		snprintf(answers, sizeof(answers), "%lu", of->stalls);
		add_option(&text, "--stalls", answers);
	}
	add_options(&text, &of->options);
	snprintf(answers, sizeof(answers), "0x%lx", result_at(of, f));
	add_option(&text, "--at", answers);
	snprintf(answers, sizeof(answers), "%lu", result_pages(of, f));
	add_option(&text, "--pages", answers);
	return text;
}

static bool is_process(const struct result_of *of)
{
	return strcmp(of->engine, "process") == 0;
}

void result_finding_json(json_t *json, const struct result_of *of, const struct result_finding *f)
{
	json_t *row = json_add_object(json, NULL), *minimal;
	char text[ANSWERS_TEXT];
	char *again;

	json_add_text(row, "name", td_violation_name(f->kind));
	json_add_text(row, "class", td_cause_name(f->cause));
	json_add_number(row, "sequences", f->sequences);
	answers_text(f->ways.all[0].answers, f->ways.all[0].length, text);
	json_add_text(row, "shortest", text);
	minimal = json_add_array(row, "minimal");
	for (uint32_t i = 0; i < f->ways.count; i++) {
		answers_text(f->ways.all[i].answers, f->ways.all[i].length, text);
		json_add_text(minimal, NULL, text);
	}
	json_add_bool(row, "more", f->ways.more);
	json_add_text(row, "shape", f->ways.shape ? sim_shapes[f->ways.shape - 1].name : NULL);
	if (is_process(of)) {
		json_add_hex(row, "at", result_at(of, f));
		json_add_number(row, "pages", result_pages(of, f));
		again = result_again(of, f);
		json_add_text(row, "again", again);
		free(again);
	}
	json_add_text(row, "detail", f->detail);
	json_add_text(row, "known", f->known);
}

static void findings_json(json_t *json, const char *key, const struct result *r, bool mismatch)
{
	json_t *list = json_add_array(json, key);

	for (uint32_t i = 0; i < r->nfindings; i++)
		if ((r->findings[i].kind == TD_V_MODEL_MISMATCH) == mismatch)
			result_finding_json(list, &r->of, &r->findings[i]);
}

static void of_json(json_t *json, const struct result_of *of)
{
	json_t *options;
	char shard[32];

	json_add_text(json, "version", of->version);
	json_add_text(json, "engine", of->engine);
	json_add_text(json, "guest", of->guest);
	json_add_text(json, "digest", of->digest);
	json_add_text(json, "conditions", of->conditions);
	options = json_add_array(json, "options");
	for (const char *word = NULL; (word = result_option_next(&of->options, word));)
		json_add_text(options, NULL, word);
	json_add_hex(json, "at", of->at);
	json_add_number(json, "pages", of->pages);
	json_add_number(json, "align", of->align);
	json_add_text(json, "direction", of->to_shared ? "shared" : "private");
	json_add_number(json, "depth", of->depth);
	json_add_number(json, "stalls", of->stalls);
	json_add_text(json, "model", of->model);
	json_add_number(json, "random", of->random);
	json_add_number(json, "seed", of->seed);
	snprintf(shard, sizeof(shard), "%u/%u", of->shard, of->shards);
	json_add_text(json, "shard", of->shards ? shard : NULL);
}

static void coverage_json(json_t *json, const struct result *r)
{
	char name[32];
	json_t *answers = json_add_object(json, "answers"), *states;

	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		json_add_number(answers, answer_name(i), r->answers[i]);
	states = json_add_array(json, "states");
	for (unsigned int bit = 0; bit < 64; bit++)
		if ((r->states >> bit & 1) && states_name(bit, name))
			json_add_text(states, NULL, name);
}

static void last_json(json_t *json, const struct search_last *last)
{
	json_t *object, *taken;

	if (!last->any) {
		json_add_text(json, "last", NULL);
		return;
	}
	object = json_add_object(json, "last");
	taken = json_add_array(object, "taken");
	for (uint32_t i = 0; i < last->depth; i++)
		json_add_number(taken, NULL, last->taken[i]);
	json_add_number(object, "shape", last->shape);
	json_add_number(object, "dealt", last->dealt);
	json_add_number(object, "number", last->number);
	json_add_bool(object, "ours", last->ours);
}

void result_json(const struct result *r, FILE *out)
{
	json_t *json = json_object();

	json_add_text(json, "schema", RESULT_SCHEMA);
	of_json(json, &r->of);
	json_add_bool(json, "complete", r->complete);
	json_add_text(json, "incomplete", *r->incomplete ? r->incomplete : NULL);
	json_add_hex(json, "gpa", r->gpa);
	json_add_number(json, "sequences", r->sequences);
	json_add_number(json, "calls", r->calls);
	json_add_number(json, "tdcalls", r->tdcalls);
	json_add_number(json, "cut", r->cut);
	json_add_number(json, "in_unit", r->in_unit);
	json_add_number(json, "model_successes", r->successes);
	json_add_number(json, "mismatches", result_mismatches(r));
	coverage_json(json, r);
	findings_json(json, "violations", r, false);
	findings_json(json, "mismatch", r, true);
	json_add_seconds(json, "seconds", r->seconds);
	json_add_seconds(json, "cpu_seconds", r->cpu);
	json_add_text(json, "afterwards", *r->afterwards ? r->afterwards : NULL);
	if (!r->complete)
		last_json(json, &r->last);
	json_add_text(json, "verdict", verdict_name(r->verdict));
	json_print(json, out);
}

/* In their order: at how many answers each. */
static void shapes_text(const struct result_of *of)
{
	for (unsigned int i = 0; !of->pages && i < SIM_SHAPES; i++) {
		const struct sim_shape shape = sim_shape_of(i, of->align);

		if (shape.pages)
			printf("%s%s (%u at 0x%lx, %u)", i ? ", " : "shapes     ", shape.name, shape.pages, shape.at,
			       sim_shape_depth(&shape, (uint32_t)of->depth));
	}
	if (!of->pages)
		printf("\n");
}

static void states_text(uint64_t states)
{
	const char *between = "";
	char name[32];

	printf("states     ");
	for (unsigned int bit = 0; bit < 64; bit++)
		if ((states >> bit & 1) && states_name(bit, name)) {
			printf("%s%s", between, name);
			between = ", ";
		}
	printf("\n");
}

static void rate_text(const struct result *r)
{
	printf("%.1f s", r->seconds);
	if (r->seconds > 0)
		printf(", %.0f a second", (double)r->sequences / r->seconds);
	if (r->cpu > 0)
		printf(", %.0f a CPU second", (double)r->sequences / r->cpu);
	printf("\n");
}

/* What was asked for is too small for some answers. */
static void not_tried_text(uint64_t pages, bool to_shared)
{
	const char *between = "not tried  ";

	for (unsigned int i = 0; pages != 0 && i < TD_ANSWER_KINDS; i++)
		if (!td_explore_possible((enum td_answer)i, pages, to_shared) &&
		    td_explore_possible((enum td_answer)i, UINT64_MAX, to_shared)) {
			printf("%s%s", between, answer_name(i));
			between = ", ";
		}
	if (*between == ',')
		printf(": a request of %lu page%s does not tell them from others\n", pages, pages == 1 ? "" : "s");
}

void result_finding_text(const struct result_of *of, const struct result_finding *f)
{
	char text[ANSWERS_TEXT];
	char *again;

	printf("finding    %s (%s) in %lu sequence%s: %s\n", td_violation_name(f->kind), td_cause_name(f->cause),
	       f->sequences, f->sequences == 1 ? "" : "s", f->detail);
	for (uint32_t i = 0; i < f->ways.count; i++) {
		answers_text(f->ways.all[i].answers, f->ways.all[i].length, text);
		printf("           %-8s %s\n", i ? "or" : "minimal", *text ? text : "(no answer is needed)");
	}
	if (f->ways.more)
		printf("           there may be others: not all could be kept\n");
	if (f->ways.shape)
		printf("           shape    %s: %lu pages at 0x%lx\n", sim_shapes[f->ways.shape - 1].name, result_pages(of, f),
		       result_at(of, f));
	if (is_process(of)) {
		again = result_again(of, f);
		printf("           again    %s\n", again);
		free(again);
	}
	if (f->known)
		printf("           known:   %s\n", f->known);
}

static void conditions_text(const struct result_of *of)
{
	char *options = result_options_text(&of->options);

	if (*of->conditions || *options)
		printf("conditions%s%s%s\n", *of->conditions ? " " : "", of->conditions, options);
	free(options);
}

void result_text(const struct result *r)
{
	if (r->of.pages)
		printf("explored   %lu pages to %s", r->of.pages, r->of.to_shared ? "shared" : "private");
	else
		printf("explored   several shapes to %s", r->of.to_shared ? "shared" : "private");
	if (r->of.shards)
		printf(", shard %u/%u", r->of.shard, r->of.shards);
	if (!r->complete)
		printf(", incomplete");
	printf(": %lu %ssequences of up to %lu answers, %lu MapGPA", r->sequences, r->of.random ? "random " : "",
	       r->of.depth, r->calls);
	if (r->tdcalls)
		printf(", %lu TDCALLs", r->tdcalls);
	printf(", ");
	rate_text(r);
	printf("answers   ");
	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		printf(" %s %lu%s", answer_name(i), r->answers[i], i + 1 < TD_ANSWER_KINDS ? "," : "\n");
	not_tried_text(r->of.pages, r->of.to_shared);
	shapes_text(&r->of);
	if (result_not_given(r) && r->sequences > 1)
		printf("never given %s\n", result_not_given(r));
	states_text(r->states);
	for (uint32_t i = 0; i < r->nfindings; i++)
		result_finding_text(&r->of, &r->findings[i]);
	if (is_process(&r->of))
		conditions_text(&r->of);
	if (r->in_unit)
		printf("note       %lu sequences asked for memory outside the request, within the guest's unit\n", r->in_unit);
	if (*r->incomplete)
		printf("incomplete %s\n", r->incomplete);
}

void result_report(const struct result *r)
{
	printf("guest      %s\n", r->of.guest);
	result_text(r);
	if (*r->afterwards)
		printf("afterwards %s\n", r->afterwards);
	printf("verdict    %s\n", verdict_name(r->verdict));
}
