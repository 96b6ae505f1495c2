/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/verdict/asked.h"

/* The function around an address, without where in it. */
static bool function_at(const struct symbols *symbols, uint64_t address, char name[160])
{
	bool named = symbols_name(symbols, address, name, 160);
	char *plus = named ? strchr(name, '+') : NULL, *behind = plus ? plus + strcspn(plus, " ") : NULL;

	if (plus)
		memmove(plus, behind, strlen(behind) + 1);
	return named;
}

/* The function that asked: the first, from the instruction outwards, that is more than a way to execute it. */
static bool name_of(const struct conversion *c, const struct records *records, const struct symbols *symbols,
		    char name[160])
{
	bool named = function_at(symbols, records->all[c->record - 1].rip, name);
	char caller[160];

	for (unsigned int i = 0; i < CALLERS && named && symbols_is_stub(name); i++)
		if (c->callers[i] && function_at(symbols, c->callers[i], caller))
			memcpy(name, caller, sizeof(caller));
	return named;
}

static struct asked_row *row_of(struct asked *a, const struct conversion *c, const struct records *records,
				const struct symbols *symbols)
{
	struct asked_row *row = &a->rows[a->count];
	char name[160];
	bool named = name_of(c, records, symbols, name);

	for (unsigned int i = 0; i < a->count; i++)
		if (strcmp(a->rows[i].by, name) == 0)
			return &a->rows[i];
	if (a->count == ASKED_MOST)
		return NULL;
	a->count++;
	*row = (struct asked_row){ .named = named };
	memcpy(row->by, name, sizeof(name));
	memcpy(row->callers, c->callers, sizeof(row->callers));
	return row;
}

void asked_read(struct asked *a, const struct judgement *j, const struct records *records,
		const struct symbols *symbols, uint64_t s)
{
	struct asked_row *row;

	*a = (struct asked){ 0 };
	for (size_t i = 0; i < j->nconversions; i++) {
		const struct conversion *c = &j->conversions[i];

		if (!c->record)
			continue;
		row = row_of(a, c, records, symbols);
		if (!row) {
			a->others++;
			continue;
		}
		row->conversions++;
		row->completed += c->closed && c->how == TD_CLOSE_COMPLETE;
		row->calls += c->calls;
		row->retries += c->retries;
		row->stalls += c->stalls;
	}
	for (size_t i = 0; i < j->nfindings; i++) {
		const struct finding *f = &j->findings[i];
		const struct conversion *c = f->class == TD_CLASS_VIOLATION ? finding_conversion(j, f, s) : NULL;

		row = c && c->record ? row_of(a, c, records, symbols) : NULL;
		if (row)
			row->violations++;
	}
}
