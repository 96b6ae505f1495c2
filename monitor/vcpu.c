/* SPDX-License-Identifier: MIT */
/* Reading a guest's linear memory as its CPU would, without ever trusting what is there. */
#include "monitor/vcpu.h"

#include "abi/x86.h"
#include "image/bytes.h"
#include "monitor/guest_memory.h"
#include "monitor/io.h"
#include "monitor/mem.h"
#include "monitor/state.h"

#define MSR_FS_BASE	0xc0000100
#define MSR_GS_BASE	0xc0000101
#define TOP_LEVEL	3

/* Kernels and payloads are smaller than this, modules included: [linux:mm.rst]. */
#define TEXT_SPAN	(1ull << 30)
#define STACK_BYTES	1024

/*
 * NULL unless gpa (with S) is memory that the CPU could reach. Good for the rest of its page. Not even we may read a
 * shared alias that is not mapped: that would fill its hole in the RAM file, and a device would be blamed for it.
 */
static const uint8_t *memory(uint64_t gpa)
{
	uint64_t s = td_shared_bit(td), address;

	if (gpa >= s << 1 || !td_mapped(td, gpa) ||
	    !guest_memory_address(td_slot_of(td, gpa), gpa & ~s, gpa & s ? TD_SHARED : TD_PRIVATE, &address))
		return NULL;
	return mem_machine(address);
}

bool vcpu_translate(const struct vcpu *vcpu, uint64_t gla, uint64_t *gpa)
{
	uint64_t table = vcpu->cr3 & PTE_ADDRESS, entry, offset;
	const uint8_t *p;
	int level;

	if (!(vcpu->cr0 & CR0_PG)) {	/* a firmware's first instructions */
		*gpa = (uint32_t)gla;
		return true;
	}
	if (!(vcpu->efer & EFER_LMA) || (uint64_t)((int64_t)(gla << 16) >> 16) != gla)
		return false;
	for (level = TOP_LEVEL; level >= 0; level--) {
		p = memory(table | (gla >> (12 + 9 * level) & 511) * sizeof(entry));
		if (p == NULL)
			return false;
		memcpy(&entry, p, sizeof(entry));
		if (!(entry & PTE_PRESENT))
			return false;
		table = entry & PTE_ADDRESS;
		if (level == 0 || (level < TOP_LEVEL && (entry & PTE_LARGE)))
			break;
	}
	offset = (1ull << (12 + 9 * level)) - 1;
	*gpa = (table & ~offset) | (gla & offset);
	return true;
}

size_t vcpu_read(const struct vcpu *vcpu, uint64_t gla, void *data, size_t bytes)
{
	uint8_t *to = data;
	size_t done = 0, part;
	const uint8_t *p;
	uint64_t gpa;

	while (done < bytes) {
		if (!vcpu_translate(vcpu, gla + done, &gpa))
			break;
		p = memory(gpa);
		if (p == NULL)
			break;
		part = TDX_PAGE_SIZE - gpa % TDX_PAGE_SIZE;
		if (part > bytes - done)
			part = bytes - done;
		memcpy(to + done, p, part);
		done += part;
	}
	return done;
}

size_t vcpu_code(const struct vcpu *vcpu, uint8_t *code)
{
	return vcpu_read(vcpu, vcpu->regs.rip, code, INSN_MAX);
}

/* A call ends there: relative (E8), through a register (FF /2) or through memory by RIP (FF 15). */
static bool after_call(const struct vcpu *vcpu, uint64_t address)
{
	uint8_t b[6];

	if (address - vcpu->regs.rip + TEXT_SPAN > 2 * TEXT_SPAN || address < TDX_PAGE_SIZE)
		return false;
	if (vcpu_read(vcpu, address - sizeof(b), b, sizeof(b)) != sizeof(b))
		return false;
	return b[1] == 0xe8 || (b[4] == 0xff && (b[5] & 0xf8) == 0xd0) || (b[0] == 0xff && b[1] == 0x15);
}

void vcpu_callers(const struct vcpu *vcpu, uint64_t callers[VCPU_CALLERS])
{
	uint64_t stack[STACK_BYTES / sizeof(uint64_t)];
	size_t words = vcpu_read(vcpu, vcpu->regs.gpr[TD_RSP], stack, sizeof(stack)) / sizeof(stack[0]);
	unsigned int found = 0;

	memset(callers, 0, VCPU_CALLERS * sizeof(callers[0]));
	for (size_t i = 0; i < words && found < VCPU_CALLERS; i++)
		if (after_call(vcpu, stack[i]))
			callers[found++] = stack[i];
}

struct insn_regs vcpu_insn_regs(const struct vcpu *vcpu)
{
	struct insn_regs regs = { .rip = vcpu->regs.rip, .fs_base = rdmsr(MSR_FS_BASE), .gs_base = rdmsr(MSR_GS_BASE) };

	memcpy(regs.gpr, vcpu->regs.gpr, sizeof(regs.gpr));
	return regs;
}
