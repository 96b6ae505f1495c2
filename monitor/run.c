/* SPDX-License-Identifier: MIT */
#include "monitor/run.h"

#include "monitor/exit.h"
#include "monitor/idle.h"
#include "monitor/journal.h"
#include "monitor/npt.h"
#include "monitor/state.h"
#include "monitor/vendor.h"

void run(struct vcpu *vcpu)
{
	struct vm_exit vm_exit;
	enum td_action next;

	journal_vcpu(vcpu->index)->doing = MONITOR_RUNS;
	for (;;) {
		vendor_run(vcpu, &vm_exit);
		state_lock(vcpu);
		next = exit_handle(vcpu, &vm_exit);
		npt_sync();
		state_unlock();
		if (next == TD_HALT)
			idle_halt(vcpu);
		else if (next == TD_PARK)
			idle_park(vcpu);
	}
}
