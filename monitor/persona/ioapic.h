/* SPDX-License-Identifier: MIT */
/* The guest's IOAPIC is QEMU's: what must not be written to it. */
#ifndef MONITOR_PERSONA_IOAPIC_H
#define MONITOR_PERSONA_IOAPIC_H

#include <stdint.h>

#define IOAPIC_PAGE 0xfec00000ull

/* What may be written at this offset of the page instead of value. The guest's writes are 4 bytes, aligned. */
uint32_t ioapic_filter(uint32_t offset, uint32_t value);

#endif
