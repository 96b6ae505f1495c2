/* SPDX-License-Identifier: MIT */
/* The CPUs of the machine: starting those that are not the first. */
#ifndef MONITOR_SMP_H
#define MONITOR_SMP_H

#include <stdint.h>

#include "monitor/load/load.h"

/* Starts the other CPUs; they wait in the monitor until the guest asks for them in the mailbox page. */
void smp_start(const struct load_result *loaded);

/* The guest sent this vCPU an NMI. With the lock. */
void smp_nmi(uint32_t index);

#endif
