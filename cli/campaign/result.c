/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/campaign/result.h"
#include "cli/opt.h"
#include "cli/output.h"
#include "cli/tdlab.h"

void result_count(struct result *r, const uint8_t *answers, uint32_t count)
{
	r->sequences++;
	for (uint32_t i = 0; i < count; i++)
		if (answers[i] < TD_ANSWER_KINDS)
			r->answers[answers[i]]++;
}

static struct result_finding *find(struct result *r, const char *name)
{
	for (uint32_t i = 0; i < r->nfindings; i++)
		if (strcmp(r->findings[i].name, name) == 0)
			return &r->findings[i];
	return NULL;
}

const struct result_finding *result_finding(const struct result *r, const char *name)
{
	for (uint32_t i = 0; i < r->nfindings; i++)
		if (strcmp(r->findings[i].name, name) == 0)
			return &r->findings[i];
	return NULL;
}

static void add_finding(struct result *r, const struct result_finding *new)
{
	struct result_finding *f = find(r, new->name);
	uint64_t sequences = new->sequences + (f ? f->sequences : 0);

	if (!f && r->nfindings == RESULT_FINDINGS)
		return;		/* there are fewer names than that */
	if (!f || new->length < f->length) {
		f = f ? f : &r->findings[r->nfindings++];
		*f = *new;
	}
	f->sequences = sequences;
}

void result_find(struct result *r, const char *name, const char *detail, const uint8_t *answers, uint32_t count)
{
	struct result_finding new = { .sequences = 1, .length = count };

	snprintf(new.name, sizeof(new.name), "%s", name);
	snprintf(new.detail, sizeof(new.detail), "%s", detail);
	memcpy(new.shortest, answers, count);
	add_finding(r, &new);
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
	if (a->to_shared != b->to_shared)
		return "the direction";
	if (a->pages != b->pages)
		return "the pages";
	if (a->depth != b->depth)
		return "the depth";
	if (a->stalls != b->stalls)
		return "the stalls";
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
	to->successes += from->successes;
	to->states |= from->states;
	to->seconds += from->seconds;
	to->cpu += from->cpu;
	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		to->answers[i] += from->answers[i];
	for (uint32_t i = 0; i < from->nfindings; i++)
		add_finding(to, &from->findings[i]);
	if (from->verdict > to->verdict)
		to->verdict = from->verdict;
	if (from->verdict != RESULT_PASS || !*to->afterwards)
		memcpy(to->afterwards, from->afterwards, sizeof(to->afterwards));
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
