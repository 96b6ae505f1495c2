/* SPDX-License-Identifier: MIT */
/* The policy of Linux 6.12's loop, for comparison: see tdconv_linux.h. */
#include "abi/tdx.h"
#include "internal.h"
#include "tdconv_linux.h"

#define GIB	0x40000000ull

/* Here, and only here, the proof lets MapGPA and ACCEPT name what the VMM said. */
/*@ requires \valid(regs) && \valid_read(tdc) && \separated(tdc, regs) && (regs->rax == 0 || regs->rax == 6);
  @ assigns *regs, tdconv_unchecked;
  @ ensures tdconv_unchecked == 0;
  @*/
static void call(const struct tdconv *tdc, struct tdconv_regs *regs)
{
	//@ ghost tdconv_unchecked = 1;
	tdconv_os_tdcall(tdc->os, regs);
	//@ ghost tdconv_unchecked = 0;
}

/* start and end have S in them if to shared: R11 is compared with S on both sides. */
/*@ requires \valid_read(tdc) && \valid(res) && \separated(tdc, res);
  @ requires tdconv_unchecked == 0;
  @ requires start < end <= 0x10000000000000 && res->calls == 0 && limit == TDCONV_LINUX_TRIES;
  @ assigns res->calls, res->r10, res->r11, tdconv_unchecked;
  @ ensures res->calls <= 3 * (end - start) && tdconv_unchecked == 0;
  @ ensures \result ==> res->r10 == 0;
  @*/
static bool map_gpa(const struct tdconv *tdc, uint64_t start, uint64_t end, uint32_t limit, struct tdconv_linux *res)
{
	uint32_t tries = 0;

	/*@ loop invariant \at(start, Pre) <= start < end && tries <= limit;
	  @ loop invariant res->calls + 3 * (end - start) - tries <= 3 * (end - \at(start, Pre));
	  @ loop invariant tdconv_unchecked == 0;
	  @ loop assigns res->calls, res->r10, res->r11, start, tries, tdconv_unchecked;
	  @ loop variant 3 * (end - start) - tries;
	  @*/
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
/*@ requires \valid_read(tdc) && \valid(res) && \separated(tdc, res);
  @ requires 4096 <= size <= GIB && level <= 2 && start + left <= 0x8000000000000 && res->accepts < TDCONV_U64_MAX;
  @ assigns res->accepts, tdconv_unchecked;
  @ ensures \result == 0 || (\result == size && size <= left);
  @ ensures \old(res->accepts) <= res->accepts <= \old(res->accepts) + 1;
  @ ensures tdconv_unchecked == 0 || tdconv_unchecked == \old(tdconv_unchecked);
  @*/
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

/*@ requires \valid_read(tdc) && \valid(res) && \separated(tdc, res);
  @ requires start <= end <= 0x8000000000000 && res->accepts == 0 && tdconv_unchecked == 0;
  @ assigns res->accepts, tdconv_unchecked;
  @ ensures res->accepts <= 3 * (end - start) && tdconv_unchecked == 0;
  @*/
static bool accept(const struct tdconv *tdc, uint64_t start, uint64_t end, struct tdconv_linux *res)
{
	/*@ loop invariant \at(start, Pre) <= start <= end && tdconv_unchecked == 0;
	  @ loop invariant res->accepts <= 3 * (start - \at(start, Pre));
	  @ loop assigns res->accepts, start, tdconv_unchecked;
	  @ loop variant end - start;
	  @*/
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

/*@ requires \valid_read(tdc) && \valid(res) && \separated(tdc, res) && s_ok(tdc->td.shared_bit);
  @ requires tdconv_unchecked == 0 && tries == TDCONV_LINUX_TRIES;
  @ assigns *res, tdconv_unchecked;
  @ ensures tdconv_unchecked == 0;
  @ ensures start < end ==> res->calls <= 3 * (end - start) && res->accepts <= 3 * (end - start);
  @ ensures \result ==> start < end && res->r10 == 0;
  @*/
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
