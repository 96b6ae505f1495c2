/* SPDX-License-Identifier: MIT */
#include "monitor/bytes.h"
#include "monitor/load.h"

void *load_at(const struct load_memory *memory, uint64_t address, uint64_t bytes)
{
	uint32_t i;

	for (i = 0; i < memory->nbanks; i++) {
		const struct load_bank *bank = &memory->banks[i];

		if (address >= bank->address && range_within(address - bank->address, bytes, bank->bytes))
			return bank->data + (address - bank->address);
	}
	return NULL;
}
