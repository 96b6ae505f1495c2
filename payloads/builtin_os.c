/* SPDX-License-Identifier: MIT */
/* What libtdconv wants of its embedder, except for virtual memory (builtin_map.c). */
#include "payloads/lib/payload.h"
#include "payloads/builtin.h"
#include "tdconv_os.h"

#define STALLS		64	/* of the real VMM in a row, while it prepares what an injected answer leaves behind */
#define PATIENCE	2048	/* waits in a row; once it is used up there is none left for the pages that follow */
#define LONGEST_WAIT	10	/* 2^10 spins: under an emulator that is not short, and nobody else needs the CPU */

/* The linker's --wrap: the library's own TDCALL, and what it calls instead (build.mk). */
void __real_tdconv_os_tdcall(void *os, struct tdconv_regs *regs);
void __wrap_tdconv_os_tdcall(void *os, struct tdconv_regs *regs);

static bool injected(struct inject *inject)
{
	if (inject->times == 0 || inject->after > 0)
		return false;
	inject->times--;
	return true;
}

/*
 * Truly converts the part that the replaced answer shall leave behind; goes on after each RETRY of the real VMM that
 * brought it further. One that does not has done what it would.
 */
static void convert_part(void *os, const struct tdconv_regs *request, uint64_t bytes)
{
	struct tdconv_regs regs = *request;
	uint64_t from = request->r12, end = from + bytes, at = from;
	unsigned int stalls = 0;

	while (at >= from && at < end && at % TDX_PAGE_SIZE == 0 && stalls < STALLS) {
		stalls = at > from ? 0 : stalls + 1;
		from = at;
		regs = *request;
		regs.r12 = from;
		regs.r13 = end - from;
		__real_tdconv_os_tdcall(os, &regs);
		if (regs.rax != 0 || regs.r10 != TDVMCALL_RETRY)
			return;
		at = (request->r12 & payload_info.shared) | (regs.r11 & ~payload_info.shared);
	}
}

void __wrap_tdconv_os_tdcall(void *os, struct tdconv_regs *regs)
{
	struct worker *w = os;
	bool map_gpa = regs->rax == TDG_VP_VMCALL && regs->r11 == GHCI_MAP_GPA;
	struct inject inject = w->inject;

	if (!map_gpa || !injected(&w->inject)) {
		__real_tdconv_os_tdcall(os, regs);
		if (map_gpa && regs->r10 == TDVMCALL_SUCCESS && w->inject.after > 0)
			w->inject.after--;
		return;
	}
	if (inject.real > 0)
		convert_part(os, regs, inject.real < regs->r13 ? inject.real : regs->r13);
	regs->rax = 0;
	regs->r10 = inject.r10;
	regs->r11 = regs->r12 + inject.r11_offset;
}

bool tdconv_os_pause(void *os, enum tdconv_wait why, uint64_t run)
{
	uint64_t spins = 1ull << (run < LONGEST_WAIT ? run : LONGEST_WAIT);
	struct worker *w = os;

	(void)why;
	w->tired |= run >= PATIENCE;
	if (w->tired)
		return false;
	while (spins-- > 0)
		__builtin_ia32_pause();
	return true;
}

enum tdconv_record tdconv_os_record(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os;
	(void)gpa;
	(void)bytes;
	return TDCONV_RECORD_NONE;
}

/* Not through the direct map: while tdconv_set_memory() is at work, that can still say shared. */
void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes)
{
	const struct worker *w = os;

	for (uint64_t end = gpa + bytes; gpa < end; gpa += TDX_PAGE_SIZE) {
		paging_patch_set(w->cpu, gpa);
		memset(paging_patch(w->cpu), 0, TDX_PAGE_SIZE);
	}
}
