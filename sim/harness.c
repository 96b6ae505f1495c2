/* SPDX-License-Identifier: MIT */
/*
 * What include/tdlab.h offers to a guest, and the guest as one of ours. There is one at a time in a process; the
 * functions of both sides have no argument for it.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/crash.h"
#include "sim/harness.h"
#include "sim/trap.h"

static struct sim *current;
static struct tdlab_guest theirs;
static uint64_t base;		/* of the code, so that addresses are those of its file */

bool harness_runs(void)
{
	return current != NULL;
}

/* Of the function that was called at the wrong time: nothing can be said of anything then. */
static struct sim *running(const char *function)
{
	if (current == NULL) {
		fprintf(stderr, "%s: it is for the functions of a struct tdlab_guest, while tdlab runs them\n", function);
		abort();
	}
	sim_caller(current);
	return current;
}

static void serve(struct sim *sim, uint64_t gpr[TD_GPRS], uint64_t rip)
{
	struct td_regs regs = { .rip = rip - base, .long_mode = true };

	memcpy(regs.gpr, gpr, sizeof(regs.gpr));
	sim_tdcall(sim, &regs);
	memcpy(gpr, regs.gpr, sizeof(regs.gpr));
}

void harness_tdcall(uint64_t gpr[TD_GPRS], uint64_t rip)
{
	serve(running("tdlab_instruction"), gpr, rip);
}

void tdlab_tdcall(uint64_t gpr[TD_GPRS])
{
	serve(running(__func__), gpr, (uint64_t)(uintptr_t)__builtin_return_address(0));
}

void tdlab_touch(uint64_t gpa, int shared, int write)
{
	struct sim *sim = running(__func__);

	sim_touch(sim, gpa | (shared ? sim_shared_bit(sim) : 0), write);
	if (td_stopped(&sim->td) != TD_RUNNING)
		sim_leave(sim, SIM_STOPPED);
}

void tdlab_done(uint64_t bytes)
{
	running(__func__)->seen.attempt.done = bytes;
}

void tdlab_note(const char *text)
{
	sim_note(running(__func__), text);
}

void tdlab_stop(const char *text)
{
	struct sim *sim = running(__func__);

	sim_note(sim, text);
	snprintf(sim->last_words, sizeof(sim->last_words), "%s", text);
	sim_leave(sim, SIM_ENDED);
}

/* Before its first call in a process. */
static void begin(struct sim *sim)
{
	struct link_map *map = NULL;
	Dl_info info;

	current = sim;
	*(int (**)(uint64_t, uint64_t, int))&info.dli_saddr = theirs.convert;
	base = dladdr1(info.dli_saddr, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 && map != NULL ? map->l_addr : 0;
	sim_catch_crashes(sim);
	sim_trap(sim, base);
}

/* What a function returned, for whoever reads the journal. */
static int returned(struct sim *sim, const char *function, int value)
{
	char text[48];

	if (sim->journal == 0)
		return value;
	snprintf(text, sizeof(text), "%s() returned %d", function, value);
	sim_note(sim, text);
	return value;
}

static int run_convert(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	if (current != sim)
		begin(sim);
	CRASH_BOTTOM();
	if (theirs.reset != NULL)
		theirs.reset();
	return returned(sim, "convert", theirs.convert(gpa, size, to_shared));
}

static int run_accept(struct sim *sim, uint64_t gpa, uint64_t size)
{
	CRASH_BOTTOM();
	return returned(sim, "accept", theirs.accept(gpa, size));
}

static int run_undo(struct sim *sim, uint64_t gpa, uint64_t size)
{
	CRASH_BOTTOM();
	return returned(sim, "undo", theirs.undo(gpa, size));
}

static bool is_size(uint64_t bytes)
{
	return bytes == 0 || (bytes >= TDX_PAGE_SIZE && bytes <= SIM_MAX_UNIT && (bytes & (bytes - 1)) == 0);
}

const char *harness_guest(const struct tdlab_guest *g, char title[80], struct sim_guest *guest)
{
	if (g->version == 0 || g->version > TDLAB_GUEST_VERSION)
		return "its struct tdlab_guest is of another version: build it against the tdlab.h of this tdlab";
	if (g->convert == NULL)
		return "its struct tdlab_guest has no convert()";
	if (g->directions > (TDLAB_TO_SHARED | TDLAB_TO_PRIVATE) || g->after_error > TDLAB_USES_NEW)
		return "its struct tdlab_guest has directions or an after_error that tdlab.h does not name";
	if (g->gpaw != 0 && (g->gpaw < 40 || g->gpaw > 52))
		return "the gpaw of its struct tdlab_guest is not from 40 to 52";
	if (!is_size(g->unit) || !is_size(g->align))
		return "align or unit of its struct tdlab_guest is no power of two from 4 KiB to 64 MiB";
	theirs = *g;
	snprintf(title, 80, "%s", g->name != NULL ? g->name : "a harness");
	*guest = (struct sim_guest){
		.name = guest->name, .what = title, .convert = run_convert,
		.accept = g->accept != NULL ? run_accept : NULL, .undo = g->undo != NULL ? run_undo : NULL,
		.remembers = g->reset == NULL, .unit = g->unit, .align = g->align, .gpaw = g->gpaw,
		.one_way = g->directions % (TDLAB_TO_SHARED | TDLAB_TO_PRIVATE) != 0, .to_shared = g->directions == TDLAB_TO_SHARED,
		.after_error = (enum sim_after_error)g->after_error,
	};
	return NULL;
}
