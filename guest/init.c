/* SPDX-License-Identifier: MIT */
/* What the TDX module says about this TD, and the default policy. */
#include "abi/tdx.h"
#include "internal.h"

#define GPAW_FIELD	64ull			/* RCX[5:0] of TDG.VP.INFO */
#define GPAW_MIN	22u			/* one 2 MiB page below S: no CPU has less */
#define S_MAX		0x8000000000000ull	/* GPAW 52, the architecture's limit */

/*
 * Default budgets; docs/retry.md gives the reasons. Since [kvm:3e2dec1ede0a] user space on KVM may answer RETRY without
 * progress on purpose, as often as it likes. How long it goes on is not known: with pauses that grow to a millisecond
 * this many stalls last about a second, which is a guess. Calls: a VMM that does a page a call and stalls twice before
 * each, the most that Linux's loop bears, needs 3 * pages; one to spare, and room for all stalls of a single page.
 */
#define STALLS		1024
#define CALLS_PER_PAGE	4
#define CALLS_EXTRA	4096
#define BUSY		65536

/*@ // The width that goes with S, written out: 22 .. 52.
  @ logic integer width_of(integer s) =
  @	s == 0x200000 ? 22 : s == 0x400000 ? 23 : s == 0x800000 ? 24 : s == 0x1000000 ? 25 : s == 0x2000000 ? 26 :
  @	s == 0x4000000 ? 27 : s == 0x8000000 ? 28 : s == 0x10000000 ? 29 : s == 0x20000000 ? 30 :
  @	s == 0x40000000 ? 31 : s == 0x80000000 ? 32 : s == 0x100000000 ? 33 : s == 0x200000000 ? 34 :
  @	s == 0x400000000 ? 35 : s == 0x800000000 ? 36 : s == 0x1000000000 ? 37 : s == 0x2000000000 ? 38 :
  @	s == 0x4000000000 ? 39 : s == 0x8000000000 ? 40 : s == 0x10000000000 ? 41 : s == 0x20000000000 ? 42 :
  @	s == 0x40000000000 ? 43 : s == 0x80000000000 ? 44 : s == 0x100000000000 ? 45 : s == 0x200000000000 ? 46 :
  @	s == 0x400000000000 ? 47 : s == 0x800000000000 ? 48 : s == 0x1000000000000 ? 49 :
  @	s == 0x2000000000000 ? 50 : s == 0x4000000000000 ? 51 : s == 0x8000000000000 ? 52 : 0;
  @*/

/* S from the width, by doubling; 0 if the width is none. */
/*@ assigns \nothing;
  @ ensures s_ok(\result);
  @ ensures 22 <= gpaw <= 52 ==> width_of(\result) == gpaw;
  @ ensures \result == 0 <==> gpaw < 22 || gpaw > 52;
  @*/
static uint64_t shared_bit(uint64_t gpaw)
{
	uint64_t s = 1ull << (GPAW_MIN - 1);
	uint64_t width;

	if (gpaw < GPAW_MIN)
		return 0;
	/*@ loop invariant 0x200000 <= s <= S_MAX && s % 0x200000 == 0 && GPAW_MIN <= width <= gpaw;
	  @ loop invariant width_of(s) == width;
	  @ loop assigns s, width;
	  @ loop variant gpaw - width;
	  @*/
	for (width = GPAW_MIN; width < gpaw; width++) {
		if (s >= S_MAX)
			return 0;
		s += s;
	}
	return s;
}

/*@ assigns \nothing; */
static struct tdconv_budget default_budget(void)
{
	struct tdconv_budget budget;

	budget.stalls = STALLS;
	budget.calls_extra = CALLS_EXTRA;
	budget.calls_per_page = CALLS_PER_PAGE;
	budget.busy = BUSY;
	return budget;
}

/* CONFIG_FLAGS, or 0 from a module that does not have the field: then it does not have the features either. */
/*@ assigns \nothing; */
static uint64_t config_flags(void *os)
{
	struct tdconv_regs regs;

	tdconv_leaf(&regs, TDG_VM_RD);
	regs.rdx = TDX_FIELD_CONFIG_FLAGS;
	tdconv_os_tdcall(os, &regs);
	return regs.rax == 0 ? regs.r8 : 0;
}

/*@ requires \valid(tdc);
  @ assigns *tdc;
  @ ensures s_ok(tdc->td.shared_bit);
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_NO_TD;
  @ ensures \result == TDCONV_OK <==> tdc->td.shared_bit > 0;
  @ ensures \result == TDCONV_OK ==> tdc->td.rax == 0 && width_of(tdc->td.shared_bit) == tdc->td.gpaw;
  @ ensures tdc->policy.chunk == 0;
  @*/
enum tdconv_status tdconv_init(struct tdconv *tdc, void *os)
{
	struct tdconv_regs regs;

	tdc->os = os;
	tdconv_stats_clear(&tdc->stats);
	tdc->policy.work = default_budget();
	tdc->policy.undo = default_budget();
	tdc->policy.chunk = 0;
	tdc->policy.lenient_s = false;
	tdc->policy.no_release = false;
	tdc->policy.already = TDCONV_ALREADY_ZERO;
	tdc->policy.already_boot = TDCONV_ALREADY_ERROR;
	tdc->small_units = 0;
	tdc->backoff = 1;

	tdconv_leaf(&regs, TDG_VP_INFO);
	tdconv_os_tdcall(os, &regs);
	tdc->td.rax = regs.rax;
	tdc->td.gpaw = (uint32_t)(regs.rcx % GPAW_FIELD);
	tdc->td.shared_bit = regs.rax == 0 ? shared_bit(tdc->td.gpaw) : 0;
	tdc->td.attributes = regs.rdx;
	tdc->td.can_release = false;
	if (tdc->td.shared_bit == 0)
		return TDCONV_E_NO_TD;
	tdc->td.can_release = config_flags(os) / TDX_CONFIG_PAGE_RELEASE % 2 == 1;
	return TDCONV_OK;
}
