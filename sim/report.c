/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "cli/json.h"
#include "sim/tally.h"

const char *answer_name(unsigned int answer)
{
	static const char *const names[] = {
#define TD_ANSWER(id, name, meaning) [TD_ANSWER_##id] = name,
		TD_ANSWERS(TD_ANSWER)
#undef TD_ANSWER
	};

	return names[answer];
}

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

static void sequence_text(const struct td_choices *c, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < c->at && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? "," : "", answer_name(c->answer[i]));
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
	char text[TD_EXPLORE_DEPTH * 16];

	for (unsigned int f = 1; f < FINDINGS; f++) {
		if (t->found[f] == 0)
			continue;
		sequence_text(&t->first[f], text, sizeof(text));
		printf("finding    %s in %lu sequences: %s\n", finding_name(f), t->found[f], finding_sentence(f));
		if (*text)
			printf("           shortest: --replay %s\n", text);
	}
}

void findings_json(struct json *json, const struct tally *t)
{
	char text[TD_EXPLORE_DEPTH * 16];

	json_array(json, "findings");
	for (unsigned int f = 1; f < FINDINGS; f++) {
		if (t->found[f] == 0)
			continue;
		sequence_text(&t->first[f], text, sizeof(text));
		json_object(json, NULL);
		json_text(json, "name", finding_name(f));
		json_number(json, "sequences", t->found[f]);
		json_text(json, "shortest", *text ? text : NULL);
		json_object_end(json);
	}
	json_array_end(json);
}

void tally_text(const struct sim_job *job, const struct tally *t)
{
	printf("guest      %s: %s\n", job->guest->name, job->guest->what);
	printf("explored   %u pages to %s: %lu sequences, %lu MapGPA, %lu TDCALLs, %.1f s, %.0f a second and core\n",
	       job->pages, job->to_shared ? "shared" : "private", t->sequences, t->calls, t->tdcalls, t->spent.wall,
	       (double)t->sequences / t->spent.cpu);
	printf("answers   ");
	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		printf(" %s %lu%s", answer_name(i), t->answers[i], i + 1 < TD_ANSWER_KINDS ? "," : "\n");
	findings_text(t);
	printf("verdict    %s\n", tally_bad(t) ? "fail" : "pass: nothing to find");
}

void tally_json(const struct sim_job *job, const struct tally *t)
{
	struct json json = { .out = stdout, .indent = true };

	json_object(&json, NULL);
	json_text(&json, "schema", "tdlab.sim/1");
	json_text(&json, "guest", job->guest->name);
	json_number(&json, "pages", job->pages);
	json_text(&json, "direction", job->to_shared ? "shared" : "private");
	json_number(&json, "sequences", t->sequences);
	json_number(&json, "calls", t->calls);
	json_number(&json, "tdcalls", t->tdcalls);
	json_seconds(&json, "seconds", t->spent.wall);
	json_seconds(&json, "cpu_seconds", t->spent.cpu);
	findings_json(&json, t);
	json_text(&json, "verdict", tally_bad(t) ? "fail" : "pass");
	json_object_end(&json);
}
