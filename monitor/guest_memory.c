/* SPDX-License-Identifier: MIT */
#include "monitor/guest_memory.h"

#include "monitor/bank.h"
#include "monitor/mem.h"
#include "monitor/state.h"

bool guest_memory_address(const struct td_slot *slot, uint64_t gpa, enum td_alias alias, uint64_t *address)
{
	if ((config.flags & MONITOR_ALIAS_BANKS) && slot != NULL && slot->kind == TD_SLOT_RAM)
		alias = TD_PRIVATE;
	return bank_address(&config.machine, slot, gpa, alias, address);
}

void *guest_memory_shared(uint64_t gpa, uint64_t bytes)
{
	uint64_t last = gpa + bytes - 1;

	if (bytes == 0 || gpa > last || last >= td_shared_bit(td))
		return NULL;
	for (uint64_t page = gpa / TDX_PAGE_SIZE; page <= last / TDX_PAGE_SIZE; page++)
		if (td_real(td, page * TDX_PAGE_SIZE) != TD_REAL_SHARED)
			return NULL;
	return mem_machine(gpa);
}
