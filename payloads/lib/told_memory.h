/* SPDX-License-Identifier: MIT */
/* What fw_cfg and CMOS tell a guest of its memory: [qemu:fw_cfg.rst], [qemu:pc_cmos_init_late]. Uses vmcall_port(). */
#ifndef PAYLOADS_LIB_TOLD_MEMORY_H
#define PAYLOADS_LIB_TOLD_MEMORY_H

#include <stdint.h>

#define GIB4	0x100000000ull

enum { E820_RAM = 1, E820_ACPI = 3 };
enum { FW_CFG_RAM_SIZE = 0x03, FW_CFG_WRITE_CHANNEL = 0x4000 };	/* the same item by its key for writing */

/* Bytes of RAM from 0 on and from 4 GiB on, and how many of them were listed. */
struct ram {
	uint64_t low, high, listed;
};

void ram_add(struct ram *ram, uint64_t start, uint64_t bytes);

struct ram fw_cfg_e820(uint16_t flags);		/* the file etc/e820; flags go into its key */
uint64_t fw_cfg_number(uint16_t key);		/* an item of eight bytes */
uint64_t cmos_number(uint8_t first, unsigned int bytes);	/* from that register on */

#endif
