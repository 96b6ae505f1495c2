/* SPDX-License-Identifier: MIT */
/* From a GPA to the machine: where a page of either alias lies. Pure. */
#ifndef MONITOR_BANK_H
#define MONITOR_BANK_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/machine.h"

/*
 * The machine address of gpa (without S) seen through alias, in slot, which must be what td_slot_of() returned for it.
 * False if there is none: no slot, a device through the private alias, ROM through the shared one, or RAM that the
 * machine does not have.
 */
bool bank_address(const struct machine *machine, const struct td_slot *slot, uint64_t gpa, enum td_alias alias,
		  uint64_t *address);

#endif
