/* SPDX-License-Identifier: MIT */
/* The CPUs of the machine: one lock around td, halting, starting the others, ending an idle run. */
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

/* Something happened that shows that the guest is not idle. */
void smp_activity(void);

/* Without the lock. Until an interrupt or an NMI is pending; for ever. End the run if nothing can happen any more. */
void smp_halt(struct vcpu *vcpu);
void smp_park(struct vcpu *vcpu);

#endif
