/* SPDX-License-Identifier: MIT */
/*
 * The command as td's engine, for the one thing that is left to do when the guest has gone: td_finish(). And for what
 * only a holder of the memory file sees, also while the guest runs.
 */
#ifndef CLI_ENGINE_H
#define CLI_ENGINE_H

#include "cli/machine/ram.h"

struct td_storage;

/* hung_ms not 0: the guest hangs, for so long; that is its end. */
void engine_finish(struct td_storage *mem, const struct ram *ram, uint64_t hung_ms, struct records *records);

/* How many of these pages of the shared bank, from the first on, no device has touched while they were private. */
uint64_t engine_untouched(const struct ram *ram, uint64_t gpa, uint64_t pages);

/* Whether memory files have pages only where somebody touched them: what a device reads is seen by that. */
bool engine_holes_are_pages(void);

#endif
