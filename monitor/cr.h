/* SPDX-License-Identifier: MIT */
/*
 * Instructions that read or write a control register, in 16-bit and 32-bit code: decoded and carried out. Pure. Which
 * of them a CR intercept stops: AMD APM volume 2, 15.9; what they do: volume 3, "MOV CRn", "CLTS", "LMSW", "SMSW".
 */
#ifndef MONITOR_CR_H
#define MONITOR_CR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cr_regs {
	uint64_t cr0, cr3, cr4;
	uint64_t *gpr;		/* in the order of their numbers */
	bool code16;		/* operands are 16 bits long, unless a prefix says otherwise */
};

/* The instruction's length; 0: it is another, or one with an operand in memory, and nothing was changed. */
uint32_t cr_execute(const uint8_t *code, size_t bytes, struct cr_regs *regs);

/* Whether a CPU takes these values: else the write is #GP. lme: EFER.LME is set. APM volume 2, 15.5.1, says it, too. */
bool cr_possible(const struct cr_regs *regs, bool lme);

#endif
