/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "abi/tdx.h"
#include "cli/verdict/judge.h"
#include "cli/verdict/totals.h"

void totals_record(struct totals *t, const struct td_event *e)
{
	if (e->type == TD_EV_MAPGPA) {
		t->mapgpa_calls++;
		t->retries += e->mapgpa.r10 == TDVMCALL_RETRY;
	}
	if (e->type == TD_EV_ACCEPT) {
		bool done = tdx_code(e->accept.status) == TDX_SUCCESS, large = e->accept.rcx % TDX_PAGE_SIZE == TDX_LEVEL_2M;

		t->accepts_2m += done && large;
		t->accepts_4k += done && !large;
		t->size_mismatches += tdx_code(e->accept.status) == TDX_PAGE_SIZE_MISMATCH;
	}
}

void totals_conversion(struct totals *t, const struct conversion *c)
{
	t->conversions++;
	t->stalls += c->stalls;
	if (c->closed && c->how == TD_CLOSE_MERGED)
		return;		/* its pages are another's now */
	t->device_pages += c->device;
	*(c->to_shared ? &t->to_shared_pages : &t->to_private_pages) += c->done - c->device;
	t->completed += c->closed && c->how == TD_CLOSE_COMPLETE;
	if (c->closed && c->how == TD_CLOSE_ABANDONED)
		t->abandoned_pages += c->pages - c->done;
}

static const struct {
	const char *name, *text;
	size_t offset;
} rows[] = {
#define TOTAL(name, text, meaning) { #name, text, offsetof(struct totals, name) },
	TOTALS(TOTAL)
#undef TOTAL
};

static uint64_t value(const struct totals *t, size_t row)
{
	return *(const uint64_t *)(const void *)((const char *)t + rows[row].offset);
}

void totals_text(const struct totals *t, char *text, size_t bytes)
{
	FILE *out = fmemopen(text, bytes, "w");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t n = value(t, i);
		const char *c = rows[i].text;

		if (*c == '?' && !n)
			continue;
		for (c += *c == '?'; *c; c++) {
			if (*c == '#')
				fprintf(out, "%" PRIu64, n);
			else if (*c != '$')
				fputc(*c, out);
			else if (n != 1)
				fputc('s', out);
		}
	}
	fclose(out);
}

void totals_json(json_t *json, const struct totals *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		json_add_number(json, rows[i].name, value(t, i));
}
