/* SPDX-License-Identifier: MIT */
#include "monitor/svm/regs.h"

#include "monitor/insn.h"
#include "monitor/mem.h"
#include "monitor/npt.h"
#include "monitor/persona/cr.h"
#include "monitor/svm/svm.h"
#include "monitor/svm/unpaged.h"
#include "monitor/svm/vmcb.h"

#define WATCHED_CR_WRITES	(1u << 4)
#define ALL_DEBUG_REGISTERS	0xffu

/* A guest before a write that the CPU has not taken yet. */
struct trial {
	struct vmcb vmcb;
	uint64_t rip, rflags, efer;
	uint32_t nmi;
	bool nmi_blocked;
	bool on;
};

static struct trial *trials[TD_MAX_VCPUS];

void svm_regs_init(struct vcpu *vcpu)
{
	trials[vcpu->index] = mem_alloc(sizeof(struct trial));
	vcpu->dr[6] = DR6_RESET;
	vcpu->dr[7] = DR7_RESET;
	vcpu->vmcb->control.dr_read = vcpu->vmcb->control.dr_write = ALL_DEBUG_REGISTERS;
	svm_regs_watch(vcpu);
}

void svm_regs_watch(struct vcpu *vcpu)
{
	vcpu->vmcb->control.cr_read = 0;
	vcpu->vmcb->control.cr_write = WATCHED_CR_WRITES;
	vcpu->vmcb->control.misc1 |= SVM_I_CR0_SELECTIVE;
}

/* What is to be delivered waits for the next VMRUN; svm_inject() puts an exception before it. */
bool svm_regs_refused(struct vcpu *vcpu)
{
	struct trial *t = trials[vcpu->index];
	bool tried = t->on;

	t->on = false;
	if (!tried || !vmcb_refused(vcpu->vmcb))
		return false;
	t->vmcb.control.event = 0;
	*vcpu->vmcb = t->vmcb;
	vcpu->regs.rip = t->rip;
	vcpu->rflags = t->rflags;
	vcpu->efer = t->efer;
	vcpu->nmi |= t->nmi;
	vcpu->nmi_blocked = t->nmi_blocked;
	svm_inject(vcpu, SVM_GP);
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
	struct trial *t = trials[vcpu->index];
	struct vmcb_save *save = &vcpu->vmcb->save;

	if (regs->cr0 == vcpu->cr0 && regs->cr4 == vcpu->cr4)
		return;
	*t = (struct trial){ .vmcb = *vcpu->vmcb, .rip = vcpu->regs.rip, .rflags = vcpu->rflags, .efer = vcpu->efer,
			     .nmi = vcpu->nmi, .nmi_blocked = vcpu->nmi_blocked, .on = true };
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
	const struct vmcb_segment *cs = &vcpu->vmcb->save.cs;
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
		svm_inject(vcpu, SVM_UD);
	} else if (regs.fault != CR_NO_FAULT) {
		svm_inject(vcpu, (enum svm_exception)regs.fault);
	} else if (!possible(vcpu, &regs)) {
		svm_inject(vcpu, SVM_GP);
	} else {
		try(vcpu, &regs);
		svm_skip(vcpu, length);
	}
}

/*
 * Else VMRUN refused a state that the guest came to in another way: then the #GP that is injected for it here at first
 * is still to be delivered when VMRUN refuses again.
 */
static bool is_bad_cr3(struct vcpu *vcpu)
{
	struct cr_regs regs;

	return vmcb_refused(vcpu->vmcb) && !(vcpu->event & EVENT_VALID) && decode(vcpu, &regs) != 0 &&
	       regs.cr3 >> NPT_GPAW_MAX != 0;
}

bool svm_regs_exit(struct vcpu *vcpu)
{
	uint64_t code = vcpu->vmcb->control.exit_code;

	if (is_bad_cr3(vcpu)) {
		svm_inject(vcpu, SVM_GP);
		return true;
	}
	if (code > VMEXIT_DR_LAST && code != VMEXIT_CR0_SELECTIVE)
		return false;
	if (vcpu->unpaged && code <= VMEXIT_CR_LAST)
		svm_unpaged_exit(vcpu);
	else
		execute(vcpu);
	return true;
}
