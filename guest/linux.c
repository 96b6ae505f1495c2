/* SPDX-License-Identifier: MIT */
#include "abi/tdx.h"
#include "tdconv_linux.h"

#define SIZE_1G		0x40000000ull
#define SIZE_2M		0x200000ull
#define SIZE_4K		4096ull
#define LEVEL_1G	2ull

/*@ requires \valid(regs);
  @ assigns *regs;
  @*/
static void map_gpa(void *os, uint64_t start, uint64_t bytes, struct tdconv_regs *regs)
{
	regs->rax = TDG_VP_VMCALL;
	regs->rcx = TDCONV_VMCALL_MASK;
	regs->rdx = 0;
	regs->r8 = 0;
	regs->r9 = 0;
	regs->r10 = 0;
	regs->r11 = GHCI_MAP_GPA;
	regs->r12 = start;
	regs->r13 = bytes;
	tdconv_linux_tdcall(os, regs);
}

/* start and end both with S when sharing. Every call takes at least one from stalls * (bytes left) - tries. */
/*@ requires \valid(out) && 0 < stalls && start < end && end <= 0x10000000000000;
  @ assigns out->calls, out->reached;
  @ ensures out->calls <= stalls * (end - start);
  @ ensures start <= out->reached <= end;
  @*/
static bool map_range(void *os, uint64_t start, uint64_t end, uint32_t stalls, struct tdconv_linux *out)
{
	struct tdconv_regs regs;
	uint64_t at = start;
	uint32_t tries = 0;

	out->calls = 0;
	out->reached = at;
	/*@ loop invariant start <= at < end && 0 <= tries <= stalls && out->reached == at;
	  @ loop invariant out->calls + stalls * (end - at) - tries <= stalls * (end - start);
	  @ loop assigns regs, at, tries, out->calls, out->reached;
	  @ loop variant stalls * (end - at) - tries;
	  @*/
	while (tries < stalls) {
		map_gpa(os, at, end - at, &regs);
		out->calls++;
		if (regs.rax != 0)
			return false;
		if (regs.r10 != TDVMCALL_RETRY) {
			if (regs.r10 != TDVMCALL_SUCCESS)
				return false;
			out->reached = end;
			return true;
		}
		if (regs.r11 < at || regs.r11 >= end)
			return false;
		if (regs.r11 == at) {
			tries++;
			continue;
		}
		tries = 0;
		at = regs.r11;
		out->reached = at;
	}
	return false;
}

/* Bytes accepted: size, or 0 if it does not fit or the module said anything but success. */
/*@ requires \valid(out) && at <= end <= 0x8000000000000 && size > 0 && out->accepts < UINT64_MAX;
  @ assigns out->accepts;
  @ ensures \result == 0 || (\result == size && at + size <= end);
  @ ensures \old(out->accepts) <= out->accepts <= \old(out->accepts) + 1;
  @*/
static uint64_t try_accept(void *os, uint64_t at, uint64_t end, uint64_t size, uint64_t level, struct tdconv_linux *out)
{
	struct tdconv_regs regs = { 0 };

	if (at % size != 0 || end - at < size)
		return 0;
	regs.rax = TDG_MEM_PAGE_ACCEPT;
	regs.rcx = at + level;
	tdconv_linux_tdcall(os, &regs);
	out->accepts++;
	return regs.rax == 0 ? size : 0;
}

/*@ requires \valid(out) && start <= end <= 0x8000000000000;
  @ requires start % 4096 == 0 && end % 4096 == 0;
  @ assigns out->accepts, out->reached;
  @*/
static bool accept_range(void *os, uint64_t start, uint64_t end, struct tdconv_linux *out)
{
	uint64_t at = start, done;

	out->accepts = 0;
	/*@ loop invariant start <= at <= end && out->accepts <= 3 * (at - start);
	  @ loop assigns at, done, out->accepts, out->reached;
	  @ loop variant end - at;
	  @*/
	while (at < end) {
		out->reached = at;
		done = try_accept(os, at, end, SIZE_1G, LEVEL_1G, out);
		if (done == 0)
			done = try_accept(os, at, end, SIZE_2M, TDX_LEVEL_2M, out);
		if (done == 0)
			done = try_accept(os, at, end, SIZE_4K, TDX_LEVEL_4K, out);
		if (done == 0)
			return false;
		at += done;
	}
	out->reached = end;
	return true;
}

bool tdconv_linux_convert(void *os, uint64_t shared_bit, uint64_t gpa, uint64_t bytes, enum tdconv_to to,
			  uint32_t stalls, struct tdconv_linux *out)
{
	uint64_t s = to == TDCONV_SHARED ? shared_bit : 0;

	out->accepts = 0;
	out->good = map_range(os, gpa + s, gpa + s + bytes, stalls, out);
	out->reached -= s;
	if (out->good && to == TDCONV_PRIVATE)
		out->good = accept_range(os, gpa, gpa + bytes, out);
	return out->good;
}
