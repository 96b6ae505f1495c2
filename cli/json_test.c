/* SPDX-License-Identifier: MIT */
#include "cli/json.h"
#include "cli/testing.h"

static char *written;
static size_t length;

static struct json begin(bool indent)
{
	free(written);
	return (struct json){ .out = open_memstream(&written, &length), .indent = indent };
}

static void is(struct json *json, const char *want, const char *name)
{
	fclose(json->out);
	if (!tap_ok(strcmp(written, want) == 0, name))
		printf("# got:  %s\n# want: %s\n", written, want);
}

static void text(const char *text, const char *want, const char *name)
{
	struct json json = begin(false);
	char *line;

	json_array(&json, NULL);
	json_text(&json, NULL, text);
	json_array_end(&json);
	line = malloc(strlen(want) + 4);
	sprintf(line, "[%s]\n", want);
	is(&json, line, name);
	free(line);
}

int main(void)
{
	struct json json = begin(false);

	json_object(&json, NULL);
	json_number(&json, "n", UINT64_MAX);
	json_signed(&json, "s", -5);
	json_hex(&json, "h", 0x1000);
	json_seconds(&json, "t", 1.23456);
	json_seconds(&json, "never", -1);
	json_bool(&json, "b", true);
	json_text(&json, "null", NULL);
	json_array(&json, "empty");
	json_array_end(&json);
	json_array(&json, "list");
	json_number(&json, NULL, 1);
	json_object(&json, NULL);
	json_object_end(&json);
	json_array_end(&json);
	json_object_end(&json);
	is(&json,
	   "{\"n\":18446744073709551615,\"s\":-5,\"h\":\"0x1000\",\"t\":1.234560,\"never\":null,\"b\":true,\"null\":null,"
	   "\"empty\":[],\"list\":[1,{}]}\n",
	   "values, compact");
	json = begin(true);
	json_object(&json, NULL);
	json_array(&json, "a");
	json_number(&json, NULL, 1);
	json_number(&json, NULL, 2);
	json_array_end(&json);
	json_object(&json, "o");
	json_object_end(&json);
	json_object_end(&json);
	is(&json, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"o\": {}\n}\n", "indented");
	json = begin(false);
	json_object(&json, NULL);
	json_object_end(&json);
	json_object(&json, NULL);
	json_object_end(&json);
	is(&json, "{}\n{}\n", "several objects are lines");

	text("a\"b\\c/\n\t\r\x01\x1f\x7f", "\"a\\\"b\\\\c/\\n\\u0009\\u000d\\u0001\\u001f\\u007f\"",
	     "control characters");
	text("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"",
	     "UTF-8");
	text("\xff" "a\xc3", "\"\\ufffda\\ufffd\"", "bytes that are no UTF-8");
	text("\xc0\xaf", "\"\\ufffd\\ufffd\"", "an overlong form");
	text("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "a surrogate");
	text("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"", "beyond U+10FFFF");
	free(written);
	return tap_done();
}
