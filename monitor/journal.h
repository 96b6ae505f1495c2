/* SPDX-License-Identifier: MIT */
/* struct monitor_status and the journal ring behind it, both read by the command while the guest runs. */
#ifndef MONITOR_JOURNAL_H
#define MONITOR_JOURNAL_H

#include <stdint.h>

#include "td/event.h"
#include "wire/status.h"

void journal_init(void);
struct monitor_status *journal_status(void);

static inline struct monitor_vcpu *journal_vcpu(uint32_t index)
{
	return &journal_status()->vcpus[index];
}

/* Adds time and sequence number. */
void journal_put(struct td_event *event);

#endif
