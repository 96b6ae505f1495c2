/* SPDX-License-Identifier: MIT */
/* A small firmware that does what it is told by the byte at its beginning: firmware_mode. C and assembler. */
#ifndef PAYLOADS_FIRMWARE_H
#define PAYLOADS_FIRMWARE_H

#define FIRMWARE_BYTES		0x10000
#define FIRMWARE_BASE		0xffff0000
#define FIRMWARE_DESCRIPTOR	0x800		/* of the TDX metadata, from the end */
#define TABLES			0x810000	/* and to 0x81b000 */
#define FIRMWARE_HOB		0x809000	/* the TD HOB */
#define FIRMWARE_IDT		0x81c000
#define FIRMWARE_RESUME		0x81d000	/* RIP and RSP for firmware_trap */
#define STACK			0x820000

#define FIRMWARE_MODE_SOUND 0
#define FIRMWARE_MODE_UNPAGED_TDCALL 1
#define FIRMWARE_MODE_UNPAGED_TABLE 2
#define FIRMWARE_MODE_PAE 3
#define FIRMWARE_MODE_RANDOM 4
#define FIRMWARE_MODE_LOW_ROM 5
#define FIRMWARE_MODE_MEMORY 6

#endif
