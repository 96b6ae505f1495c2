/* SPDX-License-Identifier: MIT */
#include "abi/tdx.h"
#include "internal.h"
#include "tdconv_linux.h"

#define GIB	0x40000000ull

/* Here, and only here, the proof lets MapGPA and ACCEPT name what the VMM said. */
static void call(const struct tdconv *tdc, struct tdconv_regs *regs)
{
	//@ ghost tdconv_unchecked = 1;
	tdconv_os_tdcall(tdc->os, regs);
	//@ ghost tdconv_unchecked = 0;
}

/* start and end have S in them if to shared: R11 is compared with S on both sides. */
static bool map_gpa(const struct tdconv *tdc, uint64_t start, uint64_t end, uint32_t limit, struct tdconv_linux *res)
{
	uint32_t tries = 0;

	while (tries < limit) {
		struct tdconv_regs regs;

		tdconv_leaf(&regs, TDG_VP_VMCALL);
		regs.rcx = TDCONV_VMCALL_MASK;
		regs.r11 = GHCI_MAP_GPA;
		regs.r12 = start;
		regs.r13 = end - start;
		call(tdc, &regs);
		res->calls++;
		res->r10 = regs.r10;
		res->r11 = regs.r11;
		if (regs.r10 != TDVMCALL_RETRY)
			return regs.r10 == TDVMCALL_SUCCESS;
		if (regs.r11 < start || regs.r11 >= end)
			return false;
		if (regs.r11 == start) {
			tries++;
		} else {
			start = regs.r11;
			tries = 0;
		}
	}
	return false;
}

/* Bytes accepted: size, or 0 if it does not fit or the module did not say SUCCESS. */
static uint64_t accept_one(const struct tdconv *tdc, uint64_t start, uint64_t left, uint64_t size, uint64_t level,
			   struct tdconv_linux *res)
{
	struct tdconv_regs regs;

	if (start % size != 0 || left < size)
		return 0;
	tdconv_leaf(&regs, TDG_MEM_PAGE_ACCEPT);
	regs.rcx = start + level;
	call(tdc, &regs);
	res->accepts++;
	return regs.rax == 0 ? size : 0;
}

static bool accept(const struct tdconv *tdc, uint64_t start, uint64_t end, struct tdconv_linux *res)
{
	while (start < end) {
		uint64_t size = accept_one(tdc, start, end - start, GIB, 2, res);

		if (size == 0)
			size = accept_one(tdc, start, end - start, UNIT, TDX_LEVEL_2M, res);
		if (size == 0)
			size = accept_one(tdc, start, end - start, PAGE, TDX_LEVEL_4K, res);
		if (size == 0)
			return false;
		start += size;
	}
	return true;
}

bool tdconv_linux_convert(const struct tdconv *tdc, uint64_t start, uint64_t end, enum tdconv_to to,
			  uint32_t tries, struct tdconv_linux *res)
{
	uint64_t s = to == TDCONV_SHARED ? tdc->td.shared_bit : 0;

	res->calls = 0;
	res->accepts = 0;
	res->r10 = 0;
	res->r11 = 0;
	if (start >= end || end > tdc->td.shared_bit)
		return false;
	if (!map_gpa(tdc, start + s, end + s, tries, res))
		return false;
	return to == TDCONV_SHARED || accept(tdc, start, end, res);
}
