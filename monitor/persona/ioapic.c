/* SPDX-License-Identifier: MIT */
/*
 * The IOAPIC is QEMU's own, but for entries that would send INIT or SMI: they would take a CPU away from the monitor,
 * to where the firmware or SMBASE points, in memory that the guest can write. Registers: Intel 82093AA datasheet, 3.0.
 */
#include "monitor/persona/ioapic.h"

#define REGISTERS	0xffu	/* [qemu:ioapic.c] decodes no more of the offset */
#define SELECT		0x00u
#define WINDOW		0x10u
#define FIRST_ENTRY	0x10u	/* of the redirection table: low half at even, high half at odd numbers */
#define DELIVERY	(7u << 8)
#define DELIVERY_SMI	(2u << 8)
#define DELIVERY_INIT	(5u << 8)
#define MASKED		(1u << 16)

static uint32_t selected;

uint32_t ioapic_filter(uint32_t offset, uint32_t value)
{
	uint32_t delivery = value & DELIVERY;

	if ((offset & REGISTERS) == SELECT)
		selected = value & 0xff;
	if ((offset & REGISTERS) != WINDOW || selected < FIRST_ENTRY || selected % 2 != 0)
		return value;
	return delivery == DELIVERY_SMI || delivery == DELIVERY_INIT ? (value & ~DELIVERY) | MASKED : value;
}
