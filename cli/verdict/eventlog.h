/* SPDX-License-Identifier: MIT */
/*
 * The event log that a TD's firmware keeps of what it measured into the RTMRs: TCG's crypto-agile format with the index
 * of a measurement register where a PCR's would be (UEFI 2.10, 38.1 "Virtual Platform CC Event Log"; TCG PC Client
 * Platform Firmware Profile, 10.2). Whoever wrote it is not trusted: everything is checked against its bounds.
 */
#ifndef CLI_EVENTLOG_H
#define CLI_EVENTLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "td/td.h"

/* Which register: UEFI 2.10, 38.4.1, table "TDX". */
#define EVENTLOG_MRTD	0
#define EVENTLOG_RTMR0	1

struct eventlog {
	const uint8_t *data;
	size_t bytes, at;
	char error[120];	/* why there is no next one; empty at the log's end */
};

struct eventlog_event {
	size_t offset;			/* of the event in the log */
	uint32_t mr, type;
	const uint8_t *digest;		/* SHA-384; NULL if it has none */
	const uint8_t *data;
	uint32_t bytes;
};

/* Reads the header. The log ends with data, or where the filler of its area, 0xff, begins. */
bool eventlog_open(struct eventlog *log, const void *data, size_t bytes);

/* False at the end, or with log->error. */
bool eventlog_next(struct eventlog *log, struct eventlog_event *event);

/* What the RTMRs must be if the log is true. False with log->error. */
struct eventlog_replay {
	uint8_t rtmr[TD_RTMRS][TD_MEASUREMENT];
	size_t events[TD_RTMRS];
};

bool eventlog_replay(struct eventlog *log, const void *data, size_t bytes, struct eventlog_replay *replay);

/* Whether an event changes an RTMR, and which. */
bool eventlog_extends(const struct eventlog_event *event, unsigned int *rtmr);

/* A measurement in hexadecimal. */
#define EVENTLOG_HEX	(2 * TD_MEASUREMENT + 1)
void eventlog_hex(const uint8_t measurement[TD_MEASUREMENT], char text[EVENTLOG_HEX]);

/* "EV_SEPARATOR", or NULL. */
const char *eventlog_type(uint32_t type);

/* What it is about, as far as that can be said in a few words: the name of a variable, a text. Printable ASCII. */
void eventlog_describe(const struct eventlog_event *event, char *text, size_t bytes);

#endif
