/* SPDX-License-Identifier: MIT */
/*
 * void tdconv_os_tdcall(void *os, struct tdconv_regs *regs)
 *
 * The only instruction of the library that the proof trusts. Registers that a call does not use are zero while it
 * lasts, so that a wrong mask would show nothing of the caller's to the VMM, and what the VMM may have left in R10 to
 * R13 is gone before anybody could speculate with it.
 */
#ifdef __KERNEL__
#include <linux/linkage.h>	/* RET: a jump to the return thunk, where the kernel wants one */
#else
#define RET	ret
#endif
	.text
	.p2align 4
	.globl tdconv_os_tdcall
	.type tdconv_os_tdcall, @function
tdconv_os_tdcall:
	.byte 0xf3, 0x0f, 0x1e, 0xfa	/* ENDBR64: a shared object's PLT jumps here */
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	push %rsi
	mov 0(%rsi), %rax
	mov 8(%rsi), %rcx
	mov 16(%rsi), %rdx
	mov 24(%rsi), %r8
	mov 32(%rsi), %r9
	mov 40(%rsi), %r10
	mov 48(%rsi), %r11
	mov 56(%rsi), %r12
	mov 64(%rsi), %r13
	xor %ebx, %ebx
	xor %ebp, %ebp
	xor %esi, %esi
	xor %edi, %edi
	xor %r14d, %r14d
	xor %r15d, %r15d
	.byte 0x66, 0x0f, 0x01, 0xcc	/* TDCALL; older assemblers do not know it */
	pop %rsi
	mov %rax, 0(%rsi)
	mov %rcx, 8(%rsi)
	mov %rdx, 16(%rsi)
	mov %r8, 24(%rsi)
	mov %r9, 32(%rsi)
	mov %r10, 40(%rsi)
	mov %r11, 48(%rsi)
	mov %r12, 56(%rsi)
	mov %r13, 64(%rsi)
	xor %ecx, %ecx
	xor %edx, %edx
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	RET
	.size tdconv_os_tdcall, . - tdconv_os_tdcall
	.section .note.GNU-stack, "", @progbits
#ifdef __CET__
#include <cet.h>		/* says that the object is fit for IBT and shadow stacks */
#endif
