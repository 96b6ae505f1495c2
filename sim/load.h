/* SPDX-License-Identifier: MIT */
/* Guest code that comes as a shared object. */
#ifndef SIM_LOAD_H
#define SIM_LOAD_H

#include "sim/guest.h"

/* Loads a harness: guest gets its functions. Returns NULL, or what is wrong with it. */
const char *harness_load(const char *path, struct sim_guest *guest);

#endif
