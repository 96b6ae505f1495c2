/* SPDX-License-Identifier: MIT */
/* A journal record as a line for people, and as one JSON object. */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "cli/json.h"
#include "cli/verdict/records.h"

/* "MapGPA 0x80003b7f0000, 16384 pages: RETRY at 0x80003b9f0000, 512 converted", without time. */
void describe_text(const struct td_event *event, char *text, size_t bytes);

json_t *describe_json(const struct records *records, const struct td_event *event);

#endif
