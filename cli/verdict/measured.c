/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/tdlab.h"
#include "cli/verdict/measured.h"

#define MOST_BYTES	(1u << 20)	/* of an event log; firmware sets 64 KiB aside */
#define SHOWN		12		/* digits of a digest that tell it from others */

/* Value of a digit of base64 (RFC 4648, 4), or -1. */
static int digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* False unless text is base64 of bytes that fit. */
static bool decode(const char *text, uint8_t *to, size_t room)
{
	size_t length = strcspn(text, "= \t\r\n"), n = 0;
	uint32_t bits = 0;

	if (length == 0 || length % 4 == 1 || text[length + strspn(text + length, "= \t\r\n")])
		return false;
	for (size_t i = 0; i < length; i++) {
		if (digit(text[i]) < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit(text[i]);
		if (i % 4 == 0)		/* six bits: not a byte yet */
			continue;
		if (n == room)
			return false;
		to[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return true;
}

void measured_line(struct measured_log *log, const char *text)
{
	char *rest;
	uint64_t number = strtoull(text, &rest, 10);
	bool none = rest == text;

	rest += strspn(rest, " ");
	if (none) {
		log->broken = true;
	} else if (!*rest) {
		log->broken |= log->data || number == 0 || number > MOST_BYTES;
		if (log->broken)
			return;
		log->bytes = (size_t)number;
		log->data = xrealloc(NULL, log->bytes);
		memset(log->data, 0xff, log->bytes);
	} else if (!log->data || number >= log->bytes ||
		   !decode(rest, log->data + number, log->bytes - (size_t)number)) {
		log->broken = true;
	}
}

void measured_free(struct measured_log *log)
{
	free(log->data);
	*log = (struct measured_log){ 0 };
}

void measured_compare(struct measured *m, const struct td *td, const struct measured_log *log)
{
	static const uint8_t none[TD_MEASUREMENT];
	struct eventlog replayed;

	*m = (struct measured){ .logged = log->data || log->broken };
	if (td) {
		memcpy(m->mrtd, td_mrtd(td), sizeof(m->mrtd));
		for (unsigned int i = 0; i < TD_RTMRS; i++)
			memcpy(m->rtmr[i], td_rtmr(td, i), sizeof(m->rtmr[i]));
		m->known = memcmp(m->mrtd, none, sizeof(none)) != 0;
	}
	if (log->broken)
		snprintf(m->error, sizeof(m->error), "it came over the console damaged");
	else if (log->data && !eventlog_replay(&replayed, log->data, log->bytes, &m->replay))
		snprintf(m->error, sizeof(m->error), "%s", replayed.error);
	m->equal = m->logged && !*m->error && memcmp(m->replay.rtmr, m->rtmr, sizeof(m->rtmr)) == 0;
}

void measured_text(const struct measured *m, char *text, size_t bytes)
{
	char hex[EVENTLOG_HEX];
	size_t events = 0;
	int used;

	*text = '\0';
	if (!m->known)
		return;
	eventlog_hex(m->mrtd, hex);
	for (unsigned int i = 0; i < TD_RTMRS; i++)
		events += m->replay.events[i];
	used = snprintf(text, bytes, "MRTD %.*s..., ", SHOWN, hex);
	text += used;
	bytes -= (size_t)used;
	if (!m->logged)
		snprintf(text, bytes, "no event log came from the guest to compare the RTMRs with");
	else if (*m->error)
		snprintf(text, bytes, "the guest's event log CANNOT BE READ: %s", m->error);
	else
		snprintf(text, bytes, "RTMRs %s what the %zu events of the guest's log replay to",
			 m->equal ? "equal" : "ARE NOT", events);
}

static void put(json_t *json, const char *key, const uint8_t *measurement)
{
	char hex[EVENTLOG_HEX];

	eventlog_hex(measurement, hex);
	json_add_text(json, key, hex);
}

static void put_all(json_t *json, const char *key, const uint8_t rtmr[TD_RTMRS][TD_MEASUREMENT])
{
	json_t *list = json_add_array(json, key);

	for (unsigned int i = 0; i < TD_RTMRS; i++)
		put(list, NULL, rtmr[i]);
}

void measured_json(const struct measured *m, json_t *json)
{
	if (!m->known) {
		json_add_text(json, "measured", NULL);
		return;
	}
	json_t *measured = json_add_object(json, "measured");
	put(measured, "mrtd", m->mrtd);
	put_all(measured, "rtmrs", m->rtmr);
	if (m->logged) {
		json_t *log = json_add_object(measured, "log");

		json_add_text(log, "error", *m->error ? m->error : NULL);
		json_t *events = json_add_array(log, "events");
		for (unsigned int i = 0; i < TD_RTMRS; i++)
			json_add_number(events, NULL, m->replay.events[i]);
		put_all(log, "rtmrs", m->replay.rtmr);
		json_add_bool(log, "equal", m->equal);
	} else {
		json_add_text(measured, "log", NULL);
	}
}
