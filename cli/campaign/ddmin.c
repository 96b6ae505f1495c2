/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/campaign/ddmin.h"

void ddmin_begin(struct ddmin *d, const uint8_t *answers, uint32_t count)
{
	*d = (struct ddmin){ .count = count, .part = (count + 1) / 2 };
	memcpy(d->best, answers, count);
}

/* To the next place, or the next round: the same again if it brought something, else with smaller parts. */
static bool next_part(struct ddmin *d)
{
	while (d->count > 1) {
		if (d->part >= d->count)
			d->part = d->count / 2;
		if (d->at < d->count)
			return true;
		if (!d->shorter && d->part == 1)
			return false;
		if (!d->shorter)
			d->part = (d->part + 1) / 2;
		d->at = 0;
		d->shorter = false;
	}
	return false;
}

static uint32_t part_here(const struct ddmin *d)
{
	return d->part < d->count - d->at ? d->part : d->count - d->at;
}

bool ddmin_candidate(struct ddmin *d, uint8_t candidate[TD_EXPLORE_DEPTH], uint32_t *count)
{
	uint32_t part;

	if (!next_part(d))
		return false;
	part = part_here(d);
	memcpy(candidate, d->best, d->at);
	memcpy(candidate + d->at, d->best + d->at + part, d->count - d->at - part);
	*count = d->count - part;
	d->tried++;
	return true;
}

void ddmin_result(struct ddmin *d, bool shows)
{
	uint32_t part = part_here(d);

	if (!shows) {
		d->at += part;
		return;
	}
	memmove(d->best + d->at, d->best + d->at + part, d->count - d->at - part);
	d->count -= part;
	d->shorter = true;
}
