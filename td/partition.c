/* SPDX-License-Identifier: MIT */
/* Leaves about nested TDs and service TDs: what the module answers in a TD that has neither. */
#include "td/state.h"

#define PENDING_BIT	(1ull << 62)	/* of RCX: [mod:gpa_mapping_and_flags_u] */
#define PAGE_1G		(1ull << 30)

static void invalid(struct td_regs *regs, uint64_t operand)
{
	regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, operand);
}

/* [mod:tdg_vp_enter]: the list of registers before the VM, of which there is none. */
static void vp_enter(const struct td *td, struct td_regs *regs)
{
	uint64_t list = regs->gpr[TD_RDX];

	invalid(regs, list % 256 != 0 || list >= td->mem->s ? TD_RDX : TD_RCX);
}

/* [mod:tdg_vp_invept]: RCX has a bit for each nested TD; to flush none of them is no error. */
static void vp_invept(struct td_regs *regs)
{
	if (regs->gpr[TD_RCX] != 0)
		invalid(regs, TD_RCX);
	else
		regs->gpr[TD_RAX] = 0;
}

/*
 * [mod:tdg_servtd_rd_wr.c]: the handle is a secret of the module's less this TD's UUID. One that was made up names a
 * slot that there is not.
 */
static void servtd(struct td_regs *regs, bool write)
{
	if (!write)
		regs->gpr[TD_RDX] = ~0ull;
	regs->gpr[TD_R8] = 0;
	invalid(regs, TD_RCX);
}

/* A page that the module has: its GPA and level, whether it is PENDING, and no attributes. Else an EPT violation. */
static enum td_action page_attributes(struct td *td, struct td_regs *regs, uint64_t gpa, uint64_t level)
{
	const struct td_page *page = td_page_at(td, gpa);
	bool pending = page != NULL && td_page_real(page) == TD_REAL_PENDING;

	if (!pending && !td_sept_private(td, gpa))
		return td_unmapped(td, gpa, regs->rip, false);
	regs->gpr[TD_RCX] = gpa | level | (pending ? PENDING_BIT : 0);
	regs->gpr[TD_RDX] = 0;
	regs->gpr[TD_RAX] = 0;
	return TD_NEXT;
}

/* [mod:tdg_mem_page_attr_rd]: any byte of the page; the level is the module's. */
static enum td_action attr_rd(struct td *td, struct td_regs *regs)
{
	uint64_t gpa = regs->gpr[TD_RCX], level;

	if (gpa >= td->mem->s) {
		regs->gpr[TD_RCX] = regs->gpr[TD_RDX] = 0;
		invalid(regs, TD_RCX);
		return TD_NEXT;
	}
	level = td_is_large(td, gpa) ? TDX_LEVEL_2M : TDX_LEVEL_4K;
	return page_attributes(td, regs, gpa & ~((level == TDX_LEVEL_2M ? TDX_2M_SIZE : TDX_PAGE_SIZE) - 1), level);
}

/* The first operand that asks for something of a TD that is not there: attributes and flags, 16 bits for each. */
static uint64_t attr_operand(uint64_t attributes, uint64_t flags)
{
	for (unsigned int vm = 0; vm < 4; vm++) {
		if (attributes >> vm * 16 & 0xffff)
			return TD_RDX;
		if (flags >> vm * 16 & 0xffff)
			return TD_R8;
	}
	return 0;
}

/* [mod:tdg_mem_page_attr_wr]. */
static enum td_action attr_wr(struct td *td, struct td_regs *regs)
{
	uint64_t gpa = regs->gpr[TD_RCX] & ~7ull, level = regs->gpr[TD_RCX] & 7;
	uint64_t size = level == TDX_LEVEL_4K ? TDX_PAGE_SIZE : level == TDX_LEVEL_2M ? TDX_2M_SIZE : PAGE_1G;
	uint64_t operand = attr_operand(regs->gpr[TD_RDX], regs->gpr[TD_R8]), at;

	if (operand == 0 && (level > TDX_LEVEL_2M + 1 || gpa >= td->mem->s || gpa % size != 0))
		operand = TD_RCX;
	at = td_is_large(td, gpa) ? TDX_LEVEL_2M : TDX_LEVEL_4K;
	if (operand != 0) {
		regs->gpr[TD_RCX] = regs->gpr[TD_RDX] = 0;
		invalid(regs, operand);
	} else if (level > at) {
		regs->gpr[TD_RCX] = regs->gpr[TD_RDX] = 0;
		regs->gpr[TD_RAX] = tdx_status(TDX_PAGE_SIZE_MISMATCH, level);
	} else {
		if (level < at)	/* the walk ends above it: at that EPT violation the VMM is expected to demote the page */
			td_demote(td, gpa);
		return page_attributes(td, regs, gpa, level);
	}
	return TD_NEXT;
}

enum td_action td_partition_leaf(struct td *td, struct td_regs *regs)
{
	switch (regs->gpr[TD_RAX] & 0xffff) {
	case TDG_VP_ENTER: vp_enter(td, regs); break;
	case TDG_VP_INVEPT: vp_invept(regs); break;
	case TDG_VP_INVGLA: invalid(regs, TD_RCX); break;	/* [mod:tdg_vp_invvpid] */
	case TDG_SERVTD_RD: servtd(regs, false); break;
	case TDG_SERVTD_WR: servtd(regs, true); break;
	case TDG_MEM_PAGE_ATTR_RD: return attr_rd(td, regs);
	default: return attr_wr(td, regs);
	}
	return TD_NEXT;
}
