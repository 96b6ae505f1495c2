/* SPDX-License-Identifier: MIT */
/*
 * The CPU that the guest believes it runs on: an Intel one with TDX, whatever is below. td decides whether an
 * instruction is native or a #VE; the values come from here. Two speakers are told apart:
 *
 *	persona_*()	the TDX module: CPUID leaves and MSRs that are native to a TD or that the module virtualises
 *	vmm_*()		the VMM: what TDVMCALL<CPUID>, <RDMSR> and <WRMSR> answer
 *
 * The local APIC is QEMU's, in xAPIC mode (QEMU's TCG has no x2APIC before version 9); the guest sees an x2APIC that is
 * locked on. Everything here runs on the CPU of the vCPU that it is about.
 */
#ifndef MONITOR_PERSONA_PERSONA_H
#define MONITOR_PERSONA_PERSONA_H

#include <stdbool.h>
#include <stdint.h>

struct persona {
	uint64_t tsc_hz;
	uint32_t vcpus;
	uint32_t cores;		/* of each package; 0: there is one package */
	uint64_t xfam;
	bool hide_cx16;		/* MONITOR_HIDE_CX16 */
	uint64_t cr4_bits;	/* that the CPU has for the guest; persona_init() */
	void (*nmi)(uint32_t vcpu);	/* the guest sent an NMI to a vCPU, maybe its own */
};

/* Local APIC state that the guest sees and that QEMU's has not. */
struct lapic {
	uint32_t lvt_timer;	/* with the TSC-deadline mode that the real one lacks */
	uint32_t initial_count;	/* in the guest's units: 25 MHz over its divider */
	uint32_t divide;	/* as the guest wrote it */
	uint64_t deadline;	/* IA32_TSC_DEADLINE; 0: disarmed */
	uint64_t icr;		/* as the guest wrote it */
	uint8_t self_ipi;	/* the last vector that was written there */
	bool timer_due;		/* armed, and the guest has not had its interrupt yet */
};

#define MTRR_VARIABLE	8u	/* pairs of base and mask */
#define MTRR_FIXED	11u

struct mtrrs {
	uint64_t default_type, variable[2 * MTRR_VARIABLE], fixed[MTRR_FIXED];
};

#define MCE_BANKS	10u

struct mce {
	uint64_t control, status, banks[4 * MCE_BANKS];
};

struct persona_vcpu {
	const struct persona *persona;
	uint32_t index, apic_id;

	/* The guest's registers: the caller copies them in before a call and out again after it. */
	uint64_t cr4;
	uint64_t efer;		/* as the guest sees it */
	bool cs_long;		/* in a 64-bit code segment */
	bool ve_reduced;	/* td_ve_reduced() */

	/* The guest's, kept here only. */
	uint64_t pat, spec_ctrl, debugctl, ds_area;
	uint64_t misc_enable;	/* the VMM's: the module shows its own */
	uint64_t misc_features, power_ctl, poll_control;
	struct lapic lapic;
	struct mtrrs mtrrs;
	struct mce mce;
};

/* PERSONA_VE is for a write of EFER or DEBUGCTL that the module does not do by itself: td has neither of them. */
enum persona_answer { PERSONA_DONE, PERSONA_GP, PERSONA_VE };

void persona_init(struct persona *persona, const struct persona *given);

/* Also puts this CPU's local APIC into the state that the guest expects. */
void persona_vcpu_init(struct persona_vcpu *vcpu, const struct persona *persona, uint32_t index);

/* out: EAX EBX ECX EDX. index: of the vCPU. */
void persona_cpuid(const struct persona_vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
void vmm_cpuid(const struct persona *persona, uint32_t index, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

enum persona_answer persona_rdmsr(struct persona_vcpu *vcpu, uint32_t msr, uint64_t *value);
enum persona_answer persona_wrmsr(struct persona_vcpu *vcpu, uint32_t msr, uint64_t value);

/* False: refused (INVALID_OPERAND). */
bool vmm_rdmsr(struct persona_vcpu *vcpu, uint32_t msr, uint64_t *value);
bool vmm_wrmsr(struct persona_vcpu *vcpu, uint32_t msr, uint64_t value);

/* MTRRs, of the VMM's. False: there is no such one, it is read only, or the value is not allowed. */
bool mtrr_read(struct persona_vcpu *vcpu, uint32_t msr, uint64_t *value);
bool mtrr_write(struct persona_vcpu *vcpu, uint32_t msr, uint64_t value);

/* Machine-check registers, of the VMM's. False: likewise. */
void mce_init(struct mce *mce);
bool mce_read(struct mce *mce, uint32_t msr, uint64_t *value);
bool mce_write(struct mce *mce, uint32_t msr, uint64_t value);

/* MSRs that are the guest's own in the CPU, by number from 0 on: all others exit. False: there are no more. */
bool persona_cpu_msr(uint32_t index, uint32_t *msr, bool *writes);

/* x2APIC MSRs 0x800 .. 0x8ff, by whoever serves them. False: no such register, or not that way. */
bool lapic_read(struct persona_vcpu *vcpu, uint32_t msr, uint64_t *value);
bool lapic_write(struct persona_vcpu *vcpu, uint32_t msr, uint64_t value);
void lapic_set_deadline(struct persona_vcpu *vcpu, uint64_t deadline);
uint64_t lapic_deadline(struct persona_vcpu *vcpu);
void lapic_rearm(struct persona_vcpu *vcpu);	/* the real timer, to what *vcpu and host_tsc() say */
void lapic_init(struct persona_vcpu *vcpu);

/*
 * True if this vCPU's timer will interrupt it some day. Call on its own CPU. A count of 0 does not mean that it has:
 * QEMU raises the interrupt some time after that, from another thread.
 */
bool lapic_timer_armed(struct persona_vcpu *vcpu);

/* TSC ticks per second, measured for 50 ms against the ACPI PM timer at this port. */
uint64_t persona_measure_tsc(uint16_t pm_timer_port);

/* The host, in host.c; unit tests bring their own. */
void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
uint64_t host_tsc(void);		/* as the guest reads it */
void host_tsc_set(uint64_t tsc);	/* from now on; every vCPU needs host_tsc_offset() */
uint64_t host_tsc_offset(void);
void host_wrmsr(uint32_t msr, uint64_t value);
uint32_t host_lapic_read(uint32_t offset);
void host_lapic_write(uint32_t offset, uint32_t value);

#endif
