/* SPDX-License-Identifier: MIT */
/* A vCPU that halts, and a run in which nothing can happen any more. Without the lock. */
#ifndef MONITOR_IDLE_H
#define MONITOR_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/* Until an interrupt or an NMI is pending; for ever. End the run if nothing can happen any more. */
void idle_halt(struct vcpu *vcpu);
void idle_park(struct vcpu *vcpu);

/* Halts this CPU until something comes, or an alarm after ns. True: the alarm came before anything else. */
bool idle_wait(struct vcpu *vcpu, uint32_t ns);

#endif
