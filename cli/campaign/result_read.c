/* SPDX-License-Identifier: MIT */
/* A result, read back: it may come from anywhere, so everything is checked. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/campaign/result.h"
#include "cli/file.h"
#include "cli/tdlab.h"
#include "sim/shapes.h"

/* The first thing that is wrong stays. */
struct reader {
	char why[256];
};

static void wrong(struct reader *r, const char *key, const char *what)
{
	if (!*r->why)
		snprintf(r->why, sizeof(r->why), "\"%s\" %s", key, what);
}

static void get_text(struct reader *r, const json_t *object, const char *key, char *text, size_t bytes)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value) || json_string_length(value) >= bytes)
		wrong(r, key, "is missing, or no text of a size that can be");
	else
		memcpy(text, json_string_value(value), json_string_length(value) + 1);
}

static uint64_t get_number(struct reader *r, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		wrong(r, key, "is missing, or no number that counts");
	return (uint64_t)json_integer_value(value);
}

static bool get_bool(struct reader *r, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		wrong(r, key, "is missing, or neither true nor false");
	return json_is_true(value);
}

static double get_seconds(struct reader *r, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value) && !json_is_null(value))
		wrong(r, key, "is missing, or no number");
	return json_number_value(value);
}

/* One of the words. */
static unsigned int get_choice(struct reader *r, const json_t *object, const char *key, const char *const *words,
			       unsigned int count)
{
	const char *text = json_string_value(json_object_get(object, key));

	for (unsigned int i = 0; text && i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	wrong(r, key, "is missing, or has a value that there is not");
	return 0;
}

static void read_options(struct reader *r, const json_t *o, struct result_options *options)
{
	const json_t *words = json_object_get(o, "options");

	if (!json_is_array(words) || json_array_size(words) % 2 != 0)
		wrong(r, "options", "is missing, or no pairs of an option and its value");
	for (size_t i = 0; !*r->why && i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));

		if (!word || !result_option_add(options, word))
			wrong(r, "options", "has what is no text, or more than can be");
	}
}

static void read_of(struct reader *r, const json_t *o, struct result_of *of)
{
	static const char *const directions[] = { "private", "shared" };
	const json_t *shard = json_object_get(o, "shard");
	char at[32] = "";

	get_text(r, o, "version", of->version, sizeof(of->version));
	get_text(r, o, "engine", of->engine, sizeof(of->engine));
	get_text(r, o, "guest", of->guest, sizeof(of->guest));
	get_text(r, o, "digest", of->digest, sizeof(of->digest));
	get_text(r, o, "conditions", of->conditions, sizeof(of->conditions));
	read_options(r, o, &of->options);
	get_text(r, o, "at", at, sizeof(at));
	of->at = strtoull(at, NULL, 16);
	of->pages = get_number(r, o, "pages");
	of->align = get_number(r, o, "align");
	if (of->align % TDX_PAGE_SIZE != 0 || of->align > SIM_MAX_UNIT)
		wrong(r, "align", "is no size that a request can have");
	of->to_shared = get_choice(r, o, "direction", directions, 2) == 1;
	of->depth = get_number(r, o, "depth");
	of->stalls = get_number(r, o, "stalls");
	get_text(r, o, "model", of->model, sizeof(of->model));
	of->random = get_number(r, o, "random");
	of->seed = get_number(r, o, "seed");
	if (!json_is_null(shard) &&
	    (!json_is_string(shard) || !result_shard(json_string_value(shard), &of->shard, &of->shards)))
		wrong(r, "shard", "is missing, or not like \"2/4\"");
}

static void read_coverage(struct reader *r, const json_t *o, struct result *result)
{
	const json_t *answers = json_object_get(o, "answers"), *states = json_object_get(o, "states");
	char name[32];

	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		result->answers[i] = get_number(r, answers, answer_name(i));
	if (!json_is_array(states))
		wrong(r, "states", "is missing, or no list");
	for (size_t i = 0; i < json_array_size(states); i++) {
		const char *text = json_string_value(json_array_get(states, i));
		unsigned int bit = 0;

		while (bit < 64 && (!text || !states_name(bit, name) || strcmp(name, text) != 0))
			bit++;
		if (bit == 64)
			wrong(r, "states", "has a state that there is not");
		else
			result->states |= 1ull << bit;
	}
}

static void read_ways(struct reader *r, const json_t *item, struct ways *ways)
{
	const json_t *list = json_object_get(item, "minimal");
	uint8_t answers[TD_EXPLORE_DEPTH];
	char bad[32];
	uint32_t n;

	if (json_array_size(list) < 1 || json_array_size(list) > WAYS)
		wrong(r, "minimal", "is missing, or no list of a size that can be");
	for (size_t i = 0; !*r->why && i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text || (*text && !answers_parse(text, answers, &n, bad)))
			wrong(r, "minimal", "has an answer that there is not");
		else
			ways_add(ways, answers, *text ? n : 0);
	}
	ways->more = get_bool(r, item, "more");
}

static uint32_t read_shape(struct reader *r, const json_t *item)
{
	const json_t *shape = json_object_get(item, "shape");
	const char *name = json_string_value(shape);
	uint32_t i = 0;

	if (json_is_null(shape))
		return 0;
	while (i < SIM_SHAPES && name && strcmp(sim_shapes[i].name, name) != 0)
		i++;
	if (i == SIM_SHAPES || !name)
		wrong(r, "shape", "is none of those that there are");
	return i == SIM_SHAPES || !name ? 0 : i + 1;
}

static void read_finding(struct reader *r, const json_t *item, struct result_finding *f)
{
	static const char *names[TD_FINDING_KINDS], *causes[TD_CAUSES];

	for (unsigned int i = 0; i < TD_FINDING_KINDS; i++)
		names[i] = td_violation_name(i);
	for (unsigned int i = 0; i < TD_CAUSES; i++)
		causes[i] = td_cause_name(i);
	*f = (struct result_finding){ .kind = (enum td_violation)get_choice(r, item, "name", names, TD_FINDING_KINDS),
				      .cause = (enum td_cause)get_choice(r, item, "class", causes, TD_CAUSES),
				      .sequences = get_number(r, item, "sequences") };
	get_text(r, item, "detail", f->detail, sizeof(f->detail));
	f->ways.shape = read_shape(r, item);
	read_ways(r, item, &f->ways);
}

static void read_findings(struct reader *r, const json_t *o, const char *key, struct result *result)
{
	const json_t *list = json_object_get(o, key);
	struct result_finding finding;

	if (!json_is_array(list) || json_array_size(list) > RESULT_FINDINGS - result->nfindings)
		wrong(r, key, "is missing, or no list of a size that can be");
	for (size_t i = 0; !*r->why && i < json_array_size(list); i++) {
		read_finding(r, json_array_get(list, i), &finding);
		if (!*r->why)
			result_find(result, &finding);
	}
}

static void read_last(struct reader *r, const json_t *o, struct search_last *last)
{
	const json_t *object = json_object_get(o, "last"), *taken = json_object_get(object, "taken");

	last->any = !json_is_null(object);
	if (!last->any)
		return;
	if (!json_is_array(taken) || json_array_size(taken) > TD_EXPLORE_DEPTH)
		wrong(r, "taken", "is missing, or no list of a size that can be");
	for (size_t i = 0; !*r->why && i < json_array_size(taken); i++) {
		json_int_t choice = json_integer_value(json_array_get(taken, i));

		if (choice < 0 || choice >= TD_ANSWER_KINDS)
			wrong(r, "taken", "has a choice that there is not");
		last->taken[last->depth++] = (uint8_t)choice;
	}
	last->shape = (uint32_t)get_number(r, object, "shape");
	if (last->shape > SIM_SHAPES)
		wrong(r, "shape", "is none of those that there are");
	last->dealt = get_number(r, object, "dealt");
	last->number = get_number(r, object, "number");
	last->ours = get_bool(r, object, "ours");
}

static void read_result(struct reader *r, const json_t *o, struct result *result)
{
	const json_t *afterwards = json_object_get(o, "afterwards");
	char gpa[32] = "";

	read_of(r, o, &result->of);
	result->complete = get_bool(r, o, "complete");
	if (!json_is_null(json_object_get(o, "incomplete")))
		get_text(r, o, "incomplete", result->incomplete, sizeof(result->incomplete));
	get_text(r, o, "gpa", gpa, sizeof(gpa));
	result->gpa = strtoull(gpa, NULL, 16);
	result->sequences = get_number(r, o, "sequences");
	result->calls = get_number(r, o, "calls");
	result->tdcalls = get_number(r, o, "tdcalls");
	result->cut = get_number(r, o, "cut");
	result->in_unit = get_number(r, o, "in_unit");
	result->successes = get_number(r, o, "model_successes");
	result->seconds = get_seconds(r, o, "seconds");
	result->cpu = get_seconds(r, o, "cpu_seconds");
	read_coverage(r, o, result);
	read_findings(r, o, "violations", result);
	read_findings(r, o, "mismatch", result);
	if (!json_is_null(afterwards))
		get_text(r, o, "afterwards", result->afterwards, sizeof(result->afterwards));
	if (!result->complete)
		read_last(r, o, &result->last);
	result->verdict = (enum verdict)get_choice(r, o, "verdict", verdict_names, VERDICT_KINDS);
}

const char *result_parse(struct result *result, const char *text, size_t bytes)
{
	static struct reader r;
	json_error_t error;
	json_t *o = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	const char *schema = json_string_value(json_object_get(o, "schema"));

	*result = (struct result){ 0 };
	r.why[0] = '\0';
	if (!o)
		snprintf(r.why, sizeof(r.why), "no JSON: line %d: %s", error.line, error.text);
	else if (!schema || strncmp(schema, "tdlab.explore/", 14) != 0)
		snprintf(r.why, sizeof(r.why), "no result of tdlab explore: \"schema\" is not \"" RESULT_SCHEMA "\"");
	else if (strcmp(schema, RESULT_SCHEMA) != 0)
		snprintf(r.why, sizeof(r.why), "another version's: schema %.32s, this tdlab has " RESULT_SCHEMA, schema);
	else
		read_result(&r, o, result);
	if (!*r.why && strcmp(result->of.version, TDLAB_VERSION) != 0)
		snprintf(r.why, sizeof(r.why), "made by tdlab %s, this is " TDLAB_VERSION, result->of.version);
	json_decref(o);
	return *r.why ? r.why : NULL;
}

int result_read(struct result *result, const char *path)
{
	const char *why;
	uint8_t *data;
	size_t bytes;
	int status = file_read(path, "result", &data, &bytes);

	if (status)
		return status;
	why = result_parse(result, (const char *)data, bytes);
	free(data);
	return why ? complain(STATUS_INPUT, "%s: %s", path, why) : 0;
}
