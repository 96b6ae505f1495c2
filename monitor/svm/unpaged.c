/* SPDX-License-Identifier: MIT */
#include "monitor/svm/unpaged.h"

#include "monitor/insn.h"
#include "monitor/mem.h"
#include "monitor/npt.h"
#include "monitor/persona/cr.h"
#include "monitor/state.h"
#include "monitor/svm/regs.h"
#include "monitor/svm/svm.h"

/* No slot is there, and 32 bits reach it: the local APIC's page, where a TD has nothing. */
#define TABLE_GPA	0xfee00000ull
#define ENTRIES		1024u
#define ENTRY		0xe3u		/* present, writable, accessed, dirty, 4 MiB: walks never write */
#define WATCHED		(1u << 0 | 1u << 3 | 1u << 4)
#define CR0_FPU		0x2eull		/* MP, EM, TS, NE */

static uint32_t users;

static uint32_t *make_table(void)
{
	uint32_t *table = mem_alloc(TDX_PAGE_SIZE);

	for (uint32_t i = 0; i < ENTRIES; i++)
		table[i] = i << 22 | ENTRY;
	return table;
}

void svm_unpaged_begin(struct vcpu *vcpu)
{
	static uint32_t *table;
	struct vmcb *vmcb = vcpu->vendor->vmcb;

	if (table == NULL)
		table = make_table();
	if (users++ == 0)
		npt_map(TABLE_GPA, 1, mem_address(table));
	vcpu->vendor->unpaged = true;
	vcpu->cr0 = vmcb->save.cr0;
	vcpu->cr3 = vmcb->save.cr3;
	vcpu->cr4 = vmcb->save.cr4;
	vmcb->save.cr0 |= CR0_PG;
	vmcb->save.cr3 = TABLE_GPA;
	vmcb->save.cr4 |= CR4_PSE;
	vmcb->control.cr_read = vmcb->control.cr_write = WATCHED;
}

static void end(struct vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->vendor->vmcb;

	vcpu->vendor->unpaged = false;
	vcpu->generation = ~npt_generation();	/* the next entry is to flush the TLB */
	vmcb->save.cr0 = vcpu->cr0;
	vmcb->save.cr3 = vcpu->cr3;
	vmcb->save.cr4 = vcpu->cr4;
	svm_regs_watch(vcpu);
	if ((vcpu->efer & EFER_LME) && (vcpu->cr4 & CR4_PAE))
		vcpu->efer |= EFER_LMA;
	if (--users == 0)
		npt_unmap(TABLE_GPA, 1);
	npt_sync();
}

/* What the guest sees of it: paging stays on below, and protection with it. */
static void take(struct vcpu *vcpu, const struct cr_regs *regs)
{
	struct vmcb_save *save = &vcpu->vendor->vmcb->save;

	vcpu->cr0 = regs->cr0;
	vcpu->cr3 = regs->cr3;
	vcpu->cr4 = regs->cr4;
	save->cr0 = (save->cr0 & ~CR0_FPU) | (vcpu->cr0 & CR0_FPU);
}

void svm_unpaged_exit(struct vcpu *vcpu)
{
	struct cr_regs regs = { .cr0 = vcpu->cr0, .cr3 = vcpu->cr3, .cr4 = vcpu->cr4, .gpr = vcpu->regs.gpr,
				.code16 = !(vcpu->vendor->vmcb->save.cs.attrib & VMCB_SEGMENT_32) };
	uint64_t at = (uint32_t)(vcpu->vendor->vmcb->save.cs.base + vcpu->regs.rip);
	uint8_t code[INSN_MAX];
	uint32_t length = cr_execute(code, vcpu_read(vcpu, at, code, sizeof(code)), &regs);

	if (length == 0 || !cr_possible(&regs, vcpu->efer & EFER_LME)) {
		vendor_inject(vcpu, length == 0 ? EXCEPTION_UD : EXCEPTION_GP);
		return;
	}
	take(vcpu, &regs);
	vendor_skip(vcpu, length);
	state_lock(vcpu);
	if (vcpu->cr0 & CR0_PG)
		end(vcpu);
	state_unlock();
}
