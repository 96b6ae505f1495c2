/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "cli/json.h"

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

static void escaped(FILE *out, const char *text)
{
	const unsigned char *t = (const unsigned char *)text;
	unsigned int length;

	fputc('"', out);
	while (*t) {
		length = utf8_length(t);
		if (*t == '"' || *t == '\\')
			fprintf(out, "\\%c", *t);
		else if (*t == '\n')
			fputs("\\n", out);
		else if (*t < 0x20 || *t == 0x7f)
			fprintf(out, "\\u%04x", *t);
		else if (length == 0)
			fputs("\\ufffd", out);
		else
			fwrite(t, 1, length, out);
		t += length ? length : 1;
	}
	fputc('"', out);
}

static void newline(struct json *json)
{
	if (!json->indent)
		return;
	fputc('\n', json->out);
	for (unsigned int i = 0; i < json->depth; i++)
		fputs("  ", json->out);
}

static void begin(struct json *json, const char *key)
{
	if (json->more)
		fputc(',', json->out);
	if (json->depth)
		newline(json);
	json->more = true;
	if (key) {
		escaped(json->out, key);
		fputs(json->indent ? ": " : ":", json->out);
	}
}

static void open_level(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->more = false;
}

static void close_level(struct json *json, char bracket)
{
	json->depth--;
	if (json->more)
		newline(json);
	json->more = true;
	fputc(bracket, json->out);
	if (json->depth == 0) {
		fputc('\n', json->out);
		json->more = false;
	}
}

void json_object(struct json *json, const char *key)
{
	open_level(json, key, '{');
}

void json_object_end(struct json *json)
{
	close_level(json, '}');
}

void json_array(struct json *json, const char *key)
{
	open_level(json, key, '[');
}

void json_array_end(struct json *json)
{
	close_level(json, ']');
}

void json_text(struct json *json, const char *key, const char *text)
{
	begin(json, key);
	if (text)
		escaped(json->out, text);
	else
		fputs("null", json->out);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void json_signed(struct json *json, const char *key, int64_t value)
{
	begin(json, key);
	fprintf(json->out, "%" PRId64, value);
}

void json_hex(struct json *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->out, "\"0x%" PRIx64 "\"", value);
}

void json_seconds(struct json *json, const char *key, double value)
{
	begin(json, key);
	if (value < 0)
		fputs("null", json->out);
	else
		fprintf(json->out, "%.6f", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->out);
}
