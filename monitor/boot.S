/* SPDX-License-Identifier: MIT */
/*
 * From QEMU's multiboot loader (32-bit, paging off), or from a start-up IPI (16-bit), to C in 64-bit mode. Page tables
 * have five levels on a CPU with LA57, and so have nested ones then (APM 2, "Nested Paging and VMRUN/#VMEXIT").
 * Multiboot 0.6.96, sections 3.1.1 and 3.2.
 */
#include "abi/x86.h"

#define MULTIBOOT_MAGIC	0x1badb002
#define IMAGE_OFFSET	(0x40000000 - 0x200000)	/* link.ld: image_base - image_load */
#define AP_PAGE		0x8000			/* smp.c copies the 16-bit code there */
#define SELECTOR_CODE	0x08
#define SELECTOR_DATA	0x10
#define STACK_BYTES	16384

#define MSR_EFER	0xc0000080
#define EFER_BITS	0x900			/* NXE LME */
#define CR0_BITS	0x80010031		/* PG WP NE ET PE */
#define CR4_BITS	0x60			/* MCE PAE */
#define LA57_TO_CR4	4			/* CPUID 7's bit 16 to the right is CR4's */
#define TO_TABLE	(PTE_PRESENT | PTE_WRITE)
#define TO_LARGE	(TO_TABLE | PTE_LARGE)

/* CR4, and in ECX. Changes EAX to EDX. */
	.macro cr4_with_la57
	mov $7, %eax
	xor %ecx, %ecx
	cpuid
	shr $LA57_TO_CR4, %ecx
	and $CR4_LA57, %ecx
	or $CR4_BITS, %ecx
	mov %ecx, %cr4
	.endm

	.section .boot, "ax"
	.code32
	.balign 4
	.long MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC

	.globl boot_start
boot_start:
	cli
	cld
	lgdt boot_gdtr_low - IMAGE_OFFSET
	cr4_with_la57
	mov $boot_pml4 - IMAGE_OFFSET, %eax
	test $CR4_LA57, %ecx
	jz 1f
	mov $boot_pml5 - IMAGE_OFFSET, %eax
1:	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_BITS, %eax
	wrmsr
	mov $CR0_BITS, %eax
	mov %eax, %cr0
	ljmp $SELECTOR_CODE, $1f - IMAGE_OFFSET

	.code64
1:	movabs $2f, %rax
	jmp *%rax
2:	lea boot_stack_top(%rip), %rsp
	call load_segments
	call monitor_main
	ud2

load_segments:
	lgdt boot_gdtr(%rip)
	mov $SELECTOR_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %ebp, %ebp
	ret

/* Runs at AP_PAGE. CR0 is written as a whole: a CPU after INIT has its caches off. */
	.code16
	.globl ap_code
ap_code:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	lgdtl ap_gdtr - ap_code
	cr4_with_la57
	mov ap_cr3 - ap_code, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_BITS, %eax
	wrmsr
	mov $CR0_BITS, %eax
	mov %eax, %cr0
	ljmpl $SELECTOR_CODE, $AP_PAGE + (1f - ap_code)

	.code64
1:	movabs $ap_high, %rax
	jmp *%rax

	.balign 8
ap_gdt:	.quad 0
	.quad 0x00af9a000000ffff
	.quad 0x00cf92000000ffff
ap_gdtr:
	.word . - ap_gdt - 1
	.long AP_PAGE + (ap_gdt - ap_code)
	.balign 4
ap_cr3:	.long 0
ap_code_end:

	.text
ap_high:
	mov ap_stack(%rip), %rsp
	call load_segments
	call smp_ap_main
	ud2

	.section .rodata
	.globl ap_code_bytes, ap_cr3_offset
	.balign 8
ap_code_bytes:
	.quad ap_code_end - ap_code
ap_cr3_offset:
	.quad ap_cr3 - ap_code
boot_gdt:
	.quad 0
	.quad 0x00af9a000000ffff
	.quad 0x00cf92000000ffff
boot_gdt_end:
boot_gdtr:
	.word boot_gdt_end - boot_gdt - 1
	.quad boot_gdt
boot_gdtr_low:
	.word boot_gdt_end - boot_gdt - 1
	.long boot_gdt - IMAGE_OFFSET

/*
 * The first page tables: the low GiB for the code above, the image at its address (32 MiB are more than it has), and
 * mem.h's direct map, all in large pages. mem.c replaces them.
 */
	.data
	.balign 4096
boot_pml5:				/* both halves of what four levels reach */
	.quad boot_pml4 - IMAGE_OFFSET + TO_TABLE
	.fill 510, 8, 0
	.quad boot_pml4 - IMAGE_OFFSET + TO_TABLE
boot_pml4:
	.quad boot_pdpt_low - IMAGE_OFFSET + TO_TABLE
	.fill 255, 8, 0
	.quad boot_pdpt_direct - IMAGE_OFFSET + TO_TABLE
	.fill 255, 8, 0
boot_pdpt_low:
	.quad TO_LARGE
	.quad boot_pd_image - IMAGE_OFFSET + TO_TABLE
	.fill 510, 8, 0
boot_pd_image:
	.set address, 0x200000
	.rept 16
	.quad address + TO_LARGE
	.set address, address + 0x200000
	.endr
	.fill 496, 8, 0
boot_pdpt_direct:
	.set address, 0
	.rept 512
	.quad address + TO_LARGE
	.set address, address + 0x40000000
	.endr

	.globl ap_stack
ap_stack:
	.quad 0

	.bss
	.balign 16
	.skip STACK_BYTES
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
