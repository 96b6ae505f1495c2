/* SPDX-License-Identifier: MIT */
/* How a CPU makes the others leave the guest: stale translations, and a machine that is to stand still. */
#ifndef MONITOR_SHOOTDOWN_H
#define MONITOR_SHOOTDOWN_H

#include <stdint.h>

#include "monitor/vcpu.h"

/* An interrupt by the local APIC, as the low half of its ICR says. */
void shootdown_send(uint32_t index, uint32_t what);

/* An NMI, unless one is on its way. */
void shootdown_kick(struct vcpu *vcpu);

/* With the lock: returns when no other CPU is in the guest with nested page tables older than this generation. */
void shootdown_flush_others(uint64_t generation);

/*
 * With the lock: returns when no other CPU is inside VMRUN, in the guest or halted, and none will be until
 * shootdown_release_others(). Each CPU says so around VMRUN.
 */
void shootdown_hold_others(void);
void shootdown_release_others(void);
void shootdown_vmrun_begin(struct vcpu *vcpu);
void shootdown_vmrun_end(struct vcpu *vcpu);

#endif
