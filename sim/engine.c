/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>

#include "sim/sim.h"

#define RUNAWAY_CALLS	64	/* barren MapGPA calls in a row: no loop with a budget makes so many */
#define MAX_TDCALLS	200000
#define UNDO_PER_PAGE	64

static struct sim *sim_of(struct td *td)
{
	return (struct sim *)(void *)((char *)td - offsetof(struct sim, storage));
}

struct sim *sim_new(uint32_t pages, const struct td_behaviour *behaviour)
{
	struct td_config config = { .gpaw = 48, .vcpus = 1, .attributes = TDX_ATTR_SEPT_VE_DISABLE, .seed = 1,
				    .tsc_hz = 1000000000, .runaway_calls = RUNAWAY_CALLS, .nslots = 1 };
	struct sim *sim;
	size_t bytes;

	if (pages == 0 || pages > SIM_MAX_PAGES)
		return NULL;
	config.slots[0] = (struct td_slot){ SIM_RAM, pages, TD_SLOT_RAM, 0 };
	config.undo_steps = pages * UNDO_PER_PAGE;
	config.behaviour = *behaviour;
	bytes = td_size(&config);
	sim = bytes != 0 ? aligned_alloc(16, (sizeof(*sim) + bytes + 15) / 16 * 16) : NULL;
	if (sim == NULL)
		return NULL;
	*sim = (struct sim){ .max_tdcalls = MAX_TDCALLS };
	sim->td = td_init(sim->storage, bytes, &config);
	return sim;
}

void sim_free(struct sim *sim)
{
	free(sim);
}

uint64_t sim_shared_bit(const struct sim *sim)
{
	return td_shared_bit(sim->td);
}

void sim_reset(struct sim *sim)
{
	sim->tdcalls = 0;
	sim->over = SIM_DONE;
	sim->violations = 0;
	sim->first = TD_V_NONE;
	sim->abandoned = 0;
	sim->bad_request = false;
	sim->logged = 0;
}

static _Noreturn void leave(struct sim *sim, enum sim_over why)
{
	sim->over = why;
	longjmp(sim->leave, 1);
}

void sim_tdcall(struct sim *sim, struct td_regs *regs)
{
	if (++sim->tdcalls > sim->max_tdcalls)
		leave(sim, SIM_TDCALLS);
	if (td_tdcall(sim->td, 0, regs) == TD_STOP)
		leave(sim, SIM_STOPPED);
}

void sim_touch(struct sim *sim, uint64_t gpa, bool write)
{
	bool shared = gpa & sim_shared_bit(sim);
	struct td_access access = { .gpa = gpa, .flags = write ? TD_ACCESS_WRITE : 0 };

	if (td_real(sim->td, gpa) == (shared ? TD_REAL_SHARED : TD_REAL_MAPPED))
		return;
	td_access(sim->td, 0, &access);
}

enum sim_over sim_run(struct sim *sim, void (*fn)(void *), void *arg)
{
	sim->running = true;
	if (setjmp(sim->leave) == 0)
		fn(arg);
	sim->running = false;
	return sim->over;
}

void td_engine_emit(struct td *td, struct td_event *event)
{
	struct sim *sim = sim_of(td);

	if (event->type == TD_EV_VERDICT && event->a[0] >> 32 == TD_CLASS_VIOLATION) {
		enum td_violation v = (enum td_violation)(event->a[0] & UINT32_MAX);

		if (v == TD_V_ABANDONED) {
			sim->abandoned++;
		} else {
			if (sim->violations++ == 0)
				sim->first = v;
		}
	} else if (event->type == TD_EV_MAPGPA) {	/* no conversion: the request itself was refused */
		sim->bad_request |= event->a[4] >> 32 == 0;
		if (sim->watch != NULL)
			*sim->watch = *td_explore_choices(td);
	}
	if (sim->log != NULL && sim->logged < sim->log_size) {
		event->sequence = sim->logged;
		sim->log[sim->logged++] = *event;
	}
}

/* Page tables and contents do not exist here; nor does a device. */
void td_engine_map(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	(void)td, (void)gpa, (void)pages, (void)alias;
}

void td_engine_unmap(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	(void)td, (void)gpa, (void)pages, (void)alias;
}

void td_engine_fill(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias, enum td_fill what)
{
	(void)td, (void)gpa, (void)pages, (void)alias, (void)what;
}

uint64_t td_engine_poisoned(struct td *td, uint64_t gpa, uint64_t pages)
{
	(void)td, (void)gpa;
	return pages;
}

void td_engine_private(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write)
{
	(void)td, (void)gpa;
	for (size_t i = 0; !write && i < bytes; i++)
		((unsigned char *)data)[i] = 0;
}

bool td_engine_port(struct td *td, uint16_t port, unsigned int size, bool write, uint32_t *value)
{
	(void)td, (void)port, (void)size;
	if (!write)
		*value = UINT32_MAX;
	return true;
}

bool td_engine_mmio(struct td *td, uint64_t gpa, unsigned int size, bool write, uint64_t *value)
{
	(void)td, (void)gpa, (void)size, (void)write, (void)value;
	return false;
}

bool td_engine_msr(struct td *td, unsigned int vcpu, uint32_t msr, bool write, uint64_t *value)
{
	(void)td, (void)vcpu, (void)msr, (void)write, (void)value;
	return false;
}

void td_engine_cpuid(struct td *td, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	(void)td, (void)leaf, (void)subleaf;
	out[0] = out[1] = out[2] = out[3] = 0;
}
