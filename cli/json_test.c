/* SPDX-License-Identifier: MIT */
#include "cli/json.h"
#include "cli/tdlab.h"
#include "cli/testing.h"

static void is(json_t *json, void (*print)(json_t *json, FILE *out), const char *want, const char *name)
{
	char *written;
	size_t length;
	FILE *out = open_memstream(&written, &length);

	print(json, out);
	fclose(out);
	if (!tap_ok(strcmp(written, want) == 0, name))
		printf("# got:  %s\n# want: %s\n", written, want);
	free(written);
}

static void text(const char *text, const char *want, const char *name)
{
	json_t *json = json_object();
	char *line = xprintf("{\"t\":%s}\n", want);

	json_add_text(json, "t", text);
	is(json, json_print_line, line, name);
	free(line);
}

int main(void)
{
	json_t *json = json_object(), *list;

	json_add_number(json, "n", INT64_MAX);
	json_add_number(json, "more", UINT64_MAX);
	json_add_signed(json, "s", -5);
	json_add_hex(json, "h", UINT64_MAX);
	json_add_seconds(json, "t", 1.23456789);
	json_add_seconds(json, "never", -1);
	json_add_bool(json, "b", true);
	json_add_text(json, "null", NULL);
	json_add_array(json, "empty");
	list = json_add_array(json, "list");
	json_add_number(list, NULL, 1);
	json_add_object(list, NULL);
	is(json, json_print_line,
	   "{\"n\":9223372036854775807,\"more\":\"0xffffffffffffffff\",\"s\":-5,\"h\":\"0xffffffffffffffff\","
	   "\"t\":1.234568,\"never\":null,\"b\":true,\"null\":null,\"empty\":[],\"list\":[1,{}]}\n",
	   "values, in their order");
	json = json_object();
	json_add_number(json_add_array(json, "a"), NULL, 1);
	json_add_object(json, "o");
	is(json, json_print, "{\n  \"a\": [\n    1\n  ],\n  \"o\": {}\n}\n", "indented");

	text("a\"b\\c/\n\t\r\x01\x1f", "\"a\\\"b\\\\c/\\n\\t\\r\\u0001\\u001F\"", "control characters");
	text("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"",
	     "UTF-8");
	text("\xff" "a\xc3", "\"\xef\xbf\xbd" "a\xef\xbf\xbd\"", "bytes that are no UTF-8");
	text("\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"", "an overlong form");
	text("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "a surrogate");
	text("\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "beyond U+10FFFF");
	return tap_done();
}
