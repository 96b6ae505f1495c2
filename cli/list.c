/* SPDX-License-Identifier: MIT */
/* tdlab list: behaviours, answers, violations, records, totals and the ABI, from the tables. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/list.h"
#include "cli/opt.h"
#include "cli/suggest.h"
#include "cli/verdict/judge.h"
#include "cli/verdict/records.h"
#include "cli/verdict/totals.h"
#include "cli/vmm/find.h"
#include "cli/vmm/platform.h"
#include "sim/guest.h"
#include "td/event.h"
#include "td/explore.h"

/* The labels of an answer in words. */
#define TD_GHCI_PERMITTED	"permitted"
#define TD_GHCI_HOSTILE		"hostile"
#define TD_EXPECT_COMPLETE	"complete"
#define TD_EXPECT_CONTAIN	"contain"

#define LISTS_IN_WORDS "behaviours, platforms, violations, outcomes, answers, guests, records, totals, abi"

struct list_options {
	const char *behaviours;
	bool json;
};

static const struct opt options[] = {
	{ "behaviours", OPT_FOLDER, offsetof(struct list_options, behaviours), "DIR",
	  "where behaviours are looked for" },
	{ "json", OPT_FLAG, offsetof(struct list_options, json), NULL, "as JSON" },
	{ 0 },
};

static void behaviour_json(json_t *json, const struct behaviour *b)
{
	json_t *row = json_add_object(json, NULL), *parameters;

	json_add_text(row, "name", b->name);
	json_add_text(row, "title", b->title);
	json_add_text(row, "class", b->packed.hostile ? "hostile" : "permitted");
	json_add_text(row, "expect", b->packed.contain ? "contain" : "complete");
	json_add_text(row, "basis", behaviour_bases[b->basis]);
	json_add_text(row, "who", b->who);
	json_add_text(row, "source", b->source);
	parameters = json_add_array(row, "parameters");
	for (unsigned int i = 0; i < b->nparameters; i++) {
		json_t *item = json_add_object(parameters, NULL);

		json_add_text(item, "name", b->parameters[i].name);
		json_add_text(item, "default", b->parameters[i].value);
		json_add_text(item, "help", b->parameters[i].help);
	}
}

static void behaviour_text(const struct behaviour *b)
{
	printf("%-16s %-10s %-9s ", b->name, b->packed.hostile ? "hostile" : "permitted",
	       b->packed.contain ? "contain" : "complete");
	fold_on_terminal(b->title, 38);
	for (unsigned int i = 0; i < b->nparameters; i++) {
		printf("  %s=%s: ", b->parameters[i].name, b->parameters[i].value);
		fold_on_terminal(b->parameters[i].help, 8);
	}
}

static int list_behaviours(const struct list_options *o, json_t *json)
{
	char *own = o->behaviours ? NULL : installed_needed("behaviours");
	const char *folder = o->behaviours ? o->behaviours : own;
	struct behaviour b;
	int status = 0;
	size_t count = 0;
	char **names;

	if (!folder)
		return STATUS_ENVIRONMENT;
	names = behaviour_names(folder, &count);
	if (!names)
		status = STATUS_INPUT;
	for (size_t i = 0; i < count; i++) {
		if (!status)
			status = behaviour_load(&b, names[i], folder);
		if (!status && o->json)
			behaviour_json(json, &b);
		else if (!status)
			behaviour_text(&b);
		if (!status)
			behaviour_free(&b);
		free(names[i]);
	}
	free(names);
	free(own);
	return status;
}

static void platform_json(json_t *json, const struct platform *p)
{
	json_t *row = json_add_object(json, NULL);

	json_add_text(row, "name", p->name);
	json_add_text(row, "title", p->title);
	json_add_text(row, "who", p->who);
	json_add_text(row, "source", p->source);
	json_add_hex(row, "attributes", p->packed.attributes);
	json_add_hex(row, "xfam", p->packed.xfam);
	json_add_hex(row, "config_flags", p->packed.config_flags);
	json_add_hex(row, "td_ctls", p->packed.td_ctls);
	json_add_hex(row, "features", p->packed.features);
	json_add_number(row, "gpaw", p->packed.gpaw);
	json_add_bool(row, "topology", p->packed.topology);
	json_add_number(row, "cores", p->packed.cores);
}

static int list_platforms(const struct list_options *o, json_t *json)
{
	char *folder = installed_needed("platforms"), **names;
	struct platform p;
	size_t count = 0;
	int status = 0;

	if (!folder)
		return STATUS_ENVIRONMENT;
	names = text_names("platform", folder, &count);
	if (!names)
		status = STATUS_INPUT;
	for (size_t i = 0; i < count; i++) {
		if (!status)
			status = platform_load(&p, names[i], folder);
		if (!status && o->json)
			platform_json(json, &p);
		else if (!status)
			printf("%-16s %s\n", p.name, p.title);
		if (!status)
			platform_free(&p);
		free(names[i]);
	}
	free(names);
	free(folder);
	return status;
}

static int list_pairs(const struct list_options *o, json_t *json, const char *const (*rows)[2], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!o->json) {
			printf("%-24s %s\n", rows[i][0], rows[i][1]);
			continue;
		}
		json_t *row = json_add_object(json, NULL);
		json_add_text(row, "name", rows[i][0]);
		json_add_text(row, "detail", rows[i][1]);
	}
	return 0;
}

static int list_violations(const struct list_options *o, json_t *json)
{
	static const char *const rows[][2] = {
#define TD_VIOLATION(id, name, sentence) { name, sentence },
		TD_VIOLATIONS(TD_VIOLATION)
		TD_OTHER_FINDINGS(TD_VIOLATION)
#undef TD_VIOLATION
	};

	return list_pairs(o, json, rows + 1, ARRAY_SIZE(rows) - 1);	/* without "none" */
}

static int list_answers(const struct list_options *o, json_t *json)
{
	static const struct {
		const char *name, *ghci, *expect, *meaning;
	} rows[] = {
#define TD_ANSWER(id, name, ghci, expect, class, least, done, r10, meaning) \
		{ name, TD_GHCI_##ghci, TD_EXPECT_##expect, meaning },
		TD_ANSWERS(TD_ANSWER)
#undef TD_ANSWER
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!o->json) {
			printf("%-16s %-10s %-9s %s\n", rows[i].name, rows[i].ghci, rows[i].expect, rows[i].meaning);
			continue;
		}
		json_t *row = json_add_object(json, NULL);
		json_add_text(row, "name", rows[i].name);
		json_add_text(row, "detail", rows[i].meaning);
		json_add_text(row, "class", rows[i].ghci);
		json_add_text(row, "expect", rows[i].expect);
	}
	return 0;
}

static int list_abi(const struct list_options *o, json_t *json)
{
	static const struct {
		const char *kind, *name;
		uint64_t number;
		const char *source;
	} rows[] = {
#define TDCALL_LEAF(id, number, source) { "tdcall", "TDG." #id, number, source },
#define GHCI_SUBFN(id, number, source) { "tdvmcall", #id, number, source },
#define TDX_CODE(id, code, source) { "tdcall-status", #id, code, source },
#define GHCI_CODE(id, value, source) { "tdvmcall-status", #id, value, source },
#define TDX_FIELD(id, field, fields, elements, rights, source) { "field-" rights, #id, field, source },
#define TDX_BIT(word, id, number, source) { "bit-" #word, #id, 1ull << (number), source },
#define VE_REASON(id, number, source) { "ve-reason", #id, number, source },
#include "abi/abi.def"
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!o->json) {
			printf("%-16s %-24s 0x%-16" PRIx64 "  %s\n", rows[i].kind, rows[i].name, rows[i].number,
			       rows[i].source);
			continue;
		}
		json_t *row = json_add_object(json, NULL);
		json_add_text(row, "kind", rows[i].kind);
		json_add_text(row, "name", rows[i].name);
		json_add_hex(row, "number", rows[i].number);
		json_add_text(row, "source", rows[i].source);
	}
	return 0;
}

/* Guest code that comes with tdlab. */
static int list_guests(const struct list_options *o, json_t *json)
{
	const char *rows[32][2];
	size_t count = 0;

	for (const struct sim_guest *const *g = sim_guests; *g && count < ARRAY_SIZE(rows); g++, count++) {
		rows[count][0] = (*g)->name;
		rows[count][1] = (*g)->what;
	}
	return list_pairs(o, json, rows, count);
}

static int list_totals(const struct list_options *o, json_t *json)
{
	static const char *const rows[][2] = {
#define TOTAL(name, text, meaning) { #name, meaning },
		TOTALS(TOTAL)
#undef TOTAL
	};

	return list_pairs(o, json, rows, ARRAY_SIZE(rows));
}

static void field_json(json_t *json, const struct record_field *f)
{
	json_t *row = json_add_object(json, NULL);

	json_add_text(row, "name", f->name);
	json_add_text(row, "kind", record_kind_name(f->kind));
	json_add_text(row, "detail", f->meaning);
}

static int list_records(const struct list_options *o, json_t *json)
{
	for (const struct record_type *r = record_types; r < record_types + TD_EV_TYPES; r++) {
		json_t *row, *fields;

		if (!o->json) {
			printf("%-24s %s\n", r->name, r->meaning);
			for (const struct record_field *f = r->fields; f->name; f++)
				printf("  %-12s %-20s %s\n", f->name, record_kind_name(f->kind), f->meaning);
			continue;
		}
		row = json_add_object(json, NULL);
		json_add_text(row, "name", r->name);
		json_add_text(row, "detail", r->meaning);
		fields = json_add_array(row, "fields");
		for (const struct record_field *f = r->fields; f->name; f++)
			field_json(fields, f);
	}
	return 0;
}

static int list_outcomes(const struct list_options *o, json_t *json)
{
	static const char *const rows[][2] = {
#define OUTCOME(id, name, sentence, finished) { name, sentence },
		OUTCOMES(OUTCOME)
#undef OUTCOME
	};

	return list_pairs(o, json, rows, ARRAY_SIZE(rows));
}

static const struct {
	const char *name;
	int (*list)(const struct list_options *o, json_t *json);
} lists[] = {
	{ "behaviours", list_behaviours },
	{ "platforms", list_platforms },
	{ "violations", list_violations },
	{ "outcomes", list_outcomes },
	{ "answers", list_answers },
	{ "guests", list_guests },
	{ "records", list_records },
	{ "totals", list_totals },
	{ "abi", list_abi },
};

const char *list_name(size_t i)
{
	return i < ARRAY_SIZE(lists) ? lists[i].name : NULL;
}

int list_rows(size_t i, const char *behaviours, json_t *rows)
{
	return lists[i].list(&(struct list_options){ .behaviours = behaviours, .json = true }, rows);
}

static int list_named(const char *what, const struct list_options *o)
{
	const char *names[ARRAY_SIZE(lists)];
	const char *near;
	json_t *json;
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		names[i] = lists[i].name;
		if (strcmp(lists[i].name, what) != 0)
			continue;
		json = json_array();
		status = lists[i].list(o, json);
		if (o->json && !status)
			json_print(json, stdout);
		else
			json_decref(json);
		return status;
	}
	near = suggest(what, names, ARRAY_SIZE(names));
	return complain(STATUS_INPUT, "list: no list \"%s\": %s%s", what,
			near ? "did you mean " : "there are " LISTS_IN_WORDS, near ? near : "");
}

static int run_list(const struct verb *verb, int argc, char **argv)
{
	struct list_options o = { 0 };
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	int noperands, status = opt_parse(verb, argc, argv, &o, operands, &noperands);

	if (!status && noperands > 1)
		status = complain(STATUS_INPUT, "list: one list at a time");
	if (!status)
		status = list_named(noperands ? operands[0] : "behaviours", &o);
	free(operands);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_list = {
	"list", run_list, "[behaviours|platforms|violations|outcomes|answers|guests|records|totals|abi]",
	"list behaviours, platforms, violations, answers and what else has names", options,
};
