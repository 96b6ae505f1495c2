/* SPDX-License-Identifier: MIT */
/* Memory that lies in few pieces, each reached through a pointer of its own. */
#ifndef MONITOR_MEM_WINDOW_H
#define MONITOR_MEM_WINDOW_H

#include "image/bytes.h"

/* A window on memory: bytes at address, reached through data. */
struct mem_window {
	uint64_t address;
	uint64_t bytes;
	uint8_t *data;
};

#define MEM_WINDOWS 3

struct mem_windows {
	struct mem_window banks[MEM_WINDOWS];
	uint32_t nbanks;
};

/* A pointer to [address, address + bytes), or NULL if that is not inside one bank. */
static inline void *mem_window_at(const struct mem_windows *memory, uint64_t address, uint64_t bytes)
{
	for (uint32_t i = 0; i < memory->nbanks; i++) {
		const struct mem_window *bank = &memory->banks[i];

		if (address >= bank->address && range_within(address - bank->address, bytes, bank->bytes))
			return bank->data + (address - bank->address);
	}
	return NULL;
}

#endif
