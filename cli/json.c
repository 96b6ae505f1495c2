/* SPDX-License-Identifier: MIT */
#include "cli/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/tdlab.h"

#define REPLACEMENT	"\xef\xbf\xbd"	/* U+FFFD */

/* Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. */
unsigned int utf8_length(const unsigned char *t)
{
	unsigned char low = 0x80, high = 0xbf;
	unsigned int length = 0;

	if (t[0] < 0x80)
		length = 1;
	else if (t[0] >= 0xc2 && t[0] < 0xf5)
		length = t[0] < 0xe0 ? 2 : t[0] < 0xf0 ? 3 : 4;
	if (length < 2)
		return length;
	if (t[0] == 0xe0)
		low = 0xa0;
	if (t[0] == 0xed)
		high = 0x9f;
	if (t[0] == 0xf0)
		low = 0x90;
	if (t[0] == 0xf4)
		high = 0x8f;
	for (unsigned int i = 1; i < length; i++) {
		if (t[i] < low || t[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

static json_t *text_value(const char *text)
{
	json_t *value = json_string(text);
	char *copy, *to;

	if (value)
		return value;
	copy = to = xcalloc(strlen(text) + 1, strlen(REPLACEMENT));
	for (unsigned int length; *text; text += length ? length : 1) {
		length = utf8_length((const unsigned char *)text);
		to = length ? mempcpy(to, text, length) : stpcpy(to, REPLACEMENT);
	}
	value = json_string(copy);
	free(copy);
	return value;
}

static void add(json_t *to, const char *key, json_t *value)
{
	if (key ? json_object_set_new(to, key, value) : json_array_append_new(to, value))
		exit(complain(STATUS_ENVIRONMENT, "out of memory"));
}

json_t *json_add_object(json_t *to, const char *key)
{
	json_t *object = json_object();

	add(to, key, object);
	return object;
}

json_t *json_add_array(json_t *to, const char *key)
{
	json_t *array = json_array();

	add(to, key, array);
	return array;
}

void json_add_text(json_t *to, const char *key, const char *text)
{
	add(to, key, text ? text_value(text) : json_null());
}

void json_add_number(json_t *to, const char *key, uint64_t value)
{
	if (value > INT64_MAX)
		json_add_hex(to, key, value);
	else
		add(to, key, json_integer((json_int_t)value));
}

void json_add_signed(json_t *to, const char *key, int64_t value)
{
	add(to, key, json_integer(value));
}

void json_add_hex(json_t *to, const char *key, uint64_t value)
{
	add(to, key, json_sprintf("0x%" PRIx64, value));
}

void json_add_seconds(json_t *to, const char *key, double value)
{
	add(to, key, value < 0 ? json_null() : json_real((double)(uint64_t)(value * 1e6 + 0.5) / 1e6));
}

void json_add_bool(json_t *to, const char *key, bool value)
{
	add(to, key, json_boolean(value));
}

static void print(json_t *json, FILE *out, size_t how)
{
	if (json_dumpf(json, out, how | JSON_REAL_PRECISION(15)))
		exit(complain(STATUS_ENVIRONMENT, "JSON cannot be written: %s", strerror(errno)));
	fputc('\n', out);
	json_decref(json);
}

void json_print(json_t *json, FILE *out)
{
	print(json, out, JSON_INDENT(2));
}

void json_print_line(json_t *json, FILE *out)
{
	print(json, out, JSON_COMPACT);
}
