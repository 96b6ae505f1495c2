/* SPDX-License-Identifier: MIT */
/*
 * Counts results in what a program prints: TAP, and the kernel's KTAP, which is nested ([linux:ktap.rst]). Lines of
 * other kinds are anybody's. It makes no verdict: a program's exit status is its own.
 */
#ifndef CLI_KTAP_H
#define CLI_KTAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KTAP_NAME	120

struct ktap {
	bool seen;			/* a version or a plan: else a line that begins with "ok" is prose */
	uint64_t passed, failed, skipped;	/* a result that sums up those indented before it is not counted again */
	uint64_t planned, results;	/* of the outermost tests */
	char first_failed[KTAP_NAME];
	size_t deep;			/* indentation of the last result; outermost: 0 */
	bool quoted;			/* "# TAP version": the results of a test that kselftest ran */
	char line[512];			/* under way; what is longer is cut */
	size_t length;
};

void ktap_feed(struct ktap *ktap, const char *data, size_t bytes);
void ktap_end(struct ktap *ktap);	/* a last line may have no end */

/* Tests that a plan promised, and of which nothing came. */
uint64_t ktap_missing(const struct ktap *ktap);

#endif
