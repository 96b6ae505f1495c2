/* SPDX-License-Identifier: MIT */
/*
 * Who asks, in a guest that starts with firmware: there code of many hands runs one after the other, each an EFI image
 * of its own. Before the first conversion or ACCEPT from an image the journal tells where it is and what (TD_EV_IMAGE).
 */
#ifndef MONITOR_IMAGES_H
#define MONITOR_IMAGES_H

#include "monitor/vcpu.h"
#include "wire/phase.h"

/* With the lock: an event is about to be recorded that the code at vcpu->regs.rip caused. */
void images_note(const struct vcpu *vcpu);

/* The same, and whose code that is. */
enum phase images_phase(const struct vcpu *vcpu);

#endif
