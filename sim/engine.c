/* SPDX-License-Identifier: MIT */
/* td's engine in a process: memory is bytes of it, and records are looked at where they come. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/match.h"

#define RUNAWAY_CALLS	64	/* fruitless MapGPA calls in a row: no loop with a budget makes so many */
#define MAX_TDCALLS	200000
#define UNDO_PER_PAGE	64

static const struct td_engine sim_engine;

struct sim *sim_new(const struct sim_setup *setup)
{
	struct td_config config = { .platform = setup->platform.gpaw != 0 ? setup->platform : td_platform_kvm(), .vcpus = 1,
				    .tsc_hz = 1000000000, .nslots = 1, .behaviour = setup->behaviour };
	struct sim *sim;
	size_t bytes;

	if (setup->pages == 0 || setup->pages > SIM_MAX_PAGES)
		return NULL;
	if (setup->gpaw != 0)
		config.platform.gpaw = setup->gpaw;
	config.slots[0] = (struct td_slot){ setup->ram != 0 ? setup->ram : SIM_RAM, setup->pages, TD_SLOT_RAM, 0 };
	config.undo_steps = setup->pages * UNDO_PER_PAGE;
	config.seed = setup->seed != 0 ? setup->seed : 1;
	config.runaway_calls = setup->runaway_calls != 0 ? setup->runaway_calls : RUNAWAY_CALLS;
	bytes = td_size(&config);
	if (bytes == 0)
		return NULL;
	sim = mmap(NULL, sizeof(*sim) + bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sim == MAP_FAILED)
		return NULL;
	sim->bytes = sizeof(*sim) + bytes;
	sim->max_tdcalls = setup->max_tdcalls != 0 ? setup->max_tdcalls : MAX_TDCALLS;
	sim->exploring = setup->max_tdcalls == 0;
	sim->config = config;
	sim->journal = setup->journal;
	sim->td = (struct td){ .engine = &sim_engine, .own = sim };
	td_init(&sim->td, sim->storage, bytes, &config);
	return sim;
}

void sim_free(struct sim *sim)
{
	munmap(sim, sim->bytes);
}

uint64_t sim_shared_bit(const struct sim *sim)
{
	return td_shared_bit(&sim->td);
}

_Noreturn void sim_leave(struct sim *sim, enum sim_over why)
{
	sim->seen.over = why;
	longjmp(sim->leave, 1);
}

static bool is_map_gpa(const struct td_regs *regs)
{
	return regs->gpr[TD_RAX] == TDG_VP_VMCALL && regs->gpr[TD_R10] == 0 && regs->gpr[TD_R11] == GHCI_MAP_GPA;
}

void sim_tdcall(struct sim *sim, struct td_regs *regs)
{
	bool asked = sim->match != NULL && is_map_gpa(regs);
	enum td_action action;

	if (++sim->seen.tdcalls > sim->max_tdcalls)
		sim_leave(sim, SIM_TDCALLS);
	if (asked)
		match_request(sim, regs);
	action = td_tdcall(&sim->td, 0, regs);
	if (asked)
		match_answered(sim);
	if (action == TD_STOP)
		sim_leave(sim, SIM_STOPPED);
}

void sim_touch(struct sim *sim, uint64_t gpa, bool write)
{
	struct td_access access = { .gpa = gpa, .flags = write ? TD_ACCESS_WRITE : 0 };

	if (td_mapped(&sim->td, gpa))
		return;
	td_access(&sim->td, 0, &access);
}

void sim_dma(struct sim *sim, uint64_t gpa)
{
	sim->seen.dma = gpa;
}

void sim_power_off(struct sim *sim)
{
	td_stop(&sim->td, TD_STOP_ENGINE);
	td_finish(&sim->td);
}

enum sim_over sim_run(struct sim *sim, void (*fn)(struct sim *, const void *), const void *arg)
{
	if (setjmp(sim->leave) == 0)
		fn(sim, arg);
	return sim->seen.over;
}

/* One word for a request, to be compared with that of another run. */
static void see_request(struct sim *sim, const struct td_event *event)
{
	const struct td_choices *c = td_explore_choices(&sim->td);

	if (c->at > 0 && c->cut == 0)
		sim->asked[c->at - 1] = event->mapgpa.gpa ^ event->mapgpa.bytes * 0x9e3779b97f4a7c15ull;
}

static bool within(uint64_t gpa, uint64_t end, const struct sim_range *range)
{
	return gpa >= range->start && end <= range->end;
}

/* A request that the VMM or the module may carry out: its neighbours belong to somebody. */
static void see_range(struct sim *sim, uint64_t gpa, uint64_t bytes)
{
	struct sim_seen *seen = &sim->seen;
	uint64_t end = gpa + bytes;

	if (sim->request.end == 0 || within(gpa, end, &sim->request))
		return;
	if (within(gpa, end, &sim->unit))
		seen->in_unit = true;
	else
		td_found_violation(&seen->found, TD_V_OUTSIDE_REQUEST);
}

/* Whoever tries 2 MiB over the end of the request, and is refused, has done nothing to what lies behind it. */
static void see_accept(struct sim *sim, const struct td_event *event)
{
	uint64_t gpa = event->accept.rcx & ~(TDX_PAGE_SIZE - 1);
	uint64_t bytes = (event->accept.rcx & 7) == TDX_LEVEL_2M ? TDX_2M_SIZE : TDX_PAGE_SIZE;
	bool touches = gpa < sim->request.end && gpa + bytes > sim->request.start;

	if (tdx_code(event->accept.status) == TDX_SUCCESS ||
	    (!touches && tdx_code(event->accept.status) != TDX_OPERAND_INVALID))
		see_range(sim, gpa, bytes);
}

/* At once: the guest may take the process with it. After a failure there is no more to it, and search() says so. */
static void keep(struct sim *sim, struct td_event *event)
{
	ssize_t written;

	event->sequence = sim->journalled++;
	written = write(sim->journal, event, sizeof(*event));
	if (written == sizeof(*event))
		return;
	sim->journal_error = written < 0 ? errno : ENOSPC;
	sim->journal = 0;
}

static void emit(struct td *td, struct td_event *event)
{
	struct sim *sim = td->own;
	struct sim_seen *seen = &sim->seen;

	seen->disturbed |= td_event_disturbs(event);
	seen->untracked |= event->type == TD_EV_UNTRACKED;
	seen->unrecorded |= event->type == TD_EV_UNRECORDED;
	if (event->type == TD_EV_MAPGPA && event->mapgpa.conversion != 0) {
		see_request(sim, event);
		see_range(sim, event->mapgpa.gpa & ~sim_shared_bit(sim), event->mapgpa.bytes);
	} else if (event->type == TD_EV_ACCEPT) {
		see_accept(sim, event);
	}
	td_found_add(&seen->found, event);
	seen->calls += event->type == TD_EV_MAPGPA;
	if (sim->journal != 0)
		keep(sim, event);
}

static uint64_t poisoned(struct td *td, uint64_t gpa, uint64_t pages)
{
	uint64_t dma = ((const struct sim *)td->own)->seen.dma;

	return dma >= gpa && (dma - gpa) / TDX_PAGE_SIZE < pages ? (dma - gpa) / TDX_PAGE_SIZE : pages;
}

void sim_note(struct sim *sim, const char *text)
{
	struct td_event event = td_event_new(TD_EV_NOTE, 0, 0);
	size_t length = strlen(text);

	for (size_t at = 0; sim->journal != 0 && at < length; at += sizeof(event.note.text)) {
		memset(event.note.text, 0, sizeof(event.note.text));
		memcpy(event.note.text, text + at, length - at < sizeof(event.note.text) ? length - at : sizeof(event.note.text));
		keep(sim, &event);
	}
}

/* Page tables and contents do not exist here; nor does a device. */
static const struct td_engine sim_engine = { .poisoned = poisoned, .emit = emit };
