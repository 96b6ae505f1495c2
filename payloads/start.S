/* SPDX-License-Identifier: MIT */
/* Entry of a payload, in the state that monitor/load/load.h describes; exception stubs; the TDCALL instruction. */
#include "payloads/lib/layout.h"

	.section .text.start, "ax"
	.globl _start
_start:
	lea	stacks + STACK_BYTES(%rip), %rsp
	mov	%rsi, %rdi
	call	payload_start			/* does not return */

	/* Other vCPUs: RSI is the index, everything else has to be arranged here. */
	.globl payload_ap_entry
payload_ap_entry:
	lea	1(%rsi), %rax
	imul	$STACK_BYTES, %rax
	lea	stacks(%rip), %rsp
	add	%rax, %rsp
	mov	%rsi, %rdi
	call	payload_ap_start		/* does not return */

	.text
/* void tdcall(uint64_t gpr[16]): every register but RSP goes in and comes out. */
	.globl tdcall
tdcall:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	0x00(%rdi), %rax
	mov	0x08(%rdi), %rcx
	mov	0x10(%rdi), %rdx
	mov	0x18(%rdi), %rbx
	mov	0x28(%rdi), %rbp
	mov	0x30(%rdi), %rsi
	mov	0x40(%rdi), %r8
	mov	0x48(%rdi), %r9
	mov	0x50(%rdi), %r10
	mov	0x58(%rdi), %r11
	mov	0x60(%rdi), %r12
	mov	0x68(%rdi), %r13
	mov	0x70(%rdi), %r14
	mov	0x78(%rdi), %r15
	mov	0x38(%rdi), %rdi
	.byte	0x66, 0x0f, 0x01, 0xcc
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, 0x00(%rdi)
	mov	%rcx, 0x08(%rdi)
	mov	%rdx, 0x10(%rdi)
	mov	%rbx, 0x18(%rdi)
	mov	%rbp, 0x28(%rdi)
	mov	%rsi, 0x30(%rdi)
	mov	%r8,  0x40(%rdi)
	mov	%r9,  0x48(%rdi)
	mov	%r10, 0x50(%rdi)
	mov	%r11, 0x58(%rdi)
	mov	%r12, 0x60(%rdi)
	mov	%r13, 0x68(%rdi)
	mov	%r14, 0x70(%rdi)
	mov	%r15, 0x78(%rdi)
	popq	0x38(%rdi)
	pop	%rdi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

/*
 * bool guarded_load(const void *from, uint64_t *value), bool guarded_store(void *to, uint64_t value): eight bytes; the
 * #VE handler turns a #VE on the access itself into the return value false.
 */
	.globl guarded_load, guarded_load_access, guarded_store, guarded_store_access, guarded_refused
guarded_load:
guarded_load_access:
	mov	(%rdi), %rax
	mov	%rax, (%rsi)
	mov	$1, %eax
	ret
guarded_store:
guarded_store_access:
	mov	%rsi, (%rdi)
	mov	$1, %eax
	ret
guarded_refused:
	xor	%eax, %eax
	ret

/* One stub per vector: error code (0 where the CPU pushes none), vector, then the rest of struct trap_frame. */
	.balign	TRAP_STUB_BYTES
	.globl trap_stubs
trap_stubs:
	.set	vector, 0
	.rept	TRAP_VECTORS
	.balign	TRAP_STUB_BYTES
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	push	$0
	.endif
	push	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr

trap_common:
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%r11
	push	%r10
	push	%r9
	push	%r8
	push	%rdi
	push	%rsi
	push	%rbp
	push	%rsp
	push	%rbx
	push	%rdx
	push	%rcx
	push	%rax
	mov	%rsp, %rdi
	cld
	call	trap
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rbx
	add	$8, %rsp
	pop	%rbp
	pop	%rsi
	pop	%rdi
	pop	%r8
	pop	%r9
	pop	%r10
	pop	%r11
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	add	$16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
