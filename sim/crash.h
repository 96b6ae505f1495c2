/* SPDX-License-Identifier: MIT */
/* Where guest code crashed. */
#ifndef SIM_CRASH_H
#define SIM_CRASH_H

#include "sim/sim.h"

/*
 * From now on a fault that ends this process is written to sim->crash: signal, address, functions from the innermost
 * on. What the process did with these signals before comes afterwards.
 */
void sim_catch_crashes(struct sim *sim);

/* What is called from here on is the guest's. */
extern uint64_t crash_bottom;
#define CRASH_BOTTOM() __asm__ volatile("mov %%rsp, %0" : "=m"(crash_bottom))

#endif
