/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sim/estimate.h"

static void leave(struct estimate *e, uint32_t level)
{
	if (e->width[level] != 0 && e->taken[level] < TD_ANSWER_KINDS) {
		e->seen[level][e->taken[level]].sequences += e->below[level];
		e->seen[level][e->taken[level]].times++;
	}
	e->below[level] = 0;
	e->width[level] = 0;
}

void estimate_add(struct estimate *e, const uint8_t *taken, const uint8_t *width, uint32_t count)
{
	uint32_t n = count < ESTIMATE_LEVELS ? count : ESTIMATE_LEVELS, same = 0;

	while (same < n && e->width[same] != 0 && e->taken[same] == taken[same])
		same++;
	for (uint32_t level = same; level < ESTIMATE_LEVELS; level++)
		leave(e, level);
	for (uint32_t level = 0; level < n; level++) {
		e->taken[level] = taken[level];
		e->width[level] = width[level];
		e->below[level]++;
	}
	e->sequences++;
}

/* Of choices at this level that were more than an end. */
static double bushy(const struct estimate *e, uint32_t level)
{
	uint64_t sequences = e->below[level], times = 1;

	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		if (e->seen[level][i].sequences > e->seen[level][i].times) {
			sequences += e->seen[level][i].sequences;
			times += e->seen[level][i].times;
		}
	return (double)sequences / (double)times;
}

/* What is to be expected of a choice: as it was here before, an end if it was one below, else like its neighbours. */
static double expected(const struct estimate *e, uint32_t level, unsigned int choice)
{
	if (choice >= TD_ANSWER_KINDS)
		return 1;
	if (e->seen[level][choice].times != 0)
		return (double)e->seen[level][choice].sequences / (double)e->seen[level][choice].times;
	for (uint32_t l = level + 1; l < ESTIMATE_LEVELS - 1; l++)
		if (e->seen[l][choice].times != 0)
			return e->seen[l][choice].sequences == e->seen[l][choice].times ? 1 : bushy(e, level);
	return bushy(e, level);
}

double estimate_total(const struct estimate *e)
{
	double total = (double)e->sequences;

	for (uint32_t level = 0; level < ESTIMATE_LEVELS && e->width[level] != 0; level++)
		for (unsigned int choice = e->taken[level] + 1u; choice < e->width[level]; choice++)
			total += expected(e, level, choice);
	return total;
}
