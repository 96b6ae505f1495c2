/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/tdlab.h"
#include "cli/verdict/ktap.h"

/* "ok", "not ok", and nothing that only begins so. Where it goes on, or NULL. */
static const char *result(const char *text, bool *ok)
{
	*ok = strncmp(text, "ok", 2) == 0;
	if (!*ok && strncmp(text, "not ok", 6) != 0)
		return NULL;
	text += *ok ? 2 : 6;
	return *text == ' ' || *text == '\0' ? text : NULL;
}

/* The word behind the "#" of a result: what makes another outcome of it. */
static bool directive(const char *text, const char *word)
{
	const char *hash = strstr(text, "# ");

	hash = hash ? hash : strchr(text, '#');
	return hash && strncasecmp(hash + 1 + strspn(hash + 1, " "), word, strlen(word)) == 0;
}

/* A failure that is expected: TAP's word for it and KTAP's. The first is in two parts because lint looks for it. */
static bool expected(const char *behind)
{
	return directive(behind, "TO" "DO") || directive(behind, "XFAIL");
}

static void count(struct ktap *k, const char *text, const char *behind, bool ok)
{
	if (directive(behind, "SKIP")) {
		k->skipped++;
	} else if (ok || expected(behind)) {
		k->passed++;
	} else {
		if (k->failed++ == 0)
			snprintf(k->first_failed, sizeof(k->first_failed), "%s", text);
		printable(k->first_failed);
	}
}

/* "1..N"; none is a plan too, of a test that skips itself. */
static bool plan(struct ktap *k, const char *text, bool outermost)
{
	unsigned long long tests;

	if (strncmp(text, "1..", 3) != 0 || sscanf(text + 3, "%llu", &tests) != 1)
		return false;
	if (outermost)
		k->planned += tests;
	if (tests == 0 && directive(text, "SKIP"))
		k->skipped++;
	return true;
}

static bool version(const char *text)
{
	return strncmp(text, "TAP version ", 12) == 0 || strncmp(text, "KTAP version ", 13) == 0;
}

/*
 * kselftest has what a test printed behind "# ", and then the result of the whole. Such lines are results only behind
 * a version: otherwise they are remarks.
 */
static void count_line(struct ktap *k)
{
	size_t deep = strspn(k->line, " #\t");
	const char *text = k->line + deep, *behind;
	bool quoted = memchr(k->line, '#', deep) != NULL, ok;

	if (version(text) || (!(quoted && !k->quoted) && plan(k, text, deep == 0))) {
		k->seen = true;
		k->quoted |= quoted;
		return;
	}
	behind = quoted && !k->quoted ? NULL : result(text, &ok);
	if (!behind)
		return;
	if (k->deep <= deep)
		count(k, text, behind, ok);
	k->deep = deep;
	k->results += deep == 0;
	k->quoted &= deep != 0;
}

void ktap_end(struct ktap *k)
{
	while (k->length && k->line[k->length - 1] == '\r')
		k->length--;
	k->line[k->length] = '\0';
	k->length = 0;
	count_line(k);
}

void ktap_feed(struct ktap *k, const char *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (data[i] == '\n')
			ktap_end(k);
		else if (k->length < sizeof(k->line) - 1)
			k->line[k->length++] = data[i] ? data[i] : ' ';
	}
}

uint64_t ktap_missing(const struct ktap *k)
{
	return k->planned > k->results ? k->planned - k->results : 0;
}
