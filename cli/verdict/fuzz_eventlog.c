/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer harness of the event log and of the lines that it comes in: both are a guest's words. Memory is allocated
 * to the byte, so that the sanitizer sees the first one beyond.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/verdict/measured.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* There is no TD to compare with. */
const uint8_t *td_mrtd(const struct td *td)
{
	return td->own;
}

const uint8_t *td_rtmr(const struct td *td, unsigned int index)
{
	return (const uint8_t *)td->own + index;
}

/* The log's own events have their bytes in it, one behind the other. */
static void walk(const uint8_t *data, size_t bytes)
{
	struct eventlog_event event;
	struct eventlog log;
	char text[40];
	size_t end = 0;

	if (!eventlog_open(&log, data, bytes)) {
		CHECK(*log.error);
		return;
	}
	while (eventlog_next(&log, &event)) {
		CHECK(event.offset >= end && event.data >= data && event.bytes <= bytes);
		end = (size_t)(event.data - data) + event.bytes;
		CHECK(end <= bytes);
		eventlog_describe(&event, text, sizeof(text));
		CHECK(strnlen(text, sizeof(text)) < sizeof(text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct measured_log lines = { 0 };
	char *text = malloc(bytes + 1), *line, *rest = text;
	struct eventlog_replay replay;
	struct eventlog log;

	CHECK(text);
	memcpy(text, data, bytes);
	text[bytes] = '\0';
	if (bytes && data[0] < 0x80) {
		walk(data, bytes);
		CHECK(eventlog_replay(&log, data, bytes, &replay) != (*log.error != '\0'));
	} else {
		for (rest++; bytes && (line = strsep(&rest, "\n"));)
			measured_line(&lines, line);
		CHECK(!lines.data || lines.bytes);
		measured_free(&lines);
	}
	free(text);
	return 0;
}
