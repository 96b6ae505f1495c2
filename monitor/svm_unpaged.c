/* SPDX-License-Identifier: MIT */
#include "monitor/svm_unpaged.h"

#include "monitor/lib.h"
#include "monitor/mem.h"
#include "monitor/npt.h"
#include "monitor/smp.h"
#include "monitor/vmcb.h"

/* No slot is there, and 32 bits reach it: the local APIC's page, where a TD has nothing. */
#define TABLE_GPA	0xfee00000ull
#define ENTRIES		1024u
#define ENTRY		0xe3u		/* present, writable, accessed, dirty, 4 MiB: walks never write */
#define WATCHED		(1u << 0 | 1u << 3 | 1u << 4)
#define MOV_BYTES	3u
#define MOV_FROM_CR	0x20
#define MOV_TO_CR	0x22

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
	struct vmcb *vmcb = vcpu->vmcb;

	if (table == NULL)
		table = make_table();
	if (users++ == 0)
		npt_map(TABLE_GPA, 1, mem_address(table));
	vcpu->unpaged = true;
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
	struct vmcb *vmcb = vcpu->vmcb;

	vcpu->unpaged = false;
	vcpu->generation = ~npt_generation();	/* the next entry is to flush the TLB */
	vmcb->save.cr0 = vcpu->cr0;
	vmcb->save.cr3 = vcpu->cr3;
	vmcb->save.cr4 = vcpu->cr4;
	vmcb->control.cr_read = vmcb->control.cr_write = 0;
	if ((vcpu->efer & EFER_LME) && (vcpu->cr4 & CR4_PAE))
		vcpu->efer |= EFER_LMA;
	if (--users == 0)
		npt_unmap(TABLE_GPA, 1);
	npt_sync();
}

static uint64_t *control_register(struct vcpu *vcpu, unsigned int number)
{
	return number == 0 ? &vcpu->cr0 : number == 3 ? &vcpu->cr3 : number == 4 ? &vcpu->cr4 : NULL;
}

void svm_unpaged_exit(struct vcpu *vcpu, uint64_t exit_code)
{
	uint8_t code[MOV_BYTES] = { 0 };
	uint64_t *reg, *cr;

	vcpu_read(vcpu, vcpu->regs.rip, code, sizeof(code));
	reg = &vcpu->regs.gpr[code[2] & 7];
	cr = control_register(vcpu, code[2] >> 3 & 7);
	if (code[0] != 0x0f || (code[1] != MOV_FROM_CR && code[1] != MOV_TO_CR) || cr == NULL)
		panic("SVM exit 0x%lx at 0x%lx: not a MOV, which is all that is known there", exit_code, vcpu->regs.rip);
	if (code[1] == MOV_FROM_CR)
		*reg = (uint32_t)*cr;
	else
		*cr = (uint32_t)*reg;
	vcpu->regs.rip += MOV_BYTES;
	smp_lock(vcpu);
	if (vcpu->cr0 & CR0_PG)
		end(vcpu);
	smp_unlock();
}
