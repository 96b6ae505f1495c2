/* SPDX-License-Identifier: MIT */
/* TDCALL instructions that are executed in this process. */
#ifndef SIM_TRAP_H
#define SIM_TRAP_H

#include "sim/sim.h"

/* From now on a TDCALL instruction executed in this process is one of sim's guest. NULL: of nobody. One at a time. */
bool sim_trap(struct sim *sim);

#endif
