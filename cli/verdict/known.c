/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/verdict/known.h"
#include "sim/answers.h"

#define WORDS 4		/* before the explanation */
#define UNEXPLAINED "not explained yet:"	/* as --write-known leaves it: that is not known */

static const char header[] =
	"# Known findings of tdlab, see tdlab-known(5): guest, behaviour or answers, finding, class, and why it is "
	"expected.\n";

static int refuse(const struct known *k, unsigned int line, const char *what, const char *word)
{
	return complain(STATUS_INPUT, "%s:%u: %s%s%s%s", k->path, line, what, word ? " \"" : "", word ? word : "",
			word ? "\"" : "");
}

static unsigned int number_of(const char *word, const char *(*name)(unsigned int), unsigned int count)
{
	unsigned int n = 0;

	while (n < count && strcmp(name(n), word) != 0)
		n++;
	return n;
}

/* The next word of the line; NULL if there is none. */
static char *next_word(char **text)
{
	char *word = *text + strspn(*text, " \t");

	*text = word + strcspn(word, " \t");
	if (**text)
		*(*text)++ = '\0';
	return *word ? word : NULL;
}

static int read_line(struct known *k, char *text, unsigned int number)
{
	char *words[WORDS], *rest = text;
	struct known_line *line;
	unsigned int kind, cause;

	text[strcspn(text, "\r")] = '\0';
	text += strspn(text, " \t");
	if (!*text || *text == '#')
		return 0;
	for (unsigned int i = 0; i < WORDS; i++)
		if (!(words[i] = next_word(&rest)))
			return refuse(k, number, "a line is GUEST BEHAVIOUR|ANSWERS FINDING CLASS and why it is expected", NULL);
	rest += strspn(rest, " \t");
	if (!*rest)
		return refuse(k, number, "why it is expected is missing", NULL);
	kind = number_of(words[2], td_violation_name, TD_FINDING_KINDS);
	if (kind == TD_V_NONE || kind == TD_FINDING_KINDS)
		return refuse(k, number, "tdlab list violations has no", words[2]);
	cause = number_of(words[3], td_cause_name, TD_CAUSES);
	if (cause == TD_CAUSES)
		return refuse(k, number, "a class is permitted, hostile or caller, not", words[3]);
	k->all = xrealloc(k->all, (k->count + 1) * sizeof(*k->all));
	line = &k->all[k->count++];
	*line = (struct known_line){ .guest = xprintf("%s", words[0]), .under = xprintf("%s", words[1]),
				     .kind = (enum td_violation)kind, .cause = (enum td_cause)cause,
				     .why = xprintf("%s", rest), .line = number };
	return 0;
}

static int read_all(struct known *k)
{
	char *text, *rest, *line;
	unsigned int number = 0;
	uint8_t *data;
	size_t bytes;
	int status = file_read(k->path, "known findings", &data, &bytes);

	if (status)
		return status;
	if (memchr(data, '\0', bytes)) {
		free(data);
		return complain(STATUS_INPUT, "%s: no text", k->path);
	}
	text = rest = xprintf("%.*s", (int)bytes, (const char *)data);
	free(data);
	while (!status && (line = strsep(&rest, "\n")))
		status = read_line(k, line, ++number);
	free(text);
	return status;
}

int known_open(struct known *k, const char *path, const char *write)
{
	int status = 0, error;

	*k = (struct known){ .path = path, .written = write };
	if (path)
		status = read_all(k);
	if (status || !write)
		return status;
	error = output_open(&k->out, write);
	if (error)
		return complain(STATUS_INPUT, "--write-known %s: %s", write, strerror(error));
	fputs(header, k->out.out);
	return 0;
}

/* A file that is read and written keeps what this run had no reason to look at. */
static void keep_untried(struct known *k)
{
	for (size_t i = 0; i < k->count && k->out.out && k->path && strcmp(k->path, k->written) == 0; i++) {
		const struct known_line *line = &k->all[i];

		if (!line->tried && !line->met)
			fprintf(k->out.out, "%s %s %s %s %s\n", line->guest, line->under, td_violation_name(line->kind),
				td_cause_name(line->cause), line->why);
	}
}

int known_close(struct known *k)
{
	int error;

	keep_untried(k);
	error = k->out.out ? output_close(&k->out) : 0;
	for (size_t i = 0; i < k->count; i++) {
		free(k->all[i].guest);
		free(k->all[i].under);
		free(k->all[i].why);
	}
	free(k->all);
	k->all = NULL;
	k->count = 0;
	return error ? complain(STATUS_ENVIRONMENT, "--write-known %s: %s", k->written, strerror(error)) : 0;
}

/* A name without blanks, as it is written. */
static void to_word(const char *name, char word[256])
{
	snprintf(word, 256, "%s", *name ? name : "-");
	for (char *p = word; *p; p++)
		if (*p == ' ' || *p == '\t')
			*p = '_';
}

static bool is_about(const struct known_line *line, const char *guest, const char *under)
{
	char name[256], what[256];

	to_word(guest, name);
	to_word(under, what);
	return fnmatch(line->guest, name, 0) == 0 && fnmatch(line->under, what, 0) == 0;
}

void known_tried(struct known *k, const char *guest, const char *under)
{
	for (size_t i = 0; i < k->count; i++)
		k->all[i].tried |= is_about(&k->all[i], guest, under);
}

/* Their names are words that no behaviour has. */
static bool were_given(const char *under, const uint64_t given[TD_ANSWER_KINDS], uint64_t depth)
{
	uint8_t answers[TD_EXPLORE_DEPTH];
	char wrong[32];
	uint32_t n;

	if (!answers_parse(under, answers, &n, wrong) || (depth != 0 && n > depth))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (given[answers[i]] == 0)
			return false;
	return true;
}

void known_tried_answers(struct known *k, const char *guest, const uint64_t given[TD_ANSWER_KINDS], uint64_t depth)
{
	char name[256];

	to_word(guest, name);
	for (size_t i = 0; i < k->count; i++)
		k->all[i].tried |= fnmatch(k->all[i].guest, name, 0) == 0 && were_given(k->all[i].under, given, depth);
}

const char *known_find(struct known *k, const char *guest, const char *under, enum td_violation kind,
		       enum td_cause cause)
{
	const char *why = NULL;
	char name[256], what[256];

	for (size_t i = 0; i < k->count; i++) {
		struct known_line *line = &k->all[i];

		if (line->kind != kind || line->cause != cause || !is_about(line, guest, under))
			continue;
		line->met = true;
		if (strncmp(line->why, UNEXPLAINED, strlen(UNEXPLAINED)) != 0)
			why = why ? why : line->why;
	}
	k->met += why != NULL;
	if (!k->out.out)
		return why;
	to_word(guest, name);
	to_word(under, what);
	fprintf(k->out.out, "%s %s %s %s %s%s\n", name, what, td_violation_name(kind), td_cause_name(cause),
		why ? "" : UNEXPLAINED " ", why ? why : td_violation_sentence(kind));
	return why;
}

size_t known_vanished(const struct known *k)
{
	size_t count = 0;

	for (size_t i = 0; i < k->count; i++) {
		const struct known_line *line = &k->all[i];

		if (!line->tried || line->met)
			continue;
		count++;
		narrate("%s:%u: vanished: %s (%s) under %s", k->path, line->line, td_violation_name(line->kind),
			td_cause_name(line->cause), line->under);
	}
	return count;
}
