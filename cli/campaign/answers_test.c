/* SPDX-License-Identifier: MIT */
/* Which answers a guest has to live through. */
#include <stdio.h>

#define tap_puts(text) fputs(text, stdout)
#include "cli/campaign/answers.h"
#include "tests/tap.h"

static bool honest(const char *text, uint32_t more)
{
	uint8_t answers[TD_EXPLORE_DEPTH];
	uint32_t count;
	char wrong[32];

	return answers_parse(text, answers, &count, wrong) && answers_honest(answers, count, more);
}

int main(void)
{
	tap_ok(answers_honest(NULL, 0, 0), "none");
	tap_ok(honest("ok", 0) && honest("first", 0) && honest("half", 0) && honest("last", 0), "progress");
	tap_ok(honest("stall,stall,stall,first,stall,stall,stall,ok", 0), "three stalls at each frontier");
	tap_ok(!honest("first,stall,stall,stall,stall", 0), "four");
	tap_ok(honest("stall", 2) && honest("stall,stall,stall", 0), "three to the end");
	tap_ok(!honest("stall", 3) && !honest("stall,stall,stall", 1), "four, of which some were not chosen");
	tap_ok(honest("stall,half", 100), "what follows progress is willing");
	for (uint8_t answer = TD_ANSWER_END; answer < TD_ANSWER_KINDS; answer++) {
		uint8_t answers[] = { TD_ANSWER_FIRST, answer };

		tap_ok(!answers_honest(answers, 2, 0), answer_name(answer));
	}
	return tap_done();
}
