/* SPDX-License-Identifier: MIT */
/*
 * AMD's virtualisation (APM: AMD64 Architecture Programmer's Manual, volume 2, chapter 15): entering the guest, and
 * exits in words that are not AMD's.
 */
#ifndef MONITOR_SVM_SVM_H
#define MONITOR_SVM_SVM_H

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
};

/* Panics if this CPU cannot do it. Each CPU once. */
void svm_cpu_init(void);

/* On the vCPU's own CPU; then the state in which it starts. */
void svm_vcpu_init(struct vcpu *vcpu);
void svm_vcpu_start(struct vcpu *vcpu, const struct load_start *start);

/* Runs the guest until it exits. */
void svm_run(struct vcpu *vcpu, struct vm_exit *vm_exit);

/* Halts this CPU until an interrupt is pending, which stays pending for the guest, or an NMI came. True: an NMI. */
bool svm_wait(struct vcpu *vcpu);

enum svm_exception { SVM_DB = 1, SVM_UD = 6, SVM_DF = 8, SVM_GP = 13, SVM_VE = 20 };

/* At the next entry. #DF and #GP get error code 0. An interrupt whose delivery was cut short waits behind it. */
void svm_inject(struct vcpu *vcpu, enum svm_exception vector);

/* Past an instruction of this length that was carried out: as if the CPU had done it, so a guest that steps is told. */
void svm_skip(struct vcpu *vcpu, uint64_t length);

#endif
