/* SPDX-License-Identifier: MIT */
#include "monitor/template.h"

#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/smp.h"

static uint64_t mapgpas;
static bool over;

static void wait_for_orders(void)
{
	volatile struct monitor_status *status = journal_status();

	over = true;
	smp_hold_others();
	status->waiting = 1;
	while (!status->resume)
		cpu_pause();
	smp_release_others();
}

/* The first ACCEPT counts as well as the first MapGPA: behaviours answer both. The user may want a later MapGPA. */
void template_tdcall(const struct td_regs *r)
{
	uint16_t leaf = (uint16_t)r->gpr[TD_RAX];
	bool mapgpa = leaf == TDG_VP_VMCALL && r->gpr[TD_R10] == 0 && r->gpr[TD_R11] == GHCI_MAP_GPA;

	mapgpas += mapgpa;
	if (over || config.template_at == 0)
		return;
	if ((mapgpa && mapgpas >= config.template_at) || (config.template_at == 1 && leaf == TDG_MEM_PAGE_ACCEPT))
		wait_for_orders();
}

/* A shared touch of private RAM is a #VE or a silent conversion, as the behaviour says. */
void template_access(const struct td_access *access)
{
	const struct td_slot *slot;

	if (over || config.template_at != 1 || !(access->gpa & td_shared_bit(td)))
		return;
	slot = td_slot_of(td, access->gpa);
	if (slot != NULL && slot->kind == TD_SLOT_RAM)
		wait_for_orders();
}
