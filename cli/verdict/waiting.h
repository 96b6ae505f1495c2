/* SPDX-License-Identifier: MIT */
/*
 * A guest that did not come to its end: what each vCPU was at when it was last seen, and the #VE that it may have died
 * of. One line a fact.
 */
#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/verdict/judge.h"
#include "wire/status.h"

/* What it waits for; empty if it was never started. */
void waiting_text(const struct monitor_vcpu *vcpu, char *text, size_t bytes);

/* The last #VE that no TDVMCALL followed; empty if there is none. */
void waiting_ve_text(const struct monitor_vcpu *vcpu, char *text, size_t bytes);

/* Whether an end of this kind leaves the question: what the payload says itself is known, and so is who was stopped. */
bool waiting_matters(enum outcome outcome);

/* Whether all that were started halted with interrupts blocked. */
bool waiting_all_parked(const struct monitor_vcpu vcpus[TD_MAX_VCPUS]);

#endif
