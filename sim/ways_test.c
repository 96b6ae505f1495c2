/* SPDX-License-Identifier: MIT */
/* What is kept of the sequences that show a finding: the minimal ones, the shortest first. */
#include <stdio.h>
#include <string.h>

#include "sim/ways.h"

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

static struct ways ways;

/* Adds one, and says what there is then. */
static const char *with(const char *words)
{
	static char text[WAYS * ANSWERS_TEXT];
	uint8_t answers[TD_EXPLORE_DEPTH];
	char wrong[32], one[ANSWERS_TEXT];
	uint32_t count;

	text[0] = '\0';
	if (!answers_parse(words, answers, &count, wrong))
		return wrong[0] != '\0' ? "no answers" : "too many";
	ways_add(&ways, answers, count);
	for (uint32_t i = 0; i < ways.count; i++) {
		answers_text(ways.all[i].answers, ways.all[i].length, one);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i > 0 ? " " : "", one);
	}
	return text;
}

static void is(const char *words, const char *all, const char *name)
{
	tap_ok(strcmp(with(words), all) == 0, name);
}

int main(void)
{
	static const char *const others[] = { "end", "beyond", "below", "zero", "unaligned", "invalid", "inuse" };

	is("first,stall,half", "first,stall,half", "the first one");
	is("first,ok,stall,half,ok", "first,stall,half", "one that has more between its answers is none");
	is("half,stall,first", "first,stall,half half,stall,first", "the same answers in another order are another");
	is("ok,ok,ok", "ok,ok,ok first,stall,half half,stall,first", "of one length, in the order of the answers");
	is("stall,half", "stall,half ok,ok,ok half,stall,first", "a shorter one takes the place of those that contain it");
	is("stall", "stall ok,ok,ok", "and of all of them");
	for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		with(others[i]);
	tap_ok(ways.count == WAYS && ways.more, "there is room for so many, and it is said that there were more");
	is("lie", "stall end beyond below zero unaligned invalid inuse", "a later one of the same length is left out");
	is("ok", "ok stall end beyond below zero unaligned invalid", "an earlier one is not");
	return tap_done();
}
