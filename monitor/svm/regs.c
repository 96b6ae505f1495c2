/* SPDX-License-Identifier: MIT */
#include "monitor/svm/regs.h"

#include "monitor/insn.h"
#include "monitor/npt.h"
#include "monitor/persona/cr.h"
#include "monitor/state.h"
#include "monitor/svm/svm.h"
#include "monitor/svm/unpaged.h"

/* QEMU's selective intercept of CR0 does not look at its upper half ([qemu:helper_write_crN]). */
#define WATCHED_CR_WRITES	(1u << 0 | 1u << 4)
#define ALL_DEBUG_REGISTERS	0xffu

void svm_regs_init(struct vcpu *vcpu)
{
	vcpu->dr[6] = DR6_RESET;
	vcpu->dr[7] = DR7_RESET;
	vcpu->vendor->vmcb->control.dr_read = vcpu->vendor->vmcb->control.dr_write = ALL_DEBUG_REGISTERS;
}

void svm_regs_show(struct vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->vendor->vmcb;
	bool paged = vcpu->cr0 & CR0_PG;

	vcpu->efer &= ~EFER_LMA;
	if (paged && (vcpu->efer & EFER_LME))
		vcpu->efer |= EFER_LMA;
	vcpu->generation = ~npt_generation();	/* the next entry is to flush the TLB */
	if (!paged) {
		svm_unpaged_show(vcpu);
		return;
	}
	if (vcpu->vendor->unpaged)
		svm_unpaged_end(vcpu);
	vmcb->save.cr0 = vcpu->cr0;
	vmcb->save.cr3 = vcpu->cr3;
	vmcb->save.cr4 = vcpu->cr4;
	vmcb->control.cr_read = 0;
	vmcb->control.cr_write = WATCHED_CR_WRITES;
}

/* LMSW is the only one with an operand in memory that exits in 64-bit code. */
static uint32_t load_msw(const struct vcpu *vcpu, const uint8_t *code, size_t bytes, struct cr_regs *regs)
{
	const struct insn_regs of = vcpu_insn_regs(vcpu);
	struct insn_access operand[2];
	uint16_t word;

	if (insn_accesses(code, bytes, &of, operand) != 1 ||
	    vcpu_read(vcpu, operand[0].gla, &word, sizeof(word)) != sizeof(word))
		return 0;
	cr_load_msw(regs, word);
	return operand[0].length;
}

/* Its length, 0 if it is another instruction; what it would do to registers other than the debug registers in *regs. */
static uint32_t decode(struct vcpu *vcpu, struct cr_regs *regs)
{
	bool wide = vcpu->regs.long_mode;
	const struct vmcb_segment *cs = &vcpu->vendor->vmcb->save.cs;
	uint64_t at = wide ? vcpu->regs.rip : (uint32_t)(cs->base + vcpu->regs.rip);
	uint8_t code[INSN_MAX];
	size_t bytes = vcpu_read(vcpu, at, code, sizeof(code));
	uint32_t length;

	*regs = (struct cr_regs){ .cr0 = vcpu->cr0, .cr3 = vcpu->cr3, .cr4 = vcpu->cr4, .efer = vcpu->efer,
				  .cr4_bits = vcpu->persona.persona->cr4_bits, .dr = vcpu->dr, .gpr = vcpu->regs.gpr,
				  .code64 = wide, .code16 = !wide && !(cs->attrib & VMCB_SEGMENT_32),
				  .cs_long = cs->attrib & VMCB_SEGMENT_LONG };
	length = cr_execute(code, bytes, regs);
	return length != 0 || !wide ? length : load_msw(vcpu, code, bytes, regs);
}

static void load_cr(struct vcpu *vcpu, const struct cr_regs *regs)
{
	if (regs->cr0 == vcpu->cr0 && regs->cr3 == vcpu->cr3 && regs->cr4 == vcpu->cr4)
		return;
	vcpu->cr0 = regs->cr0;
	vcpu->cr3 = regs->cr3;
	vcpu->cr4 = regs->cr4;
	state_lock(vcpu);
	svm_regs_show(vcpu);
	state_unlock();
}

/* False: it is a #VE, of which the caller has to know. */
static bool execute(struct vcpu *vcpu, struct vm_exit *e)
{
	struct cr_regs regs;
	uint32_t length = decode(vcpu, &regs);

	if (length != 0 && regs.fault == CR_VE) {
		e->reason = EXIT_CR;
		e->qualification = regs.qualification;
		e->length = length;
		return false;
	}
	if (length == 0) {
		vendor_inject(vcpu, EXCEPTION_UD);
	} else if (regs.fault != CR_NO_FAULT) {
		vendor_inject(vcpu, (enum exception)regs.fault);
	} else {
		load_cr(vcpu, &regs);
		vendor_skip(vcpu, length);
	}
	return true;
}

/*
 * Else VMRUN refused a state that the guest came to in another way: then the #GP that is injected for it here at first
 * is still to be delivered when VMRUN refuses again.
 */
static bool is_bad_cr3(struct vcpu *vcpu)
{
	struct cr_regs regs;

	return vmcb_refused(vcpu->vendor->vmcb) && !(vcpu->vendor->event & EVENT_VALID) && decode(vcpu, &regs) != 0 &&
	       regs.cr3 >> config.td.platform.gpaw != 0;
}

bool svm_regs_exit(struct vcpu *vcpu, struct vm_exit *e)
{
	uint64_t code = vcpu->vendor->vmcb->control.exit_code;

	if (is_bad_cr3(vcpu)) {
		vendor_inject(vcpu, EXCEPTION_GP);
		return true;
	}
	return code <= VMEXIT_DR_LAST && execute(vcpu, e);
}
