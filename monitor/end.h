/* SPDX-License-Identifier: MIT */
/* How a run ends. The caller holds the lock, or is the only CPU that runs. */
#ifndef MONITOR_END_H
#define MONITOR_END_H

#include <stdint.h>

#include "td/event.h"

/* Exit counts into the journal, then QEMU is gone. */
void end_run(void) __attribute__((noreturn));

/* The same, for the engine's own reason: stops the TD and says why. */
void end_run_mark(enum td_mark_kind mark, uint64_t value) __attribute__((noreturn));

/* The monitor itself cannot go on; the guest brought it about. */
void end_panic(const char *message) __attribute__((noreturn));
void end_blame(const char *message) __attribute__((noreturn));

/* A mark alone. */
void end_mark(enum td_mark_kind mark, uint64_t value);

#endif
