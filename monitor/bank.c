/* SPDX-License-Identifier: MIT */
#include "monitor/bank.h"

static bool in_slot(const struct td_slot *slot, uint64_t gpa)
{
	return gpa >= slot->gpa && (gpa - slot->gpa) / TDX_PAGE_SIZE < slot->pages;
}

static bool in_ram(const struct machine_ram *ram, uint64_t gpa)
{
	return gpa >= ram->gpa && gpa - ram->gpa < ram->bytes;
}

static const struct machine_ram *ram_of(const struct machine *machine, uint64_t gpa)
{
	for (uint32_t i = 0; i < machine->nram; i++)
		if (in_ram(&machine->ram[i], gpa))
			return &machine->ram[i];
	return in_ram(&machine->image, gpa) ? &machine->image : NULL;
}

bool bank_address(const struct machine *machine, const struct td_slot *slot, uint64_t gpa, enum td_alias alias,
		  uint64_t *address)
{
	const struct machine_ram *ram;

	if (slot == NULL || !in_slot(slot, gpa))
		return false;
	if (slot->kind == TD_SLOT_MMIO) {
		*address = gpa;
		return alias == TD_SHARED;
	}
	ram = ram_of(machine, gpa);
	if (ram == NULL || (slot->kind == TD_SLOT_ROM && alias == TD_SHARED))
		return false;
	*address = alias == TD_SHARED ? gpa : ram->bank + (gpa - ram->gpa);
	return true;
}
