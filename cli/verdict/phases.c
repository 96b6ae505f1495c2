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
		if (r->all[i - 1].type == TD_EV_IMAGE && rip - r->all[i - 1].image.base < r->all[i - 1].image.bytes)
			return phase_of(rip, r->all[i - 1].image.kind);
	return phase_of(rip, PE_UNKNOWN);
}

static void count_conversions(struct phases *p, const struct judgement *j, const struct records *r)
{
	for (size_t i = 0; i < j->nconversions; i++) {
		const struct conversion *c = &j->conversions[i];

		if (c->record)
			totals_conversion(&p->all[phase_at(r, r->all[c->record - 1].rip, c->record - 1)].of, c);
	}
}

static void count_calls(struct phases *p, const struct records *r)
{
	size_t told = 0;	/* records up to the last image: no need to look at those that followed it */

	for (size_t i = 0; i < r->count; i++) {
		const struct td_event *e = &r->all[i];
		struct phase_totals *t;

		if (e->type == TD_EV_IMAGE)
			told = i + 1;
		if (e->type != TD_EV_ACCEPT && e->type != TD_EV_MAPGPA)
			continue;
		t = &p->all[phase_at(r, e->rip, told)];
		totals_record(&t->of, e);
		t->last = records_seconds(r, e);
	}
}

static void name_image(struct symbols *s, const struct volume *v, const struct td_event *e)
{
	static const char *const kinds[] = {
		[PE_ROM] = "firmware", [PE_DRIVER] = "driver", [PE_LOADER] = "loader", [PE_LINUX] = "linux",
	};
	const char *driver = volume_name(v, e->image.hash);
	char name[VOLUME_NAME_BYTES] = "";

	if (e->image.kind == PE_LOADER && e->image.name[0])
		memcpy(name, e->image.name, sizeof(e->image.name));
	else if (driver)
		snprintf(name, sizeof(name), "%s", driver);
	else if (e->image.kind < ARRAY_SIZE(kinds) && kinds[e->image.kind])
		snprintf(name, sizeof(name), "%s", kinds[e->image.kind]);
	if (*name)
		symbols_add_image(s, e->image.base, e->image.bytes, name);
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
	count_conversions(p, j, r);
	count_calls(p, r);
}
