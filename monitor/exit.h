/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_EXIT_H
#define MONITOR_EXIT_H

#include "monitor/vendor.h"

/*
 * Answers one exit, with the lock held: asks td, does what it says, and leaves the vCPU ready to go on. Returns
 * TD_NEXT, or TD_HALT or TD_PARK for the caller to carry out. Does not return if the run is over.
 */
enum td_action exit_handle(struct vcpu *vcpu, const struct vm_exit *e);

#endif
