/* SPDX-License-Identifier: MIT */
/* What only the command can tell: whether a device has been at pages of the shared bank. */
#ifndef MONITOR_ASK_H
#define MONITOR_ASK_H

#include <stdint.h>

/* How many of these pages, from the first on, are as they were left: a hole of the memory file, or poison. */
uint64_t ask_untouched(uint64_t gpa, uint64_t pages);

#endif
