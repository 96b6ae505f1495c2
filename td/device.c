/* SPDX-License-Identifier: MIT */
/*
 * What a device is told to use. It sees shared memory only: where a page is not shared, it meets the page's twin, which
 * is nobody's. Whoever hands it memory answers for what it knew then, as with every other use of it.
 */
#include "td/state.h"

static struct td_judgement judge(const struct td_page *page)
{
	struct td_judgement j = { TD_CLASS_VIOLATION, TD_V_DMA_TO_PRIVATE };

	if (page->known == TD_KNOWN_CLAIMED_SHARED)
		j.class = td_page_real(page) == TD_REAL_SHARED ? TD_CLASS_OK : TD_CLASS_VMM_CAUSED;
	return j;
}

bool td_device(struct td *td, unsigned int vcpu, uint64_t gpa, uint64_t bytes, uint64_t rip, uint64_t detail)
{
	uint64_t end, n;
	struct td_page *page;
	struct td_judgement j;

	td->mem->now.vcpu = vcpu;
	if (bytes == 0 || gpa >= td->mem->s)
		return true;
	end = (bytes < td->mem->s - gpa ? gpa + bytes : td->mem->s) + TDX_PAGE_SIZE - 1;
	end -= end % TDX_PAGE_SIZE;
	gpa -= gpa % TDX_PAGE_SIZE;
	for (; (page = td_next_stretch(td, &gpa, end, &n)) != NULL; gpa += n * TDX_PAGE_SIZE) {
		j = judge(page);
		if (j.class == TD_CLASS_OK)
			continue;
		td_report(td, j, gpa | td->mem->s, n, rip, detail);
		return false;
	}
	return true;
}
