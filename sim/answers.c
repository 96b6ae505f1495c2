/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "sim/answers.h"
#include "td/td.h"

static const char *const names[] = {
#define TD_ANSWER(id, name, ...) [TD_ANSWER_##id] = name,
	TD_ANSWERS(TD_ANSWER)
#undef TD_ANSWER
};

const char *answer_name(unsigned int answer)
{
	return answer < TD_ANSWER_KINDS ? names[answer] : "?";
}

void answers_text(const uint8_t *answers, uint32_t count, char text[ANSWERS_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < count && used < ANSWERS_TEXT; i++)
		used += (size_t)snprintf(text + used, ANSWERS_TEXT - used, "%s%s", i ? "," : "", answer_name(answers[i]));
}

static unsigned int number_of(const char *word, size_t length)
{
	unsigned int answer = 0;

	while (answer < TD_ANSWER_KINDS &&
	       (strlen(names[answer]) != length || strncmp(names[answer], word, length) != 0))
		answer++;
	return answer;
}

bool answers_parse(const char *text, uint8_t answers[TD_EXPLORE_DEPTH], uint32_t *count, char wrong[32])
{
	const char *word = text;

	*count = 0;
	wrong[0] = '\0';
	for (;; word++) {
		size_t length = strcspn(word, ",");
		unsigned int answer = number_of(word, length);

		if (answer == TD_ANSWER_KINDS)
			snprintf(wrong, 32, "%.*s", (int)(length < 31 ? length : 31), word);
		if (answer == TD_ANSWER_KINDS || *count == TD_EXPLORE_DEPTH)
			return false;
		answers[(*count)++] = (uint8_t)answer;
		word += length;
		if (*word == '\0')
			return true;
	}
}

bool answers_not_given(const uint64_t given[TD_ANSWER_KINDS], bool to_shared, char text[160])
{
#define ANSWER_CLASS_NAME(id, name) name,
	static const char *const classes[] = { TD_ANSWER_CLASSES(ANSWER_CLASS_NAME) };
	uint64_t times[TD_ANSWER_CLASS_KINDS] = { 0 };
	size_t used = 0;

	for (unsigned int i = 0; i < TD_ANSWER_KINDS; i++)
		times[td_explore_class((enum td_answer)i)] += given[i];
	times[TD_ANSWERS_ACCEPT] += to_shared;	/* nothing is accepted */
	for (unsigned int i = 0; i < TD_ANSWER_CLASS_KINDS; i++)
		if (times[i] == 0)
			used += (size_t)snprintf(text + used, 160 - used, "%s%s", used ? ", " : "", classes[i]);
	return used != 0;
}

void answers_misplaced(uint32_t number, unsigned int answer, char text[200])
{
	snprintf(text, 200, "answer %u, %s, was not given: what the guest did there has no place for it", number,
		 answer_name(answer));
}

const char *states_name(unsigned int bit, char text[32])
{
	static const char *const real[] = {
		[TD_REAL_MAPPED] = "mapped", [TD_REAL_PENDING] = "pending", [TD_REAL_SHARED] = "shared",
		[TD_REAL_REMOVED] = "removed",
	};
	static const char *const known[] = {
		[TD_KNOWN_PRIVATE] = "private", [TD_KNOWN_CLAIMED_SHARED] = "claimed-shared",
		[TD_KNOWN_CLAIMED_PRIVATE] = "claimed-private", [TD_KNOWN_TO_SHARED] = "to-shared",
		[TD_KNOWN_TO_PRIVATE] = "to-private", [TD_KNOWN_UNKNOWN] = "unknown",
	};
	unsigned int r = bit / TD_EXPLORE_STATE(1, 0), k = bit % TD_EXPLORE_STATE(1, 0);

	if (r >= sizeof(real) / sizeof(real[0]) || k >= sizeof(known) / sizeof(known[0]) || !real[r] || !known[k])
		return NULL;
	snprintf(text, 32, "%s/%s", real[r], known[k]);
	return text;
}
