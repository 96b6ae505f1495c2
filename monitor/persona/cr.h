/* SPDX-License-Identifier: MIT */
/*
 * Instructions that read or write a control or debug register: decoded and carried out. Pure. Which of them intercepts
 * stop: AMD APM volume 2, 15.9; what they do: volume 3, "MOV CRn", "MOV DRn", "CLTS", "LMSW", "SMSW"; and what a TD may
 * write to CR0 and CR4: [mod:write_guest_cr0], [mod:write_guest_cr4]. Bits that a TD shares with the module reach it
 * only when they are to differ from what the module shows ([mod:td_vmcs_init.c]); then the module's checks come before
 * the CPU's. All that it shows is also what is set, so reading needs no rule.
 */
#ifndef MONITOR_PERSONA_CR_H
#define MONITOR_PERSONA_CR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The exceptions that such an instruction can end in. */
enum cr_fault { CR_NO_FAULT, CR_DB = 1, CR_UD = 6, CR_GP = 13, CR_VE = 20 };

struct cr_regs {
	uint64_t cr0, cr3, cr4;
	uint64_t efer;
	uint64_t cr4_bits;	/* that this CPU has */
	uint64_t *dr;		/* DR0 to DR7; NULL: their instructions are others */
	uint64_t *gpr;		/* in the order of their numbers */
	bool code16;		/* operands are 16 bits long, unless a prefix says otherwise */
	bool code64;
	bool cs_long;		/* CS.L is set, whatever the mode */
	enum cr_fault fault;	/* out: what it ended in, instead of being carried out */
	uint32_t qualification;	/* out: of a #VE, as SDM 3C, "Exit Qualification for Control-Register Accesses" */
};

/* The instruction's length; 0: it is another, or one with an operand in memory, and nothing was changed. */
uint32_t cr_execute(const uint8_t *code, size_t bytes, struct cr_regs *regs);

/* What LMSW does with its operand, for a caller that has read it from memory. */
void cr_load_msw(struct cr_regs *r, uint16_t word);

/* SDM volume 3B, "Debug Registers", without RTM and bus-lock detection. */
#define DR6_RESET	0xffff0ff0ull
#define DR6_BS		(1ull << 14)
#define DR7_RESET	0x400ull
#define DR_BREAKPOINTS	4

/* Of DR7, breakpoint n: whether it is on, and the whole of what it says. */
#define DR7_ENABLED(n)	(3ull << 2 * (n))
#define DR7_ALL_ENABLED	0xffull
#define DR7_GD		(1ull << 13)		/* any access to a debug register is a #DB */
#define DR7_TYPE(dr7, n) ((dr7) >> (16 + 4 * (n)) & 3)
enum { DR7_FETCH, DR7_STORE, DR7_IO, DR7_DATA };

#endif
