/* SPDX-License-Identifier: MIT */
/*
 * Instruction lengths and memory operands, in 64-bit mode. SVM gives neither the length of most intercepted
 * instructions nor the linear address of a nested page fault (without decode assists: AMD APM volume 2, 15.8.4), and
 * the TDX module reports both in VE_INFO. Pure.
 */
#ifndef MONITOR_INSN_H
#define MONITOR_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSN_MAX 15

struct insn_regs {
	uint64_t gpr[16];	/* in the order of their numbers: RAX RCX RDX RBX RSP RBP RSI RDI R8 ... R15 */
	uint64_t rip;
	uint64_t fs_base, gs_base;
};

struct insn_access {
	uint64_t gla;		/* linear address of the operand's first byte */
	uint32_t bytes;		/* of the operand */
	uint32_t length;	/* of the instruction */
	bool write;
	bool read;		/* both for read-modify-write */
	bool string;		/* one step of a string instruction */
};

/*
 * The memory operands of the instruction at regs->rip: one, or two for MOVS (source first). Returns how many; 0 if it
 * has none, or is one that this decoder does not know, or bytes end too early.
 */
unsigned int insn_accesses(const uint8_t *code, size_t bytes, const struct insn_regs *regs, struct insn_access out[2]);

/*
 * The operand that explains a fault at a physical page offset: same offset within its page, or an operand that crosses
 * into the page that faulted (*split is set). False if none does.
 */
bool insn_explain(const uint8_t *code, size_t bytes, const struct insn_regs *regs, uint64_t gpa, bool write,
		  struct insn_access *access, bool *split);

/* The intercepted instruction without operands that these bytes are, and its length with prefixes. */
enum insn_kind { INSN_OTHER, INSN_CPUID, INSN_HLT, INSN_RDMSR, INSN_WRMSR, INSN_WBINVD, INSN_INVD, INSN_TDCALL,
		 INSN_RDPMC, INSN_MONITOR, INSN_MWAIT, INSN_VMCALL, INSN_SEAMCALL, INSN_PCONFIG, INSN_WBNOINVD };

enum insn_kind insn_kind(const uint8_t *code, size_t bytes, uint32_t *length);

#endif
