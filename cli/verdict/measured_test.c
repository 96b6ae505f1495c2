/* SPDX-License-Identifier: MIT */
/* An event log that comes over a console in lines, and what is said of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "cli/verdict/measured.h"
#include "td/sha384.h"
#include "wire/tap.h"

/* Only what td_mrtd() and td_rtmr() read of a TD: the fake is what they return. */
static uint8_t mrtd[TD_MEASUREMENT], rtmr[TD_RTMRS][TD_MEASUREMENT];

const uint8_t *td_mrtd(const struct td *td)
{
	(void)td;
	return mrtd;
}

const uint8_t *td_rtmr(const struct td *td, unsigned int index)
{
	(void)td;
	return rtmr[index];
}

static const struct td *const some_td = &(struct td){ 0 };

/* The header, and one event of RTMR0 whose digest is 48 times 0x11, without data. 65 + 66 bytes. */
static const char *const lines[] = {
	"131",
	"0 AQAAAAMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACEAAABTcGVjIElEIEV2ZW50MDMAAAAAAAIA",
	"54 AAIBAAAADAAwAAABAAAABAAAAAEAAAAMABERERERERERERERERERERERERERERERERERERERERERERER",
	"114 EREREREREREREREREQAAAAA=",
};

static void all_lines(struct measured_log *log)
{
	*log = (struct measured_log){ 0 };
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		measured_line(log, lines[i]);
}

static void test_lines(void)
{
	static const char *const broken[] = { "", "x", "0", "1048577", "0 AAAA", "131 AAAA", "200 AAAA", "0 A", "0 AA*A",
					      "130 AAAA", "0 AAAA=x", "131", "-5 AAAA", "AAAA" };
	struct measured_log log;
	char name[64];

	all_lines(&log);
	tap_ok(log.bytes == 131 && !log.broken, "a log in lines");
	tap_ok(log.data[0] == 1 && log.data[65] == 1 && log.data[130] == 0 && memcmp(log.data + 32, "Spec", 4) == 0,
	       "... as it was");
	measured_free(&log);
	measured_line(&log, lines[0]);
	measured_line(&log, "3 AAA=");
	tap_ok(log.data[2] == 0xff && log.data[3] == 0 && log.data[4] == 0 && log.data[5] == 0xff && !log.broken,
	       "what does not come is filler");
	measured_free(&log);
	log = (struct measured_log){ 0 };
	measured_line(&log, "x");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		measured_line(&log, lines[i]);
	tap_ok(log.broken && !log.data, "a whole log behind a damaged line is damaged: the line may have been of it");
	measured_free(&log);
	measured_line(&log, "1048576");
	tap_ok(log.bytes == 1 << 20 && !log.broken, "a log of 1 MiB: the longest");
	measured_free(&log);
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		bool first = i < 5;	/* before there is an area */

		log = (struct measured_log){ 0 };
		if (!first)
			measured_line(&log, lines[0]);
		measured_line(&log, broken[i]);
		snprintf(name, sizeof(name), "\"%s\" %s is no line of one", broken[i], first ? "first" : "later");
		tap_ok(log.broken && !(first && log.data), name);
		measured_free(&log);
	}
}

static void test_compare(void)
{
	struct measured_log log = { 0 };
	uint8_t digest[TD_MEASUREMENT];
	struct measured m;
	char text[200];

	measured_compare(&m, some_td, &log);
	measured_text(&m, text, sizeof(text));
	tap_ok(!m.known && !*text, "a TD that was not built of measured pages: nothing is said");
	mrtd[0] = 0xab;
	measured_compare(&m, some_td, &log);
	measured_text(&m, text, sizeof(text));
	tap_ok(strncmp(text, "MRTD ab0000000000..., no event log", 34) == 0, "without a log");
	memset(digest, 0x11, sizeof(digest));
	td_sha384_extend(rtmr[0], digest);
	all_lines(&log);
	measured_compare(&m, some_td, &log);
	measured_text(&m, text, sizeof(text));
	tap_ok(m.equal && strstr(text, "RTMRs equal what the 1 events"), "a log that replays to the RTMRs");
	rtmr[3][47] ^= 1;
	measured_compare(&m, some_td, &log);
	measured_text(&m, text, sizeof(text));
	tap_ok(!m.equal && strstr(text, "ARE NOT"), "one bit of an RTMR changed");
	rtmr[3][47] ^= 1;
	log.broken = true;
	measured_compare(&m, some_td, &log);
	tap_ok(!m.equal && strcmp(m.error, "it came over the console damaged") == 0, "one with a damaged line");
	log.broken = false;
	log.data[100] ^= 1;
	measured_compare(&m, some_td, &log);
	tap_ok(!m.equal && !*m.error, "one bit of the log changed");
	log.data[0x20] = 0;
	measured_compare(&m, some_td, &log);
	measured_text(&m, text, sizeof(text));
	tap_ok(!m.equal && strstr(text, "CANNOT BE READ: the event at byte 0"), "a log that is none");
	measured_line(&log, "nonsense");
	measured_compare(&m, NULL, &log);
	tap_ok(!m.equal && !m.known && *m.error, "a damaged one, and no TD");
	measured_free(&log);
}

static bool json_is(const struct measured *m, const char *want)
{
	json_t *json = json_object();
	char *text;
	bool right;

	measured_json(m, json);
	text = json_dumps(json, JSON_COMPACT);
	right = text && strcmp(text, want) == 0;
	if (!right)
		printf("# %s\n", text);
	free(text);
	json_decref(json);
	return right;
}

#define ZEROS	"000000000000000000000000000000000000000000000000"
#define NUMBER(first) "\"" first "0000000000000000000000000000000000000000000000" ZEROS "\""
#define NUMBERS(a, b, c, d) "[" NUMBER(a) "," NUMBER(b) "," NUMBER(c) "," NUMBER(d) "]"

static void test_shown(void)
{
	struct measured m = { .mrtd = { 0xa0 }, .rtmr = { { 0xb0 }, { 0xb1 }, { 0xb2 }, { 0xb3 } },
			      .replay = { .rtmr = { { 0xc0 }, { 0xc1 }, { 0xc2 }, { 0xc3 } }, .events = { 4, 5, 6, 7 } } };
	char text[200];

	tap_ok(json_is(&m, "{\"measured\":null}"), "JSON of a TD that was not built of measured pages");
	m.known = true;
	tap_ok(json_is(&m, "{\"measured\":{\"mrtd\":" NUMBER("a0") ",\"rtmrs\":" NUMBERS("b0", "b1", "b2", "b3")
		       ",\"log\":null}}"), "... without a log");
	m.logged = true;
	tap_ok(json_is(&m, "{\"measured\":{\"mrtd\":" NUMBER("a0") ",\"rtmrs\":" NUMBERS("b0", "b1", "b2", "b3")
		       ",\"log\":{\"error\":null,\"events\":[4,5,6,7],\"rtmrs\":" NUMBERS("c0", "c1", "c2", "c3")
		       ",\"equal\":false}}}"), "... with one");
	m.equal = true;
	snprintf(m.error, sizeof(m.error), "why");
	tap_ok(json_is(&m, "{\"measured\":{\"mrtd\":" NUMBER("a0") ",\"rtmrs\":" NUMBERS("b0", "b1", "b2", "b3")
		       ",\"log\":{\"error\":\"why\",\"events\":[4,5,6,7],\"rtmrs\":" NUMBERS("c0", "c1", "c2", "c3")
		       ",\"equal\":true}}}"), "... and what it says of itself");
	memset(text, '#', sizeof(text));
	measured_text(&m, text, 40);
	tap_ok(strlen(text) == 39 && text[40] == '#', "text that is cut off where its room ends");
}

int main(void)
{
	test_shown();
	test_lines();
	test_compare();
	return tap_done();
}
