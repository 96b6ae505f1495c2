/* SPDX-License-Identifier: MIT */
/* Control and debug registers of a guest: what it may do to them, whether its paging is on or off. */
#ifndef MONITOR_SVM_REGS_H
#define MONITOR_SVM_REGS_H

#include "monitor/vendor.h"

void svm_regs_init(struct vcpu *vcpu);

/* The guest has the CR0, CR3 and CR4 that vcpu has now, and EFER.LME. With the lock. */
void svm_regs_show(struct vcpu *vcpu);

/*
 * Whether the exit was one of these instructions and is done, or ended in the exception that it deserves. A #VE is left
 * to the caller, and *e says so.
 */
bool svm_regs_exit(struct vcpu *vcpu, struct vm_exit *e);

#endif
