/* SPDX-License-Identifier: MIT */
/*
 * How much memory the guest has, in the words of QEMU's devices, which know the machine's only. Every function takes
 * the one description there is, the guest's RAM from 0 on and from 4 GiB on (struct machine, ram), as do the zero page
 * (load.c) and the TD HOB (tdhob.c).
 */
#ifndef MONITOR_QEMU_MEMORY_MAP_H
#define MONITOR_QEMU_MEMORY_MAP_H

#include <stddef.h>
#include <stdint.h>

#define MEMORY_MAP_E820_BYTES	40u	/* room for two entries */
#define MEMORY_MAP_REGISTERS	11u

/* fw_cfg's file etc/e820; returns its size. */
uint32_t memory_map_e820(uint64_t low, uint64_t high, uint8_t entries[MEMORY_MAP_E820_BYTES]);

/* The registers of CMOS that tell of memory. */
struct memory_map_cmos {
	uint8_t index, value;
};

void memory_map_cmos(uint64_t low, uint64_t high, struct memory_map_cmos registers[MEMORY_MAP_REGISTERS]);

/* SMBIOS structures as QEMU makes them: those that describe memory get the guest's, and all keep their places. */
void memory_map_smbios(uint64_t low, uint64_t high, uint8_t *structures, uint64_t bytes);

#endif
