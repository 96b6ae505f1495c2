/* SPDX-License-Identifier: MIT */
/* The virtual machine control block: APM volume 2 (24593), appendix B, and 15.5 to 15.25 for the bits. */
#ifndef MONITOR_SVM_VMCB_H
#define MONITOR_SVM_VMCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmcb_segment {
	uint16_t selector;
	uint16_t attrib;
	uint32_t limit;
	uint64_t base;
};

/* Attributes (15.5.1): code, read-execute, and data, read-write; present, flat. */
#define VMCB_CODE64		0x0a9bu
#define VMCB_CODE32		0x0c9bu
#define VMCB_DATA		0x0c93u
#define VMCB_SEGMENT_LONG	(1u << 9)
#define VMCB_SEGMENT_32		(1u << 10)	/* of code: its operands and addresses */

struct vmcb_control {
	uint16_t cr_read, cr_write;
	uint16_t dr_read, dr_write;
	uint32_t exceptions;
	uint32_t misc1, misc2, misc3;
	uint8_t reserved1[0x40 - 0x18];
	uint64_t io_map;
	uint64_t msr_map;
	uint64_t tsc_offset;
	uint32_t asid;
	uint32_t tlb_control;
	uint64_t int_control;
	uint64_t int_shadow;
	uint64_t exit_code;
	uint64_t exit_info_1, exit_info_2;
	uint64_t exit_int_info;
	uint64_t nested_paging;
	uint8_t reserved2[0xa8 - 0x98];
	uint64_t event;
	uint64_t nested_cr3;
	uint8_t reserved3[0x400 - 0xb8];
};

struct vmcb_save {
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved1[0xcb - 0xa0];
	uint8_t cpl;
	uint32_t reserved2;
	uint64_t efer;
	uint8_t reserved3[0x148 - 0xd8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved4[0x1d8 - 0x180];
	uint64_t rsp;
	uint8_t reserved5[0x1f8 - 0x1e0];
	uint64_t rax;
	uint8_t reserved6[0x240 - 0x200];
	uint64_t cr2;
	uint8_t reserved7[0x268 - 0x248];
	uint64_t pat;
};

struct vmcb {
	struct vmcb_control control;
	struct vmcb_save save;
};

_Static_assert(offsetof(struct vmcb_control, io_map) == 0x40, "IOPM_BASE_PA");
_Static_assert(offsetof(struct vmcb_control, int_control) == 0x60, "V_IRQ and its like");
_Static_assert(offsetof(struct vmcb_control, nested_paging) == 0x90, "NP_ENABLE");
_Static_assert(offsetof(struct vmcb, save) == 0x400, "state save area");
_Static_assert(offsetof(struct vmcb_save, efer) == 0xd0, "EFER");
_Static_assert(offsetof(struct vmcb_save, rip) == 0x178, "RIP");
_Static_assert(offsetof(struct vmcb_save, pat) == 0x268, "G_PAT");

enum {
	SVM_I_INTR = 1 << 0, SVM_I_NMI = 1 << 1, SVM_I_SMI = 1 << 2, SVM_I_INIT = 1 << 3,
	SVM_I_RDPMC = 1 << 15,
	SVM_I_CPUID = 1 << 18, SVM_I_IRET = 1 << 20, SVM_I_INVD = 1 << 22, SVM_I_HLT = 1 << 24,
	SVM_I_INVLPGA = 1 << 26, SVM_I_IOIO = 1 << 27, SVM_I_MSR = 1 << 28,
};

#define SVM_I_SHUTDOWN	(1u << 31)

enum {
	SVM_I_VMRUN = 1 << 0, SVM_I_VMMCALL = 1 << 1, SVM_I_VMLOAD = 1 << 2, SVM_I_VMSAVE = 1 << 3, SVM_I_STGI = 1 << 4,
	SVM_I_CLGI = 1 << 5, SVM_I_SKINIT = 1 << 6, SVM_I_WBINVD = 1 << 9, SVM_I_MONITOR = 1 << 10, SVM_I_MWAIT = 1 << 11,
};

#define VMCB_V_IRQ		(1ull << 8)
#define VMCB_V_IGN_TPR		(1ull << 20)
#define VMCB_INTR_MASKING	(1ull << 24)
#define VMCB_V_VECTOR_SHIFT	32

#define EVENT_VECTOR		0xffull
#define EVENT_TYPE		(7ull << 8)
#define EVENT_INTERRUPT		(0ull << 8)
#define EVENT_NMI		(2ull << 8)
#define EVENT_EXCEPTION		(3ull << 8)
#define EVENT_SOFTWARE		(4ull << 8)
#define EVENT_HAS_ERROR		(1ull << 11)
#define EVENT_VALID		(1ull << 31)

/* Appendix C. */
enum {
	VMEXIT_CR_LAST = 0x1f, VMEXIT_DR_LAST = 0x3f,
	VMEXIT_EXCEPTION = 0x40, VMEXIT_INTR = 0x60, VMEXIT_NMI = 0x61, VMEXIT_SMI = 0x62, VMEXIT_INIT = 0x63,
	VMEXIT_RDPMC = 0x6f, VMEXIT_CPUID = 0x72, VMEXIT_IRET = 0x74, VMEXIT_INVD = 0x76, VMEXIT_HLT = 0x78,
	VMEXIT_INVLPGA = 0x7a, VMEXIT_IOIO = 0x7b, VMEXIT_MSR = 0x7c, VMEXIT_SHUTDOWN = 0x7f, VMEXIT_VMRUN = 0x80,
	VMEXIT_SKINIT = 0x86, VMEXIT_WBINVD = 0x89, VMEXIT_MONITOR = 0x8a, VMEXIT_MWAIT = 0x8b, VMEXIT_NPF = 0x400,
};

/* VMEXIT_INVALID is -1, of which QEMU writes 32 bits. */
static inline bool vmcb_refused(const struct vmcb *vmcb)
{
	return (uint32_t)vmcb->control.exit_code == UINT32_MAX;
}

#endif
