/* SPDX-License-Identifier: MIT */
/* The run loop of a vCPU. */
#ifndef MONITOR_RUN_H
#define MONITOR_RUN_H

#include "monitor/vcpu.h"

void run(struct vcpu *vcpu) __attribute__((noreturn));

#endif
