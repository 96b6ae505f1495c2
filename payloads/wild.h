/* SPDX-License-Identifier: MIT */
/* A guest that writes to registers of its CPU and of devices at random: what comes of that is its own affair. */
#ifndef PAYLOADS_WILD_H
#define PAYLOADS_WILD_H

#include <stdbool.h>
#include <stdint.h>

/* Returns how many of so many writes ended in an exception. Each is followed by an exit; the registers are put back. */
unsigned int wild_registers(uint64_t seed, unsigned int writes);

/* Accesses to ports and devices in memory, by hypercalls. Returns how many the VMM served. */
unsigned int wild_device_registers(uint64_t seed, unsigned int accesses, uint64_t shared);

/* So many jumps of the clocks. False if after one of them the timer did not wake the vCPU once, and not too early. */
bool wild_clocks(uint64_t seed, unsigned int jumps);

/* A code segment that is both 64-bit and 32-bit, which a CPU refuses to load: #GP. Returns if it was. */
void wild_code_segment(void);

/* A breakpoint that is hit again and again, by an instruction that exits. */
void wild_debug_loop(void);

/* One on the stack, where the frame of an exception is pushed. */
void wild_debug_frame(void);

#endif
