/* SPDX-License-Identifier: MIT */
/*
 * Control and debug registers of a guest whose paging is on: what it may write there, and what the CPU will not take.
 *
 * No rule is repeated here that the CPU checks itself. A write of CR0 or CR4 is done on trial: VMRUN refuses the
 * state of a guest that could not have come to it by itself (APM 15.5.1), and then the write was #GP. QEMU, whose MOV
 * to CR3 ends the guest where the CPU's is #GP, says the same of that.
 */
#ifndef MONITOR_SVM_REGS_H
#define MONITOR_SVM_REGS_H

#include "monitor/vcpu.h"

void svm_regs_init(struct vcpu *vcpu);

/* The intercepts of such a guest. */
void svm_regs_watch(struct vcpu *vcpu);

/* VMRUN took the state back that was on trial: nothing of the guest ran, and its registers are those from before. */
bool svm_regs_refused(struct vcpu *vcpu);

/* Whether the exit was one of these instructions. It is done, or ended in the exception that it deserves. */
bool svm_regs_exit(struct vcpu *vcpu);

#endif
