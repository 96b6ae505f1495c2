/* SPDX-License-Identifier: MIT */
#include "monitor/cr.h"

#define CR0_PE		1ull
#define CR0_TS		8ull
#define CR0_NW		(1ull << 29)
#define CR0_CD		(1ull << 30)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define MSW_WRITTEN	0xfull		/* LMSW changes no other bits, and cannot clear PE */
#define REGISTER	0xc0		/* ModRM.mod: no operand in memory */

enum { OP_MSW = 0x01, OP_CLTS = 0x06, OP_MOV_FROM = 0x20, OP_MOV_TO = 0x22, MSW_STORE = 4, MSW_LOAD = 6 };

static bool is_prefix(uint8_t byte)
{
	return byte == 0x66 || byte == 0x67 || byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e ||
	       byte == 0x64 || byte == 0x65;
}

static uint64_t *control_register(struct cr_regs *r, unsigned int number)
{
	return number == 0 ? &r->cr0 : number == 3 ? &r->cr3 : number == 4 ? &r->cr4 : NULL;
}

static bool move(struct cr_regs *r, uint8_t opcode, uint8_t modrm)
{
	uint64_t *cr = control_register(r, modrm >> 3 & 7), *gpr = &r->gpr[modrm & 7];

	if (cr == NULL)
		return false;
	if (opcode == OP_MOV_FROM)
		*gpr = (uint32_t)*cr;
	else
		*cr = (uint32_t)*gpr;
	return true;
}

static bool machine_status_word(struct cr_regs *r, uint8_t modrm, bool word)
{
	uint64_t *gpr = &r->gpr[modrm & 7];

	if ((modrm & REGISTER) != REGISTER)
		return false;
	switch (modrm >> 3 & 7) {
	case MSW_STORE:
		*gpr = word ? (*gpr & ~0xffffull) | (uint16_t)r->cr0 : (uint32_t)r->cr0;
		return true;
	case MSW_LOAD:
		r->cr0 = (r->cr0 & ~(MSW_WRITTEN & ~CR0_PE)) | (*gpr & MSW_WRITTEN);
		return true;
	default:
		return false;
	}
}

uint32_t cr_execute(const uint8_t *code, size_t bytes, struct cr_regs *r)
{
	bool word = r->code16, done = false;
	size_t at = 0;

	for (; at < bytes && is_prefix(code[at]); at++)
		if (code[at] == 0x66)
			word = !r->code16;
	if (bytes - at < 2 || code[at] != 0x0f)
		return 0;
	if (code[at + 1] == OP_CLTS) {
		r->cr0 &= ~CR0_TS;
		return (uint32_t)at + 2;
	}
	if (bytes - at < 3)
		return 0;
	if (code[at + 1] == OP_MOV_FROM || code[at + 1] == OP_MOV_TO)
		done = move(r, code[at + 1], code[at + 2]);
	else if (code[at + 1] == OP_MSW)
		done = machine_status_word(r, code[at + 2], word);
	return done ? (uint32_t)at + 3 : 0;
}

bool cr_possible(const struct cr_regs *r, bool lme)
{
	if ((r->cr0 & CR0_NW) && !(r->cr0 & CR0_CD))
		return false;
	return !(r->cr0 & CR0_PG) || ((r->cr0 & CR0_PE) && (!lme || (r->cr4 & CR4_PAE)));
}
