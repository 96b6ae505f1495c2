/* SPDX-License-Identifier: MIT */
/* Guest code that comes as a shared object. */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "sim/guest.h"

/*
 * Loads a harness and fills in *guest; title is room for what it calls itself. Returns NULL, or what is wrong with it:
 * wrong is room for that. It is loaded for good, and code of it runs.
 */
const char *harness_load(const char *path, char title[80], struct sim_guest *guest, char wrong[400]);

#endif
