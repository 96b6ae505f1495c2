/* SPDX-License-Identifier: MIT */
#ifndef SIM_LOAD_H
#define SIM_LOAD_H

#include "sim/guest.h"

/* Loads a harness; patience: stalls in a row that it is expected to survive. Returns NULL, or what is wrong with it. */
const char *harness_load(const char *path, uint32_t patience, struct sim_guest *guest);

#endif
