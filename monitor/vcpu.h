/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU as everything but the vendor's code sees it. That fills in the guest's registers after every exit and
 * takes them back before the next entry. It runs on QEMU's CPU that has its APIC id (wire/apic.h).
 */
#ifndef MONITOR_VCPU_H
#define MONITOR_VCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/insn.h"
#include "monitor/load/load.h"
#include "monitor/persona/persona.h"
#include "td/td.h"
#include "wire/exits.h"

#define CR0_WP		(1ull << 16)
#define CR0_PG		(1ull << 31)
#define CR4_PSE		(1ull << 4)
#define CR4_PAE		(1ull << 5)
#define CR4_PGE		(1ull << 7)
#define CR4_SMEP	(1ull << 20)
#define CR4_SMAP	(1ull << 21)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)

struct vendor_vcpu;

struct vcpu {
	/* The guest's registers; control registers are for reading. efer is as the guest sees it. */
	struct td_regs regs;
	uint64_t rflags, cr0, cr3, cr4, efer;
	uint64_t dr[8];			/* debug registers: 4 and 5 are other names */
	uint32_t index;
	struct persona_vcpu persona;

	struct vendor_vcpu *vendor;	/* what the vendor keeps of it: svm/svm.h */

	/* volatile: other CPUs look. */
	volatile uint32_t started;
	volatile uint32_t parked;	/* runs again after an NMI only */
	volatile uint32_t halted;
	volatile uint32_t in_guest;
	volatile uint32_t in_vmrun;	/* in the guest, or halted */
	volatile uint32_t kicked;	/* an NMI is on its way */
	volatile uint32_t nmi;		/* the guest is owed an NMI */
	volatile uint64_t generation;	/* of the nested page tables that this CPU's TLB can hold */
	volatile uint64_t idle_ticks;	/* spent halted since the last activity */
	uint64_t activity_seen;

	bool ve_seen;			/* took a #VE */
	bool ve_interrupts;		/* RFLAGS.IF where it was raised */
	uint64_t ve_reason, ve_gpa;	/* of the exit under way, if it becomes one */
	uint64_t exits[EXIT_KINDS];
};

/*
 * The guest's linear memory, through its own page tables and the alias that they name. Reads RAM and ROM only.
 *
 * vcpu_translate(): *gpa with S as the page tables have it. False if nothing is mapped at gla.
 * vcpu_read(): bytes that could be read; less than asked if the rest is not mapped or not memory.
 * vcpu_code(): the same at RIP, at most INSN_MAX bytes.
 */
bool vcpu_translate(const struct vcpu *vcpu, uint64_t gla, uint64_t *gpa);
size_t vcpu_read(const struct vcpu *vcpu, uint64_t gla, void *data, size_t bytes);
size_t vcpu_code(const struct vcpu *vcpu, uint8_t *code);

/* What a decoder has to know of the guest to find operands in memory. */
struct insn_regs vcpu_insn_regs(const struct vcpu *vcpu);

/* Return addresses on the stack, innermost first; unused entries are 0. A heuristic. */
#define VCPU_CALLERS 5
void vcpu_callers(const struct vcpu *vcpu, uint64_t callers[VCPU_CALLERS]);

#endif
