/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/tdlab.h"
#include "cli/verdict/eventlog.h"
#include "td/sha384.h"

#define ALG_SHA384		0x000c	/* TCG Algorithm Registry */
#define EV_NO_ACTION		3	/* says something and measures nothing */
#define SHA1_BYTES		20
#define HEADER_EVENT		(4 + 4 + SHA1_BYTES + 4)	/* TCG_PCR_EVENT: in the format of before */
#define SIGNATURE		"Spec ID Event03"
#define SPEC_ID_ALGORITHMS	24	/* offset of numberOfAlgorithms in TCG_EfiSpecIDEvent */
#define FILLER			0xffffffffu

static const struct {
	uint32_t type;
	const char *name;
} types[] = {	/* TCG PC Client Platform Firmware Profile, 10.4.1 */
	{ 0x00000001, "EV_POST_CODE" },
	{ 0x00000003, "EV_NO_ACTION" },
	{ 0x00000004, "EV_SEPARATOR" },
	{ 0x00000005, "EV_ACTION" },
	{ 0x00000006, "EV_EVENT_TAG" },
	{ 0x00000007, "EV_S_CRTM_CONTENTS" },
	{ 0x00000008, "EV_S_CRTM_VERSION" },
	{ 0x00000009, "EV_CPU_MICROCODE" },
	{ 0x0000000a, "EV_PLATFORM_CONFIG_FLAGS" },
	{ 0x0000000b, "EV_TABLE_OF_DEVICES" },
	{ 0x0000000c, "EV_COMPACT_HASH" },
	{ 0x0000000d, "EV_IPL" },
	{ 0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG" },
	{ 0x80000002, "EV_EFI_VARIABLE_BOOT" },
	{ 0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION" },
	{ 0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER" },
	{ 0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER" },
	{ 0x80000006, "EV_EFI_GPT_EVENT" },
	{ 0x80000007, "EV_EFI_ACTION" },
	{ 0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB" },
	{ 0x80000009, "EV_EFI_HANDOFF_TABLES" },
	{ 0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2" },
	{ 0x8000000b, "EV_EFI_HANDOFF_TABLES2" },
	{ 0x8000000c, "EV_EFI_VARIABLE_BOOT2" },
	{ 0x800000e0, "EV_EFI_VARIABLE_AUTHORITY" },
};

static uint32_t get(const uint8_t *p, unsigned int bytes)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint32_t)p[i] << 8 * i;
	return value;
}

/* bytes of the log from its place on, which moves behind them; NULL when there are fewer. */
static const uint8_t *next_bytes(struct eventlog *log, size_t bytes)
{
	const uint8_t *p = log->data + log->at;

	if (bytes > log->bytes - log->at)
		return NULL;
	log->at += bytes;
	return p;
}

static bool bad(struct eventlog *log, size_t offset, const char *what)
{
	snprintf(log->error, sizeof(log->error), "the event at byte %zu: %s", offset, what);
	return false;
}

/* TCG_EfiSpecIDEvent: which digests every event has. Those that we do not use are skipped by their size. */
static bool read_spec_id(struct eventlog *log, const uint8_t *p, uint32_t bytes)
{
	uint32_t algorithms;

	if (bytes < SPEC_ID_ALGORITHMS + 4 || memcmp(p, SIGNATURE, sizeof(SIGNATURE)) != 0)
		return bad(log, 0, "not a crypto-agile log: its first event is not \"" SIGNATURE "\"");
	algorithms = get(p + SPEC_ID_ALGORITHMS, 4);
	if (algorithms == 0 || algorithms > (bytes - SPEC_ID_ALGORITHMS - 4) / 4)
		return bad(log, 0, "the list of its algorithms is empty or cut short");
	for (uint32_t i = 0; i < algorithms; i++) {
		const uint8_t *row = p + SPEC_ID_ALGORITHMS + 4 + 4 * i;

		if (get(row, 2) != ALG_SHA384 || get(row + 2, 2) != TD_SHA384_BYTES)
			return bad(log, 0, "a digest other than SHA-384, which is what RTMRs are made of");
	}
	return true;
}

bool eventlog_open(struct eventlog *log, const void *data, size_t bytes)
{
	const uint8_t *head, *spec;

	*log = (struct eventlog){ .data = data, .bytes = bytes };
	head = next_bytes(log, HEADER_EVENT);
	if (!head)
		return bad(log, 0, "the log is shorter than its first event");
	spec = next_bytes(log, get(head + HEADER_EVENT - 4, 4));
	if (!spec)
		return bad(log, 0, "its first event is longer than the log");
	if (get(head + 4, 4) != EV_NO_ACTION)
		return bad(log, 0, "not an event log: its first event is not EV_NO_ACTION");
	return read_spec_id(log, spec, get(head + HEADER_EVENT - 4, 4));
}

/* TCG_PCR_EVENT2. */
bool eventlog_next(struct eventlog *log, struct eventlog_event *event)
{
	size_t offset = log->at, left = log->bytes - log->at;
	const uint8_t *p;
	uint32_t digests;

	*event = (struct eventlog_event){ .offset = offset };
	if (*log->error || left == 0 || get(log->data + offset, left < 4 ? (unsigned int)left : 4) ==
						(FILLER >> (left < 4 ? 8 * (4 - left) : 0)))
		return false;
	p = next_bytes(log, 12);
	if (!p)
		return bad(log, offset, "the log ends in its header");
	event->mr = get(p, 4);
	event->type = get(p + 4, 4);
	digests = get(p + 8, 4);
	if (digests > 1)
		return bad(log, offset, "more digests than the log's algorithms");
	if (digests) {
		p = next_bytes(log, 2 + TD_SHA384_BYTES);
		if (!p || get(p, 2) != ALG_SHA384)
			return bad(log, offset, p ? "its digest is not SHA-384" : "the log ends in its digest");
		event->digest = p + 2;
	}
	p = next_bytes(log, 4);
	event->bytes = p ? get(p, 4) : 0;
	event->data = p ? next_bytes(log, event->bytes) : NULL;
	if (!event->data)
		return bad(log, offset, "the log ends in its data");
	return true;
}

bool eventlog_extends(const struct eventlog_event *event, unsigned int *rtmr)
{
	*rtmr = event->mr - EVENTLOG_RTMR0;
	return event->type != EV_NO_ACTION && event->mr >= EVENTLOG_RTMR0 && *rtmr < TD_RTMRS;
}

bool eventlog_replay(struct eventlog *log, const void *data, size_t bytes, struct eventlog_replay *replay)
{
	struct eventlog_event event;
	unsigned int rtmr;

	*replay = (struct eventlog_replay){ 0 };
	if (!eventlog_open(log, data, bytes))
		return false;
	while (eventlog_next(log, &event)) {
		if (event.type == EV_NO_ACTION)
			continue;
		if (!eventlog_extends(&event, &rtmr) || !event.digest)
			return bad(log, event.offset, event.digest ? "it names no RTMR" : "it has no digest");
		td_sha384_extend(replay->rtmr[rtmr], event.digest);
		replay->events[rtmr]++;
	}
	return !*log->error;
}

void eventlog_hex(const uint8_t measurement[TD_MEASUREMENT], char text[EVENTLOG_HEX])
{
	for (unsigned int i = 0; i < TD_MEASUREMENT; i++)
		snprintf(text + 2 * i, 3, "%02x", measurement[i]);
}

const char *eventlog_type(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

static bool is_variable(uint32_t type)
{
	return type == 0x80000001 || type == 0x80000002 || type == 0x8000000c || type == 0x800000e0;
}

/* Bytes, one in step, as long as they are printable. */
static void text_from(const uint8_t *p, size_t bytes, size_t step, char *text, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes && n + 1 < room && p[i] >= 0x20 && p[i] < 0x7f; i += step)
		text[n++] = (char)p[i];
	text[n] = '\0';
}

/* UEFI_VARIABLE_DATA: a GUID, the length of the name in 16-bit characters, the length of the contents, the name. */
void eventlog_describe(const struct eventlog_event *event, char *text, size_t bytes)
{
	uint64_t characters;

	*text = '\0';
	if (is_variable(event->type) && event->bytes >= 32) {
		characters = get(event->data + 16, 4) | (uint64_t)get(event->data + 20, 4) << 32;
		if (characters <= (event->bytes - 32) / 2)
			text_from(event->data + 32, 2 * (size_t)characters, 2, text, bytes);
	} else {
		text_from(event->data, event->bytes, 1, text, bytes);
	}
	if (strlen(text) < 4 && !is_variable(event->type))	/* what happens to look like a letter or two */
		*text = '\0';
}
