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

/* How a field is shown: RECORD_KIND(identifier, JSON). */
#define RECORD_KINDS(RECORD_KIND) \
	RECORD_KIND(NUMBER, "number") \
	RECORD_KIND(BYTES, "number") \
	RECORD_KIND(HEX, "hexadecimal") \
	RECORD_KIND(HASH, "hexadecimal") \
	RECORD_KIND(LEVEL, "hexadecimal") \
	RECORD_KIND(LEAF, "number of the ABI") \
	RECORD_KIND(SUBFN, "number of the ABI") \
	RECORD_KIND(STATUS, "number of the ABI") \
	RECORD_KIND(GHCI_STATUS, "number of the ABI") \
	RECORD_KIND(CLASS, "name") \
	RECORD_KIND(VIOLATION, "name") \
	RECORD_KIND(CLOSE, "name") \
	RECORD_KIND(ACT, "name") \
	RECORD_KIND(MARK, "name") \
	RECORD_KIND(STOP, "name") \
	RECORD_KIND(REAL, "name") \
	RECORD_KIND(KNOWN, "name") \
	RECORD_KIND(EXIT, "name") \
	RECORD_KIND(IMAGE, "name") \
	RECORD_KIND(SEQUENCE_END, "name") \
	RECORD_KIND(REGISTERS, "hexadecimal") \
	RECORD_KIND(TEXT, "text") \
	RECORD_KIND(ADDRESSES, "hexadecimal numbers") \
	RECORD_KIND(CHOICES, "numbers") \
	RECORD_KIND(ANSWERS, "names")

#define RECORD_ENUM_KIND(id, json) RECORD_##id,
enum record_kind { RECORD_KINDS(RECORD_ENUM_KIND) RECORD_KIND_COUNT };

struct record_field {
	const char *name, *meaning;
	enum record_kind kind;
	size_t offset, bytes, count;	/* in struct td_event; of one element; of elements */
};

struct record_type {
	const char *name, *text, *meaning;	/* as td/records.def has it */
	const struct record_field *fields;	/* up to one without a name */
};

extern const struct record_type record_types[TD_EV_TYPES];

const char *record_kind_name(unsigned int kind);	/* "hexadecimal": what it is in JSON */

const char *event_name(unsigned int type);		/* "MAPGPA" */
const char *class_name(unsigned int class);		/* "violation" */
const char *close_name(unsigned int how);		/* "abandoned" */
const char *act_name(unsigned int act);		/* "removed" */
const char *mark_name(unsigned int mark);		/* "power-off" */
const char *stop_name(unsigned int stop);		/* "private-lost" */
const char *real_name(unsigned int real);		/* "pending" */
const char *known_name(unsigned int known);		/* "claimed-shared" */
const char *exit_name(unsigned int reason);		/* "tdvmcall-io" */
const char *image_name(unsigned int kind);		/* "loader" */
const char *sequence_end_name(unsigned int end);	/* "idle" */

#endif
