/* SPDX-License-Identifier: MIT */
/* The journal as the command holds it: td's records in their order. */
#ifndef CLI_RECORDS_H
#define CLI_RECORDS_H

#include <stdio.h>

#include "cli/tdlab.h"
#include "td/event.h"

struct records {
	struct td_event *all;
	size_t count, room;
	size_t flushed;		/* so many are in the copy for certain */
	FILE *copy;		/* every record goes there too, or NULL */
	uint64_t tsc_hz;	/* from the first record; 0 until then */
};

void records_add(struct records *records, const struct td_event *events, size_t count);
void records_flush(struct records *records);	/* what was added is in the copy, whatever becomes of this process */
void records_free(struct records *records);

/* Seconds of guest time since the TD started; negative if the clock's rate is not known. */
double records_seconds(const struct records *records, const struct td_event *event);

/* Reads a journal file. Returns 0, or a status after a complaint. */
int records_read(struct records *records, const char *path);

const char *event_name(unsigned int type);		/* "MAPGPA" */
const char *class_name(unsigned int class);		/* "violation" */
const char *close_name(unsigned int how);		/* "abandoned" */
const char *mark_name(unsigned int mark);		/* "power-off" */
const char *stop_name(unsigned int stop);		/* "private-lost" */
const char *exit_name(unsigned int reason);		/* "tdvmcall-io" */

#endif
