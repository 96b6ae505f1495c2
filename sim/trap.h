/* SPDX-License-Identifier: MIT */
/* TDCALL instructions that are executed in this process. */
#ifndef SIM_TRAP_H
#define SIM_TRAP_H

#include "sim/sim.h"

/*
 * From now on a TDCALL instruction executed by this thread is one of sim's guest. NULL: of nobody. One at a time. base:
 * where the guest's code was loaded; RIPs are told from there.
 */
bool sim_trap(struct sim *sim, uint64_t base);

/*
 * Whoever makes a TDCALL is the thread that sim_trap() was called in. Else it is said in sim, and this is the end of
 * the process: the order of the calls of two threads is nobody's choice, and there is no way out of the other one.
 */
void sim_caller(struct sim *sim);

#endif
