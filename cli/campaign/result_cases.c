/* SPDX-License-Identifier: MIT */
/* What was explored, as test cases for CI. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/campaign/result.h"
#include "cli/cases.h"
#include "cli/tdlab.h"

/* The whole is good if nothing but its findings is wrong with it. */
static enum verdict rest(const struct result *r)
{
	for (uint32_t i = 0; r->verdict == VERDICT_FAIL && i < r->nfindings; i++)
		if (!r->findings[i].known)
			return r->complete ? VERDICT_PASS : VERDICT_INCONCLUSIVE;
	return r->verdict;
}

int result_cases(const struct result *r, const char *why, bool tap, struct output *junit)
{
	struct test_case all[RESULT_FINDINGS + 1] = { 0 };
	char names[RESULT_FINDINGS + 1][sizeof(r->of.guest) + 64], *again[RESULT_FINDINGS] = { NULL };
	uint32_t n = r->nfindings;
	int status;

	snprintf(names[n], sizeof(names[n]), "%s to %s: all answers given", r->of.guest,
		 r->of.to_shared ? "shared" : "private");
	all[n] = (struct test_case){ .name = names[n], .label = "", .done = true, .verdict = rest(r),
				     .why = *r->incomplete ? r->incomplete : why, .seconds = r->seconds };
	for (uint32_t i = 0; i < n; i++) {
		const struct result_finding *f = &r->findings[i];

		snprintf(names[i], sizeof(names[i]), "%s to %s: no %s (%s)", r->of.guest, r->of.to_shared ? "shared" : "private",
			 td_violation_name(f->kind), td_cause_name(f->cause));
		again[i] = strcmp(r->of.engine, "process") == 0 ? result_again(&r->of, f) : NULL;
		all[i] = (struct test_case){ .name = names[i], .label = "", .done = true, .why = f->known ? f->known : f->detail,
					     .verdict = f->known ? VERDICT_KNOWN : VERDICT_FAIL, .replay = again[i] };
	}
	if (tap)
		printf("1..%u\n", n + 1);
	for (uint32_t i = 0; tap && i <= n; i++)
		case_tap(&all[i], i + 1);
	status = cases_junit(junit, "tdlab explore", r->of.guest, all, n + 1, r->seconds);
	for (uint32_t i = 0; i < n; i++)
		free(again[i]);
	return status;
}
