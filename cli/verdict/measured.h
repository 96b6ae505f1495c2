/* SPDX-License-Identifier: MIT */
/*
 * What was measured of a guest: td's MRTD and RTMRs, and beside them the event log that the guest sent over its console
 * (EVIDENCE_EVENTLOG), replayed.
 */
#ifndef CLI_MEASURED_H
#define CLI_MEASURED_H

#include "cli/json.h"
#include "cli/verdict/eventlog.h"

/* The log as it comes in, line by line. */
struct measured_log {
	uint8_t *data;
	size_t bytes;		/* of the area that it is in; what did not come is filler */
	bool broken;		/* a line that made no sense, or a second log */
};

struct measured {
	bool known;		/* this TD was built of measured pages */
	uint8_t mrtd[TD_MEASUREMENT], rtmr[TD_RTMRS][TD_MEASUREMENT];
	bool logged;		/* the guest sent a log ... */
	char error[120];	/* ... that cannot be read */
	struct eventlog_replay replay;
	bool equal;		/* it replays to the RTMRs */
};

/* One line: "BYTES" first, then "OFFSET BASE64" in any order. */
void measured_line(struct measured_log *log, const char *text);
void measured_free(struct measured_log *log);

void measured_compare(struct measured *m, const struct td *td, const struct measured_log *log);

/* "MRTD ..., RTMR0-3 as the 33 events of the guest's log replay"; empty if nothing was measured. */
void measured_text(const struct measured *m, char *text, size_t bytes);
void measured_json(const struct measured *m, json_t *json);

#endif
