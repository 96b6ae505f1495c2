/* SPDX-License-Identifier: MIT */
/*
 * Do the toys do what the guests do that they were taken from? What those make of VMMs A to N, converting 8 pages, was
 * read off their sources:
 *
 *	Linux 6.12		[linux:tdx_map_gpa]
 *	EDK2			[edk2:SetOrClearSharedBit]
 *	Asterinas		[asterinas:tdx_guest.rs], before [asterinas:pull-3845]
 *	OpenVMM			[openvmm:tdcall_map_gpa]
 *	Gramine-TDX		[gramine:tdx_arch.c] with [gramine:pull-34]
 *
 * "ok/4": success after 4 MapGPA; "err": it said that it failed; "end": td ended the TD; "+2": so many of the 8 pages
 * were accepted, if not all. "": the toy has a bound, or a check, that the guest has not, and only its own defect is
 * compared.
 * Under H the sources go on byte by byte, 32768 times; KVM and td refuse the second request.
 */
#include <stdio.h>
#include <string.h>

#include "sim/sequence.h"
#include "td/fake_scripts.h"

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

#define PAGES	8
#define COLUMNS	6

static const struct {
	const char *toy, *guest;
} columns[COLUMNS] = {
	{ "linux", "Linux" }, { "byte-trickle", "Linux" }, { "tail-only", "EDK2" }, { "unmasked-s", "Asterinas" },
	{ "end-is-success", "OpenVMM" }, { "swallowed-error", "Gramine-TDX" },
};

/* In the order of fake_scripts[]: A B C D E F G H I J K L M N. */
static const char *const to_shared[][COLUMNS] = {
	{ "ok/1", "ok/1", "ok/1", "ok/1", "ok/1", "ok/1" },
	{ "ok/4", "ok/4", "ok/4", "err/1", "ok/4", "ok/4" },
	{ "err/1", "err/1", "err/1", "ok/4", "", "" },
	{ "err/3", "err/3", "err/3", "err/1", "", "" },
	{ "ok/3", "ok/3", "ok/3", "err/1", "ok/3", "ok/3" },
	{ "err/3", "err/3", "err/3", "err/1", "", "" },
	{ "ok/8", "ok/8", "ok/8", "err/1", "ok/8", "ok/8" },
	{ "err/2", "err/2", "", "err/1", "", "" },
	{ "err/1", "err/1", "err/1", "err/1", "ok/1", "err/1" },
	{ "err/1", "err/1", "err/1", "err/1", "ok/1", "err/1" },
	{ "err/1", "err/1", "err/1", "err/1", "", "err/1" },
	{ "err/2", "err/2", "err/2", "err/1", "", "err/2" },
	{ "err/2", "err/2", "err/2", "err/1", "err/2", "ok/2" },
	{ "err/1", "err/1", "err/1", "err/1", "", "err/1" },
};

static const char *const to_private[][COLUMNS] = {
	{ "ok/1", "ok/1", "ok/1", "ok/1", "ok/1", "ok/1" },
	{ "ok/4", "ok/4", "ok/4+2", "ok/4", "ok/4", "ok/4" },
	{ "ok/4", "ok/4", "ok/4+2", "ok/4", "ok/4", "ok/4" },
	{ "err/3", "err/3", "err/3", "err/3", "", "" },
	{ "ok/3", "ok/3", "ok/3", "ok/3", "ok/3", "ok/3" },
	{ "err/3", "err/3", "err/3", "err/3", "", "" },
	{ "ok/8", "ok/8", "ok/8+1", "ok/8", "ok/8", "ok/8" },
	{ "err/2", "err/2", "", "err/1", "", "" },
	{ "err/1", "err/1", "err/1", "err/1", "end/1", "err/1" },
	{ "err/1", "err/1", "err/1", "err/1", "end/1", "err/1" },
	{ "err/1", "err/1", "err/1", "err/1", "", "err/1" },
	{ "err/2", "err/2", "err/2", "err/2", "", "err/2" },
	{ "err/2", "err/2", "err/2", "err/2", "err/2", "end/2" },
	{ "err/1", "err/1", "err/1", "err/1", "", "err/1" },
};

static const struct sim_guest *guest_of(const char *name)
{
	const struct sim_guest *const *g = sim_guests;

	while (strcmp((*g)->name, name) != 0)
		g++;
	return *g;
}

/* The call that sets the stage is not the guest's. */
static struct td_behaviour behaviour_of(const struct fake_script *script, bool shared)
{
	struct td_behaviour b = { .nrules = script->nrules };

	memcpy(b.rules, script->rules, sizeof(script->rules));
	for (uint32_t i = 0; i < b.nrules && !shared; i++) {
		b.rules[i].first = b.rules[i].first < 2 ? 2 : b.rules[i].first < UINT32_MAX ? b.rules[i].first + 1 : UINT32_MAX;
		b.rules[i].last += b.rules[i].last != 0;
	}
	return b;
}

static unsigned int accepted(const struct sim *sim)
{
	unsigned int n = 0;

	for (uint64_t gpa = sim->request.start; gpa < sim->request.end; gpa += TDX_PAGE_SIZE)
		n += td_real(&sim->td, gpa) == TD_REAL_MAPPED;
	return n;
}

static void outcome(const char *toy, const struct fake_script *script, bool shared, char text[16])
{
	struct sim_job job = { .guest = guest_of(toy), .pages = PAGES, .to_shared = shared, .stalls = TD_STALLS };
	struct sim_setup setup = { .pages = sim_job_pages(&job), .behaviour = behaviour_of(script, shared) };
	struct sim *sim = sim_new(&setup);
	const struct sim_seen *seen;

	snprintf(text, 16, "no memory");
	if (sim == NULL || !sim_prepare(sim, &job))
		return;
	td_explore_begin(&sim->td, 0);
	sim_attempt(sim, &job);
	seen = &sim->seen;
	snprintf(text, 16, "%s/%lu",
		 seen->over != SIM_DONE ? "end" : seen->attempt.converted == 0 ? "ok" : "err", seen->calls);
	if (text[0] == 'o' && !shared && accepted(sim) != PAGES)
		snprintf(text + strlen(text), 16 - strlen(text), "+%u", accepted(sim));
	sim_free(sim);
}

static void compare(unsigned int script, unsigned int column, bool shared)
{
	const char *want = (shared ? to_shared : to_private)[script][column];
	char got[16], name[128];

	if (*want == '\0')
		return;
	outcome(columns[column].toy, &fake_scripts[script], shared, got);
	snprintf(name, sizeof(name), "%c, %s, to %s: %s as %s: %s", fake_scripts[script].name, fake_scripts[script].what,
		 shared ? "shared" : "private", columns[column].toy, columns[column].guest, want);
	if (!tap_ok(strcmp(got, want) == 0, name))
		printf("# got %s\n", got);
}

int main(void)
{
	for (unsigned int script = 0; script < FAKE_SCRIPTS; script++)
		for (unsigned int column = 0; column < COLUMNS; column++) {
			compare(script, column, true);
			compare(script, column, false);
		}
	return tap_done();
}
