/* SPDX-License-Identifier: MIT */
/* Every change of a page, and the way back. */
#include "td/state.h"

static struct td_undo *undo_of(const struct td *td)
{
	return (struct td_undo *)((uintptr_t)td_pages(td) +
				  ((size_t)td->mem->pages * sizeof(struct td_page) + 7) / 8 * 8);
}

static bool same(struct td_page a, struct td_page b)
{
	return a.real_marks == b.real_marks && a.known == b.known;
}

static bool starts_slot(const struct td *td, uint32_t index)
{
	for (uint32_t i = 0; i < td->mem->config.nslots; i++)
		if (td->mem->config.slots[i].kind == TD_SLOT_RAM && td->mem->first_page[i] == index)
			return true;
	return false;
}

/* One step for all pages that changed in the same way, next to each other and one after the other. */
static void log_step(struct td *td, const struct td_page *page, uint32_t n, struct td_page new)
{
	struct td_undo *end = undo_of(td) + td->mem->undo_used;
	uint32_t index = (uint32_t)(page - td_pages(td));

	if (td->mem->undo_used > 0 && end[-1].page + end[-1].pages == index && same(end[-1].old, *page) &&
	    same(page[-1], new) && !starts_slot(td, index)) {
		end[-1].pages += n;
		return;
	}
	if (td->mem->undo_used == td->mem->config.undo_steps) {
		td->mem->undo_lost = 1;
		return;
	}
	*end = (struct td_undo){ index, n, *page };
	td->mem->undo_used++;
}

/* Four pages in a word: a request can be of 16384, and the compiler of an engine may have no wider registers. */
static uint64_t word_of(struct td_page page)
{
	return (page.real_marks | (uint64_t)page.known << 8) * 0x0001000100010001ull;
}

static void fill(struct td_page *page, uint64_t n, struct td_page new)
{
	uint64_t word = word_of(new);

	for (; n >= 4; n -= 4, page += 4)
		__builtin_memcpy(page, &word, sizeof(word));
	while (n-- > 0)
		*page++ = new;
}

uint64_t td_alike(const struct td_page *page, uint64_t most)
{
	uint64_t n = 1, want = word_of(*page), word;

	for (; n + 4 <= most; n += 4) {
		__builtin_memcpy(&word, page + n, sizeof(word));
		if (word != want)
			break;
	}
	while (n < most && same(page[n], *page))
		n++;
	return n;
}

/* page[0] .. page[n-1] are in one state and get another. */
void td_set_pages(struct td *td, struct td_page *page, uint64_t n, unsigned int real_marks, unsigned int known)
{
	struct td_page new = { (uint8_t)real_marks, (uint8_t)known };

	if (td->mem->marked && !td->mem->undo_lost)
		log_step(td, page, (uint32_t)n, new);
	fill(page, n, new);
	td->mem->choices.states |= 1ull << TD_EXPLORE_STATE(real_marks & PAGE_REAL, known);
}

/* Conversions that are free on both sides are alike. An exploration does this for every sequence. */
static void copy_state(struct td_state *to, const struct td_state *from)
{
	uint32_t open = to->open_to > from->open_to ? to->open_to : from->open_to;
	uint32_t uses = to->nuses > from->nuses ? to->nuses : from->nuses;

	__builtin_memcpy(to, from, offsetof(struct td_state, uses));
	if (uses != 0)
		__builtin_memcpy(to->uses, from->uses, uses * sizeof(from->uses[0]));
	__builtin_memcpy(to->conversions, from->conversions, open * sizeof(from->conversions[0]));
}

bool td_mark(struct td *td)
{
	if (td->mem->config.undo_steps == 0)
		return false;
	copy_state(&td->mem->then, &td->mem->now);
	td->mem->marked = 1;
	td->mem->undo_used = 0;
	td->mem->undo_lost = 0;
	return true;
}

static uint64_t gpa_of(const struct td *td, uint32_t page)
{
	uint32_t i = 0;

	for (uint32_t n = 0; n < td->mem->config.nslots; n++)
		if (td->mem->config.slots[n].kind == TD_SLOT_RAM && td->mem->first_page[n] <= page)
			i = n;
	return td->mem->config.slots[i].gpa + (uint64_t)(page - td->mem->first_page[i]) * TDX_PAGE_SIZE;
}

static void remap(struct td *td, const struct td_undo *undo, const struct td_page *from)
{
	static const enum td_alias aliases[] = { TD_PRIVATE, TD_SHARED };

	if (((from->real_marks ^ undo->old.real_marks) & (PAGE_REAL | PAGE_WITHHELD)) == 0 ||
	    (td->engine->map == NULL && td->engine->unmap == NULL))	/* no page tables: no need to look for the GPA */
		return;
	for (unsigned int i = 0; i < 2; i++) {
		bool was = td_page_mapped(from, aliases[i]), is = td_page_mapped(&undo->old, aliases[i]);

		if (was && !is)
			td_engine_unmap(td, gpa_of(td, undo->page), undo->pages, aliases[i]);
		else if (is && !was)
			td_engine_map(td, gpa_of(td, undo->page), undo->pages, aliases[i]);
	}
}

/* Backwards: at each step its pages are in the one state that it left them in. */
bool td_rollback(struct td *td)
{
	struct td_storage *mem = td->mem;
	struct td_page *pages = td_pages(td);
	const struct td_undo *log = undo_of(td);

	if (!mem->marked || mem->undo_lost)
		return false;
	while (mem->undo_used > 0) {
		const struct td_undo *undo = &log[--mem->undo_used];

		remap(td, undo, &pages[undo->page]);
		fill(&pages[undo->page], undo->pages, undo->old);
	}
	copy_state(&mem->now, &mem->then);
	return true;
}
