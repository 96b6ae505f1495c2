/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU as everything but the vendor code sees it. svm.c fills this in after every exit and takes it back
 * before the next entry, so nobody else reads a VMCB.
 */
#ifndef MONITOR_VCPU_H
#define MONITOR_VCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/machine.h"
#include "td/td.h"

#define CR0_PE		(1ull << 0)
#define CR0_WP		(1ull << 16)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define CR4_LA57	(1ull << 12)
#define CR4_OSXSAVE	(1ull << 18)
#define CR4_PKE		(1ull << 22)
#define EFER_SCE	(1ull << 0)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define EFER_NXE	(1ull << 11)
#define EFER_SVME	(1ull << 12)

struct vcpu {
	struct td_regs regs;	/* general registers, RIP, CPL, 64-bit or not */
	uint64_t rflags;
	uint64_t cr0;		/* read only */
	uint64_t cr3;		/* read only */
	uint64_t cr4;		/* read only */
	uint64_t efer;		/* as the guest sees it: without SVME */
	uint32_t index;		/* 0 .. vcpus-1; also the local APIC id */
};

/* The state in which a vCPU starts: 64-bit, flat segments, interrupts off. Everything not named is zero. */
struct vcpu_start {
	uint64_t rip, rsp, cr3, rsi, rdi;
};

/* What every component may read. config is the command's; td is there from the first exit on. */
extern struct monitor_config config;
extern struct td *td;

/*
 * The guest's linear memory, through its own page tables and through the alias that they name. Never faults in the
 * monitor and touches only RAM and ROM slots.
 *
 * vcpu_translate(): *gpa with S as the page tables have it. False if nothing is mapped at gla.
 * vcpu_read(): bytes that could be read, less than bytes if the rest is not mapped or not memory.
 */
bool vcpu_translate(const struct vcpu *vcpu, uint64_t gla, uint64_t *gpa);
size_t vcpu_read(const struct vcpu *vcpu, uint64_t gla, void *data, size_t bytes);

/* The base of a segment, for operands: reg 0..5 = ES CS SS DS FS GS, the order of their encoding. */
uint64_t vcpu_segment_base(const struct vcpu *vcpu, unsigned int reg);

/* NMI and wake-up of another vCPU, as an ICR write of the guest asks for. False: no such vCPU. */
bool vcpu_send_nmi(unsigned int index);

#endif
