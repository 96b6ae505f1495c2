/* SPDX-License-Identifier: MIT */
/* VMRUN saves and loads RAX, RSP, RIP and RFLAGS; the other general registers are ours to change (APM 15.5.1). */

#define RCX	0x08
#define RDX	0x10
#define RBX	0x18
#define RBP	0x28
#define RSI	0x30
#define RDI	0x38
#define R8	0x40
#define DR7_RESET 0x400

	.text
/*
 * void svm_enter(uint64_t vmcb (RDI), uint64_t gpr[16] (RSI), uint64_t dr7 (RDX)): from svm_armed to svm_disarmed the
 * guest's breakpoints would hit here.
 */
	.globl svm_enter, svm_armed, svm_disarmed
svm_enter:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	push %rsi
	mov %rdi, %rax
	mov %rdx, %dr7
svm_armed:
	mov RCX(%rsi), %rcx
	mov RDX(%rsi), %rdx
	mov RBX(%rsi), %rbx
	mov RBP(%rsi), %rbp
	mov RDI(%rsi), %rdi
	mov R8(%rsi), %r8
	mov R8+0x08(%rsi), %r9
	mov R8+0x10(%rsi), %r10
	mov R8+0x18(%rsi), %r11
	mov R8+0x20(%rsi), %r12
	mov R8+0x28(%rsi), %r13
	mov R8+0x30(%rsi), %r14
	mov R8+0x38(%rsi), %r15
	mov RSI(%rsi), %rsi
	vmrun %rax
	mov $DR7_RESET, %eax
	mov %rax, %dr7
svm_disarmed:
	xchg %rsi, (%rsp)
	mov %rcx, RCX(%rsi)
	mov %rdx, RDX(%rsi)
	mov %rbx, RBX(%rsi)
	mov %rbp, RBP(%rsi)
	mov %rdi, RDI(%rsi)
	mov %r8, R8(%rsi)
	mov %r9, R8+0x08(%rsi)
	mov %r10, R8+0x10(%rsi)
	mov %r11, R8+0x18(%rsi)
	mov %r12, R8+0x20(%rsi)
	mov %r13, R8+0x28(%rsi)
	mov %r14, R8+0x30(%rsi)
	mov %r15, R8+0x38(%rsi)
	pop RSI(%rsi)
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

/*
 * void svm_halt(uint64_t vmcb): with V_INTR_MASKING the host's IF decides whether an interrupt can end the guest; the
 * global interrupt flag is 0 until VMRUN sets it (APM 15.21.1).
 */
	.globl svm_halt
svm_halt:
	mov %rdi, %rax
	sti
	vmrun %rax
	cli
	ret

/* What runs in there. */
	.globl svm_halt_code
svm_halt_code:
	hlt
	jmp svm_halt_code

/* void svm_take_nmi(void): lets a pending NMI reach this CPU's own handler, which does nothing. IF is 0. */
	.globl svm_take_nmi
svm_take_nmi:
	stgi
	nop
	clgi
	ret

/* The monitor's interrupt table: NMI returns; anything else is a bug of the monitor's own. */
	.globl trap_stubs
	.balign 16
trap_stubs:
	.set vector, 0
	.rept 32
	.balign 16
	.if vector == 2
	iretq
	.else
	.if (vector == 8) | ((vector >= 10) & (vector <= 14)) | (vector == 17) | (vector == 21)
	nop
	.else
	push $0
	.endif
	push $vector
	jmp trap_common
	.endif
	.set vector, vector + 1
	.endr
trap_common:
	pop %rdi
	pop %rsi
	mov (%rsp), %rdx
	and $~15, %rsp
	call trap
	ud2

	.section .note.GNU-stack, "", @progbits
