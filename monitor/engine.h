/* SPDX-License-Identifier: MIT */
/* The monitor as td's engine: what td/td.h asks for, and a little more. */
#ifndef MONITOR_ENGINE_H
#define MONITOR_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "td/td.h"

/* bank_address() on this machine, with MONITOR_ALIAS_BANKS obeyed. */
bool engine_address(const struct td_slot *slot, uint64_t gpa, enum td_alias alias, uint64_t *address);

#endif
