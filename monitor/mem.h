/* SPDX-License-Identifier: MIT */
/* The monitor's view of machine memory. */
#ifndef MONITOR_MEM_H
#define MONITOR_MEM_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/machine.h"

/* All machine addresses below MEM_DIRECT_BYTES, RAM and devices alike, are mapped here. */
#ifndef MEM_DIRECT		/* unit tests */
#define MEM_DIRECT		0xffff800000000000ull
#endif
#define MEM_DIRECT_BYTES	(512ull << 30)

/*
 * In this order: mem_init() before anything else; mem_move(), when the configuration is known, takes the monitor out of
 * the guest's memory into the reserve, behind the journal; mem_image() says where it was.
 */
void mem_init(void);
void mem_move(void);
uint64_t mem_image(uint64_t *end);	/* where QEMU put it, which is the guest's RAM; whole pages */

bool mem_five_levels(void);	/* page tables have, as the CPU has LA57: see boot.S */

/* For the start of other CPUs: the value of CR3, and whether the low 2 MiB are mapped at their own address too. */
uint32_t mem_page_tables(void);
void mem_identity(bool on);

static inline void *mem_machine(uint64_t address)
{
	return (void *)(uintptr_t)(MEM_DIRECT + address);
}

/*
 * Loaders: the private bank of guest memory [gpa, gpa + bytes), to be filled before the guest runs. Panics if the
 * range does not lie within one RAM slot of the machine, or the firmware's image: loaders check sizes first and say
 * what is wrong.
 */
void *mem_private(uint64_t gpa, uint64_t bytes);

/* RAM that was never used, from the reserve: bytes rounded up to pages, zeroed, never given back. */
void *mem_alloc(uint64_t bytes);
uint64_t mem_address(const void *direct);	/* machine address of what mem_machine() or mem_alloc() returned */

/* Volatile access to a device register of 1, 2, 4 or 8 bytes, at any machine address. */
uint64_t mem_device_read(uint64_t address, unsigned int size);
void mem_device_write(uint64_t address, unsigned int size, uint64_t value);

#endif
