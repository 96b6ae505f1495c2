/* SPDX-License-Identifier: MIT */
/* Where td asks its engine for something, and what comes of it where an engine has no function for that. */
#ifndef TD_ENGINE_H
#define TD_ENGINE_H

#include "td/td.h"

static inline void td_engine_map(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	if (td->engine->map != NULL)
		td->engine->map(td, gpa, pages, alias);
}

static inline void td_engine_unmap(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	if (td->engine->unmap != NULL)
		td->engine->unmap(td, gpa, pages, alias);
}

static inline void td_engine_fill(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias, enum td_fill what)
{
	if (td->engine->fill != NULL)
		td->engine->fill(td, gpa, pages, alias, what);
}

static inline uint64_t td_engine_poisoned(struct td *td, uint64_t gpa, uint64_t pages)
{
	return td->engine->poisoned != NULL ? td->engine->poisoned(td, gpa, pages) : pages;
}

static inline void td_engine_private(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write)
{
	if (td->engine->private != NULL)
		td->engine->private(td, gpa, data, bytes, write);
	else if (!write)
		for (size_t i = 0; i < bytes; i++)
			((uint8_t *)data)[i] = 0;
}

static inline void td_engine_shared(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write)
{
	if (td->engine->shared != NULL)
		td->engine->shared(td, gpa, data, bytes, write);
	else if (!write)
		for (size_t i = 0; i < bytes; i++)
			((uint8_t *)data)[i] = 0;
}

/* Where no device listens, all the bits that are read are ones. */
static inline bool td_engine_port(struct td *td, uint16_t port, unsigned int size, bool write, uint32_t *value)
{
	if (td->engine->port != NULL)
		return td->engine->port(td, port, size, write, value);
	if (!write)
		*value = UINT32_MAX >> (32 - 8 * size);
	return true;
}

static inline bool td_engine_mmio(struct td *td, uint64_t gpa, unsigned int size, bool write, uint64_t *value)
{
	return td->engine->mmio != NULL && td->engine->mmio(td, gpa, size, write, value);
}

static inline bool td_engine_msr(struct td *td, unsigned int vcpu, uint32_t msr, bool write, uint64_t *value)
{
	return td->engine->msr != NULL && td->engine->msr(td, vcpu, msr, write, value);
}

static inline void td_engine_cpuid(struct td *td, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	if (td->engine->cpuid != NULL)
		td->engine->cpuid(td, leaf, subleaf, out);
	else
		out[0] = out[1] = out[2] = out[3] = 0;
}

static inline void td_engine_emit(struct td *td, struct td_event *event)
{
	if (td->engine->emit != NULL)
		td->engine->emit(td, event);
}

#endif
