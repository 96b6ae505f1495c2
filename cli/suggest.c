/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "cli/suggest.h"

#define LONGEST 63	/* of what is compared; longer words are not typing errors of ours */

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein's distance with swaps of neighbours. */
unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int rows[3][LONGEST + 1];
	unsigned int *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t na = strlen(a), nb = strlen(b);

	if (na > LONGEST || nb > LONGEST)
		return (unsigned int)(na > nb ? na : nb);
	for (size_t j = 0; j <= nb; j++)
		last[j] = (unsigned int)j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[nb];
}

const char *suggest(const char *word, const char *const *names, size_t count)
{
	unsigned int best = UINT32_MAX, distance;
	const char *near = NULL;

	for (size_t i = 0; i < count; i++) {
		distance = strcasecmp(word, names[i]) == 0 ? 0 : edit_distance(word, names[i]);
		if (distance < best) {
			best = distance;
			near = names[i];
		}
	}
	return near && best <= 1 + strlen(word) / 3 && best < strlen(near) ? near : NULL;
}
