/* SPDX-License-Identifier: MIT */
/*
 * The secure EPT as far as page conversion needs it: which pages of RAM are private, pending or shared, at which level,
 * and what the guest may believe of them. State names and transitions: [mod:sept_state_lookup.c].
 */
#include "td/state.h"

const struct td_slot *td_slot_of(const struct td *td, uint64_t gpa)
{
	const struct td_slot *slots = td->mem->config.slots;

	gpa &= ~td->mem->s;
	for (uint32_t i = 0; i < td->mem->config.nslots; i++)
		if (gpa >= slots[i].gpa && (gpa - slots[i].gpa) / TDX_PAGE_SIZE < slots[i].pages)
			return &slots[i];
	return NULL;
}

struct td_page *td_page_at(const struct td *td, uint64_t gpa)
{
	const struct td_slot *slot = td_slot_of(td, gpa);

	if (slot == NULL || slot->kind != TD_SLOT_RAM)
		return NULL;
	return td_pages(td) + td->mem->first_page[slot - td->mem->config.slots] +
	       ((gpa & ~td->mem->s) - slot->gpa) / TDX_PAGE_SIZE;
}

/* The page that carries LARGE for gpa: the first of its 2 MiB block. NULL if that does not lie within one RAM slot. */
static struct td_page *block_head(const struct td *td, uint64_t gpa)
{
	const struct td_slot *slot = td_slot_of(td, gpa);
	uint64_t head = (gpa & ~td->mem->s) / TDX_2M_SIZE * TDX_2M_SIZE;

	if (slot == NULL || slot->kind != TD_SLOT_RAM || head < slot->gpa ||
	    (head - slot->gpa) / TDX_PAGE_SIZE + TDX_2M_PAGES > slot->pages)
		return NULL;
	return td_page_at(td, head);
}

bool td_is_large(const struct td *td, uint64_t gpa)
{
	const struct td_page *head = block_head(td, gpa);

	return head != NULL && (head->real_marks & PAGE_LARGE);
}

/* MEM.PAGE.DEMOTE: a leaf of which a part is about to change. */
void td_demote(struct td *td, uint64_t gpa)
{
	struct td_page *head = block_head(td, gpa);

	if (head != NULL && (head->real_marks & PAGE_LARGE))
		td_set_pages(td, head, 1, head->real_marks & ~(unsigned int)PAGE_LARGE, head->known);
}

/* An ACCEPT at 2 MiB made a leaf of it. */
static void set_large(struct td *td, uint64_t gpa)
{
	struct td_page *head = block_head(td, gpa);

	if (head != NULL)
		td_set_pages(td, head, 1, head->real_marks | PAGE_LARGE, head->known);
}

/*
 * The next run of RAM pages at or after *gpa and below end: its pages are returned and *gpa is its first. Whatever lies
 * between has no state. NULL when there is none left. Requests may span terabytes of MMIO; this costs slots, not pages.
 */
static struct td_page *next_run(const struct td *td, uint64_t *gpa, uint64_t end, uint64_t *pages)
{
	for (uint32_t i = 0; *gpa < end && i < td->mem->config.nslots; i++) {
		const struct td_slot *slot = &td->mem->config.slots[i];
		uint64_t slot_end = slot->gpa + slot->pages * TDX_PAGE_SIZE;

		if (slot->kind != TD_SLOT_RAM || slot_end <= *gpa || slot->gpa >= end)
			continue;
		if (*gpa < slot->gpa)
			*gpa = slot->gpa;
		*pages = ((slot_end < end ? slot_end : end) - *gpa) / TDX_PAGE_SIZE;
		return td_pages(td) + td->mem->first_page[i] + (*gpa - slot->gpa) / TDX_PAGE_SIZE;
	}
	return NULL;
}

/* Of that run only as many pages as are in one and the same state: they are worked on together. */
struct td_page *td_next_stretch(const struct td *td, uint64_t *gpa, uint64_t end, uint64_t *pages)
{
	struct td_page *page = next_run(td, gpa, end, pages);

	if (page != NULL)
		*pages = td_alike(page, *pages);
	return page;
}

/* The shared twins of pages that are not shared, all in one state, hold what td left there, unless a device wrote. */
static void check_stretch(struct td *td, uint64_t gpa, const struct td_page *page, uint64_t n)
{
	bool deceived = page->real_marks & PAGE_DECEIVED;
	struct td_judgement j = { deceived ? TD_CLASS_VMM_CAUSED : TD_CLASS_VIOLATION, TD_V_DMA_TO_PRIVATE };
	uint64_t good;

	for (; n != 0 && (good = td_engine_poisoned(td, gpa, n)) < n; n -= good + 1, gpa += TDX_PAGE_SIZE) {
		gpa += good * TDX_PAGE_SIZE;
		td_report(td, j, gpa | td->mem->s, 1, 0, 0);
	}
}

void td_sept_check_twins(struct td *td, uint64_t gpa, uint64_t end)
{
	struct td_page *page;
	uint64_t n;

	for (; (page = td_next_stretch(td, &gpa, end, &n)) != NULL; gpa += n * TDX_PAGE_SIZE)
		if (td_page_real(page) != TD_REAL_SHARED)
			check_stretch(td, gpa, page, n);
}

static void to_shared(struct td *td, uint64_t gpa, struct td_page *page, uint64_t n)
{
	bool kept = td_page_real(page) == TD_REAL_MAPPED && td->mem->config.behaviour.old == TD_OLD_KEPT;

	if (td_page_mapped(page, TD_PRIVATE))
		td_engine_unmap(td, gpa, n, TD_PRIVATE);
	check_stretch(td, gpa, page, n);
	td_engine_fill(td, gpa, n, TD_SHARED,
		       td->mem->config.behaviour.contents == TD_CONTENTS_ZEROED ? TD_FILL_ZERO : TD_FILL_SCRAMBLE);
	td_set_pages(td, page, n, TD_REAL_SHARED | PAGE_WITHHELD | (kept ? PAGE_KEPT : 0), page->known);	/* until it is told */
}

static void to_private(struct td *td, uint64_t gpa, struct td_page *page, uint64_t n)
{
	bool kept = td_page_real(page) == TD_REAL_SHARED && (page->real_marks & PAGE_KEPT);

	if (td_page_real(page) == TD_REAL_REMOVED)
		check_stretch(td, gpa, page, n);
	if (td_page_mapped(page, TD_SHARED))
		td_engine_unmap(td, gpa, n, TD_SHARED);
	td_engine_fill(td, gpa, n, TD_SHARED, TD_FILL_POISON);
	if (kept)	/* with all that it held */
		td_engine_map(td, gpa, n, TD_PRIVATE);
	td_set_pages(td, page, n, kept ? TD_REAL_MAPPED : TD_REAL_PENDING, page->known);
}

/* What the VMM truly does. Pages outside RAM have no state and nothing happens to them. */
void td_sept_convert(struct td *td, uint64_t gpa, uint64_t pages, bool share)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, n;
	struct td_page *page;
	enum td_real real;

	for (; (page = td_next_stretch(td, &gpa, end, &n)) != NULL; gpa += n * TDX_PAGE_SIZE) {
		real = td_page_real(page);
		if (share && real != TD_REAL_SHARED) {
			if (td_is_large(td, gpa)) {	/* and look again: its first page has changed */
				td_demote(td, gpa);
				n = 0;
				continue;
			}
			to_shared(td, gpa, page, n);
		} else if (!share && (real == TD_REAL_SHARED || real == TD_REAL_REMOVED)) {
			to_private(td, gpa, page, n);
		}
	}
}

/*
 * A hostile VMM converts other pages than it was asked for. A device may have gone on writing to those of them that the
 * guest had shared: not its fault.
 */
void td_sept_misconvert(struct td *td, uint64_t gpa, uint64_t pages, bool share)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, at = gpa, n;
	struct td_page *page;

	td_sept_convert(td, gpa, pages, share);
	for (; !share && (page = td_next_stretch(td, &at, end, &n)) != NULL; at += n * TDX_PAGE_SIZE)
		if (page->known == TD_KNOWN_CLAIMED_SHARED)
			td_set_pages(td, page, n, page->real_marks | PAGE_DECEIVED, page->known);
}

/*
 * A hostile VMM takes private pages away: real becomes REMOVED, or PENDING if it puts an empty page in their place.
 * Returns how many there were: shared ones and what is no RAM it cannot take.
 */
uint64_t td_sept_remove(struct td *td, uint64_t gpa, uint64_t pages, enum td_real real)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, n, removed = 0;
	struct td_page *page;

	for (; (page = td_next_stretch(td, &gpa, end, &n)) != NULL; gpa += n * TDX_PAGE_SIZE) {
		if (td_page_real(page) == TD_REAL_SHARED)
			continue;
		if (td_is_large(td, gpa)) {
			td_demote(td, gpa);
			n = 0;
			continue;
		}
		if (td_page_mapped(page, TD_PRIVATE))
			td_engine_unmap(td, gpa, n, TD_PRIVATE);
		td_set_pages(td, page, n, real | (page->real_marks & (PAGE_ACCEPTED | PAGE_DECEIVED)), page->known);
		removed += n;
	}
	return removed;
}

void td_vmm_act(struct td *td, enum td_act act, uint64_t gpa, uint64_t pages)
{
	if (pages != 0)
		td_emit(td, VMM_ACT, act, 0, .what = act, .gpa = gpa, .pages = pages);
}

/* What is not there is no use to a device either, so its twin is as that of any page that is not shared. */
void td_sept_hide(struct td *td, uint64_t gpa)
{
	struct td_page *page = td_page_at(td, gpa);

	if (page == NULL || td_page_real(page) != TD_REAL_SHARED)
		return;
	if (td_page_mapped(page, TD_SHARED))
		td_engine_unmap(td, gpa, 1, TD_SHARED);
	td_engine_fill(td, gpa, 1, TD_SHARED, TD_FILL_POISON);
	td_set_pages(td, page, 1, TD_REAL_REMOVED, page->known);
	td_vmm_act(td, TD_ACT_HIDDEN, gpa | td->mem->s, 1);
}

/* An ACCEPT over these pages was refused although they are PENDING. */
void td_sept_tried(struct td *td, uint64_t gpa, uint64_t pages)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, n;
	struct td_page *page;

	for (; (page = td_next_stretch(td, &gpa, end, &n)) != NULL; gpa += n * TDX_PAGE_SIZE)
		if (td_page_real(page) == TD_REAL_PENDING)
			td_set_pages(td, page, n, page->real_marks | PAGE_TRIED, page->known);
}

/* At the end: pages that the guest tried to accept, and then left. */
void td_sept_check_tried(struct td *td)
{
	struct td_page *page;
	uint64_t gpa = 0, n;

	for (; (page = td_next_stretch(td, &gpa, td->mem->s, &n)) != NULL; gpa += n * TDX_PAGE_SIZE)
		if (td_page_real(page) == TD_REAL_PENDING && (page->real_marks & PAGE_TRIED))
			td_violation(td, TD_V_ACCEPT_ABANDONED, gpa, n, 0, 0);
}

/* RELEASE: the guest gives private pages back; it must accept them again before it may use them. */
void td_sept_release(struct td *td, uint64_t gpa, uint64_t pages)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, n;
	struct td_page *page;

	td_demote(td, gpa);
	for (; (page = td_next_stretch(td, &gpa, end, &n)) != NULL; gpa += n * TDX_PAGE_SIZE) {
		if (td_page_mapped(page, TD_PRIVATE))
			td_engine_unmap(td, gpa, n, TD_PRIVATE);
		td_set_pages(td, page, n, TD_REAL_PENDING | (page->real_marks & PAGE_DECEIVED), TD_KNOWN_CLAIMED_PRIVATE);
	}
}

/* ACCEPT succeeded for all of it. */
void td_sept_accept(struct td *td, uint64_t gpa, uint64_t pages)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, first = gpa, n;
	struct td_page *page;

	if (td->mem->now.nuses != 0)
		td_uses_known(td, gpa, end, ~0u, TD_KNOWN_PRIVATE);
	td_engine_fill(td, gpa, pages, TD_PRIVATE, TD_FILL_ZERO);
	td_engine_map(td, gpa, pages, TD_PRIVATE);
	for (; (page = td_next_stretch(td, &gpa, end, &n)) != NULL; gpa += n * TDX_PAGE_SIZE)
		td_set_pages(td, page, n, TD_REAL_MAPPED | PAGE_ACCEPTED | (page->real_marks & PAGE_DECEIVED),
			     TD_KNOWN_PRIVATE);
	if (pages == TDX_2M_PAGES)
		set_large(td, first);
	if (td->mem->now.nuses != 0)
		td_uses_claimed(td, first, end, TD_PRIVATE);
}

/*
 * The shared alias of SHARED pages in one state, of which the guest is about to know so much: there once it is claimed,
 * and no longer when the guest has asked for something else. What was claimed and is asked for again stays as it is.
 */
static unsigned int shown(struct td *td, uint64_t gpa, const struct td_page *page, uint64_t n, enum td_known known)
{
	bool mapped;

	if (td_page_real(page) != TD_REAL_SHARED || td->mem->now.finished)
		return page->real_marks;
	mapped = td_page_mapped(page, TD_SHARED);
	if (known == TD_KNOWN_CLAIMED_SHARED && !mapped) {
		td_engine_map(td, gpa, n, TD_SHARED);
		return page->real_marks & ~(unsigned int)PAGE_WITHHELD;
	}
	if (known != TD_KNOWN_CLAIMED_SHARED && known != TD_KNOWN_TO_SHARED && mapped) {
		td_engine_unmap(td, gpa, n, TD_SHARED);
		return page->real_marks | PAGE_WITHHELD;
	}
	return page->real_marks;
}

void td_sept_show(struct td *td, uint64_t gpa)
{
	struct td_page *page = td_page_at(td, gpa);

	if (!(page->real_marks & PAGE_WITHHELD))
		return;
	td_engine_map(td, gpa, 1, td_page_real(page) == TD_REAL_SHARED ? TD_SHARED : TD_PRIVATE);
	td_set_pages(td, page, 1, page->real_marks & ~(unsigned int)PAGE_WITHHELD, page->known);
}

void td_sept_withhold(struct td *td, uint64_t gpa, enum td_alias alias)
{
	struct td_page *page = td_page_at(td, gpa);

	if (!td_page_mapped(page, alias))
		return;
	td_engine_unmap(td, gpa, 1, alias);
	td_set_pages(td, page, 1, page->real_marks | PAGE_WITHHELD, page->known);
}

/* Changes what is known of those pages whose present belief is in the set (bit = enum td_known). */
void td_sept_known(struct td *td, uint64_t gpa, uint64_t pages, unsigned int from, enum td_known known)
{
	bool asked = known != TD_KNOWN_PRIVATE && known != TD_KNOWN_UNKNOWN;	/* by a MapGPA over the page */
	uint64_t first = gpa, end = gpa + pages * TDX_PAGE_SIZE, n;
	struct td_page *page;

	if (td->mem->now.nuses != 0)
		td_uses_known(td, gpa, end, from, known);
	for (; (page = td_next_stretch(td, &gpa, end, &n)) != NULL; gpa += n * TDX_PAGE_SIZE) {
		unsigned int real_marks;

		if (!(from & (1u << page->known)))
			continue;
		real_marks = shown(td, gpa, page, n, known) & (asked ? ~(unsigned int)PAGE_ACCEPTED : ~0u);
		if (known == TD_KNOWN_CLAIMED_SHARED && td_page_real(page) != TD_REAL_SHARED)
			real_marks |= PAGE_DECEIVED;
		if (page->known != known || page->real_marks != real_marks)
			td_set_pages(td, page, n, real_marks, known);
	}
	if (known == TD_KNOWN_CLAIMED_SHARED && td->mem->now.nuses != 0)
		td_uses_claimed(td, first, end, TD_SHARED);
}

/* How far from gpa on what is known of each page is in the set; at most to end. What is not RAM does not matter. */
uint64_t td_sept_known_to(const struct td *td, uint64_t gpa, uint64_t end, unsigned int set)
{
	const struct td_page *page;
	uint64_t n;

	for (; (page = next_run(td, &gpa, end, &n)) != NULL; )
		for (; n > 0; n--, page++, gpa += TDX_PAGE_SIZE)
			if (!(set & (1u << page->known)))
				return gpa;
	return end;
}

bool td_sept_any_ram(const struct td *td, uint64_t gpa, uint64_t end)
{
	uint64_t n;

	return next_run(td, &gpa, end, &n) != NULL;
}

enum td_real td_real(const struct td *td, uint64_t gpa)
{
	const struct td_page *page = td_page_at(td, gpa);

	return page != NULL ? td_page_real(page) : TD_REAL_NONE;
}

bool td_mapped(const struct td *td, uint64_t gpa)
{
	const struct td_slot *slot = td_slot_of(td, gpa);
	const struct td_page *page = td_page_at(td, gpa);

	if (page == NULL)
		return slot != NULL && slot->kind == TD_SLOT_ROM && !(gpa & td->mem->s);
	return td_page_mapped(page, gpa & td->mem->s ? TD_SHARED : TD_PRIVATE);
}

bool td_sept_private(struct td *td, uint64_t gpa)
{
	const struct td_slot *slot = td_slot_of(td, gpa);

	if (slot == NULL || (slot->kind != TD_SLOT_ROM && td_real(td, gpa) != TD_REAL_MAPPED))
		return false;
	if (!td_mapped(td, gpa))
		td_use_accepted(td, gpa);
	return true;
}

enum td_known td_known(const struct td *td, uint64_t gpa)
{
	const struct td_page *page = td_page_at(td, gpa);

	return page != NULL ? (enum td_known)page->known : TD_KNOWN_NONE;
}

void td_sept_init(struct td *td)
{
	for (uint32_t i = 0; i < td->mem->config.nslots; i++) {
		const struct td_slot *slot = &td->mem->config.slots[i];
		struct td_page *page = td_pages(td) + td->mem->first_page[i];

		if (slot->kind == TD_SLOT_RAM) {
			for (uint64_t n = 0; n < slot->pages; n++)
				page[n] = slot->pending ? (struct td_page){ TD_REAL_PENDING, TD_KNOWN_CLAIMED_PRIVATE } :
							  (struct td_page){ TD_REAL_MAPPED, TD_KNOWN_PRIVATE };
			for (uint64_t n = 0; !slot->pending && n < slot->pages; n++)
				if (block_head(td, slot->gpa + n * TDX_PAGE_SIZE) == &page[n])
					page[n].real_marks |= PAGE_LARGE;
		}
		if (slot->kind == TD_SLOT_ROM || (slot->kind == TD_SLOT_RAM && !slot->pending))
			td_engine_map(td, slot->gpa, slot->pages, TD_PRIVATE);
	}
}
