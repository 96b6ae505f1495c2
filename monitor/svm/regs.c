/* SPDX-License-Identifier: MIT */
#include "monitor/svm/regs.h"

#include "monitor/insn.h"
#include "monitor/npt.h"
#include "monitor/persona/cr.h"
#include "monitor/svm/svm.h"
#include "monitor/svm/unpaged.h"

#define WATCHED_CR_WRITES	(1u << 4)
#define ALL_DEBUG_REGISTERS	0xffu

void svm_regs_init(struct vcpu *vcpu)
{
	vcpu->dr[6] = DR6_RESET;
	vcpu->dr[7] = DR7_RESET;
	vcpu->vendor->vmcb->control.dr_read = vcpu->vendor->vmcb->control.dr_write = ALL_DEBUG_REGISTERS;
	svm_regs_watch(vcpu);
}

void svm_regs_watch(struct vcpu *vcpu)
{
	vcpu->vendor->vmcb->control.cr_read = 0;
	vcpu->vendor->vmcb->control.cr_write = WATCHED_CR_WRITES;
	vcpu->vendor->vmcb->control.misc1 |= SVM_I_CR0_SELECTIVE;
}

/* What is to be delivered waits for the next VMRUN; vendor_inject() puts an exception before it. */
bool svm_regs_refused(struct vcpu *vcpu)
{
	struct svm_trial *t = &vcpu->vendor->trial;
	bool tried = t->on;

	t->on = false;
	if (!tried || !vmcb_refused(vcpu->vendor->vmcb))
		return false;
	t->vmcb.control.event = 0;
	*vcpu->vendor->vmcb = t->vmcb;
	vcpu->regs.rip = t->rip;
	vcpu->rflags = t->rflags;
	vcpu->efer = t->efer;
	vcpu->nmi |= t->nmi;
	vcpu->vendor->nmi_blocked = t->nmi_blocked;
	vendor_inject(vcpu, EXCEPTION_GP);
	return true;
}

/* Leaving long mode takes a 32-bit code segment, which no VMRUN looks for (SDM 3A, "Switching Out of IA-32e"). */
static bool possible(const struct vcpu *vcpu, const struct cr_regs *regs)
{
	bool lme = vcpu->efer & EFER_LME;

	if (!cr_possible(regs, lme))
		return false;
	return !(vcpu->efer & EFER_LMA) || (regs->cr4 & CR4_PAE && (regs->cr0 & CR0_PG || !vcpu->regs.long_mode));
}

static void try(struct vcpu *vcpu, const struct cr_regs *regs)
{
	struct svm_trial *t = &vcpu->vendor->trial;
	struct vmcb_save *save = &vcpu->vendor->vmcb->save;

	if (regs->cr0 == vcpu->cr0 && regs->cr4 == vcpu->cr4)
		return;
	*t = (struct svm_trial){
		.vmcb = *vcpu->vendor->vmcb,
		.rip = vcpu->regs.rip,
		.rflags = vcpu->rflags,
		.efer = vcpu->efer,
		.nmi = vcpu->nmi,
		.nmi_blocked = vcpu->vendor->nmi_blocked,
		.on = true,
	};
	save->cr0 = vcpu->cr0 = regs->cr0;
	save->cr4 = vcpu->cr4 = regs->cr4;
	if (vcpu->efer & EFER_LME)
		vcpu->efer = regs->cr0 & CR0_PG ? vcpu->efer | EFER_LMA : vcpu->efer & ~EFER_LMA;
	vcpu->generation = ~npt_generation();	/* the next entry is to flush the TLB */
}

/* Its length, 0 if it is another instruction; what it would do to registers other than the debug registers in *regs. */
static uint32_t decode(struct vcpu *vcpu, struct cr_regs *regs)
{
	bool wide = vcpu->regs.long_mode;
	const struct vmcb_segment *cs = &vcpu->vendor->vmcb->save.cs;
	uint64_t at = wide ? vcpu->regs.rip : (uint32_t)(cs->base + vcpu->regs.rip);
	uint8_t code[INSN_MAX];

	*regs = (struct cr_regs){ .cr0 = vcpu->cr0, .cr3 = vcpu->cr3, .cr4 = vcpu->cr4, .dr = vcpu->dr,
				  .gpr = vcpu->regs.gpr, .code64 = wide, .code16 = !wide && !(cs->attrib & VMCB_SEGMENT_32) };
	return cr_execute(code, vcpu_read(vcpu, at, code, sizeof(code)), regs);
}

static void execute(struct vcpu *vcpu)
{
	struct cr_regs regs;
	uint32_t length = decode(vcpu, &regs);

	if (length == 0) {
		vendor_inject(vcpu, EXCEPTION_UD);
	} else if (regs.fault != CR_NO_FAULT) {
		vendor_inject(vcpu, (enum exception)regs.fault);
	} else if (!possible(vcpu, &regs)) {
		vendor_inject(vcpu, EXCEPTION_GP);
	} else {
		try(vcpu, &regs);
		vendor_skip(vcpu, length);
	}
}

/*
 * Else VMRUN refused a state that the guest came to in another way: then the #GP that is injected for it here at first
 * is still to be delivered when VMRUN refuses again.
 */
static bool is_bad_cr3(struct vcpu *vcpu)
{
	struct cr_regs regs;

	return vmcb_refused(vcpu->vendor->vmcb) && !(vcpu->vendor->event & EVENT_VALID) && decode(vcpu, &regs) != 0 &&
	       regs.cr3 >> NPT_GPAW_MAX != 0;
}

bool svm_regs_exit(struct vcpu *vcpu)
{
	uint64_t code = vcpu->vendor->vmcb->control.exit_code;

	if (is_bad_cr3(vcpu)) {
		vendor_inject(vcpu, EXCEPTION_GP);
		return true;
	}
	if (code > VMEXIT_DR_LAST && code != VMEXIT_CR0_SELECTIVE)
		return false;
	if (vcpu->vendor->unpaged && code <= VMEXIT_CR_LAST)
		svm_unpaged_exit(vcpu);
	else
		execute(vcpu);
	return true;
}
