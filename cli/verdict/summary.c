/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/verdict/summary.h"
#include "td/td.h"

struct reading {
	struct judgement *j;
	const struct records *records;
	const struct td_config *config;
	bool hostile;
	uint64_t s;			/* shared bit */
	uint64_t *callers;		/* where a CALLERS record goes, or NULL */
	size_t fatal_bytes;
};

static uint64_t ram_pages(const struct td_config *config, uint64_t gpa, uint64_t pages)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, found = 0;

	for (uint32_t i = 0; i < config->nslots; i++) {
		const struct td_slot *slot = &config->slots[i];
		uint64_t from = slot->gpa > gpa ? slot->gpa : gpa, to = slot->gpa + slot->pages * TDX_PAGE_SIZE;

		to = to < end ? to : end;
		if (slot->kind == TD_SLOT_RAM && from < to)
			found += (to - from) / TDX_PAGE_SIZE;
	}
	return found;
}

static struct conversion *conversion(struct judgement *j, uint32_t id)
{
	for (size_t i = j->nconversions; i > 0; i--)
		if (j->conversions[i - 1].id == id)
			return &j->conversions[i - 1];
	return NULL;
}

static void on_open(struct reading *r, const struct td_event *e)
{
	struct judgement *j = r->j;

	j->conversions = xrealloc(j->conversions, (j->nconversions + 1) * sizeof(*j->conversions));
	j->conversions[j->nconversions++] = (struct conversion){
		.id = (uint32_t)e->open.conversion, .gpa = e->open.gpa & ~r->s, .to_shared = e->open.gpa & r->s,
		.pages = e->open.pages,
	};
}

static void on_mapgpa(struct reading *r, const struct td_event *e)
{
	struct conversion *c = conversion(r->j, e->mapgpa.conversion);

	if (!c)
		return;
	c->calls++;
	c->record = (size_t)(e - r->records->all) + 1;
	c->retries += e->mapgpa.r10 == TDVMCALL_RETRY;
	r->callers = c->callers;	/* of the last call: the one that gave up is the one to be asked */
}

static void on_close(struct reading *r, const struct td_event *e)
{
	struct conversion *c = conversion(r->j, e->close.conversion);

	if (!c)
		return;
	c->closed = true;
	c->how = (enum td_close)e->close.how;
	c->gpa = e->close.gpa & ~r->s;
	c->pages = e->close.pages;
	c->done = e->close.done;
	c->calls = e->close.calls;
	c->retries = e->close.retries;
	c->stalls = e->close.stalls;
	c->longest_run = e->close.longest;
	c->device = c->done - ram_pages(r->config, c->gpa, c->done);
}

/* What a device did to a page of which there is a finding already: that it was told to use it. */
static bool reported_before(const struct judgement *j, unsigned int kind, uint64_t gpa, const struct td_event *e)
{
	for (size_t i = 0; kind == TD_V_DMA_TO_PRIVATE && e->verdict.detail == 0 && i < j->nfindings; i++)
		if (j->findings[i].kind == kind && gpa >= j->findings[i].gpa &&
		    gpa - j->findings[i].gpa < j->findings[i].pages * TDX_PAGE_SIZE)
			return true;
	return false;
}

static void on_verdict(struct reading *r, const struct td_event *e)
{
	struct judgement *j = r->j;
	unsigned int class = e->verdict.class, kind = e->verdict.violation;
	struct finding *last = j->nfindings ? &j->findings[j->nfindings - 1] : NULL;
	uint64_t gpa = e->verdict.gpa & ~(TDX_PAGE_SIZE - 1);

	if (class == TD_CLASS_OK || reported_before(j, kind, gpa, e))
		return;
	if (last && last->kind == kind && last->class == class && last->rip == e->rip &&
	    (kind != TD_V_DMA_TO_PRIVATE || last->detail == e->verdict.detail) &&
	    last->gpa + last->pages * TDX_PAGE_SIZE == gpa && last->real == e->verdict.real) {
		last->pages += e->verdict.pages;
		return;
	}
	j->findings = xrealloc(j->findings, (j->nfindings + 1) * sizeof(*j->findings));
	j->findings[j->nfindings] = (struct finding){
		.kind = kind, .class = class, .gpa = gpa, .pages = e->verdict.pages, .rip = e->rip,
		.detail = e->verdict.detail, .real = e->verdict.real, .known = e->verdict.known,
		.record = (size_t)(e - r->records->all),
		.cause = class == TD_CLASS_HAZARD && kind != TD_V_NONE ? TD_CAUSE_CALLER :
			 r->hostile && j->disturbed ? TD_CAUSE_HOSTILE : TD_CAUSE_PERMITTED,
	};
	r->callers = j->findings[j->nfindings++].callers;
	j->nviolations += class == TD_CLASS_VIOLATION;
}

/* Text of ReportFatalError, 40 bytes a record. */
static void on_fatal(struct reading *r, const struct td_event *e)
{
	size_t room = sizeof(r->j->fatal) - 1 - r->fatal_bytes, bytes = sizeof(e->fatal.text);

	bytes = bytes < room ? bytes : room;
	memcpy(r->j->fatal + r->fatal_bytes, e->fatal.text, bytes);
	printable(r->j->fatal + r->fatal_bytes);
	r->fatal_bytes += bytes;
}

static void on_mark(struct reading *r, const struct td_event *e)
{
	struct judgement *j = r->j;
	double when = records_seconds(r->records, e);

	if (e->mark.what == TD_MARK_DETECTED) {
		if (j->detected < 0)
			j->detected = when;
		return;
	}
	if (e->mark.what == TD_MARK_USER) {
		j->user = when;
		return;
	}
	j->ended = when;
	j->mark = (unsigned int)e->mark.what;
	j->marked = true;
	j->end_value = e->mark.value;
}

static void add_record(struct reading *r, const struct td_event *e)
{
	r->j->disturbed |= td_event_disturbs(e);
	totals_record(&r->j->totals, e);
	switch (e->type) {
	case TD_EV_START:
		r->s = tdx_shared_bit((unsigned int)e->start.gpaw);
		break;
	case TD_EV_OPEN:
		on_open(r, e);
		break;
	case TD_EV_MAPGPA:
		on_mapgpa(r, e);
		break;
	case TD_EV_CLOSE:
		on_close(r, e);
		break;
	case TD_EV_VERDICT:
		on_verdict(r, e);
		break;
	case TD_EV_FATAL:
		on_fatal(r, e);
		break;
	case TD_EV_UNTRACKED:
		r->j->untracked = true;
		break;
	case TD_EV_UNRECORDED:
		r->j->unrecorded = true;
		break;
	case TD_EV_STOP:
		r->j->stop = (unsigned int)e->stop.why;
		r->j->stop_detail = e->stop.detail;
		r->j->ended = r->j->ended < 0 ? records_seconds(r->records, e) : r->j->ended;
		break;
	case TD_EV_COUNT:
		if (e->count.reason < EXIT_KINDS)
			r->j->exits[e->count.reason] += e->count.times;
		break;
	case TD_EV_MARK:
		on_mark(r, e);
		break;
	default:
		break;
	}
}

/* The one that its first page was last part of, before it. */
const struct conversion *finding_conversion(const struct judgement *j, const struct finding *f, uint64_t s)
{
	uint64_t gpa = f->gpa & ~s;

	for (size_t i = j->nconversions; i > 0; i--) {
		const struct conversion *c = &j->conversions[i - 1];

		if (c->record && c->record <= f->record && gpa >= c->gpa && gpa - c->gpa < c->pages * TDX_PAGE_SIZE)
			return c;
	}
	return NULL;
}

/* The last ACCEPT of a finding's first page. */
static void last_accept(struct finding *f, const struct records *records)
{
	for (size_t i = records->count; i > 0; i--) {
		const struct td_event *e = &records->all[i - 1];
		uint64_t rcx = e->accept.rcx, bytes = rcx % TDX_PAGE_SIZE == TDX_LEVEL_2M ? TDX_2M_SIZE : TDX_PAGE_SIZE;

		if (e->type != TD_EV_ACCEPT || f->gpa - rcx / TDX_PAGE_SIZE * TDX_PAGE_SIZE >= bytes)
			continue;
		f->rip = e->rip;
		f->record = i;
		return;
	}
}

/*
 * That a conversion was abandoned is often known only at the end, when nobody's stack is there to be looked at. Who
 * made its last call, and what happened up to there, tells more.
 */
static void look_back(struct judgement *j, const struct records *records, uint64_t s)
{
	for (size_t i = 0; i < j->nfindings; i++) {
		struct finding *f = &j->findings[i];
		const struct conversion *c = NULL;

		if (f->kind == TD_V_ACCEPT_ABANDONED)
			last_accept(f, records);

		for (size_t n = j->nconversions; n > 0 && !c && f->kind == TD_V_ABANDONED; n--)
			if ((f->gpa & ~s) - j->conversions[n - 1].gpa < j->conversions[n - 1].pages * TDX_PAGE_SIZE)
				c = &j->conversions[n - 1];
		if (!c || !c->calls)
			continue;
		memcpy(f->callers, c->callers, sizeof(f->callers));
		f->record = c->record;
	}
}

void summarise(struct judgement *j, const struct records *records, const struct td_config *config, bool hostile)
{
	struct reading r = { .j = j, .records = records, .config = config, .hostile = hostile };

	j->detected = j->user = j->ended = -1;
	for (size_t i = 0; i < records->count; i++) {
		const struct td_event *e = &records->all[i];

		if (e->type == TD_EV_CALLERS) {
			if (r.callers)
				memcpy(r.callers, e->callers.address, sizeof(e->callers.address));
			r.callers = NULL;
			continue;
		}
		if (e->type != TD_EV_EXIT)
			r.callers = NULL;
		add_record(&r, e);
	}
	for (size_t i = 0; i < j->nconversions; i++)
		totals_conversion(&j->totals, &j->conversions[i]);
	look_back(j, records, r.s);
}
