/* SPDX-License-Identifier: MIT */
/* Replay files, and answers in words: what is taken can be written, and reads the same. tests/corpus/replay. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/campaign/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void there_and_back(const struct result *r)
{
	static struct result again;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return;
	result_json(r, out);
	fclose(out);
	if (result_parse(&again, text, bytes) != NULL || result_differs(&r->of, &again.of) != NULL ||
	    r->nfindings != again.nfindings || r->states != again.states || r->last.depth != again.last.depth)
		abort();
	free(text);
}

static void answers(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes + 1), back[ANSWERS_TEXT], wrong[32];
	uint8_t answer[TD_EXPLORE_DEPTH];
	uint32_t count;

	memcpy(text, data, bytes);
	text[bytes] = '\0';
	if (answers_parse(text, answer, &count, wrong)) {
		answers_text(answer, count, back);
		if (strcmp(text, back) != 0)
			abort();
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct result r;

	if (result_parse(&r, (const char *)data, bytes) == NULL)
		there_and_back(&r);
	answers(data, bytes);
	return 0;
}
