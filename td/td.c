/* SPDX-License-Identifier: MIT */
/* A TD is created here with its pages in their first states, and here it is ended. */
#include "td/state.h"

_Static_assert(sizeof(struct td_page) == 2, "two bytes a page");

static bool slots_ok(const struct td_config *c)
{
	uint64_t end = 0, s = tdx_shared_bit(c->platform.gpaw);

	if (c->nslots == 0 || c->nslots > TD_MAX_SLOTS)
		return false;
	for (uint32_t i = 0; i < c->nslots; i++) {
		const struct td_slot *slot = &c->slots[i];

		if (slot->gpa % TDX_PAGE_SIZE != 0 || slot->gpa < end || slot->pages == 0 || slot->gpa >= s ||
		    slot->pages > (s - slot->gpa) / TDX_PAGE_SIZE || slot->kind > TD_SLOT_MMIO)
			return false;
		end = slot->gpa + slot->pages * TDX_PAGE_SIZE;
	}
	return true;
}

static bool behaviour_ok(const struct td_behaviour *b)
{
	if (b->nrules > TD_MAX_RULES || b->implicit > TD_IMPLICIT_STOP || b->aug > TD_AUG_ACCEPT ||
	    b->contents > TD_CONTENTS_ZEROED || b->align > TD_ALIGN_IGNORED || b->old > TD_OLD_KEPT)
		return false;
	for (uint32_t i = 0; i < b->nrules; i++) {
		const struct td_rule *r = &b->rules[i];

		if (r->on > TD_ON_ACCEPT || r->direction > TD_MATCH_TO_PRIVATE || r->claim_base > TD_CLAIM_KEPT ||
		    r->claim_s > TD_S_FLIP || r->registers > TD_REGISTERS_CHANGED)
			return false;
		if (r->on == TD_ON_ACCEPT && r->fail != 0 && r->fail != TDX_OPERAND_BUSY &&
		    r->fail != TDX_PAGE_SIZE_MISMATCH)
			return false;
	}
	return b->nrecorded <= TD_MAX_RECORDED;
}

static uint64_t ram_pages(const struct td_config *c)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < c->nslots; i++)
		if (c->slots[i].kind == TD_SLOT_RAM)
			pages += c->slots[i].pages;
	return pages;
}

/* Limits first: nothing below can overflow after them. */
size_t td_size(const struct td_config *c)
{
	uint64_t pages;

	if (!td_platform_ok(&c->platform) || c->vcpus == 0 || c->vcpus > TD_MAX_VCPUS || !slots_ok(c) ||
	    !behaviour_ok(&c->behaviour))
		return 0;
	pages = ram_pages(c);
	if (pages == 0 || pages > UINT32_MAX / 2)
		return 0;
	return sizeof(struct td_storage) + (size_t)((pages * sizeof(struct td_page) + 7) / 8 * 8) +
	       (size_t)c->undo_steps * sizeof(struct td_undo);
}

bool td_set_behaviour(struct td *td, const struct td_behaviour *behaviour, uint64_t seed)
{
	if (!behaviour_ok(behaviour))
		return false;
	td->mem->config.behaviour = *behaviour;
	td->mem->config.seed = seed;
	td->mem->now.random = seed != 0 ? seed : 1;
	return true;
}

bool td_init(struct td *td, void *mem, size_t bytes, const struct td_config *config)
{
	size_t need = td_size(config);
	uint32_t page = 0;

	if (need == 0 || bytes < need)
		return false;
	td->mem = mem;
	for (size_t i = 0; i < sizeof(*td->mem); i++)
		((uint8_t *)mem)[i] = 0;
	td->mem->config = *config;
	td->mem->s = tdx_shared_bit(config->platform.gpaw);
	td->mem->pages = (uint32_t)ram_pages(config);
	for (uint32_t i = 0; i < config->nslots; i++) {
		td->mem->first_page[i] = page;
		if (config->slots[i].kind == TD_SLOT_RAM)
			page += (uint32_t)config->slots[i].pages;
	}
	td_set_behaviour(td, &config->behaviour, config->seed);
	if (config->platform.attributes & TDX_ATTR_SEPT_VE_DISABLE)	/* [mod:tdh_mng_init]; a flexible TD may change it */
		td->mem->now.td_ctls = TDX_CTLS_PENDING_VE_DISABLE;
	td_sha384_start(&td->mem->build);
	td_sept_init(td);
	td_emit(td, START, start, 0, .gpaw = config->platform.gpaw, .vcpus = config->vcpus, .pages = td->mem->pages,
		.seed = config->seed, .tsc_hz = config->tsc_hz);
	return true;
}

enum td_action td_end(struct td *td, enum td_stop why, uint64_t detail, uint64_t rip)
{
	if (td->mem->now.stop == TD_RUNNING) {
		td->mem->now.stop = why;
		td_emit(td, STOP, stop, rip, .why = why, .detail = detail);
	}
	return TD_STOP;
}

void td_stop(struct td *td, enum td_stop why)
{
	td_end(td, why, 0, 0);
}

enum td_stop td_stopped(const struct td *td)
{
	return (enum td_stop)td->mem->now.stop;
}

uint64_t td_shared_bit(const struct td *td)
{
	return td->mem->s;
}

void td_finish(struct td *td)
{
	if (td->mem->now.finished)
		return;
	td->mem->now.finished = 1;
	if (!td_conversions_finish(td)) {
		td_uses_finish(td);
		if (!td->mem->config.behaviour.contain)
			td_sept_check_tried(td);
	}
	td_sept_check_twins(td, 0, td->mem->s);
}

void td_moved_on(struct td *td)
{
	td_conversions_left(td);
	td_uses_finish(td);
	if (td->mem->choices.met != 0)	/* else there is nothing to look for, and it costs */
		td_sept_check_tried(td);
}

/* What holds of every page at any time: legal states, and marks only where they can be. */
static bool page_sane(const struct td *td, uint64_t gpa)
{
	const struct td_page *page = td_page_at(td, gpa);
	enum td_real real = td_page_real(page);

	if (real == TD_REAL_NONE || real > TD_REAL_REMOVED || page->known == TD_KNOWN_NONE ||
	    page->known > TD_KNOWN_UNKNOWN)
		return false;
	if (((page->real_marks & PAGE_LARGE) && gpa % TDX_2M_SIZE != 0) ||
	    ((page->real_marks & PAGE_WITHHELD) && real != TD_REAL_SHARED && real != TD_REAL_MAPPED))
		return false;
	return !td_is_large(td, gpa) || real == TD_REAL_MAPPED;
}

/* Open conversions lie within their bounds and where searches find them, and no page belongs to two. */
static bool conversions_sane(const struct td *td)
{
	const struct td_conversion *c = td->mem->now.conversions;

	for (uint32_t i = 0; i < TD_MAX_CONVERSIONS; i++) {
		if (c[i].start > c[i].frontier || c[i].frontier > c[i].end ||
		    (c[i].start != c[i].end && i >= td->mem->now.open_to))
			return false;
		for (uint32_t k = 0; k < i && c[i].start != c[i].end; k++)
			if (c[k].start < c[i].end && c[i].start < c[k].end)
				return false;
	}
	return true;
}

/* What can be known of a page of which a use has not turned out yet: RAM, and no answer has made it right or wrong. */
static bool may_turn_out(enum td_known known, bool shared)
{
	if (known == TD_KNOWN_PRIVATE)
		return !shared;
	if (known == TD_KNOWN_CLAIMED_SHARED || known == TD_KNOWN_TO_SHARED)
		return shared;
	return known == TD_KNOWN_CLAIMED_PRIVATE || known == TD_KNOWN_TO_PRIVATE;
}

/* Uses are one for an alias of a page. */
static bool uses_sane(const struct td *td)
{
	const struct td_use *uses = td->mem->now.uses;

	for (uint32_t i = 0; i < td->mem->now.nuses; i++) {
		if (uses[i].vcpu >= TD_MAX_VCPUS || !may_turn_out(td_known(td, uses[i].gpa), uses[i].gpa & td->mem->s))
			return false;
		for (uint32_t k = 0; k < i; k++)
			if (uses[k].gpa / TDX_PAGE_SIZE == uses[i].gpa / TDX_PAGE_SIZE)
				return false;
	}
	return true;
}

/*
 * What everything else is found by. The command believes none of it before this: td lies in RAM that the guest's
 * devices reach, and what a guest writes there must not lead out of it.
 */
static bool bounds_sane(const struct td *td)
{
	const struct td_storage *mem = td->mem;
	uint64_t pages = 0;

	if (td_size(&mem->config) == 0 || mem->s != 1ull << (mem->config.platform.gpaw - 1) ||
	    mem->now.open_to > TD_MAX_CONVERSIONS || mem->now.nuses > TD_MAX_USES || mem->now.vcpu >= TD_MAX_VCPUS ||
	    mem->undo_used > mem->config.undo_steps)
		return false;
	for (uint32_t i = 0; i < mem->config.nslots; i++) {
		if (mem->config.slots[i].kind != TD_SLOT_RAM)
			continue;
		if (mem->first_page[i] != pages)
			return false;
		pages += mem->config.slots[i].pages;
	}
	return pages == mem->pages;
}

size_t td_bytes(const struct td *td)
{
	return td_size(&td->mem->config);
}

bool td_sane(const struct td *td)
{
	if (!bounds_sane(td))
		return false;
	for (uint32_t i = 0; i < td->mem->config.nslots; i++) {
		const struct td_slot *slot = &td->mem->config.slots[i];

		for (uint64_t n = 0; slot->kind == TD_SLOT_RAM && n < slot->pages; n++)
			if (!page_sane(td, slot->gpa + n * TDX_PAGE_SIZE))
				return false;
	}
	return conversions_sane(td) && uses_sane(td);
}
