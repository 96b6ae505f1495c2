/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/campaign/result.h"
#include "cli/opt.h"
#include "cli/output.h"
#include "cli/tdlab.h"
#include "sim/shapes.h"
#include "cli/verdict/known.h"

void result_count(struct result *r, const uint8_t *answers, uint32_t count)
{
	r->sequences++;
	for (uint32_t i = 0; i < count; i++)
		if (answers[i] < TD_ANSWER_KINDS)
			r->answers[answers[i]]++;
}

const struct result_finding *result_finding(const struct result *r, const char *name)
{
	for (uint32_t i = 0; i < r->nfindings; i++)
		if (strcmp(td_violation_name(r->findings[i].kind), name) == 0)
			return &r->findings[i];
	return NULL;
}

uint64_t result_mismatches(const struct result *r)
{
	uint64_t sequences = 0;

	for (uint32_t i = 0; i < r->nfindings; i++)
		sequences += r->findings[i].kind == TD_V_MODEL_MISMATCH ? r->findings[i].sequences : 0;
	return sequences;
}

uint32_t result_known(struct result *r, struct known *known, const char *guest)
{
	char text[ANSWERS_TEXT];
	uint32_t new = 0;

	for (uint32_t i = 0; i < r->nfindings; i++) {
		struct result_finding *f = &r->findings[i];
		uint32_t met = 0;

		for (uint32_t n = 0; n < f->ways.count; n++) {
			const char *why;

			answers_text(f->ways.all[n].answers, f->ways.all[n].length, text);
			why = known_find(known, guest, text, f->kind, f->cause);
			f->known = f->known ? f->known : why;
			met += why != NULL;
		}
		f->known = met == f->ways.count && !f->ways.more ? f->known : NULL;
		new += f->known == NULL;
	}
	if (r->complete)
		known_tried_answers(known, guest, r->answers, r->of.depth);
	return new;
}

static bool is_before(const struct result_finding *a, const struct result_finding *b)
{
	return a->cause != b->cause ? a->cause < b->cause : a->kind < b->kind;
}

static uint32_t first_length(const struct result_finding *f)
{
	return f->ways.count ? f->ways.all[0].length : UINT32_MAX;
}

static void join(struct result_finding *f, const struct result_finding *more)
{
	f->sequences += more->sequences;
	if (more->ways.shape > f->ways.shape)
		return;
	if (more->ways.shape < f->ways.shape) {
		f->ways = more->ways;
		memcpy(f->detail, more->detail, sizeof(f->detail));
		return;
	}
	f->ways.more |= more->ways.more;
	if (first_length(more) < first_length(f))
		memcpy(f->detail, more->detail, sizeof(f->detail));
	for (uint32_t i = 0; i < more->ways.count; i++)
		ways_add(&f->ways, more->ways.all[i].answers, more->ways.all[i].length);
}

void result_find(struct result *r, const struct result_finding *new)
{
	uint32_t at = 0;

	while (at < r->nfindings && is_before(&r->findings[at], new))
		at++;
	if (at < r->nfindings && !is_before(new, &r->findings[at])) {
		join(&r->findings[at], new);
		return;
	}
	if (r->nfindings == RESULT_FINDINGS)
		return;		/* there are fewer than that */
	memmove(&r->findings[at + 1], &r->findings[at], (r->nfindings++ - at) * sizeof(*new));
	r->findings[at] = *new;
}

bool result_option_add(struct result_options *options, const char *word)
{
	size_t bytes = strlen(word) + 1;

	if (bytes > sizeof(options->text) - options->bytes)
		return false;
	memcpy(options->text + options->bytes, word, bytes);
	options->bytes += (uint32_t)bytes;
	return true;
}

const char *result_option_next(const struct result_options *options, const char *word)
{
	const char *next = word ? word + strlen(word) + 1 : options->text;

	return next < options->text + options->bytes ? next : NULL;
}

const char *result_differs(const struct result_of *a, const struct result_of *b)
{
	if (strcmp(a->version, b->version) != 0)
		return "the version of tdlab";
	if (strcmp(a->engine, b->engine) != 0)
		return "the engine";
	if (strcmp(a->digest, b->digest) != 0 || (!*a->digest && strcmp(a->guest, b->guest) != 0))
		return "the guest";
	if (strcmp(a->conditions, b->conditions) != 0)
		return "the conditions";
	if (a->options.bytes != b->options.bytes || memcmp(a->options.text, b->options.text, a->options.bytes) != 0)
		return "the options";
	if (a->to_shared != b->to_shared)
		return "the direction";
	if (a->at != b->at)
		return "the place of the request";
	if (a->pages != b->pages)
		return "the pages";
	if (a->depth != b->depth)
		return "the depth";
	if (a->stalls != b->stalls)
		return "the stalls";
	if (strcmp(a->model, b->model) != 0)
		return "the model";
	if (a->random != b->random || a->seed != b->seed)
		return "the seed or number of random sequences";
	return a->shards != b->shards ? "the number of shards" : NULL;
}

void result_add(struct result *to, const struct result *from)
{
	to->sequences += from->sequences;
	to->calls += from->calls;
	to->tdcalls += from->tdcalls;
	to->cut += from->cut;
	to->in_unit += from->in_unit;
	to->successes += from->successes;
	to->states |= from->states;
	to->seconds += from->seconds;
	to->cpu += from->cpu;
	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		to->answers[i] += from->answers[i];
	for (uint32_t i = 0; i < from->nfindings; i++)
		result_find(to, &from->findings[i]);
	if (!*to->incomplete)
		memcpy(to->incomplete, from->incomplete, sizeof(to->incomplete));
	if (from->verdict > to->verdict)
		to->verdict = from->verdict;
	if (from->verdict != VERDICT_PASS || !*to->afterwards)
		memcpy(to->afterwards, from->afterwards, sizeof(to->afterwards));
}

uint64_t result_at(const struct result_of *of, const struct result_finding *f)
{
	return f->ways.shape ? sim_shape_of(f->ways.shape - 1, of->align).at : of->at;
}

uint64_t result_pages(const struct result_of *of, const struct result_finding *f)
{
	return f->ways.shape ? sim_shape_of(f->ways.shape - 1, of->align).pages : of->pages;
}

const char *result_not_given(const struct result *r)
{
	static char text[160];

	return !r->of.shards && answers_not_given(r->answers, r->of.to_shared, text) ? text : NULL;
}

bool result_shard(const char *text, uint32_t *shard, uint32_t *shards)
{
	const char *slash = strchr(text, '/');
	uint64_t i, n;
	char first[16];

	if (!slash || (size_t)(slash - text) >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
	if (!opt_number(first, &i) || !opt_number(slash + 1, &n) || i == 0 || i > n || n > UINT32_MAX / 2)
		return false;
	*shard = (uint32_t)i;
	*shards = (uint32_t)n;
	return true;
}

int result_save(const struct result *r, const char *path)
{
	struct output output;
	int error = output_open(&output, path);

	if (!error) {
		result_json(r, output.out);
		error = output_close(&output);
	}
	return error ? complain(STATUS_ENVIRONMENT, "%s cannot be written: %s", path, strerror(error)) : 0;
}
