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

#endif
