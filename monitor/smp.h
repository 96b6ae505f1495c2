/* SPDX-License-Identifier: MIT */
/* The CPUs of the machine: one lock around td, TLB shoot-down, halting, starting the others, ending an idle run. */
#ifndef MONITOR_SMP_H
#define MONITOR_SMP_H

#include <stdint.h>

#include "monitor/vcpu.h"

/* Starts the other CPUs; they wait in the monitor until the guest asks for them in the mailbox page. */
void smp_start(const struct load_result *loaded);

/* The first vCPU. Never returns. */
void smp_run_first(struct vcpu *vcpu) __attribute__((noreturn));

void smp_lock(struct vcpu *vcpu);
void smp_unlock(void);

/* With the lock, after npt_generation() has moved: returns when no other CPU is in the guest with older tables. */
void smp_flush_others(void);

/*
 * With the lock: returns when no other CPU is inside VMRUN, in the guest or halted, and none will be until
 * smp_release_others(). Each CPU says so around VMRUN.
 */
void smp_hold_others(void);
void smp_release_others(void);
void smp_vmrun_begin(struct vcpu *vcpu);
void smp_vmrun_end(struct vcpu *vcpu);

/* Something happened that shows that the guest is not idle. */
void smp_activity(void);

/* Without the lock. Until an interrupt or an NMI is pending; for ever. End the run if nothing can happen any more. */
void smp_halt(struct vcpu *vcpu);
void smp_park(struct vcpu *vcpu);

#endif
