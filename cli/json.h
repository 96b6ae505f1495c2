/* SPDX-License-Identifier: MIT */
/*
 * What jansson leaves open when JSON is written: text that is not UTF-8 comes out as U+FFFD, so that the output is
 * valid whatever a guest printed, and numbers have our forms. Each adds to an object, or without a key to an array.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

json_t *json_add_object(json_t *to, const char *key);
json_t *json_add_array(json_t *to, const char *key);
void json_add_text(json_t *to, const char *key, const char *text);	/* NULL text: null */
void json_add_number(json_t *to, const char *key, uint64_t value);	/* no integer above INT64_MAX: hex */
void json_add_signed(json_t *to, const char *key, int64_t value);
void json_add_hex(json_t *to, const char *key, uint64_t value);		/* as text: "0x1000" */
void json_add_seconds(json_t *to, const char *key, double value);	/* microseconds; negative: null */
void json_add_bool(json_t *to, const char *key, bool value);

/* Prints it and frees it; a line of its own if compact. */
void json_print(json_t *json, FILE *out);
void json_print_line(json_t *json, FILE *out);

/* Bytes of a well-formed UTF-8 sequence at text, 0 if it is none. */
unsigned int utf8_length(const unsigned char *text);

#endif
