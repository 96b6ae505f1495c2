/* SPDX-License-Identifier: MIT */
#include "monitor/qemu/memory_map.h"

#include "image/bytes.h"
#include "wire/machine.h"

#define KIB(n)		((uint64_t)(n) << 10)
#define MIB(n)		((uint64_t)(n) << 20)

/* ACPI 6.4, 15, "System Address Map Interfaces". */
#define E820_BYTES	20u
#define E820_RAM	1

/* DMTF DSP0134 3.6: 6.1.2 (header), 7.17 to 7.20, 7.45 (inactive). */
enum { SMBIOS_ARRAY = 16, SMBIOS_DEVICE = 17, SMBIOS_RANGE = 19, SMBIOS_INACTIVE = 126, SMBIOS_END = 127 };
#define HEADER_BYTES	4u
#define ARRAY_KIB	0x07
#define ARRAY_BYTES	0x0fu
#define DEVICE_MIB	0x0c
#define DEVICE_BYTES	0x15u
#define RANGE_START	0x04
#define RANGE_END	0x08
#define RANGE_BYTES	0x0fu

/* Larger sizes stand elsewhere in these structures. */
_Static_assert(MACHINE_MAX_GUEST < MIB(0x7fff), "a memory device's size in MiB fits a word");

static uint8_t *add_e820(uint8_t *entry, uint64_t start, uint64_t bytes)
{
	if (bytes == 0)
		return entry;
	put64(entry, start);
	put64(entry + 8, bytes);
	put32(entry + 16, E820_RAM);
	return entry + E820_BYTES;
}

/* As QEMU's own ([qemu:pc_memory_init]): the hole below 1 MiB is for everyone to know. */
uint32_t memory_map_e820(uint64_t low, uint64_t high, uint8_t entries[MEMORY_MAP_E820_BYTES])
{
	return (uint32_t)(add_e820(add_e820(entries, 0, low), MACHINE_4G, high) - entries);
}

/* As [qemu:pc_cmos_init_late] does. */
void memory_map_cmos(uint64_t low, uint64_t high, struct memory_map_cmos registers[MEMORY_MAP_REGISTERS])
{
	uint64_t base = low < KIB(640) ? low >> 10 : 640;
	uint64_t extended = low > MIB(1) ? (low - MIB(1)) >> 10 : 0, above_16m = low > MIB(16) ? (low - MIB(16)) >> 16 : 0;
	const struct {
		uint8_t index, bytes;
		uint64_t value;
	} fields[] = {
		{ 0x15, 2, base },
		{ 0x17, 2, extended < 0xffff ? extended : 0xffff },
		{ 0x30, 2, extended < 0xffff ? extended : 0xffff },
		{ 0x34, 2, above_16m < 0xffff ? above_16m : 0xffff },
		{ 0x5b, 3, high >> 16 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		for (unsigned int byte = 0; byte < fields[i].bytes; byte++)
			*registers++ = (struct memory_map_cmos){ (uint8_t)(fields[i].index + byte),
								 (uint8_t)(fields[i].value >> 8 * byte) };
}

/* What is left to be told: the first device has it all, and each range is told once. */
struct telling {
	uint64_t device, starts[2], ends[2];
	unsigned int range;
};

static void tell_range(struct telling *left, uint8_t *structure)
{
	unsigned int i = left->range;

	if (i == ARRAY_SIZE(left->starts) || left->starts[i] == left->ends[i]) {
		structure[0] = SMBIOS_INACTIVE;
		return;
	}
	put32(structure + RANGE_START, (uint32_t)(left->starts[i] >> 10));
	put32(structure + RANGE_END, (uint32_t)((left->ends[i] >> 10) - 1));
	left->range++;
}

static void tell(struct telling *left, uint64_t total, uint8_t *structure)
{
	uint8_t type = structure[0], bytes = structure[1];

	if (type == SMBIOS_ARRAY && bytes >= ARRAY_BYTES) {
		put32(structure + ARRAY_KIB, (uint32_t)(total >> 10));
	} else if (type == SMBIOS_DEVICE && bytes >= DEVICE_BYTES) {
		put16(structure + DEVICE_MIB, (uint16_t)(left->device >> 20));
		left->device = 0;
	} else if (type == SMBIOS_RANGE && bytes >= RANGE_BYTES) {
		tell_range(left, structure);
	}
}

/* Behind each structure stand its strings, ended by two zeroes. */
void memory_map_smbios(uint64_t low, uint64_t high, uint8_t *structures, uint64_t bytes)
{
	struct telling left = { low + high, { 0, MACHINE_4G }, { low, MACHINE_4G + high }, 0 };
	uint64_t at = 0;

	while (range_within(at, HEADER_BYTES, bytes) && structures[at] != SMBIOS_END) {
		uint8_t length = structures[at + 1];

		if (length < HEADER_BYTES || !range_within(at, length, bytes))
			return;
		tell(&left, low + high, structures + at);
		for (at += length; range_within(at, 2, bytes) && (structures[at] != 0 || structures[at + 1] != 0); at++)
			;
		at += 2;
	}
}
