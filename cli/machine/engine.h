/* SPDX-License-Identifier: MIT */
/* The command as td's engine, for the one thing that is left to do when the guest has gone: td_finish(). */
#ifndef CLI_ENGINE_H
#define CLI_ENGINE_H

#include "cli/machine/ram.h"

struct td;

/* hung_ms not 0: the guest hangs, for so long; that is its end. */
void engine_finish(struct td *td, const struct ram *ram, uint64_t hung_ms, struct records *records);

#endif
