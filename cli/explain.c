/* SPDX-License-Identifier: MIT */
/* tdlab explain: what a name or a number in a report, a log or a register is, from the tables that are listed. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/json.h"
#include "cli/list.h"
#include "cli/opt.h"
#include "cli/suggest.h"

#define NAME_BYTES	64
#define LABEL		16	/* columns of what stands before a text */

struct explain_options {
	const char *behaviours;
};

static const struct opt options[] = {
	{ "behaviours", OPT_FOLDER, offsetof(struct explain_options, behaviours), "DIR", "where behaviours are looked for" },
	{ 0 },
};

struct wanted {
	const char *word;
	char name[NAME_BYTES];	/* as plain() has it */
	uint64_t number;
	bool is_number;
	int columns;
	size_t found;
};

/*
 * Names are written in many ways: MEM_PAGE_ACCEPT, TDG.MEM.PAGE.ACCEPT, TDG.VP.VMCALL<MapGPA>, a behaviour's with its
 * parameters, TDX_OPERAND_BUSY and TDVMCALL_STATUS_RETRY as in Linux. What is left is letters and digits.
 */
static void plain(const char *word, char name[NAME_BYTES])
{
	static const char *const before[] = { "tdg", "tdxmodule", "tdvmcallstatus", "tdvmcall", "tdx" };
	const char *inner = strchr(word, '<');
	size_t length = 0;

	for (word = inner ? inner : word; *word && *word != ':' && length < NAME_BYTES - 1; word++)
		if (isalnum((unsigned char)*word))
			name[length++] = (char)tolower((unsigned char)*word);
	name[length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		size_t bytes = strlen(before[i]);

		if (strncmp(name, before[i], bytes) == 0 && name[bytes]) {
			memmove(name, name + bytes, length - bytes + 1);
			return;
		}
	}
}

/* A status of TDCALL has what it is about in its lower half, and is known by the upper one. */
static bool is_meant(const struct wanted *w, const char *name, const char *kind, const char *number)
{
	uint64_t value = number ? strtoull(number, NULL, 0) : 0;
	char other[NAME_BYTES];

	if (w->is_number && number)
		return strcmp(kind, "tdcall-status") == 0 ? w->number >> 32 != 0 && tdx_code(w->number) == value :
							    w->number == value;
	plain(name, other);
	return !w->is_number && strcmp(w->name, other) == 0;
}

static void line(const char *label, const char *text, int columns)
{
	printf("  %-*s", LABEL - 2, label);
	fold(text, LABEL, columns);
}

/* The members of an element of an array, in a line: name, kind, detail. */
static char *element_text(json_t *element)
{
	char *text = xprintf("%s", json_is_string(element) ? json_string_value(element) : "");
	const char *key;
	json_t *value;

	json_object_foreach(element, key, value) {
		char *longer = json_is_string(value) ? xprintf("%s%s%s", text, *text ? ", " : "", json_string_value(value)) : NULL;

		if (longer) {
			free(text);
			text = longer;
		}
	}
	return text;
}

static void member(const char *key, json_t *value, int columns)
{
	char number[24];
	json_t *element;
	size_t i;

	if (json_is_string(value)) {
		line(key, json_string_value(value), columns);
	} else if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		line(key, number, columns);
	} else if (json_is_boolean(value)) {
		line(key, json_is_true(value) ? "yes" : "no", columns);
	}
	json_array_foreach(value, i, element) {
		char *text = element_text(element);

		line(i == 0 ? key : "", text, columns);
		free(text);
	}
}

static void row_text(const struct wanted *w, const char *list, json_t *row)
{
	const char *kind = json_string_value(json_object_get(row, "kind")), *key;
	json_t *value;

	printf("%s%s (", w->found ? "\n" : "", json_string_value(json_object_get(row, "name")));
	if (kind)
		printf("%s)\n", kind);
	else
		printf("%.*s)\n", (int)strlen(list) - 1, list);	/* "behaviours" has behaviours */
	json_object_foreach(row, key, value)
		if (strcmp(key, "name") != 0 && strcmp(key, "kind") != 0)
			member(key, value, w->columns);
	if (kind && strcmp(kind, "tdcall-status") == 0 && w->is_number) {
		char rest[64];

		snprintf(rest, sizeof(rest), "0x%08" PRIx32 ": an operand's number, or a level of the secure EPT",
			 (uint32_t)w->number);
		line("RAX[31:0]", rest, w->columns);
	}
}

/* All that have the name or the number. The nearest name, if nothing has, is found on the way. */
static void look(struct wanted *w, const char *list, json_t *rows, const char **near)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *kind = json_string_value(json_object_get(row, "kind"));

		if (is_meant(w, name, kind ? kind : "", json_string_value(json_object_get(row, "number")))) {
			row_text(w, list, row);
			w->found++;
		} else if (!*near) {
			*near = suggest(w->word, &name, 1);
		}
	}
}

static int explain(const char *word, const char *behaviours)
{
	struct wanted w = { .word = word, .columns = width_of_output() };
	json_t *all[16] = { 0 };
	const char *near = NULL;
	int status = 0;

	w.is_number = opt_number(word, &w.number);
	plain(word, w.name);
	for (size_t i = 0; list_name(i) && !status; i++) {
		all[i] = json_array();
		status = list_rows(i, behaviours, all[i]);
		if (!status)
			look(&w, list_name(i), all[i], &near);
	}
	if (!status && !w.found)
		status = complain(STATUS_INPUT, near && !w.is_number ?
				  "explain: nothing is called \"%s\": did you mean \"%s\"?" :
				  "explain: nothing is called \"%s\": see tdlab list --help for what has names", word, near);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		json_decref(all[i]);
	return status;
}

static int run_explain(const struct verb *verb, int argc, char **argv)
{
	struct explain_options o = { 0 };
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	int noperands, status = opt_parse(verb, argc, argv, &o, operands, &noperands);

	if (!status && noperands != 1)
		status = complain(STATUS_INPUT, "explain: one name or number, such as abandoned, MapGPA, 0x8000020000000001");
	if (!status)
		status = explain(operands[0], o.behaviours);
	free(operands);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_explain = {
	"explain", run_explain, "NAME|NUMBER", "what a name, a status or a leaf is, and where that stands", options,
};
