/* SPDX-License-Identifier: MIT */
/*
 * What td costs: the same guests under the same sequences of answers, and nothing behind the answers: no page states,
 * no judge, every ACCEPT succeeds. bench_bare PAGES DEPTH; for sim/bench.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/guest.h"
#include "td/state.h"	/* td_explore_plan(), and a TD of which nothing but the choices is used */

static struct td_storage storage = { .s = 1ull << 47 };
static struct td td = { .mem = &storage };

uint64_t sim_shared_bit(const struct sim *sim)
{
	(void)sim;
	return storage.s;
}

void sim_tdcall(struct sim *sim, struct td_regs *regs)
{
	uint64_t *r = regs->gpr;
	struct td_plan plan;

	(void)sim;
	if (r[TD_RAX] == TDG_VP_VMCALL) {
		plan = td_explore_plan(&td, r[TD_R12], r[TD_R13]);
		r[TD_R10] = plan.r10;
		r[TD_R11] = plan.r11;
	} else if (r[TD_RAX] == TDG_VP_INFO) {
		r[TD_RAX] = 0;
		r[TD_RCX] = 48;
	} else {
		r[TD_RAX] = r[TD_RAX] == TDG_MEM_PAGE_ACCEPT ? 0 : tdx_status(TDX_OPERAND_INVALID, 0);
	}
}

static void search(const struct sim_guest *guest, uint64_t pages, uint32_t depth, bool to_shared)
{
	static struct sim sim = { .exploring = true };
	uint64_t size = pages * TDX_PAGE_SIZE, sequences = 0;
	clock_t start = clock();
	double seconds;

	td_explore_begin(&td, depth);
	do {
		storage.choices.at = 0;
		if (guest->convert(&sim, SIM_RAM, size, to_shared) != 0 && guest->undo != NULL)
			guest->undo(&sim, SIM_RAM, size);
		sequences++;
	} while (td_explore_next(&td));
	seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	printf("%s %s %lu %f\n", guest->name, to_shared ? "shared" : "private", sequences, seconds);
}

int main(int argc, char **argv)
{
	for (const struct sim_guest *const *g = sim_guests; argc == 3 && *g != NULL; g++)
		for (int to_shared = 1; to_shared >= 0; to_shared--)
			if (strcmp((*g)->name, "correct") == 0 || strcmp((*g)->name, "libtdconv") == 0)
				search(*g, strtoul(argv[1], NULL, 0), (uint32_t)strtoul(argv[2], NULL, 0), to_shared);
	return argc == 3 ? 0 : 2;
}
