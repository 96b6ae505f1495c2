/* SPDX-License-Identifier: MIT */
/*
 * tdlab_instruction: called in place of TDCALL. It keeps what the instruction keeps: all general registers but those of
 * the answer, the flags, and XMM registers, which C code may change.
 */
#define GPRS	(16 * 8)
#define FXSAVE	512

	.text
	.globl	tdlab_instruction
	.type	tdlab_instruction, @function
tdlab_instruction:
	.cfi_startproc
	endbr64
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	pushfq
	leaq	-(GPRS + FXSAVE)(%rsp), %rsp
	andq	$-16, %rsp
	movq	%rax, (%rsp)
	movq	%rcx, 8(%rsp)
	movq	%rdx, 16(%rsp)
	movq	%rbx, 24(%rsp)
	leaq	16(%rbp), %rax
	movq	%rax, 32(%rsp)
	movq	(%rbp), %rax
	movq	%rax, 40(%rsp)
	movq	%rsi, 48(%rsp)
	movq	%rdi, 56(%rsp)
	movq	%r8, 64(%rsp)
	movq	%r9, 72(%rsp)
	movq	%r10, 80(%rsp)
	movq	%r11, 88(%rsp)
	movq	%r12, 96(%rsp)
	movq	%r13, 104(%rsp)
	movq	%r14, 112(%rsp)
	movq	%r15, 120(%rsp)
	fxsave64 GPRS(%rsp)
	cld
	movq	%rsp, %rdi
	movq	8(%rbp), %rsi
	call	harness_tdcall
	fxrstor64 GPRS(%rsp)
	movq	40(%rsp), %rax
	movq	%rax, (%rbp)
	movq	8(%rsp), %rcx
	movq	16(%rsp), %rdx
	movq	24(%rsp), %rbx
	movq	48(%rsp), %rsi
	movq	56(%rsp), %rdi
	movq	64(%rsp), %r8
	movq	72(%rsp), %r9
	movq	80(%rsp), %r10
	movq	88(%rsp), %r11
	movq	96(%rsp), %r12
	movq	104(%rsp), %r13
	movq	112(%rsp), %r14
	movq	120(%rsp), %r15
	movq	(%rsp), %rax
	leaq	-8(%rbp), %rsp
	popfq
	popq	%rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	tdlab_instruction, . - tdlab_instruction

	.section .note.GNU-stack, "", @progbits
