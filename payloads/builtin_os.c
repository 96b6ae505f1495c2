/* SPDX-License-Identifier: MIT */
/* What libtdconv wants of its embedder, except for virtual memory (builtin_map.c). */
#include "payloads/lib/payload.h"
#include "payloads/builtin.h"
#include "tdconv_os.h"

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

/* Truly converts the part that the replaced answer shall leave behind; goes on after each RETRY of the real VMM. */
static void convert_part(void *os, const struct tdconv_regs *request, uint64_t bytes)
{
	struct tdconv_regs regs = *request;
	uint64_t end = request->r12 + bytes;

	while (regs.r12 < end) {
		uint64_t from = regs.r12;

		regs = *request;
		regs.r12 = from;
		regs.r13 = end - from;
		__real_tdconv_os_tdcall(os, &regs);
		if (regs.rax != 0 || regs.r10 != TDVMCALL_RETRY)
			return;
		regs.r12 = (request->r12 & payload_info.shared) | (regs.r11 & ~payload_info.shared);
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

	(void)os;
	(void)why;
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

void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os;
	memset(paging_alias(gpa), 0, bytes);
}
