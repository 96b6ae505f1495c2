/* SPDX-License-Identifier: MIT */
/*
 * The event log: one made here by hand, whose RTMRs were computed with Python's hashlib; then the same cut short at
 * every byte, and with every byte changed: each must be refused or replay to something else, and never be read beyond.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "cli/verdict/eventlog.h"
#include "wire/tap.h"

static uint8_t made[4096];
static size_t length;

static void put(uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		made[length++] = (uint8_t)(value >> 8 * i);
}

static void put_bytes(const void *data, size_t bytes)
{
	memcpy(made + length, data, bytes);
	length += bytes;
}

static void header(unsigned int algorithm)
{
	length = 0;
	put(1, 4);
	put(3, 4);		/* EV_NO_ACTION */
	memset(made + length, 0, 20);
	length += 20;
	put(28 + 4 + 1, 4);
	put_bytes("Spec ID Event03", 16);
	put(0, 4);		/* platform class, version 2.0, errata, size of UINTN */
	put(0x02000002, 4);
	put(1, 4);
	put(algorithm, 2);
	put(48, 2);
	put(0, 1);		/* no vendor's information */
}

static void add_event(uint32_t mr, uint32_t type, uint8_t fill, const void *data, uint32_t bytes)
{
	put(mr, 4);
	put(type, 4);
	put(1, 4);
	put(0x000c, 2);
	memset(made + length, fill, TD_MEASUREMENT);
	length += TD_MEASUREMENT;
	put(bytes, 4);
	put_bytes(data, bytes);
}

/* A variable "db", a separator, grub's words, something that measures nothing, something of a register 4. */
static void make(void)
{
	uint8_t variable[16 + 8 + 8 + 4] = { [16] = 2, [32] = 'd', [34] = 'b' };

	header(0x000c);
	add_event(1, 0x80000001, 0x11, variable, sizeof(variable));
	add_event(1, 4, 0x22, "\0\0\0", 4);
	add_event(2, 0x80000003, 0x33, "", 0);
	add_event(3, 0xd, 0x44, "kernel_cmdline: /vmlinuz", 25);
	add_event(1, 3, 0x55, "nothing", 8);
	add_event(4, 0x1234, 0x66, "ab", 2);
}

static const char *const wanted[TD_RTMRS] = {
	"3b0aa70f13ee0d6d1e004bc3925da1d69fa9638c77923663dd226028623932c61139aacb3696bd7a45990d5eb4ca2868",
	"390d62ed094399dbd660b189871ab0aa04ca292fc27cb4e251c03360d319a01c13b1a3a969ff70643149e44901d3b5f6",
	"ce4793860d661fd5bb5c6beb58da6c79c32c0597662c971fb34d0062616ebc85a09ce16ff6ea80934ae5e973a4dc06a5",
	"698aa835f229bcdf213933d7c8e1c2fa58c51fd9aa0680eb63bc13d039dee5e8d41f7fd033da6f8079cc1c9c5da2c49b",
};

/* Allocated to the byte, so that a sanitizer sees a step beyond. */
static bool replay(const uint8_t *data, size_t bytes, struct eventlog_replay *r, struct eventlog *log)
{
	uint8_t *copy = malloc(bytes + !bytes);
	bool good;

	if (!copy)
		abort();
	memcpy(copy, data, bytes);
	good = eventlog_replay(log, copy, bytes, r);
	free(copy);
	return good;
}

static bool as_wanted(const struct eventlog_replay *r)
{
	char text[EVENTLOG_HEX];

	for (unsigned int i = 0; i < TD_RTMRS; i++) {
		eventlog_hex(r->rtmr[i], text);
		if (strcmp(text, wanted[i]) != 0)
			return false;
	}
	return true;
}

static void test_replay(void)
{
	struct eventlog_replay r;
	struct eventlog log;

	make();
	tap_ok(replay(made, length, &r, &log), "a log of six events behind its first");
	tap_ok(as_wanted(&r), "... replays to the RTMRs that it must");
	tap_ok(r.events[0] == 2 && r.events[1] == 1 && r.events[2] == 1 && r.events[3] == 1,
	       "... each event where it belongs, and EV_NO_ACTION nowhere");
	memset(made + length, 0xff, 1000);
	tap_ok(replay(made, length + 1000, &r, &log) && as_wanted(&r), "with the filler of its area behind it");
	for (size_t filler = 1; filler < 8; filler++) {
		tap_case_number("bytes of it", filler);
		tap_ok(replay(made, length + filler, &r, &log) && as_wanted(&r), "... however little that is");
	}
	tap_case(NULL);
}

static void test_describe(void)
{
	static const char *const texts[] = { "db", "", "", "kernel_cmdline: /vmlinuz", "nothing", "" };
	struct eventlog_event event;
	struct eventlog log;
	char text[64];
	bool same = true;

	make();
	eventlog_open(&log, made, length);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		same &= eventlog_next(&log, &event);
		eventlog_describe(&event, text, sizeof(text));
		same &= strcmp(text, texts[i]) == 0;
	}
	tap_ok(same && !eventlog_next(&log, &event) && !*log.error, "what events are about, in words");
	tap_ok(strcmp(eventlog_type(0x800000e0), "EV_EFI_VARIABLE_AUTHORITY") == 0 && !eventlog_type(0x1234),
	       "names of types");
}

#define GUID	"AAAABBBBCCCCDDDD"
#define COUNT(n) n "\0\0\0\0\0\0\0"

/* UEFI 2.10, 8.2; TCG PC Client Platform Firmware Profile, 10.4.1: UEFI_VARIABLE_DATA. */
static void test_texts(void)
{
	static const struct {
		uint32_t type;
		const char *data;
		uint32_t bytes;
		const char *text;
	} rows[] = {
		{ 0x80000001, GUID COUNT("\4") COUNT("\2") "N\0a\0m\0e\0xy", 42, "Name" },
		{ 0x80000002, GUID COUNT("\1") COUNT("\0") "N\0", 34, "N" },
		{ 0x8000000c, GUID COUNT("\3") COUNT("\0") "N\0a\0", 36, "" },
		{ 0x800000e0, GUID "\1\0\0\0\1\0\0\0" COUNT("\0") "N\0", 34, "" },
		{ 0x80000001, GUID "EEEEFFFFGGGGHHHH", 32, "" },
		{ 0xd, " ~abc\x7fxyz", 9, " ~abc" },
		{ 0xd, "abc\x1fxyz", 7, "" },
		{ 0xd, "abcd\x1fyz", 7, "abcd" },
		{ 0xd, "abc", 3, "" },
		{ 0xd, "", 0, "" },
		{ 0xd, GUID COUNT("\1") COUNT("\0") "N\0", 34, "AAAABBBBCCCCDDD" },
		{ 0xd, "longer than there is room", 25, "longer than the" },
	};
	char text[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct eventlog_event event = { .type = rows[i].type, .data = (const uint8_t *)rows[i].data,
						.bytes = rows[i].bytes };

		memset(text, '#', sizeof(text));
		eventlog_describe(&event, text, sizeof(text));
		tap_case_number("row", i);
		tap_ok(strcmp(text, rows[i].text) == 0, "what an event is about, in words");
	}
	tap_case(NULL);
}

/* Two algorithms, both of which are SHA-384: each row is looked at where it is. */
static void test_algorithms(void)
{
	struct eventlog log;

	header(0x000c);
	made[28] += 4;
	made[32 + 24] = 2;
	length--;
	put(0x000c, 2);
	put(48, 2);
	put(0, 1);
	tap_ok(eventlog_open(&log, made, length), "a list of two algorithms");
	made[length - 5] = 0x0b;
	tap_ok(!eventlog_open(&log, made, length) && strstr(log.error, "other than SHA-384"), "... and the second is another");
}

/* Cut where an event ends, it is a log of fewer events; anywhere else it is none. */
static void test_cut(void)
{
	size_t whole = 0, refused = 0;
	struct eventlog_replay r;
	struct eventlog log;

	make();
	for (size_t n = 0; n < length; n++) {
		bool good = replay(made, n, &r, &log);

		whole += good && !as_wanted(&r);
		refused += !good && *log.error;
	}
	tap_is(whole, 6, "cut short where an event ends: a log of other RTMRs");
	tap_is(refused, length - 6, "anywhere else: refused, with the reason");
}

/*
 * One changed byte of a digest, a register or a size is another RTMR or a refusal. What is not measured (the header's
 * versions, a type, the data, whose digest stands beside it) may change without effect, which is why digests of data
 * are what a verifier goes by.
 */
static void test_changed(void)
{
	size_t caught = 0, digests = 0;
	struct eventlog_replay r;
	struct eventlog log;

	make();
	for (size_t i = 0; i < length; i++) {
		struct eventlog_event event;
		struct eventlog at;
		bool digest = false;

		eventlog_open(&at, made, length);
		while (eventlog_next(&at, &event))
			digest |= event.type != 3 && event.digest <= made + i && made + i < event.digest + TD_MEASUREMENT;
		made[i] ^= 0x01;
		digests += digest;
		caught += digest && !(replay(made, length, &r, &log) && as_wanted(&r));
		made[i] ^= 0x01;
	}
	tap_is(digests, 5 * TD_MEASUREMENT, "every byte of a digest that counts");
	tap_is(caught, digests, "... is noticed when it changes");
}

static bool refused_with(const char *what)
{
	struct eventlog_replay r;
	struct eventlog log;

	return !replay(made, length, &r, &log) && strstr(log.error, what);
}

static void test_refused(void)
{
	make();
	made[4] = 4;
	tap_ok(refused_with("not EV_NO_ACTION"), "another first event");
	make();
	made[32] = 's';
	tap_ok(refused_with("not a crypto-agile log"), "another signature");
	make();
	made[28] = 28;	/* of the Spec ID event: up to the number of its algorithms */
	tap_ok(refused_with("empty or cut short"), "no room for an algorithm");
	made[28] = 27;
	tap_ok(refused_with("not a crypto-agile log"), "... nor for their number");
	header(0x000b);
	tap_ok(refused_with("other than SHA-384"), "SHA-256 digests");
	make();
	made[32 + 24] = 200;
	tap_ok(refused_with("algorithms"), "more algorithms than there is room for");
	made[32 + 24] = 2;
	tap_ok(refused_with("algorithms"), "one more");
	made[32 + 24] = 0;
	tap_ok(refused_with("algorithms"), "none");
	made[32 + 27] = 0x40;	/* times four bytes each: 4 GiB, or 0 in 32 bits */
	tap_ok(refused_with("algorithms"), "so many that their bytes are no 32 bits");
	make();
	add_event(0, 4, 0x77, "", 0);
	tap_ok(refused_with("names no RTMR"), "an event of MRTD, which firmware cannot extend");
	make();
	add_event(5, 4, 0x77, "", 0);
	tap_ok(refused_with("names no RTMR"), "an event of a fifth RTMR");
	make();
	put(1, 4), put(4, 4), put(0, 4), put(0, 4);
	tap_ok(refused_with("has no digest"), "an event without a digest");
	make();
	put(1, 4), put(4, 4), put(2, 4);
	tap_ok(refused_with("more digests"), "an event with two");
	make();
	put(1, 4), put(4, 4), put(1, 4), put(0x0004, 2);
	length += TD_MEASUREMENT;
	tap_ok(refused_with("not SHA-384"), "a digest of another kind");
	make();
	add_event(1, 4, 0x77, "", 0);
	memset(made + length - 4, 0xff, 4);
	tap_ok(refused_with("ends in its data"), "4 GiB of data");
}

int main(void)
{
	test_replay();
	test_describe();
	test_texts();
	test_algorithms();
	test_cut();
	test_changed();
	test_refused();
	return tap_done();
}
