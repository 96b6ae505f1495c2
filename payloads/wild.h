/* SPDX-License-Identifier: MIT */
/* A guest that writes at random to the registers of its CPU: whatever comes of that is its own affair. */
#ifndef PAYLOADS_WILD_H
#define PAYLOADS_WILD_H

#include <stdint.h>

/* Returns how many of so many writes ended in an exception. Each is followed by an exit; the registers are put back. */
unsigned int wild_registers(uint64_t seed, unsigned int writes);

/* A code segment that is both 64-bit and 32-bit, which a CPU refuses to load: #GP. Returns if it was. */
void wild_code_segment(void);

/* A breakpoint on what delivering #DB itself writes. */
void wild_debug_loop(void);

#endif
