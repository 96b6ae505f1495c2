/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/tdlab.h"
#include "cli/verdict/console.h"
#include "wire/evidence.h"

/* Worth quoting in a report. They prove nothing: the page states do. */
static const char *const telling[] = {
	"Kernel panic",	   "Oops", "BUG: ", "CPA VMM failure", "swiotlb: Failed", "Cannot allocate SWIOTLB",
	"TDVMCALL failed", "BdsDxe: failed", "Security Violation", "Access Denied", "bad shim signature",
	"Secure boot image verification failed",
};

void console_begin(struct console *c, const char *nonce)
{
	*c = (struct console){ .init_seconds = -1 };
	snprintf(c->nonce, sizeof(c->nonce), "%s", nonce);
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* A line of our initrd, from behind the prefix on. */
static void parse_own_line(struct console *c, const char *text, double seconds)
{
	if (begins(text, EVIDENCE_INIT)) {
		if (strcmp(text + strlen(EVIDENCE_INIT), c->nonce) == 0 && !c->init) {
			c->init = true;
			c->init_seconds = seconds;
		}
	} else if (begins(text, EVIDENCE_NO_DEVICE)) {
		c->no_device = true;
	} else if (begins(text, EVIDENCE_MISSING)) {
		c->missing = true;
	} else if (begins(text, EVIDENCE_DEVICE)) {
		c->device = sscanf(text + strlen(EVIDENCE_DEVICE), "%*s %" SCNu64 " %64[0-9a-f]", &c->device_bytes,
				   c->device_sha256) == 2;
	} else if (begins(text, EVIDENCE_REMOVED)) {
		c->removed = true;
	} else if (begins(text, EVIDENCE_FAILED)) {
		c->device_failed |= begins(text, EVIDENCE_DEVICE_FAILED);
		if (!*c->failed)
			snprintf(c->failed, sizeof(c->failed), "%.*s", CONSOLE_NOTE_BYTES - 1,
				 text + strlen(EVIDENCE_FAILED));
	} else if (begins(text, EVIDENCE_EVENTLOG)) {
		measured_line(&c->eventlog, text + strlen(EVIDENCE_EVENTLOG));
	} else if (begins(text, EVIDENCE_MODULE)) {
		c->nmodules += c->nmodules < CONSOLE_MODULES &&
			       sscanf(text + strlen(EVIDENCE_MODULE), "%55s %" SCNx64, c->modules[c->nmodules].name,
				      &c->modules[c->nmodules].text) == 2;
	} else if (begins(text, EVIDENCE_NET)) {
		c->net = true;
	} else if (begins(text, EVIDENCE_STRESS)) {
		c->stress.done = sscanf(text + strlen(EVIDENCE_STRESS), EVIDENCE_STRESS_FORMAT, &c->stress.before,
					&c->stress.after, &c->stress.files, &c->stress.wrong) == 4;
	} else if (strcmp(text, EVIDENCE_KEXEC) == 0) {
		c->kexec = true;
	} else if (begins(text, EVIDENCE_DONE)) {
		c->done = true;
	}
}

/* Of the run at hand: a word that nobody knows who does not look for it. */
static void parse_exit(struct console *c, const char *text)
{
	size_t length = strlen(c->nonce);

	c->exited |= length && strncmp(text, c->nonce, length) == 0 && sscanf(text + length, " %u", &c->exit_status) == 1;
}

/* True if it is one of ours. */
static bool parse_evidence(struct console *c, char *line, double seconds)
{
	const char *found;

	printable(line);
	found = strstr(line, EVIDENCE_PREFIX);
	if (found)
		parse_own_line(c, found + strlen(EVIDENCE_PREFIX), seconds);
	return found;
}

static void parse_line(struct console *c, double seconds)
{
	const char *line = c->line.text, *found;

	c->expected |= c->expect && strstr(line, c->expect);
	if (parse_evidence(c, c->line.text, seconds))
		return;
	found = strstr(line, "Linux version ");
	if (found && !*c->version)
		sscanf(found, "Linux version %95s", c->version);
	if (strstr(line, "Kernel panic"))
		c->panicked = true;
	if (strstr(line, "reboot: System halted"))
		c->halted = true;
	if (strstr(line, "BdsDxe: No bootable option"))
		c->no_boot = true;
	for (size_t i = 0; i < ARRAY_SIZE(telling) && c->nnotes < CONSOLE_NOTES; i++) {
		if (strstr(line, telling[i])) {
			snprintf(c->notes[c->nnotes++], CONSOLE_NOTE_BYTES, "%.*s", CONSOLE_NOTE_BYTES - 1, line);
			break;
		}
	}
}

/* Firmware paints: ESC [ numbers letter (ECMA-48, 5.4). True if this byte belongs to that and not to a line. */
static bool paint(struct console_line *line, char byte)
{
	if (byte == '\033') {
		line->escape = 1;
		return true;
	}
	if (line->escape == 0)
		return false;
	if (line->escape == 1 && byte == '[')
		line->escape = 2;
	else if (line->escape == 1 || (byte >= '@' && byte <= '~'))
		line->escape = 0;
	return true;
}

/* True when it is whole: to be taken, and then begun anew. */
static bool add(struct console_line *line, char byte)
{
	if (byte == '\n') {
		line->text[line->length] = '\0';
		line->length = line->escape = 0;
		return true;
	}
	if (!paint(line, byte) && byte != '\r' && byte != '\0' && line->length < sizeof(line->text) - 1)
		line->text[line->length++] = byte;
	return false;
}

void console_expect(struct console *c, const char *data, size_t bytes)
{
	size_t length = c->expect ? strlen(c->expect) : 0;

	for (size_t i = 0; length && i < bytes; i++) {
		if (c->ntail == length)
			memmove(c->tail, c->tail + 1, --c->ntail);
		c->tail[c->ntail++] = data[i];
		c->expected |= c->ntail == length && memcmp(c->tail, c->expect, length) == 0;
	}
}

void console_feed(struct console *c, const char *data, size_t bytes, double seconds)
{
	for (size_t i = 0; i < bytes; i++)
		if (add(&c->line, data[i]))
			parse_line(c, seconds);
}

void console_evidence(struct console *c, const char *data, size_t bytes, double seconds)
{
	for (size_t i = 0; i < bytes; i++)
		if (add(&c->evidence, data[i])) {
			parse_evidence(c, c->evidence.text, seconds);
			if (begins(c->evidence.text, EVIDENCE_PREFIX EVIDENCE_EXIT))
				parse_exit(c, c->evidence.text + strlen(EVIDENCE_PREFIX EVIDENCE_EXIT));
		}
}
