/* SPDX-License-Identifier: MIT */
/* One exit of the guest, from what the vendor says of it to what the vCPU does next. */
#ifndef MONITOR_EXIT_H
#define MONITOR_EXIT_H

#include "monitor/vendor.h"

/*
 * All with the lock held. exit_decode(): what instruction an exit is about, and the books that are kept of every exit.
 *
 * exit_handle() answers it: asks td, does what it says, and leaves the vCPU ready to go on. Returns TD_NEXT; TD_HALT or
 * TD_PARK for the caller to carry out; or TD_STOP, with which this is the guest's last exit: exit_end() says so and
 * ends the run.
 */
void exit_decode(struct vcpu *vcpu, struct vm_exit *e);
enum td_action exit_handle(struct vcpu *vcpu, const struct vm_exit *e);
void exit_end(const struct vcpu *vcpu, const struct vm_exit *e) __attribute__((noreturn));

#endif
