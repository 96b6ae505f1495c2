/* SPDX-License-Identifier: MIT */
/* Guest code of other people's: a struct tdlab_guest as a guest of ours. */
#ifndef SIM_HARNESS_H
#define SIM_HARNESS_H

#include "sim/guest.h"
#include "sim/include/tdlab.h"

/* Fills in *guest; title is room for what it is called. NULL, or what is wrong with it. */
const char *harness_guest(const struct tdlab_guest *theirs, char title[80], struct sim_guest *guest);

/* Whether this is the process of a guest. */
bool harness_runs(void);

/* One TDCALL of its thread; rip: of the instruction, or whence it was called. For sim/instruction.S, too. */
void harness_tdcall(uint64_t gpr[TD_GPRS], uint64_t rip) __attribute__((visibility("hidden")));

#endif
