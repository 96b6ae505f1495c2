/* SPDX-License-Identifier: MIT */
/* All that is global in the monitor, and the lock around it and td. */
#ifndef MONITOR_STATE_H
#define MONITOR_STATE_H

#include "monitor/persona/persona.h"
#include "monitor/vcpu.h"
#include "td/td.h"
#include "wire/config.h"

/* Set before the first vCPU runs, constant then. */
extern struct monitor_config config;
extern struct td *td;
extern const struct td_engine monitor_engine;	/* engine.c */
extern struct persona persona;
extern struct vcpu *vcpus;		/* [config.td.vcpus] */

/* The vCPU of the CPU that holds the lock. */
extern struct vcpu *current;

/* Exits so far that show that the guest is not idle. */
extern uint64_t activity;

void state_lock(struct vcpu *vcpu);
void state_unlock(void);

#endif
