/* SPDX-License-Identifier: MIT */
#include "monitor/template.h"
#include "monitor/state.h"

#include "image/bytes.h"
#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/images.h"
#include "monitor/shootdown.h"
#include "td/sha384.h"

static uint64_t mapgpas;
static bool over, announced;

static void wait_for_orders(void)
{
	volatile struct monitor_status *status = journal_status();

	over = true;
	shootdown_hold_others();
	status->waiting = 1;
	while (!status->resume)
		cpu_pause();
	shootdown_release_others();
}

/*
 * A boot loader rarely asks for anything: the firmware converts for it. So the firmware's word counts too: before it
 * starts what it boots it extends an RTMR by this text (TCG PC Client Platform Firmware Profile, 10.4.1 EV_EFI_ACTION),
 * from memory that is mapped to itself (UEFI 2.10, 2.3.4).
 */
static bool announces_loader(const struct vcpu *vcpu)
{
	static const char text[] = "Calling EFI Application from Boot Option";
	uint8_t want[TD_SHA384_BYTES], digest[TD_SHA384_BYTES];
	struct td_sha384 sha;

	td_sha384_start(&sha);
	td_sha384_add(&sha, text, strlen(text));
	td_sha384_end(&sha, want);
	return vcpu_read(vcpu, vcpu->regs.gpr[TD_RCX], digest, sizeof(digest)) == sizeof(digest) &&
	       memcmp(digest, want, sizeof(want)) == 0;
}

/* Whose code it is takes a search, so this is asked last. */
static bool phase_has_come(const struct vcpu *vcpu)
{
	return config.template_phase == PHASE_FIRMWARE || (announced && config.template_phase == PHASE_LOADER) ||
	       images_phase(vcpu) >= config.template_phase;
}

/*
 * The first ACCEPT counts as well as the first MapGPA, since behaviours answer both; and so does RELEASE, whose answer
 * depends on the size that the VMM maps. The user may want a later MapGPA.
 */
static void on_tdcall(const struct vcpu *vcpu)
{
	const uint64_t *gpr = vcpu->regs.gpr;
	uint16_t leaf = (uint16_t)gpr[TD_RAX];
	bool mapgpa = leaf == TDG_VP_VMCALL && gpr[TD_R10] == 0 && gpr[TD_R11] == GHCI_MAP_GPA;
	bool page = (leaf == TDG_MEM_PAGE_ACCEPT || leaf == TDG_MEM_PAGE_RELEASE) && config.template_at == 1;

	if (over || config.template_at == 0)
		return;
	if (leaf == TDG_MR_RTMR_EXTEND && config.template_phase == PHASE_LOADER)
		announced = announced || announces_loader(vcpu);
	if ((!mapgpa && !page) || !phase_has_come(vcpu))
		return;
	mapgpas += mapgpa;
	if (page || mapgpas == config.template_at)
		wait_for_orders();
}

/* A shared touch of private RAM is a #VE or a silent conversion, as the behaviour says. */
static void on_ept(const struct vcpu *vcpu, uint64_t gpa)
{
	const struct td_slot *slot;

	if (over || config.template_at != 1 || !(gpa & td_shared_bit(td)))
		return;
	slot = td_slot_of(td, gpa);
	if (slot != NULL && slot->kind == TD_SLOT_RAM && phase_has_come(vcpu))
		wait_for_orders();
}

void template_exit(const struct vcpu *vcpu, const struct vm_exit *e)
{
	if (e->insn == INSN_TDCALL)
		on_tdcall(vcpu);
	else if (e->reason == EXIT_EPT_PRIVATE || e->reason == EXIT_EPT_SHARED)
		on_ept(vcpu, e->gpa);
}
