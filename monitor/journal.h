/* SPDX-License-Identifier: MIT */
/* struct monitor_status and the journal ring behind it, both read by the command while the guest runs. */
#ifndef MONITOR_JOURNAL_H
#define MONITOR_JOURNAL_H

#include <stdint.h>

#include "td/event.h"
#include "wire/status.h"

void journal_init(void);
struct monitor_status *journal_status(void);

/* Adds time and sequence number. */
void journal_put(struct td_event *event);

/* A record of the monitor's own. */
void journal_event(enum td_event_type type, unsigned int vcpu, uint64_t rip, uint64_t a0, uint64_t a1, uint64_t a2);

#endif
