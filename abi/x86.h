/* SPDX-License-Identifier: MIT */
/* Entries of x86 page tables (SDM 3A, 4.5; nested tables of AMD have the same, APM 2, 15.25.5), in assembly too. */
#ifndef ABI_X86_H
#define ABI_X86_H

#ifdef __ASSEMBLER__
#define PTE_BITS(value)	value
#else
#define PTE_BITS(value)	value##ull
#endif

#define PTE_PRESENT	PTE_BITS(0x001)
#define PTE_WRITE	PTE_BITS(0x002)
#define PTE_USER	PTE_BITS(0x004)
#define PTE_ACCESSED	PTE_BITS(0x020)
#define PTE_DIRTY	PTE_BITS(0x040)
#define PTE_LARGE	PTE_BITS(0x080)
#define PTE_NX		PTE_BITS(0x8000000000000000)
#define PTE_ADDRESS	PTE_BITS(0x000ffffffffff000)

#define CR4_LA57	PTE_BITS(0x1000)	/* they have five levels */

#endif
