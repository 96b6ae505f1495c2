/* SPDX-License-Identifier: MIT */
/*
 * The secure EPT as far as page conversion needs it: which pages of RAM are private, pending or shared, at which level,
 * what the guest may believe of them, and the way back. State names and transitions: MOD "Secure EPT" and
 * include/auto_gen/sept_state_lookup.h.
 */
#include "td/state.h"

static struct td_page *pages_of(const struct td *td)
{
	return (struct td_page *)((uintptr_t)td + sizeof(*td));
}

static struct td_undo *undo_of(const struct td *td)
{
	return (struct td_undo *)((uintptr_t)td + sizeof(*td) +
				  ((size_t)td->pages * sizeof(struct td_page) + 7) / 8 * 8);
}

const struct td_slot *td_slot_of(const struct td *td, uint64_t gpa)
{
	const struct td_slot *slots = td->config.slots;

	gpa &= ~td->s;
	for (uint32_t i = 0; i < td->config.nslots; i++)
		if (gpa >= slots[i].gpa && (gpa - slots[i].gpa) / TDX_PAGE_SIZE < slots[i].pages)
			return &slots[i];
	return NULL;
}

struct td_page *td_page_at(const struct td *td, uint64_t gpa)
{
	const struct td_slot *slot = td_slot_of(td, gpa);

	if (slot == NULL || slot->kind != TD_SLOT_RAM)
		return NULL;
	return pages_of(td) + td->first_page[slot - td->config.slots] +
	       ((gpa & ~td->s) - slot->gpa) / TDX_PAGE_SIZE;
}

/* Every change of a page goes through here, so that it can be taken back. */
void td_set_page(struct td *td, struct td_page *page, unsigned int real, unsigned int known)
{
	if (td->marked && !td->undo_lost) {
		if (td->undo_used == td->config.undo_pages)
			td->undo_lost = 1;
		else
			undo_of(td)[td->undo_used++] = (struct td_undo){ (uint32_t)(page - pages_of(td)), *page };
	}
	page->real = (uint8_t)real;
	page->known = (uint8_t)known;
}

/* The page that carries LARGE for gpa: the first of its 2 MiB block, or NULL if that does not lie within one RAM slot. */
static struct td_page *block_head(const struct td *td, uint64_t gpa)
{
	const struct td_slot *slot = td_slot_of(td, gpa);
	uint64_t head = (gpa & ~td->s) / TDX_2M_SIZE * TDX_2M_SIZE;

	if (slot == NULL || slot->kind != TD_SLOT_RAM || head < slot->gpa ||
	    (head - slot->gpa) / TDX_PAGE_SIZE + TDX_2M_PAGES > slot->pages)
		return NULL;
	return td_page_at(td, head);
}

bool td_is_large(const struct td *td, uint64_t gpa)
{
	const struct td_page *head = block_head(td, gpa);

	return head != NULL && (head->real & PAGE_LARGE);
}

/* MEM.PAGE.DEMOTE: a leaf of which a part is about to change. */
static void demote(struct td *td, uint64_t gpa)
{
	struct td_page *head = block_head(td, gpa);

	if (head != NULL && (head->real & PAGE_LARGE))
		td_set_page(td, head, head->real & ~(unsigned int)PAGE_LARGE, head->known);
}

/* An ACCEPT at 2 MiB made a leaf of it. */
void td_set_large(struct td *td, uint64_t gpa)
{
	struct td_page *head = block_head(td, gpa);

	if (head != NULL)
		td_set_page(td, head, head->real | PAGE_LARGE, head->known);
}

/* The shared twin of a page that is not shared holds what td left there, unless a device wrote to it. */
void td_sept_check_twin(struct td *td, uint64_t gpa)
{
	bool deceived = td_page_at(td, gpa)->real & PAGE_DECEIVED;
	struct td_judgement j = { deceived ? TD_CLASS_VMM_CAUSED : TD_CLASS_VIOLATION, TD_V_DMA_TO_PRIVATE };

	if (!td_engine_poisoned(td, gpa))
		td_report(td, j, gpa | td->s, 1, 0, 0);
}

static void to_shared(struct td *td, uint64_t gpa, struct td_page *page)
{
	demote(td, gpa);
	if (td_page_real(page) == TD_REAL_MAPPED)
		td_engine_unmap(td, gpa, 1, TD_PRIVATE);
	td_sept_check_twin(td, gpa);
	td_engine_fill(td, gpa, 1, TD_SHARED, TD_FILL_SCRAMBLE);
	td_engine_map(td, gpa, 1, TD_SHARED);
	td_set_page(td, page, TD_REAL_SHARED, page->known);
}

static void to_private(struct td *td, uint64_t gpa, struct td_page *page)
{
	td_engine_unmap(td, gpa, 1, TD_SHARED);
	td_engine_fill(td, gpa, 1, TD_SHARED, TD_FILL_POISON);
	td_set_page(td, page, TD_REAL_PENDING, page->known);
}

/*
 * The next run of RAM pages at or after *gpa and below end: its pages are returned and *gpa is its first. Whatever lies
 * between has no state. NULL when there is none left. Requests may span terabytes of MMIO; this costs slots, not pages.
 */
static struct td_page *next_run(const struct td *td, uint64_t *gpa, uint64_t end, uint64_t *pages)
{
	for (uint32_t i = 0; *gpa < end && i < td->config.nslots; i++) {
		const struct td_slot *slot = &td->config.slots[i];
		uint64_t slot_end = slot->gpa + slot->pages * TDX_PAGE_SIZE;

		if (slot->kind != TD_SLOT_RAM || slot_end <= *gpa || slot->gpa >= end)
			continue;
		if (*gpa < slot->gpa)
			*gpa = slot->gpa;
		*pages = ((slot_end < end ? slot_end : end) - *gpa) / TDX_PAGE_SIZE;
		return pages_of(td) + td->first_page[i] + (*gpa - slot->gpa) / TDX_PAGE_SIZE;
	}
	return NULL;
}

/* What the VMM truly does. Pages outside RAM have no state and nothing happens to them. */
void td_sept_convert(struct td *td, uint64_t gpa, uint64_t pages, bool share)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, n;
	struct td_page *page;

	for (; (page = next_run(td, &gpa, end, &n)) != NULL; )
		for (; n > 0; n--, page++, gpa += TDX_PAGE_SIZE) {
			if (share && td_page_real(page) != TD_REAL_SHARED)
				to_shared(td, gpa, page);
			else if (!share && (td_page_real(page) == TD_REAL_SHARED ||
					    td_page_real(page) == TD_REAL_REMOVED))
				to_private(td, gpa, page);
		}
}

/* A hostile VMM takes private pages away: real becomes REMOVED, or PENDING if it puts an empty page in their place. */
void td_sept_remove(struct td *td, uint64_t gpa, uint64_t pages, enum td_real real)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, n;
	struct td_page *page;

	for (; (page = next_run(td, &gpa, end, &n)) != NULL; )
		for (; n > 0; n--, page++, gpa += TDX_PAGE_SIZE) {
			if (td_page_real(page) == TD_REAL_SHARED)
				continue;
			demote(td, gpa);
			if (td_page_real(page) == TD_REAL_MAPPED)
				td_engine_unmap(td, gpa, 1, TD_PRIVATE);
			td_set_page(td, page, real | (page->real & (PAGE_ACCEPTED | PAGE_DECEIVED)), page->known);
		}
}

/* RELEASE: the guest gives private pages back; it must accept them again before it may use them. */
void td_sept_release(struct td *td, uint64_t gpa, uint64_t pages)
{
	demote(td, gpa);
	td_engine_unmap(td, gpa, pages, TD_PRIVATE);
	for (uint64_t i = 0; i < pages; i++) {
		struct td_page *page = td_page_at(td, gpa + i * TDX_PAGE_SIZE);

		td_set_page(td, page, TD_REAL_PENDING | (page->real & PAGE_DECEIVED), TD_KNOWN_CLAIMED_PRIVATE);
	}
}

/* Changes what is known of those pages whose present belief is in the set (bit = enum td_known). */
void td_sept_known(struct td *td, uint64_t gpa, uint64_t pages, unsigned int from, enum td_known known)
{
	bool asked = known != TD_KNOWN_PRIVATE && known != TD_KNOWN_UNKNOWN;	/* by a MapGPA over the page */
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, n;
	struct td_page *page;

	for (; (page = next_run(td, &gpa, end, &n)) != NULL; gpa += n * TDX_PAGE_SIZE)
		for (uint64_t i = 0; i < n; i++) {
			unsigned int real = page[i].real & (asked ? ~(unsigned int)PAGE_ACCEPTED : ~0u);

			if (known == TD_KNOWN_CLAIMED_SHARED && td_page_real(&page[i]) != TD_REAL_SHARED)
				real |= PAGE_DECEIVED;
			if ((from & (1u << page[i].known)) && (page[i].known != known || page[i].real != real))
				td_set_page(td, &page[i], real, known);
		}
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

enum td_known td_known(const struct td *td, uint64_t gpa)
{
	const struct td_page *page = td_page_at(td, gpa);

	return page != NULL ? (enum td_known)page->known : TD_KNOWN_NONE;
}

bool td_shared_range(const struct td *td, uint64_t gpa, uint64_t bytes)
{
	uint64_t first = (gpa & ~td->s) / TDX_PAGE_SIZE, last;

	if (bytes == 0 || (gpa & ~td->s) + bytes - 1 < (gpa & ~td->s))
		return false;
	last = ((gpa & ~td->s) + bytes - 1) / TDX_PAGE_SIZE;
	for (uint64_t page = first; page <= last; page++)
		if (td_real(td, page * TDX_PAGE_SIZE) != TD_REAL_SHARED)
			return false;
	return true;
}

void td_sept_init(struct td *td)
{
	for (uint32_t i = 0; i < td->config.nslots; i++) {
		const struct td_slot *slot = &td->config.slots[i];
		struct td_page *page = pages_of(td) + td->first_page[i];

		if (slot->kind == TD_SLOT_RAM) {
			for (uint64_t n = 0; n < slot->pages; n++)
				page[n] = slot->pending ? (struct td_page){ TD_REAL_PENDING, TD_KNOWN_CLAIMED_PRIVATE } :
							  (struct td_page){ TD_REAL_MAPPED, TD_KNOWN_PRIVATE };
			for (uint64_t n = 0; !slot->pending && n < slot->pages; n++)
				if (block_head(td, slot->gpa + n * TDX_PAGE_SIZE) == &page[n])
					page[n].real |= PAGE_LARGE;
		}
		if (slot->kind == TD_SLOT_ROM || (slot->kind == TD_SLOT_RAM && !slot->pending))
			td_engine_map(td, slot->gpa, slot->pages, TD_PRIVATE);
	}
}

bool td_mark(struct td *td)
{
	if (td->config.undo_pages == 0)
		return false;
	td->then = td->now;
	td->marked = 1;
	td->undo_used = 0;
	td->undo_lost = 0;
	return true;
}

static uint64_t gpa_of(const struct td *td, uint32_t page)
{
	uint32_t i = 0;

	for (uint32_t n = 0; n < td->config.nslots; n++)
		if (td->config.slots[n].kind == TD_SLOT_RAM && td->first_page[n] <= page)
			i = n;
	return td->config.slots[i].gpa + (uint64_t)(page - td->first_page[i]) * TDX_PAGE_SIZE;
}

static void remap(struct td *td, uint64_t gpa, enum td_real from, enum td_real to)
{
	if (from == to)
		return;
	if (from == TD_REAL_MAPPED || from == TD_REAL_SHARED)
		td_engine_unmap(td, gpa, 1, from == TD_REAL_SHARED ? TD_SHARED : TD_PRIVATE);
	if (to == TD_REAL_MAPPED || to == TD_REAL_SHARED)
		td_engine_map(td, gpa, 1, to == TD_REAL_SHARED ? TD_SHARED : TD_PRIVATE);
}

bool td_rollback(struct td *td)
{
	if (!td->marked || td->undo_lost)
		return false;
	while (td->undo_used > 0) {
		const struct td_undo *undo = &undo_of(td)[--td->undo_used];
		struct td_page *page = pages_of(td) + undo->page;

		remap(td, gpa_of(td, undo->page), td_page_real(page), (enum td_real)(undo->old.real & PAGE_REAL));
		*page = undo->old;
	}
	td->now = td->then;
	return true;
}
