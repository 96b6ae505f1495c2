/* SPDX-License-Identifier: MIT */
/* tdlab measure: what a guest's event log says of the RTMRs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/file.h"
#include "cli/json.h"
#include "cli/opt.h"
#include "cli/verdict/eventlog.h"

struct measure_options {
	bool json;
};

static const struct opt options[] = {
	{ "json", OPT_FLAG, offsetof(struct measure_options, json), NULL, "as JSON" },
	{ 0 },
};

static void print_text(const struct eventlog_replay *replay, const uint8_t *data, size_t bytes)
{
	struct eventlog_event event;
	char hex[EVENTLOG_HEX], text[64], number[16];
	struct eventlog log;
	unsigned int rtmr;

	eventlog_open(&log, data, bytes);
	while (eventlog_next(&log, &event)) {
		eventlog_describe(&event, text, sizeof(text));
		snprintf(number, sizeof(number), "0x%08" PRIx32, event.type);
		if (event.digest)
			eventlog_hex(event.digest, hex);
		printf("%-6s %-34s %-16.16s %s\n",
		       eventlog_extends(&event, &rtmr) ? (char[6]){ 'R', 'T', 'M', 'R', (char)('0' + rtmr), '\0' } : "-",
		       eventlog_type(event.type) ? eventlog_type(event.type) : number, event.digest ? hex : "", text);
	}
	putchar('\n');
	for (unsigned int i = 0; i < TD_RTMRS; i++) {
		eventlog_hex(replay->rtmr[i], hex);
		printf("RTMR%u  %s  %zu event%s\n", i, hex, replay->events[i], replay->events[i] == 1 ? "" : "s");
	}
}

static void print_json(const struct eventlog_replay *replay, const uint8_t *data, size_t bytes)
{
	json_t *json = json_object(), *rtmrs, *events;
	char hex[EVENTLOG_HEX], text[64];
	struct eventlog_event event;
	struct eventlog log;
	unsigned int rtmr;

	json_add_text(json, "schema", "tdlab.measure/1");
	rtmrs = json_add_array(json, "rtmrs");
	for (unsigned int i = 0; i < TD_RTMRS; i++) {
		eventlog_hex(replay->rtmr[i], hex);
		json_add_text(rtmrs, NULL, hex);
	}
	events = json_add_array(json, "events");
	eventlog_open(&log, data, bytes);
	while (eventlog_next(&log, &event)) {
		json_t *row = json_add_object(events, NULL);

		json_add_signed(row, "rtmr", eventlog_extends(&event, &rtmr) ? (int64_t)rtmr : -1);
		json_add_hex(row, "type", event.type);
		json_add_text(row, "name", eventlog_type(event.type));
		if (event.digest)
			eventlog_hex(event.digest, hex);
		json_add_text(row, "digest", event.digest ? hex : NULL);
		eventlog_describe(&event, text, sizeof(text));
		json_add_text(row, "text", *text ? text : NULL);
	}
	json_print(json, stdout);
}

static int measure(const char *path, bool as_json)
{
	struct eventlog_replay replay;
	struct eventlog log;
	uint8_t *data = NULL;
	size_t bytes = 0;
	int status = file_read(path, "event log", &data, &bytes);

	if (!status && !eventlog_replay(&log, data, bytes, &replay))
		status = complain(STATUS_INPUT, "event log %s: %s", path, log.error);
	if (!status && as_json)
		print_json(&replay, data, bytes);
	else if (!status)
		print_text(&replay, data, bytes);
	free(data);
	return status;
}

static int run_measure(const struct verb *verb, int argc, char **argv)
{
	struct measure_options o = { 0 };
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	int noperands, status = opt_parse(verb, argc, argv, &o, operands, &noperands);

	if (!status && noperands != 1)
		status = complain(STATUS_INPUT, "measure: %s: see tdlab measure --help",
				  noperands ? "more than one event log" : "which event log?");
	if (!status)
		status = measure(operands[0], o.json);
	free(operands);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_measure = { "measure", run_measure, "EVENTLOG",
				   "replay the event log that a guest's firmware kept",
				   options };
