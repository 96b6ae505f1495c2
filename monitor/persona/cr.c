/* SPDX-License-Identifier: MIT */
#include "monitor/persona/cr.h"

#define CR0_PE		1ull
#define CR0_TS		8ull
#define CR0_ET		(1ull << 4)
#define CR0_NE		(1ull << 5)
#define CR0_NW		(1ull << 29)
#define CR0_CD		(1ull << 30)
#define CR0_PG		(1ull << 31)
#define CR0_IGNORED	0x1ffaffc0ull	/* reserved: a CPU keeps them as they were */
#define CR4_DE		(1ull << 3)
#define CR4_PAE		(1ull << 5)
#define CR4_MCE		(1ull << 6)
#define CR4_VMXE	(1ull << 13)
#define CR4_SMXE	(1ull << 14)
#define CR4_PCIDE	(1ull << 17)
#define CR3_PCID	0xfffull
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define DR6_WRITABLE	0xe00full
#define DR6_BD		(1ull << 13)
#define DR7_WRITABLE	0xffff23ffull
#define MSW_WRITTEN	0xfull		/* LMSW changes no other bits, and cannot clear PE */
#define REGISTER	0xc0		/* ModRM.mod: no operand in memory */

enum { OP_MSW = 0x01, OP_CLTS = 0x06, OP_MOV_FROM = 0x20, OP_DEBUG_FROM = 0x21, OP_MOV_TO = 0x22, OP_DEBUG_TO = 0x23,
       MSW_STORE = 4, MSW_LOAD = 6 };
enum { REX_B = 1, REX_R = 4 };

static bool is_prefix(uint8_t byte)
{
	return byte == 0x66 || byte == 0x67 || byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e ||
	       byte == 0x64 || byte == 0x65;
}

static uint64_t *control_register(struct cr_regs *r, unsigned int number)
{
	return number == 0 ? &r->cr0 : number == 3 ? &r->cr3 : number == 4 ? &r->cr4 : NULL;
}

/*
 * SDM 3A, "Initializing IA-32e Mode" and "Switching Out of IA-32e Mode". That PG cannot be cleared while CR4.PCIDE is
 * set is left out. Each CPU with TDX has PCIDs, and TCG has none: so Linux leaves PCIDE clear here, and EDK2's reset
 * vector, which flips it before it clears PG, sets what it clears on hardware ([edk2:ApRunLoop.nasm]).
 */
static bool paging_possible(const struct cr_regs *r, uint64_t cr0)
{
	if (((cr0 ^ r->cr0) & CR0_PG) == 0)
		return true;
	if (!(cr0 & CR0_PG))
		return !r->code64;
	return !(r->efer & EFER_LME) || ((r->cr4 & CR4_PAE) && !r->cs_long);
}

static enum cr_fault write_cr0(struct cr_regs *r, uint64_t value)
{
	if (value >> 32 != 0 || !(value & CR0_NE) || (!(value & CR0_PE) && (value & CR0_PG)))
		return CR_GP;
	if (!(value & CR0_PE) || (value & (CR0_NW | CR0_CD)))
		return CR_VE;
	if (!paging_possible(r, value))
		return CR_GP;
	r->cr0 = (value & ~CR0_IGNORED) | (r->cr0 & CR0_IGNORED) | CR0_ET;
	return CR_NO_FAULT;
}

/* SDM 3A, "Process-Context Identifiers (PCIDs)": only in IA-32e mode, and from PCID 0. */
static bool pcids_possible(const struct cr_regs *r, uint64_t cr4)
{
	return !(cr4 & ~r->cr4 & CR4_PCIDE) || ((r->efer & EFER_LMA) && !(r->cr3 & CR3_PCID));
}

/* A CPU with TDX has VMX and SMX, so these bits exist. Without CET in XFAM, CR4.CET is not there for CR0.WP to mind. */
static enum cr_fault write_cr4(struct cr_regs *r, uint64_t value)
{
	if (value & ~(r->cr4_bits | CR4_VMXE | CR4_SMXE))
		return CR_GP;
	if (!(value & CR4_MCE) || (value & (CR4_VMXE | CR4_SMXE)))
		return CR_VE;
	if (((r->efer & EFER_LMA) && !(value & CR4_PAE)) || !pcids_possible(r, value))
		return CR_GP;
	r->cr4 = value;
	return CR_NO_FAULT;
}

/* A register's number, of which a REX prefix holds the highest bit. */
static unsigned int number(uint8_t field, bool high)
{
	return (field & 7u) | (high ? 8u : 0);
}

static uint64_t wide(const struct cr_regs *r, uint64_t value)
{
	return r->code64 ? value : (uint32_t)value;
}

static bool move(struct cr_regs *r, uint8_t opcode, uint8_t modrm, uint8_t rex)
{
	unsigned int n = number(modrm >> 3, rex & REX_R), source = number(modrm, rex & REX_B);
	uint64_t *cr = control_register(r, n), *gpr = &r->gpr[source];

	if (cr == NULL)
		return false;
	r->qualification = n | source << 8;
	if (opcode == OP_MOV_FROM)
		*gpr = wide(r, *cr);
	else if (n == 0)
		r->fault = write_cr0(r, wide(r, *gpr));
	else if (n == 4)
		r->fault = write_cr4(r, wide(r, *gpr));
	else
		*cr = wide(r, *gpr);
	return true;
}

static uint64_t debug_value(unsigned int n, uint64_t value)
{
	return n == 6 ? (value & DR6_WRITABLE) | DR6_RESET : n == 7 ? (value & DR7_WRITABLE) | DR7_RESET : value;
}

/* DR4 and DR5 are other names for DR6 and DR7, unless CR4.DE is set. With DR7.GD set any access is a #DB first. */
static bool debug_move(struct cr_regs *r, uint8_t opcode, uint8_t modrm, uint8_t rex)
{
	unsigned int n = number(modrm >> 3, rex & REX_R);
	uint64_t *gpr = &r->gpr[number(modrm, rex & REX_B)];

	if (r->dr == NULL)
		return false;
	if (n > 7 || ((n == 4 || n == 5) && (r->cr4 & CR4_DE))) {
		r->fault = CR_UD;
		return true;
	}
	if (n == 4 || n == 5)
		n += 2;
	if (r->dr[7] & DR7_GD) {
		r->dr[7] &= ~DR7_GD;
		r->dr[6] |= DR6_BD;
		r->fault = CR_DB;
	} else if (opcode == OP_DEBUG_FROM) {
		*gpr = wide(r, r->dr[n]);
	} else if (n >= 6 && wide(r, *gpr) >> 32 != 0) {
		r->fault = CR_GP;
	} else {
		r->dr[n] = debug_value(n, wide(r, *gpr));
	}
	return true;
}

void cr_load_msw(struct cr_regs *r, uint16_t word)
{
	r->cr0 = (r->cr0 & ~(MSW_WRITTEN & ~CR0_PE)) | (word & MSW_WRITTEN);
}

static bool machine_status_word(struct cr_regs *r, uint8_t modrm, uint8_t rex, bool word)
{
	uint64_t *gpr = &r->gpr[number(modrm, rex & REX_B)];

	if ((modrm & REGISTER) != REGISTER)
		return false;
	switch (modrm >> 3 & 7) {
	case MSW_STORE:
		*gpr = word ? (*gpr & ~0xffffull) | (uint16_t)r->cr0 : (uint32_t)r->cr0;
		return true;
	case MSW_LOAD:
		cr_load_msw(r, (uint16_t)*gpr);
		return true;
	default:
		return false;
	}
}

/* What lies behind the opcode 0F `op`. */
static bool execute(struct cr_regs *r, uint8_t op, uint8_t modrm, uint8_t rex, bool word)
{
	switch (op) {
	case OP_MOV_FROM:
	case OP_MOV_TO:
		return move(r, op, modrm, rex);
	case OP_DEBUG_FROM:
	case OP_DEBUG_TO:
		return debug_move(r, op, modrm, rex);
	case OP_MSW:
		return machine_status_word(r, modrm, rex, word);
	default:
		return false;
	}
}

uint32_t cr_execute(const uint8_t *code, size_t bytes, struct cr_regs *r)
{
	bool word = r->code16;
	uint8_t rex = 0;
	size_t at = 0;

	r->fault = CR_NO_FAULT;
	for (; at < bytes && is_prefix(code[at]); at++)
		if (code[at] == 0x66)
			word = !r->code16;
	if (at < bytes && r->code64 && (code[at] & 0xf0) == 0x40)
		rex = code[at++];
	if (bytes - at < 2 || code[at] != 0x0f)
		return 0;
	if (code[at + 1] == OP_CLTS) {
		r->cr0 &= ~CR0_TS;
		return (uint32_t)at + 2;
	}
	if (bytes - at < 3)
		return 0;
	return execute(r, code[at + 1], code[at + 2], rex, word) ? (uint32_t)at + 3 : 0;
}
