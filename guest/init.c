/* SPDX-License-Identifier: MIT */
/* What the TDX module says about this TD, and the default policy. */
#include "abi/tdx.h"
#include "internal.h"

#define GPAW_FIELD	64ull			/* RCX[5:0] of TDG.VP.INFO */
#define GPAW_MIN	22u			/* one 2 MiB page below S: no CPU has less */
#define S_MAX		0x8000000000000ull	/* GPAW 52, the architecture's limit */

/*
 * Default budgets. KVM's user space may answer RETRY without progress while it moves a TD to another process, which
 * takes milliseconds; Linux's three immediate tries take microseconds. With a pause that grows to a millisecond this
 * many stalls last a second. Hyper-V converts what fits into its time slice, at least a page a call, and then a call
 * per page with two stalls each is still legitimate: 3 * pages, and one to spare.
 */
#define STALLS		1024
#define CALLS_PER_PAGE	4
#define CALLS_EXTRA	4096
#define BUSY		65536

/* S from the width, by doubling; 0 if the width is none. */
static uint64_t shared_bit(uint64_t gpaw)
{
	uint64_t s = 1ull << (GPAW_MIN - 1);
	uint64_t width;

	if (gpaw < GPAW_MIN)
		return 0;
	for (width = GPAW_MIN; width < gpaw; width++) {
		if (s >= S_MAX)
			return 0;
		s += s;
	}
	return s;
}

static void default_budget(struct tdconv_budget *budget)
{
	budget->stalls = STALLS;
	budget->calls_extra = CALLS_EXTRA;
	budget->calls_per_page = CALLS_PER_PAGE;
	budget->busy = BUSY;
}

/* CONFIG_FLAGS, or 0 from a module that does not have the field: then it does not have the features either. */
static uint64_t config_flags(void *os)
{
	struct tdconv_regs regs;

	tdconv_leaf(&regs, TDG_VM_RD);
	regs.rdx = TDX_FIELD_CONFIG_FLAGS;
	tdconv_os_tdcall(os, &regs);
	return regs.rax == 0 ? regs.r8 : 0;
}

enum tdconv_status tdconv_init(struct tdconv *tdc, void *os)
{
	struct tdconv_regs regs;

	tdc->os = os;
	tdconv_stats_clear(&tdc->stats);
	default_budget(&tdc->policy.work);
	default_budget(&tdc->policy.undo);
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
