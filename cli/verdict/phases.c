/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/verdict/phases.h"

const char *phase_name(enum phase phase)
{
	static const char *const names[] = { "firmware", "boot loader", "kernel" };

	return names[phase];
}

/* The image that was last told of around rip, before record number `before`. */
static enum phase phase_at(const struct records *r, uint64_t rip, size_t before)
{
	for (size_t i = rip < PHASE_KERNEL_HALF ? before : 0; i > 0; i--)
		if (r->all[i - 1].type == TD_EV_IMAGE && rip - r->all[i - 1].a[0] < r->all[i - 1].a[1])
			return phase_of(rip, r->all[i - 1].a[2]);
	return phase_of(rip, PE_UNKNOWN);
}

static void take_conversions(struct phases *p, const struct judgement *j, const struct records *r)
{
	for (size_t i = 0; i < j->nconversions; i++) {
		const struct conversion *c = &j->conversions[i];
		struct phase_totals *t;

		if (!c->record)
			continue;
		t = &p->all[phase_at(r, r->all[c->record - 1].rip, c->record - 1)];
		t->conversions++;
		t->of.stalls += c->stalls;
		if (c->closed && c->how == TD_CLOSE_MERGED)
			continue;	/* its pages are another's now */
		t->of.device_pages += c->device;
		*(c->to_shared ? &t->of.to_shared_pages : &t->of.to_private_pages) += c->done - c->device;
	}
}

static void take_call(struct phase_totals *t, const struct td_event *e)
{
	bool large = e->a[0] % TDX_PAGE_SIZE == TDX_LEVEL_2M;

	if (e->type == TD_EV_MAPGPA) {
		t->of.mapgpa_calls++;
		t->of.retries += e->a[2] == TDVMCALL_RETRY;
	} else if (tdx_code(e->a[1]) == TDX_SUCCESS) {
		*(large ? &t->of.accepts_2m : &t->of.accepts_4k) += 1;
	} else if (tdx_code(e->a[1]) == TDX_PAGE_SIZE_MISMATCH) {
		t->mismatches++;
	}
}

static void take_calls(struct phases *p, const struct records *r)
{
	uint64_t base = 0, bytes = 0;	/* of the image that the last one came from */
	enum phase phase = PHASE_LOADER;

	for (size_t i = 0; i < r->count; i++) {
		const struct td_event *e = &r->all[i];
		struct phase_totals *t;

		if (e->type == TD_EV_IMAGE) {
			base = e->a[0];
			bytes = e->a[1];
			phase = phase_of(e->a[0], e->a[2]);
		}
		if (e->type != TD_EV_ACCEPT && e->type != TD_EV_MAPGPA)
			continue;
		t = &p->all[e->rip - base < bytes ? phase : phase_at(r, e->rip, i)];
		take_call(t, e);
		t->last = records_seconds(r, e);
	}
}

static void name_image(struct symbols *s, const struct volume *v, const struct td_event *e)
{
	static const char *const kinds[] = {
		[PE_ROM] = "firmware", [PE_DRIVER] = "driver", [PE_LOADER] = "loader", [PE_LINUX] = "linux",
	};
	const char *driver = volume_name(v, e->a[3]);
	char name[VOLUME_NAME_BYTES] = "";

	if (e->a[2] == PE_LOADER && e->a[4])
		memcpy(name, &e->a[4], sizeof(e->a[4]));
	else if (driver)
		snprintf(name, sizeof(name), "%s", driver);
	else if (e->a[2] < ARRAY_SIZE(kinds) && kinds[e->a[2]])
		snprintf(name, sizeof(name), "%s", kinds[e->a[2]]);
	if (*name)
		symbols_add_image(s, e->a[0], e->a[1], name);
}

void phases_read(struct phases *p, const struct judgement *j, const struct records *r, const struct volume *v,
		 struct symbols *s)
{
	*p = (struct phases){ 0 };
	for (unsigned int i = 0; i < PHASES; i++)
		p->all[i].last = -1;
	for (size_t i = 0; i < r->count; i++)
		if (r->all[i].type == TD_EV_IMAGE)
			name_image(s, v, &r->all[i]);
	take_conversions(p, j, r);
	take_calls(p, r);
}
