/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/file.h"
#include "cli/opt.h"
#include "cli/vmm/recorded.h"
#include "cli/vmm/rule.h"
#include "td/td.h"

#define WORDS	8	/* R10 R11 of R12 R13 converted N pages */

struct line {
	const char *path;
	unsigned int number;
	char *words[WORDS + 1];
	unsigned int nwords, at;	/* the next word is words[at] */
};

static int wrong(const struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(const struct line *l, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return complain(STATUS_INPUT, "%s:%u: %s", l->path, l->number, what);
}

/* NULL behind the last one. */
static const char *next(struct line *l)
{
	return l->at < l->nwords ? l->words[l->at++] : NULL;
}

static bool next_is(struct line *l, const char *word)
{
	bool is = l->at < l->nwords && strcmp(l->words[l->at], word) == 0;

	l->at += is;
	return is;
}

static int parse_number(struct line *l, const char *what, uint64_t *number)
{
	const char *word = next(l);

	if (word && opt_number(word, number))
		return 0;
	return wrong(l, "%s: %s%s%s", what, word ? "\"" : "", word ? word : "it is missing", word ? "\" is not a number" : "");
}

static int parse_answer(struct line *l, struct td_recorded *r)
{
	const char *word = next(l);

	if (!rule_code(word, &r->r10))
		return wrong(l, "R10: \"%s\" is neither a code of GHCI (tdlab list abi) nor a number", word);
	r->keeps_r11 = next_is(l, "-");
	return r->keeps_r11 ? 0 : parse_number(l, "R11", &r->r11);
}

static int parse_converted(struct line *l, struct td_recorded *r)
{
	uint64_t pages;
	int status = parse_number(l, "converted", &pages);

	if (!status && pages >= TD_AS_ANSWERED)
		status = wrong(l, "converted: more pages than there can be");
	if (!status && r->r10 == TDVMCALL_SUCCESS && !r->bytes)
		status = wrong(l, "SUCCESS, and so many pages converted: of how many? Say \"of\" R12 R13 before it");
	if (!next_is(l, "pages"))
		next_is(l, "page");
	r->pages = (uint32_t)pages;
	return status;
}

static int parse_line(struct line *l, struct td_recorded *r)
{
	int status = parse_answer(l, r);

	r->pages = TD_AS_ANSWERED;
	if (!status && next_is(l, "of")) {
		status = parse_number(l, "R12", &r->gpa);
		if (!status)
			status = parse_number(l, "R13", &r->bytes);
		if (!status && (r->bytes == 0 || r->gpa + r->bytes < r->gpa))
			status = wrong(l, "R13: a request of no bytes, or beyond all addresses, has no answer to be given again");
	}
	if (!status && next_is(l, "converted"))
		status = parse_converted(l, r);
	if (!status && l->at < l->nwords)
		status = wrong(l, "\"%s\": a line is R10 R11 [of R12 R13] [converted N pages]", l->words[l->at]);
	return status;
}

static void split(struct line *l, char *text)
{
	char *rest = NULL;

	text[strcspn(text, "#\r")] = '\0';
	l->at = l->nwords = 0;
	for (char *w = strtok_r(text, " \t", &rest); w && l->nwords <= WORDS; w = strtok_r(NULL, " \t", &rest))
		l->words[l->nwords++] = w;
}

static int read_lines(struct td_behaviour *b, const char *path, char *text)
{
	struct line l = { .path = path };
	int status = 0;

	for (char *end; text && !status; text = end) {
		end = strchr(text, '\n');
		if (end)
			*end++ = '\0';
		l.number++;
		split(&l, text);
		if (!l.nwords)
			continue;
		if (b->nrecorded == TD_MAX_RECORDED)
			return wrong(&l, "more than %d answers: leave out what comes after those that matter", TD_MAX_RECORDED);
		status = parse_line(&l, &b->recorded[b->nrecorded++]);
	}
	if (!status && !b->nrecorded)
		status = complain(STATUS_INPUT, "%s: no answer in it: a line is R10 R11 [of R12 R13] [converted N pages]", path);
	return status;
}

/*
 * As the record has it. Of a request that is not known as much is made up as its answer tells: one page more than was
 * done, which is none if it says the same as the one before.
 */
static struct td_event as_event(const struct td_recorded *r, const struct td_recorded *before)
{
	struct td_event e = td_event_new(TD_EV_MAPGPA, 0, 0);
	bool stall = before && before->r10 == TDVMCALL_RETRY && before->r11 == r->r11;
	uint64_t done = r->pages != TD_AS_ANSWERED ? r->pages : r->r10 == TDVMCALL_RETRY && !stall;

	e.mapgpa.r10 = r->r10;
	e.mapgpa.r11 = r->keeps_r11 ? GHCI_MAP_GPA : r->r11;	/* what was there before it */
	e.mapgpa.conversion = 1;
	if (!r->bytes && r->r10 == TDVMCALL_SUCCESS)
		return e;
	if (r->bytes && r->pages == TD_AS_ANSWERED)
		done = td_pages_answered(r->r10, r->r11, r->gpa, r->bytes);
	e.mapgpa.gpa = r->bytes ? r->gpa : r->r11 - done * TDX_PAGE_SIZE;
	e.mapgpa.bytes = r->bytes ? r->bytes : (done + 1) * TDX_PAGE_SIZE;
	e.mapgpa.done = (uint32_t)done;
	return e;
}

/* By the rule that classes answers everywhere. */
static void label(struct td_behaviour *b)
{
	struct td_answers answers = { 0 };

	for (uint32_t i = 0; i < b->nrecorded; i++) {
		struct td_event e = as_event(&b->recorded[i], i ? &b->recorded[i - 1] : NULL);

		td_answers_add(&answers, &e);
	}
	b->hostile = answers.hostile;
	b->contain = !td_answers_complete(&answers, TD_STALLS);
}

int recorded_load(struct behaviour *b)
{
	uint8_t *data;
	char *text;
	size_t bytes;
	int status = *b->path ? file_read(b->path, "recorded answers", &data, &bytes) :
				complain(STATUS_INPUT, "--vmm " RECORDED_PREFIX "FILE: which file?");

	if (status)
		return status;
	text = xprintf("%.*s", (int)bytes, (const char *)data);
	free(data);
	if (strlen(text) != bytes) {
		free(text);
		return complain(STATUS_INPUT, "%s: no text: there is a byte 0 in it", b->path);
	}
	status = read_lines(&b->packed, b->path, text);
	free(text);
	label(&b->packed);
	snprintf(b->name, sizeof(b->name), "recorded");
	b->title = xprintf("%u answer%s as recorded, then willing", b->packed.nrecorded, b->packed.nrecorded == 1 ? "" : "s");
	return status;
}
