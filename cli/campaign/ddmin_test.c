/* SPDX-License-Identifier: MIT */
/* Delta debugging: what is needed stays, what is not goes, and it comes to an end. */
#include <stdio.h>
#include <string.h>

#include "cli/campaign/ddmin.h"

#define tap_puts(s) fputs(s, stdout)
#include "wire/tap.h"

#define LENGTH	40
#define MOST	2000	/* candidates: LENGTH squared and some */

/* What is wanted: these answers, in this order, with anything in between. */
static bool shows(const uint8_t *answers, uint32_t count, const uint8_t *wanted, uint32_t n)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < count && found < n; i++)
		found += answers[i] == wanted[found];
	return found == n;
}

static uint32_t minimise(struct ddmin *d, const uint8_t *answers, uint32_t count, const uint8_t *wanted, uint32_t n)
{
	uint8_t candidate[TD_EXPLORE_DEPTH];
	uint32_t length, shortest = count;

	ddmin_begin(d, answers, count);
	while (ddmin_candidate(d, candidate, &length) && d->tried < MOST) {
		shortest = length < shortest ? length : shortest;
		ddmin_result(d, shows(candidate, length, wanted, n));
	}
	return shortest;
}

int main(void)
{
	uint8_t answers[LENGTH], wanted[] = { 3, 9, 3, 17 };
	uint32_t wrong = 0, endless = 0, empty = 0;
	struct ddmin d;

	/* Every way to place up to four answers that matter among others, coarsely. */
	for (uint32_t seed = 1; seed < 3000; seed++) {
		uint32_t n = 1 + seed % 4, length = n + seed % (LENGTH - n + 1), x = seed * 2654435761u, placed = 0;

		for (uint32_t i = 0; i < length; i++) {
			x = x * 1664525u + 1013904223u;
			answers[i] = n - placed == length - i || (placed < n && x >> 29 == 0) ? wanted[placed++] : 1;
		}
		empty += minimise(&d, answers, length, wanted, n) == 0;
		wrong += d.count != n || memcmp(d.best, wanted, n) != 0;
		endless += d.tried >= MOST;
	}
	tap_is(wrong, 0, "what is needed is what remains");
	tap_is(endless, 0, "... after a number of candidates that can be waited for");
	tap_is(empty, 0, "... of which none was empty");
	memset(answers, 5, sizeof(answers));
	minimise(&d, answers, LENGTH, wanted, 0);
	tap_is(d.count, 1, "if nothing is needed, one answer remains");
	return tap_done();
}
