/* SPDX-License-Identifier: MIT */
/*
 * What a CPU vendor's virtualisation supplies. There is one, AMD's, in svm/; nobody outside that folder knows its
 * formats and constants. The nested page tables are the vendor's too: npt.h. Which MSRs do not exit, the persona says.
 */
#ifndef MONITOR_VENDOR_H
#define MONITOR_VENDOR_H

#include "monitor/insn.h"
#include "monitor/load/load.h"
#include "monitor/vcpu.h"

struct vm_exit {
	enum monitor_exit reason;
	uint64_t code;		/* the vendor's, for messages */
	const char *misdeed;	/* UNKNOWN: what the guest did that no machine goes on after; NULL: nothing */
	uint64_t gpa;		/* EPT_*: with S */
	uint64_t error;		/* EPT_*: as the vendor has it */
	uint32_t access;	/* EPT_*: TD_ACCESS_* */
	bool write;		/* MSR */
	bool in, string, rep;	/* IO */
	uint16_t port;
	uint32_t size;
	uint64_t next_rip;
	uint64_t qualification;	/* CR: as VMX has it */
	uint32_t length;	/* CR; and of an invalid opcode, by exit_decode(): reason tells TDCALLs apart then */
	enum insn_kind insn;	/* of an invalid opcode */
};

/* Turns it on, or panics if this CPU cannot do it. Each CPU once. */
void vendor_cpu_init(void);

/* On the vCPU's own CPU: its intercepts; then the state in which it starts. */
void vendor_vcpu_init(struct vcpu *vcpu);
void vendor_vcpu_start(struct vcpu *vcpu, const struct load_start *start);

/* Runs the guest until it exits. */
void vendor_run(struct vcpu *vcpu, struct vm_exit *vm_exit);

/* Halts this CPU until an interrupt is pending, which stays pending for the guest, or an NMI came. True: an NMI. */
bool vendor_wait(struct vcpu *vcpu);

enum exception { EXCEPTION_DB = 1, EXCEPTION_UD = 6, EXCEPTION_DF = 8, EXCEPTION_GP = 13, EXCEPTION_VE = 20 };

/* At the next entry. #DF and #GP get error code 0. An interrupt whose delivery was cut short waits behind it. */
void vendor_inject(struct vcpu *vcpu, enum exception vector);

/* Past an instruction of this length that was carried out: as if the CPU had done it, so a guest that steps is told. */
void vendor_skip(struct vcpu *vcpu, uint64_t length);

/* What is the guest's in the CPU and not in struct vcpu, but for the FPU: remembered, and put back as it was then. */
void vendor_save(struct vcpu *vcpu);
void vendor_restore(struct vcpu *vcpu);

/* The guest's TSC is this much ahead of the CPU's. */
void vendor_set_tsc_offset(struct vcpu *vcpu, uint64_t offset);

#endif
