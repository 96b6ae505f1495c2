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

/* Whether the process has more threads than the one that asks. What cannot be known is taken for so. */
bool sim_other_threads(void);

/*
 * Something was found, and not all of the guest need have come to its end: whether another thread of it is there, and
 * does not end within a moment. It may be about to do what is missing. Then that is said in sim.
 */
bool sim_thread_left(struct sim *sim);

#endif
