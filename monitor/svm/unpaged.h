/* SPDX-License-Identifier: MIT */
/*
 * A guest whose paging is off, as firmware's is at first and a kernel's may be in the end. QEMU before 9.2 (or 7.2.15)
 * leaves nested paging out as well then: the guest's addresses are the machine's (what [qemu:b56617bbcb47] mends). So
 * such a guest runs with paging on, over tables of the monitor's that map every address to itself, and its control
 * registers are intercepted and kept in struct vcpu until it turns paging on.
 */
#ifndef MONITOR_SVM_UNPAGED_H
#define MONITOR_SVM_UNPAGED_H

#include "monitor/vcpu.h"

/* With the lock: the CPU is to run with the guest's CR0, CR3 and CR4 that vcpu has, where paging is off. */
void svm_unpaged_show(struct vcpu *vcpu);

/* With the lock: it does not any more. The caller sets the VMCB's control registers and intercepts. */
void svm_unpaged_end(struct vcpu *vcpu);

#endif
