/* SPDX-License-Identifier: MIT */
#include "monitor/svm/unpaged.h"

#include "monitor/mem.h"
#include "monitor/npt.h"
#include "monitor/svm/svm.h"

/* No slot is there, and 32 bits reach it: the local APIC's page, where a TD has nothing. */
#define TABLE_GPA	0xfee00000ull
#define ENTRIES		1024u
#define ENTRY		0xe7u		/* present, writable, user, accessed, dirty, 4 MiB: walks never write */
#define WATCHED		(1u << 0 | 1u << 3 | 1u << 4)
#define CR4_PCIDE	(1ull << 17)
#define CR4_PKE		(1ull << 22)
#define CR4_OF_PAGING	(CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP | CR4_PCIDE | CR4_PKE)

static uint32_t users;

static uint32_t *make_table(void)
{
	uint32_t *table = mem_alloc(TDX_PAGE_SIZE);

	for (uint32_t i = 0; i < ENTRIES; i++)
		table[i] = i << 22 | ENTRY;
	return table;
}

static void begin(struct vcpu *vcpu)
{
	static uint32_t *table;

	if (table == NULL)
		table = make_table();
	if (users++ == 0)
		npt_map(TABLE_GPA, 1, mem_address(table));
	vcpu->vendor->unpaged = true;
}

void svm_unpaged_show(struct vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->vendor->vmcb;

	if (!vcpu->vendor->unpaged)
		begin(vcpu);
	vmcb->save.cr0 = vcpu->cr0 | CR0_PG;
	vmcb->save.cr3 = TABLE_GPA;
	vmcb->save.cr4 = (vcpu->cr4 & ~CR4_OF_PAGING) | CR4_PSE;
	vmcb->control.cr_read = vmcb->control.cr_write = WATCHED;
}

void svm_unpaged_end(struct vcpu *vcpu)
{
	vcpu->vendor->unpaged = false;
	if (--users == 0)
		npt_unmap(TABLE_GPA, 1);
	npt_sync();
}
