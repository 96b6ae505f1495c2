/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/machine/transcript.h"
#include "cli/tdlab.h"

#define LOOK_S		1.0	/* looking for the log takes 10 ms, reading on in it next to nothing */

void transcript_begin(struct transcript *t, struct console *console, bool with_log)
{
	*t = (struct transcript){ .console = console, .fd = t->fd, .with_log = with_log };
}

static void let_go(struct transcript *t, size_t i)
{
	free(t->held[i].text);
	memmove(&t->held[i], &t->held[i + 1], (--t->nheld - i) * sizeof(*t->held));
}

void transcript_free(struct transcript *t)
{
	while (t->nheld)
		let_go(t, t->nheld - 1);
	free(t->held);
	t->held = NULL;
	t->room = 0;
}

/* A terminal is not the guest's to command: what could be an escape sequence does not reach it. */
static size_t harmless(char *data, size_t bytes)
{
	size_t kept = 0;

	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f))
			data[kept++] = data[i];
	}
	return kept;
}

static void show(struct transcript *t, char *data, size_t bytes, double seconds)
{
	size_t done = 0;
	ssize_t put;

	console_feed(t->console, data, bytes, seconds);
	if (isatty(t->fd))
		bytes = harmless(data, bytes);
	while (done < bytes && !t->lost) {
		put = write(t->fd, data + done, bytes - done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			t->lost = true;		/* the run goes on: its verdict does not depend on it */
			complain(0, "the guest's console cannot be written any more: %s", strerror(errno));
			return;
		}
		done += (size_t)put;
	}
}

enum is_time { NO, MAYBE, YES };

/* "[    1.234567]", with which a line of the kernel's begins: *behind is where it goes on. [linux:printk.c] */
static enum is_time is_time(const char *line, const char *end, const char **behind)
{
	const char *p = line + 1, *point;

	while (p < end && *p == ' ')
		p++;
	while (p < end && isdigit((unsigned char)*p))
		p++;
	if (p == end)
		return MAYBE;
	if (*p != '.')
		return NO;
	for (point = p++; p < end && isdigit((unsigned char)*p); p++)
		;
	if (p == end)
		return MAYBE;
	*behind = p + 1;
	return *p == ']' && p - point == 7 ? YES : NO;
}

/* FNV-1a */
static uint64_t mix(uint64_t key, const char *text, const char *end)
{
	for (; text < end; text++)
		key = (key ^ (unsigned char)*text) * 0x100000001b3ull;
	return key;
}

/* Of its time and text, without the caller ("[    T1]") that it may have in between; 0 if it is not the kernel's. */
static uint64_t key_of(const char *line, size_t bytes)
{
	const char *end = line + bytes, *text, *caller;
	uint64_t key;

	while (end > line && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	if (is_time(line, end, &text) != YES)
		return 0;
	key = mix(0xcbf29ce484222325ull, line, text);
	caller = text < end && *text == '[' ? memchr(text, ']', (size_t)(end - text)) : NULL;
	return mix(key, caller ? caller + 1 : text, end) | 1;
}

static bool recall(struct transcript *t, uint64_t key)
{
	for (size_t i = 1; i <= TRANSCRIPT_RECENT && i <= t->nrecent; i++) {
		uint64_t *one = &t->recent[(t->nrecent - i) % TRANSCRIPT_RECENT];

		if (*one == key) {
			*one = 0;
			return true;
		}
	}
	return false;
}

static void show_record_line(struct transcript *t, uint64_t ns, const char *text, size_t bytes, double seconds)
{
	char line[KLOG_TEXT + 64];
	size_t used = (size_t)snprintf(line, sizeof(line), "[%5llu.%06llu] ", (unsigned long long)(ns / 1000000000),
				       (unsigned long long)(ns % 1000000000 / 1000));
	uint64_t key;

	memcpy(line + used, text, bytes);
	used += bytes;
	key = key_of(line, used);
	line[used++] = '\n';
	show(t, line, used, seconds);
	for (size_t i = 0; i < t->nheld; i++)
		if (t->held[i].key == key) {
			let_go(t, i);
			return;
		}
	t->recent[t->nrecent++ % TRANSCRIPT_RECENT] = key;
}

static void read_on(struct transcript *t, bool ended, double seconds)
{
	struct klog_record r;
	uint64_t lost = t->log.lost;
	char text[80];

	while (klog_next(&t->log, ended, &r)) {
		if (t->log.lost != lost)
			show(t, text, (size_t)snprintf(text, sizeof(text), "(%llu records of the log were overwritten)\n",
						      (unsigned long long)(t->log.lost - lost)), seconds);
		lost = t->log.lost;
		for (char *line = r.text, *end = r.text + r.bytes, *stop; line <= end; line = stop + 1) {
			stop = memchr(line, '\n', (size_t)(end - line));
			stop = stop ? stop : end;
			show_record_line(t, r.ns, line, (size_t)(stop - line), seconds);
		}
	}
}

/* What waits will not come from the log any more. */
static void show_held(struct transcript *t, double seconds)
{
	for (; t->nheld; let_go(t, 0))
		show(t, t->held[0].text, t->held[0].bytes, seconds);
}

static void hold(struct transcript *t, uint64_t key)
{
	if (t->nheld == t->room)
		t->held = xrealloc(t->held, (t->room = 2 * t->room + 16) * sizeof(*t->held));
	t->held[t->nheld] = (struct transcript_held){ key, t->length, xrealloc(NULL, t->length) };
	memcpy(t->held[t->nheld++].text, t->line, t->length);
}

/* As it came. */
static void show_line(struct transcript *t, double seconds)
{
	show(t, t->line, t->length, seconds);
	t->length = 0;
}

/* A line that may be the kernel's is whole. Evidence in it does not wait. */
static void whole(struct transcript *t, double seconds)
{
	uint64_t key = key_of(t->line, t->length);

	read_on(t, false, seconds);
	if (key == 0) {
		show_line(t, seconds);
		return;
	}
	if (!recall(t, key)) {
		console_evidence(t->console, t->line, t->length, seconds);
		hold(t, key);
	}
	t->length = 0;
}

void transcript_console(struct transcript *t, const struct ram *ram, char *data, size_t bytes, double seconds)
{
	const char *behind;
	size_t from = 0;

	t->log.ram = ram;
	for (size_t i = 0; t->with_log && i < bytes; i++) {
		if (!t->length && data[i] != '[')
			continue;
		if (i > from)
			show(t, data + from, i - from, seconds);
		from = i + 1;
		t->line[t->length++] = data[i];
		if (data[i] == '\n')
			whole(t, seconds);
		else if (t->length == sizeof(t->line) || is_time(t->line, t->line + t->length, &behind) == NO)
			show_line(t, seconds);
	}
	if (bytes > from)
		show(t, data + from, bytes - from, seconds);
}

void transcript_look(struct transcript *t, const struct ram *ram, double now, double seconds)
{
	if (!t->with_log)
		return;
	t->log.ram = ram;
	if (!t->log.found && now >= t->next_look) {
		klog_find(&t->log, ram);
		t->next_look = now + LOOK_S;
	}
	read_on(t, false, seconds);
}

bool transcript_end(struct transcript *t, const struct ram *ram, double seconds)
{
	t->log.ram = ram;
	if (t->with_log) {
		read_on(t, true, seconds);
		if (klog_find(&t->log, ram))	/* the first, or that of a kernel that was started by another */
			read_on(t, true, seconds);
		show_held(t, seconds);
		show_line(t, seconds);
	}
	return !t->with_log || t->log.found;
}
