/* SPDX-License-Identifier: MIT */
/* The TDX module: TDCALL dispatch and the register rules of TDG.VP.VMCALL ([mod:tdg_vp_vmcall.c]). */
#include "td/state.h"

#define REG(n)		(1ull << (n))

static void invalid_operand(struct td_regs *regs, uint64_t operand)
{
	regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, operand);
}

static void refused(struct td *td, struct td_regs *regs, uint64_t registers)
{
	uint64_t mask = regs->gpr[TD_RCX];

	invalid_operand(regs, TD_RCX);
	if (mask != td->mem->now.last_refused)
		td_emit(td, REFUSED, refused, regs->rip, .subfn = regs->gpr[TD_R11], .mask = mask, .registers = registers);
	td->mem->now.last_refused = mask;
}

/*
 * RCX[15:0] names the registers that the VMM may see and change, RCX[31:16] the XMM registers. RAX, RCX and RSP are
 * never among them. All others are zero for the VMM and unchanged for the guest.
 */
static enum td_action vp_vmcall(struct td *td, unsigned int vcpu, struct td_regs *regs)
{
	uint64_t mask = regs->gpr[TD_RCX], forbidden = REG(TD_RAX) | REG(TD_RCX) | REG(TD_RSP) | ~0xffffffffull;
	enum td_action action;
	struct td_regs vmm;

	if (td_config_flags(td) & TDX_CONFIG_NO_RBP_MOD)
		forbidden |= REG(TD_RBP);
	if (mask & forbidden) {
		refused(td, regs, mask & forbidden);
		return TD_NEXT;
	}
	td->mem->now.last_refused = 0;
	for (unsigned int i = 0; i < TD_GPRS; i++)
		vmm.gpr[i] = mask & REG(i) ? regs->gpr[i] : 0;
	vmm.rip = regs->rip;
	vmm.cpl = 0;
	vmm.long_mode = true;
	action = td_ghci(td, vcpu, &vmm);
	for (unsigned int i = 0; i < TD_GPRS; i++)
		if (mask & REG(i))
			regs->gpr[i] = vmm.gpr[i];
	regs->gpr[TD_RAX] = 0;
	return action;
}

static void vp_info(const struct td *td, unsigned int vcpu, struct td_regs *regs)
{
	uint64_t *r = regs->gpr;

	r[TD_RCX] = td->mem->config.platform.gpaw;
	r[TD_RDX] = td->mem->config.platform.attributes;
	r[TD_R8] = (uint64_t)td->mem->config.vcpus << 32 | td->mem->config.vcpus;
	r[TD_R9] = vcpu;
	r[TD_R10] = 1;	/* TDG.SYS.RD is there */
	r[TD_R11] = 0;
	r[TD_RAX] = 0;
}

/* [mod:tdg_vp_cpuidve_set]. */
static void cpuidve_set(struct td *td, unsigned int vcpu, struct td_regs *regs)
{
	uint64_t control = regs->gpr[TD_RCX];

	if (control > 3) {
		invalid_operand(regs, TD_RCX);
		return;
	}
	td->mem->now.cpuid_ve[vcpu] = (uint32_t)control;
	regs->gpr[TD_RAX] = 0;
}

static enum td_action leaf(struct td *td, unsigned int vcpu, struct td_regs *regs)
{
	switch (regs->gpr[TD_RAX] & 0xffff) {
	case TDG_VP_VMCALL:
		return vp_vmcall(td, vcpu, regs);
	case TDG_VP_INFO:
		vp_info(td, vcpu, regs);
		return TD_NEXT;
	case TDG_MR_RTMR_EXTEND:
		return td_rtmr_extend(td, regs);
	case TDG_VP_VEINFO_GET:
		td_veinfo_get(td, vcpu, regs);
		return TD_NEXT;
	case TDG_MR_REPORT:
		return td_report_leaf(td, regs);
	case TDG_MEM_PAGE_ACCEPT:
		return td_page_accept(td, regs);
	case TDG_MEM_PAGE_RELEASE:
		return td_page_release(td, regs);
	case TDG_VM_RD:
		td_vm_rd(td, regs);
		return TD_NEXT;
	case TDG_VM_WR:
		td_vm_wr(td, regs);
		return TD_NEXT;
	case TDG_SYS_RD:
		td_sys_rd(td, regs);
		return TD_NEXT;
	case TDG_SYS_RDALL:
		return td_sys_rdall(td, regs);
	case TDG_VP_RD:
		td_vp_rd(td, regs);
		return TD_NEXT;
	case TDG_VP_WR:
		td_vp_wr(td, regs);
		return TD_NEXT;
	case TDG_VP_CPUIDVE_SET:
		cpuidve_set(td, vcpu, regs);
		return TD_NEXT;
	case TDG_MR_VERIFYREPORT:
		return td_verify_leaf(td, regs);
	case TDG_MEM_PAGE_ATTR_RD:
	case TDG_MEM_PAGE_ATTR_WR:
	case TDG_SERVTD_RD:
	case TDG_SERVTD_WR:
	case TDG_VP_ENTER:
	case TDG_VP_INVEPT:
	case TDG_VP_INVGLA:
		return td_partition_leaf(td, regs);
	default:	/* unknown, or not modelled: the module's answer to a leaf that it does not have */
		invalid_operand(regs, TD_RAX);
		return TD_NEXT;
	}
}

/* Order of checks: [mod:td_call]. CPL is checked by the CPU. */
enum td_action td_tdcall(struct td *td, unsigned int vcpu, struct td_regs *regs)
{
	uint64_t rax = regs->gpr[TD_RAX], rcx = regs->gpr[TD_RCX], rdx = regs->gpr[TD_RDX];
	bool version_ok = (rax >> 16 & 0xff) == 0 || (rax & 0xffff) == TDG_VM_RD;	/* which looks at it itself */
	enum td_action action = TD_NEXT;

	td->mem->now.vcpu = vcpu;
	if (td->mem->now.stop != TD_RUNNING)
		return TD_STOP;
	if (!regs->long_mode || regs->cpl != 0)
		return TD_GP;
	if (rax >> 24 != 0 || !version_ok)
		invalid_operand(regs, TD_RAX);
	else
		action = leaf(td, vcpu, regs);
	rax &= 0xffff;
	if (rax != TDG_VP_VMCALL && rax != TDG_VP_VEINFO_GET && rax != TDG_MEM_PAGE_ACCEPT)
		td_emit(td, TDCALL, tdcall, regs->rip, .leaf = rax, .rcx = rcx, .rdx = rdx, .status = regs->gpr[TD_RAX],
			.r8 = regs->gpr[TD_R8]);
	return action;
}
