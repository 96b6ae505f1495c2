/* SPDX-License-Identifier: MIT */
/*
 * The frame of a small firmware: TDX metadata, the first instruction, and the way from there to 64 bits. Layouts:
 * image/tdvf.c. What the CPU holds first: TDVF Design Guide 344991, 4.1.2 "Initial State of Guest GPRs".
 */
#include "payloads/firmware/firmware.h"

	.section .text, "ax"
	.code32
start32:
	mov	firmware_mode, %al
	cmp	$FIRMWARE_MODE_UNPAGED_TDCALL, %al
	je	unpaged_tdcall
	cmp	$FIRMWARE_MODE_UNPAGED_TABLE, %al
	je	unpaged_table
	cmp	$FIRMWARE_MODE_PAE, %al
	je	pae
	call	make_tables
	mov	$TABLES, %eax
	mov	%eax, %cr3
	mov	$0x60, %eax			/* PAE, MCE; EFER.LME is set */
	mov	%eax, %cr4
	mov	$0x80000021, %eax		/* PG, NE, PE */
	mov	%eax, %cr0
	lgdt	gdtr
	ljmp	$8, $start64

/* TDCALL is an instruction of 64-bit mode: module specification, "TDCALL Instruction (Common)". */
unpaged_tdcall:
	mov	$1, %eax
	.byte	0x66, 0x0f, 0x01, 0xcc
	hlt

/* A TD has nothing there; whatever there is should hurt the guest alone. */
unpaged_table:
	mov	$0xfee00000, %edi
	mov	$1024, %ecx
	xor	%eax, %eax
	rep stosl
	mov	$0xdead, %eax
	mov	%eax, 0x80000000
	hlt

/* Paging of 32 bits with PAE: EFER.LME off, a directory of four. */
pae:
	call	make_tables
	mov	$0xc0000080, %ecx
	rdmsr
	and	$~0x100, %eax
	wrmsr
	mov	$TABLES + 0x1000, %eax
	mov	%eax, %cr3
	mov	$0x60, %eax
	mov	%eax, %cr4
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	jmp	unpaged_tdcall

/* TABLES: PML4; two directories, private and shared, of 4 GiB each; eight tables; pages of 2 MiB. */
make_tables:
	movl	$TABLES + 0x1003, TABLES
	movl	$TABLES + 0x2003, TABLES + 256 * 8
	xor	%ecx, %ecx
1:	mov	%ecx, %eax
	shl	$12, %eax
	add	$TABLES + 0x3003, %eax
	mov	%eax, TABLES + 0x1000(, %ecx, 8)
	add	$0x4000, %eax
	mov	%eax, TABLES + 0x2000(, %ecx, 8)
	inc	%ecx
	cmp	$4, %ecx
	jb	1b
	xor	%ecx, %ecx
2:	mov	%ecx, %eax
	shl	$21, %eax
	or	$0x83, %eax
	mov	%eax, TABLES + 0x3000(, %ecx, 8)
	mov	%eax, TABLES + 0x7000(, %ecx, 8)
	movl	$1 << (47 - 32), TABLES + 0x7004(, %ecx, 8)
	inc	%ecx
	cmp	$2048, %ecx
	jb	2b
	ret

	.code64
start64:
	mov	$16, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	$STACK, %esp
	movzbl	firmware_mode(%rip), %edi
	mov	firmware_seed(%rip), %rsi
	call	firmware_main
	hlt

/* Of every exception: whoever prepared for it goes on where it said. A #VE is taken from the module. */
	.globl firmware_trap
firmware_trap:
	mov	$3, %eax			/* TDG.VP.VEINFO.GET */
	.byte	0x66, 0x0f, 0x01, 0xcc
	mov	FIRMWARE_RESUME, %rcx
	mov	FIRMWARE_RESUME + 8, %rsp
	jmp	*%rcx

	.balign	8
gdt:	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr:	.word	. - gdt - 1
	.long	gdt

	.section .parameters, "a"
firmware_mode:	.quad 0
firmware_seed:	.quad 1

	.section .metadata, "a"
descriptor:
	.ascii	"TDVF"
	.long	end_of_descriptor - descriptor, 1, 3
	.long	0, FIRMWARE_BYTES
	.quad	FIRMWARE_BASE, FIRMWARE_BYTES
	.long	0, 1				/* BFV, measured */
	.long	0, 0
	.quad	FIRMWARE_HOB, 0x2000
	.long	2, 0				/* TD HOB */
	.long	0, 0
	.quad	TABLES, 0x10000
	.long	3, 0				/* memory for a while */
end_of_descriptor:

	.section .table, "a"
entry:	.long	FIRMWARE_DESCRIPTOR
	.word	4 + 18
	.byte	0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47, 0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2
	.word	. - entry + 18
	.byte	0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d

	.section .reset, "ax"
	.code32
	jmp	start32
	.section .note.GNU-stack, "", @progbits
