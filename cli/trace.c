/* SPDX-License-Identifier: MIT */
/* tdlab trace: a journal as text or JSON, a line for each record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/opt.h"
#include "cli/suggest.h"
#include "cli/verdict/symbols.h"
#include "cli/vmm/describe.h"

struct trace_options {
	const char *only, *symbols;
	bool json;
};

static const struct opt options[] = {
	{ "only", OPT_TEXT, offsetof(struct trace_options, only), "TYPE,...", "only records of these types" },
	{ "symbols", OPT_FILE, offsetof(struct trace_options, symbols), "FILE", "name RIPs: vmlinux, System.map, a harness" },
	{ "json", OPT_FLAG, offsetof(struct trace_options, json), NULL, "one JSON object per line" },
	{ 0 },
};

static int unknown(const char *name)
{
	const char *names[TD_EV_TYPES], *near;

	for (unsigned int i = 0; i < TD_EV_TYPES; i++)
		names[i] = event_name(i);
	near = suggest(name, names, TD_EV_TYPES);
	return complain(STATUS_INPUT, "--only: no type \"%s\"%s%s%s", name, near ? ": did you mean \"" : "",
			near ? near : "", near ? "\"?" : "");
}

/* Words to a set of types; no words are all types. */
static int read_only(const char *words, bool wanted[TD_EV_TYPES])
{
	size_t length;

	for (unsigned int i = 0; i < TD_EV_TYPES; i++)
		wanted[i] = !words;
	for (; words && *words; words += length + (words[length] == ',')) {
		unsigned int type = 0;

		length = strcspn(words, ",");
		while (type < TD_EV_TYPES && (strlen(event_name(type)) != length ||
					      strncasecmp(words, event_name(type), length) != 0))
			type++;
		if (type == TD_EV_TYPES) {
			char *name = xprintf("%.*s", (int)length, words);
			int status = unknown(name);

			free(name);
			return status;
		}
		wanted[type] = true;
	}
	return 0;
}

static void print(const struct records *r, const struct symbols *symbols, const bool wanted[TD_EV_TYPES], bool as_json)
{
	char text[256], place[160];

	for (size_t i = 0; i < r->count; i++) {
		const struct td_event *e = &r->all[i];

		if (!wanted[e->type])
			continue;
		if (as_json) {
			json_t *json = describe_json(r, e);

			if (symbols->count)
				json_add_text(json, "symbol", symbols_name(symbols, e->rip, place, sizeof(place)) ? place : NULL);
			json_print_line(json, stdout);
			continue;
		}
		describe_text(e, text, sizeof(text));
		if (!symbols->count || !symbols_name(symbols, e->rip, place, sizeof(place)))
			snprintf(place, sizeof(place), "0x%016llx", (unsigned long long)e->rip);
		printf("%12.6f vCPU %u RIP %s %s\n", records_seconds(r, e), e->vcpu, place, text);
	}
}

static int run_trace(const struct verb *verb, int argc, char **argv)
{
	struct trace_options o = { 0 };
	struct records records = { 0 };
	struct symbols symbols = { 0 };
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	bool wanted[TD_EV_TYPES];
	int noperands, status = opt_parse(verb, argc, argv, &o, operands, &noperands);

	if (!status && noperands != 1)
		status = complain(STATUS_INPUT, "trace: %s: see tdlab trace --help",
				  noperands ? "more than one journal" : "which journal?");
	if (!status)
		status = read_only(o.only, wanted);
	if (!status && o.symbols)
		status = symbols_load_file(&symbols, o.symbols);
	if (!status)
		status = records_read(&records, operands[0]);
	symbols_place(&symbols, &records);
	if (!status)
		print(&records, &symbols, wanted, o.json);
	symbols_free(&symbols);
	records_free(&records);
	free(operands);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_trace = { "trace", run_trace, "JOURNAL",
				 "print a journal that tdlab boot --journal kept", options };
