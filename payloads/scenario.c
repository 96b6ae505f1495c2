/* SPDX-License-Identifier: MIT */
#include "payloads/scenario.h"

#define MAX_STALLS	8		/* more than any behaviour that expects completion asks for */

struct map_answer scene_map(struct scene *s, uint64_t gpa, uint64_t pages, enum alias to)
{
	uint64_t gpr[GPRS] = { 0 };

	tdx_map_gpa(gpr, to == TO_SHARED ? gpa + s->shared : gpa, pages * TDX_PAGE_SIZE);
	scene_tdcall(s, gpr);
	return (struct map_answer){ gpr[R10], gpr[R11] };
}

static uint64_t page_call(struct scene *s, uint64_t leaf, uint64_t rcx)
{
	uint64_t gpr[GPRS] = { [RAX] = leaf, [RCX] = rcx };

	scene_tdcall(s, gpr);
	return gpr[RAX];
}

uint64_t scene_accept(struct scene *s, uint64_t gpa, uint64_t level)
{
	return page_call(s, TDG_MEM_PAGE_ACCEPT, gpa + level);
}

uint64_t scene_release(struct scene *s, uint64_t gpa, uint64_t level)
{
	return page_call(s, TDG_MEM_PAGE_RELEASE, gpa + level);
}

bool scene_request(struct scene *s, uint64_t gpa, uint64_t pages, enum alias to)
{
	uint64_t end = gpa + pages * TDX_PAGE_SIZE, next;
	unsigned int stalls = 0;
	struct map_answer a;

	while (gpa < end) {
		a = scene_map(s, gpa, (end - gpa) / TDX_PAGE_SIZE, to);
		if (a.r10 == TDVMCALL_SUCCESS)
			return true;
		next = a.r11 & ~s->shared;	/* some VMMs strip S: only the address is of interest */
		if (a.r10 != TDVMCALL_RETRY || next % TDX_PAGE_SIZE != 0 || next < gpa || next >= end)
			return false;
		stalls = next == gpa ? stalls + 1 : 0;
		if (stalls > MAX_STALLS)
			return false;
		gpa = next;
	}
	return false;
}

bool scene_share(struct scene *s, uint64_t gpa, uint64_t pages)
{
	return scene_request(s, gpa, pages, TO_SHARED);
}

static bool accept_4k(struct scene *s, uint64_t gpa, uint64_t pages)
{
	for (; pages != 0; pages--, gpa += TDX_PAGE_SIZE)
		if (tdx_code(scene_accept(s, gpa, TDX_LEVEL_4K)) != TDX_SUCCESS)
			return false;
	return true;
}

bool scene_unshare(struct scene *s, uint64_t gpa, uint64_t pages)
{
	uint64_t n, rax;

	if (!scene_request(s, gpa, pages, TO_PRIVATE))
		return false;
	for (; pages != 0; pages -= n, gpa += n * TDX_PAGE_SIZE) {
		n = 1;
		rax = 0;
		if (gpa % TDX_2M_SIZE == 0 && pages >= TDX_2M_PAGES) {
			n = TDX_2M_PAGES;
			rax = scene_accept(s, gpa, TDX_LEVEL_2M);
			if (tdx_code(rax) == TDX_SUCCESS)
				continue;
			if (tdx_code(rax) != TDX_PAGE_SIZE_MISMATCH)
				return false;
		}
		if (!accept_4k(s, gpa, n))
			return false;
	}
	return true;
}

bool scene_begin(struct scene *s, uint64_t pages)
{
	struct map_answer a = { TDVMCALL_RETRY, s->window + s->shared };

	for (unsigned int n = 0; n < 4 && a.r10 == TDVMCALL_RETRY && a.r11 == s->window + s->shared; n++)
		a = scene_map(s, s->window, pages, TO_SHARED);
	return a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, SCENE_CHUNK) + s->shared;
}
