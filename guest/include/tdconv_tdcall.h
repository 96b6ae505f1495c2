/* SPDX-License-Identifier: MIT */
/*
 * TDCALL as an inline function, for an embedder that writes its own tdconv_os_tdcall() and wants no assembly file:
 *
 *	void tdconv_os_tdcall(void *os, struct tdconv_regs *regs)
 *	{
 *		tdconv_tdcall(regs);
 *	}
 *
 * Registers that are not in struct tdconv_regs keep what they hold. That shows the VMM nothing: of a TDG.VP.VMCALL it
 * sees what the mask in RCX selects, and the library selects R10 to R13.
 */
#ifndef TDCONV_TDCALL_H
#define TDCONV_TDCALL_H

#include "tdconv_os.h"

static inline void tdconv_tdcall(struct tdconv_regs *regs)
{
	register uint64_t r8 __asm__("r8") = regs->r8;
	register uint64_t r9 __asm__("r9") = regs->r9;
	register uint64_t r10 __asm__("r10") = regs->r10;
	register uint64_t r11 __asm__("r11") = regs->r11;
	register uint64_t r12 __asm__("r12") = regs->r12;
	register uint64_t r13 __asm__("r13") = regs->r13;

	__asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
			 : "+a"(regs->rax), "+c"(regs->rcx), "+d"(regs->rdx), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r11),
			   "+r"(r12), "+r"(r13)
			 :
			 : "memory", "cc");
	regs->r8 = r8;
	regs->r9 = r9;
	regs->r10 = r10;
	regs->r11 = r11;
	regs->r12 = r12;
	regs->r13 = r13;
}

#endif
