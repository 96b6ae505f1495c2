/* SPDX-License-Identifier: MIT */
/* The TD's memory by GPA, as the monitor reaches it. */
#ifndef MONITOR_GUEST_MEMORY_H
#define MONITOR_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "td/td.h"

/* bank_address() on this machine, with MONITOR_ALIAS_BANKS obeyed. */
bool guest_memory_address(const struct td_slot *slot, uint64_t gpa, enum td_alias alias, uint64_t *address);

/* What a device finds at [gpa, gpa + bytes), gpa without S: NULL if not all of it is shared. */
void *guest_memory_shared(uint64_t gpa, uint64_t bytes);

#endif
