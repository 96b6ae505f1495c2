/* SPDX-License-Identifier: MIT */
/* Parts of the payload `conform`: what a TD may rely on, checked from the inside. */
#ifndef PAYLOADS_CONFORM_H
#define PAYLOADS_CONFORM_H

#include <stdbool.h>
#include <stdint.h>

/* conform.c: one TAP test each. */
void conform_ok(bool good, const char *name);
void conform_is(uint64_t got, uint64_t want, const char *name);
void conform_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

void conform_tdcalls(void);		/* conform_tdcall.c */
void conform_leaves(void);		/* conform_leaves.c */
void conform_platform(void);		/* conform_platform.c */
void conform_exceptions(void);		/* conform_ve.c */
void conform_debug(void);		/* conform_debug.c */
void conform_cpu(void);			/* conform_cpu.c */
void conform_topology(void);
void conform_control_registers(void);	/* conform_cr.c */
void conform_interrupts(void);		/* conform_irq.c */
void conform_second_cpu(void);
void conform_memory(void);		/* conform_memory.c */

#endif
