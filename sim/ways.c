/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sim/ways.h"

#define WRITTEN_OUT 12	/* answers: what is repeated beyond that, a loop without end, is not shown */

static bool contains(const struct way *w, const struct way *part)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < w->length && found < part->length; i++)
		found += w->answers[i] == part->answers[found];
	return found == part->length;
}

static bool is_before(const struct way *a, const struct way *b)
{
	return a->length != b->length ? a->length < b->length : memcmp(a->answers, b->answers, a->length) < 0;
}

static void drop(struct ways *ways, uint32_t at)
{
	memmove(&ways->all[at], &ways->all[at + 1], (--ways->count - at) * sizeof(ways->all[0]));
}

bool ways_begin(struct ways *ways, uint32_t shape)
{
	if (ways->count == 0)
		ways->shape = shape;
	return ways->shape == shape;
}

void ways_add(struct ways *ways, const uint8_t *answers, uint32_t length)
{
	struct way new = { .length = length };
	uint32_t at = 0;

	memcpy(new.answers, answers, length);
	for (uint32_t i = 0; i < ways->count; i++)
		if (contains(&new, &ways->all[i]))
			return;
	for (uint32_t i = ways->count; i > 0; i--)
		if (contains(&ways->all[i - 1], &new))
			drop(ways, i - 1);
	while (at < ways->count && is_before(&ways->all[at], &new))
		at++;
	ways->more |= ways->count == WAYS;
	if (at == WAYS)
		return;
	ways->count -= ways->count == WAYS;
	memmove(&ways->all[at + 1], &ways->all[at], (ways->count++ - at) * sizeof(new));
	ways->all[at] = new;
}

void ways_add_cut(struct ways *ways, const uint8_t *answers, uint32_t length, uint32_t cut)
{
	uint8_t all[TD_EXPLORE_DEPTH];

	memcpy(all, answers, length);
	if (length > 0 && cut <= WRITTEN_OUT && length + cut <= WRITTEN_OUT && td_explore_is_fruitless(answers[length - 1]))
		for (uint8_t last = answers[length - 1]; cut > 0; cut--)
			all[length++] = last;
	ways_add(ways, all, length);
}
