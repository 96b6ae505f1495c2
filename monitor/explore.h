/* SPDX-License-Identifier: MIT */
/*
 * Many sequences of answers against one running guest. At a MapGPA that config.explore describes, the guest is
 * remembered as it is; from there it runs under the first sequence (td/explore.h) until it does something that cannot
 * be taken back, is taken back, runs under the next, and so on. Afterwards it goes on as if nothing had been.
 *
 * A sequence ends at the guest's next hypercall for a port, at a MapGPA for other memory, or with the guest. Timer
 * interrupts, IPIs to itself and #VEs do not end it. What it wrote, its registers, its clock and its timer are taken
 * back; devices are not, so a window in which it programs none is needed. One vCPU.
 */
#ifndef MONITOR_EXPLORE_H
#define MONITOR_EXPLORE_H

#include <stdbool.h>

#include "monitor/vendor.h"

/*
 * Called when an exit is about to be handled, when one has turned out to be the end of the guest, and when nothing can
 * happen in it any more. True: the guest has been taken back to where it was, or a page was made writable; enter it
 * again.
 */
bool explore_exit(struct vcpu *vcpu, const struct vm_exit *e);
bool explore_stopped(struct vcpu *vcpu);
bool explore_idle(struct vcpu *vcpu);

/* Called when the monitor itself is about to change so many private pages of the guest's. */
void explore_change(uint64_t gpa, uint64_t count, uint64_t machine);

/* What td has the engine write while a conversion is only tried: not worth the time, nobody looks. */
bool explore_active(void);

/* From then on pages that were never shared may have been, in a sequence: what lies behind them tells nothing. */
bool explore_began(void);

#endif
