/* SPDX-License-Identifier: MIT */
/* What builtin writes into memory before it converts it, and finds there again. */
#include "payloads/lib/payload.h"
#include "payloads/builtin.h"

#define WORDS		512u
#define SCRIBBLE	0x5c71bb1e5c71bb1eull
#define THOROUGH	64u	/* of so many pages one is read from end to end, the others in two places */

static uint64_t secret(uint64_t gpa)
{
	return 0x5ec4e75ec4e70000ull ^ gpa;
}

/* Where the words of a page are, besides the first: elsewhere in every page. */
static unsigned int place(uint64_t gpa)
{
	return 1 + (unsigned int)(gpa / TDX_PAGE_SIZE * 37 % (WORDS - 1));
}

void contents_secret(uint64_t gpa, uint64_t bytes)
{
	for (uint64_t end = gpa + bytes; gpa < end; gpa += TDX_PAGE_SIZE) {
		volatile uint64_t *page = paging_alias(gpa);

		page[0] = secret(gpa);
		page[place(gpa)] = secret(gpa);
	}
}

static bool page_leaks(volatile uint64_t *page, uint64_t gpa, uint64_t *refused)
{
	uint64_t first, second;

	if (!guarded_load(page, &first) || !guarded_load(page + place(gpa), &second)) {
		++*refused;
		return false;
	}
	guarded_store(page, SCRIBBLE);
	guarded_store(page + place(gpa), SCRIBBLE);
	return first == secret(gpa) || second == secret(gpa);
}

uint64_t contents_leaked(uint64_t gpa, uint64_t bytes, uint64_t *refused)
{
	uint64_t leaked = 0;

	for (uint64_t end = gpa + bytes; gpa < end; gpa += TDX_PAGE_SIZE)
		leaked += page_leaks(paging_alias(gpa + payload_info.shared), gpa, refused);
	return leaked;
}

static bool page_dirty(const volatile uint64_t *page, uint64_t gpa)
{
	uint64_t bits = page[0] | page[place(gpa)];

	for (unsigned int i = 0; i < WORDS && gpa / TDX_PAGE_SIZE % THOROUGH == 0; i++)
		bits |= page[i];
	return bits != 0;
}

uint64_t contents_dirty(uint64_t gpa, uint64_t bytes)
{
	const struct tdconv_quarantine none = { 0 };

	return contents_dirty_outside(gpa, bytes, &none);
}

static bool is_lost(uint64_t gpa, const struct tdconv_quarantine *lost)
{
	for (uint32_t i = 0; i < lost->count; i++)
		if (gpa >= lost->list[i].lost_gpa && gpa - lost->list[i].lost_gpa < lost->list[i].lost_bytes)
			return true;
	return false;
}

uint64_t contents_dirty_outside(uint64_t gpa, uint64_t bytes, const struct tdconv_quarantine *lost)
{
	uint64_t dirty = 0;

	for (uint64_t end = gpa + bytes; gpa < end; gpa += TDX_PAGE_SIZE)
		dirty += !is_lost(gpa, lost) && page_dirty(paging_alias(gpa), gpa);
	return dirty;
}
