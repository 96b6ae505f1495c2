/* SPDX-License-Identifier: MIT */
/*
 * A guest whose paging is off, as firmware's is at first. QEMU before 9.2 (or 7.2.15) leaves nested paging out as
 * well then: the guest's addresses are the machine's (what [qemu:b56617bbcb47] mends). So such a guest runs with
 * paging on, over tables of the monitor's that map every address to itself, and its control registers are intercepted
 * and kept here until it turns paging on itself.
 */
#ifndef MONITOR_SVM_UNPAGED_H
#define MONITOR_SVM_UNPAGED_H

#include "monitor/vcpu.h"

/* With the lock: the guest is about to start with the CR0, CR3 and CR4 that its VMCB has, and paging off. */
void svm_unpaged_begin(struct vcpu *vcpu);

/* A control register was read or written. What cannot be decoded is #UD. Takes the lock. */
void svm_unpaged_exit(struct vcpu *vcpu);

#endif
