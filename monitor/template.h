/* SPDX-License-Identifier: MIT */
/*
 * One boot, many VMMs. Until a guest first asks for something that a behaviour may answer, every behaviour is the same;
 * there the monitor waits for the command's word, with every CPU outside VMRUN, so that QEMU can save the machine. QEMU
 * cannot save one that is inside: it says that it did, and what it saved cannot be loaded. Each copy that is started
 * from there finds the VMM that it is to run under in td's storage (td_set_behaviour()).
 */
#ifndef MONITOR_TEMPLATE_H
#define MONITOR_TEMPLATE_H

#include "monitor/vendor.h"

/* With the lock: this exit is about to be handled. Returns when the guest is to go on. */
void template_exit(const struct vcpu *vcpu, const struct vm_exit *e);

#endif
