/* SPDX-License-Identifier: MIT */
/*
 * A streaming JSON writer. key is NULL inside arrays. Text that is not UTF-8 comes out as U+FFFD, so that the output
 * is always valid JSON whatever a guest printed.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool indent;		/* else all on one line */
	unsigned int depth;
	bool more;		/* something was written at this depth */
};

void json_object(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_text(struct json *json, const char *key, const char *text);	/* NULL text: null */
void json_number(struct json *json, const char *key, uint64_t value);
void json_signed(struct json *json, const char *key, int64_t value);
void json_hex(struct json *json, const char *key, uint64_t value);	/* as text: "0x1000" */
void json_seconds(struct json *json, const char *key, double value);	/* microseconds; negative: null */
void json_bool(struct json *json, const char *key, bool value);

/* Bytes of a well-formed UTF-8 sequence at text, 0 if it is none. */
unsigned int utf8_length(const unsigned char *text);

#endif
