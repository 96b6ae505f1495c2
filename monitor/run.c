/* SPDX-License-Identifier: MIT */
#include "monitor/run.h"

#include "monitor/exit.h"
#include "monitor/explore.h"
#include "monitor/idle.h"
#include "monitor/journal.h"
#include "monitor/npt.h"
#include "monitor/state.h"
#include "monitor/template.h"
#include "monitor/vendor.h"

#define DR7_ENABLES	0xffu	/* SDM volume 3B, "Debug Control Register (DR7)": L0 to G3 */

/* Who looks at every exit before it is handled. True: exploration has put the guest back to another point,
 * and this exit with it. */
static bool observed(struct vcpu *vcpu, const struct vm_exit *e)
{
	if (explore_exit(vcpu, e))
		return true;
	template_exit(vcpu, e);
	return false;
}

static enum td_action answer(struct vcpu *vcpu, struct vm_exit *e)
{
	enum td_action next;

	exit_decode(vcpu, e);
	if (observed(vcpu, e))
		return TD_NEXT;
	next = exit_handle(vcpu, e);
	if (next == TD_STOP && !explore_stopped(vcpu))
		exit_end(vcpu, e);
	return next;
}

void run(struct vcpu *vcpu)
{
	struct vm_exit vm_exit;
	enum td_action next;

	journal_vcpu(vcpu->index)->doing = MONITOR_RUNS;
	for (;;) {
		journal_vcpu(vcpu->index)->breakpoints = vcpu->dr[7] & DR7_ENABLES;
		vendor_run(vcpu, &vm_exit);
		state_lock(vcpu);
		next = answer(vcpu, &vm_exit);
		npt_sync();
		state_unlock();
		if (next == TD_HALT)
			idle_halt(vcpu);
		else if (next == TD_PARK)
			idle_park(vcpu);
	}
}
