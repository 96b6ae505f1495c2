/* SPDX-License-Identifier: MIT */
/* Results as test cases, for CI: TAP, and JUnit's XML. */
#ifndef CLI_CASES_H
#define CLI_CASES_H

#include <stddef.h>

#include "cli/output.h"
#include "cli/verdict/verdict.h"

struct test_case {
	const char *name;
	const char *label;	/* behind the name in TAP, or "" */
	bool done;		/* else it was not run */
	enum verdict verdict;
	const char *why;
	const char *replay;	/* the command that runs it again, or NULL */
	double seconds;
};

/* One line, and comments if it is not good; the plan is the caller's. number: from 1. */
void case_tap(const struct test_case *one, size_t number);

/* Opens what --junit names; NULL: nothing. Returns 0, or a status after a complaint. */
int cases_junit_open(struct output *output, const char *path);

/*
 * Writes and closes it, if it is open. suite: what ran; class: the guest. seconds: all in all. Returns 0, or a status
 * after a complaint.
 */
int cases_junit(struct output *output, const char *suite, const char *class, const struct test_case *all, size_t count,
		double seconds);

#endif
