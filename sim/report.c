/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "cli/json.h"
#include "sim/tally.h"

const char *finding_name(unsigned int f)
{
	return f == FINDING_CRASH ? "crash" : f == FINDING_HANG ? "hang" : sim_finding_name((enum sim_finding)f);
}

const char *finding_sentence(unsigned int f)
{
	if (f == FINDING_CRASH)
		return "the guest code crashed";
	return f == FINDING_HANG ? "the guest code did not come back" : sim_finding_sentence((enum sim_finding)f);
}

uint64_t tally_bad(const struct tally *t)
{
	uint64_t n = 0;

	for (unsigned int f = 1; f < FINDINGS; f++)
		n += t->found[f];
	return n;
}

struct clocks clocks_now(void)
{
	struct timespec now;
	struct rusage used;

	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_CHILDREN, &used);
	return (struct clocks){ (double)now.tv_sec + (double)now.tv_nsec / 1e9,
				(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
				(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6 };
}

struct clocks clocks_since(const struct clocks *start)
{
	struct clocks now = clocks_now();

	return (struct clocks){ now.wall - start->wall, now.cpu - start->cpu };
}

void findings_text(const struct tally *t)
{
	char text[ANSWERS_TEXT];

	for (unsigned int f = 1; f < FINDINGS; f++) {
		if (t->found[f] == 0)
			continue;
		answers_text(t->first[f].answer, t->first[f].at, text);
		printf("finding    %s in %lu sequences: %s\n", finding_name(f), t->found[f], finding_sentence(f));
		if (*text)
			printf("           shortest: --replay %s\n", text);
	}
}

void findings_json(struct json *json, const struct tally *t)
{
	char text[ANSWERS_TEXT];

	json_array(json, "violations");
	for (unsigned int f = 1; f < FINDINGS; f++) {
		if (t->found[f] == 0)
			continue;
		answers_text(t->first[f].answer, t->first[f].at, text);
		json_object(json, NULL);
		json_text(json, "name", finding_name(f));
		json_number(json, "sequences", t->found[f]);
		json_text(json, "shortest", *text ? text : NULL);
		json_object_end(json);
	}
	json_array_end(json);
}
