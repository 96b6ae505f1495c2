/* SPDX-License-Identifier: MIT */
#include "payloads/lib/told_memory.h"
#include "payloads/lib/payload.h"

enum { FW_CFG_SELECT = 0x510, FW_CFG_DATA = 0x511, FW_CFG_DIRECTORY = 0x19, FW_CFG_NAME = 56 };
enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71 };

void ram_add(struct ram *ram, uint64_t start, uint64_t bytes)
{
	uint64_t *end = start < GIB4 ? &ram->low : &ram->high;
	uint64_t base = start < GIB4 ? 0 : GIB4;

	ram->listed += bytes;
	if (start + bytes - base > *end)
		*end = start + bytes - base;
}

static void select(uint16_t key)
{
	uint32_t value = key;

	vmcall_port(FW_CFG_SELECT, 2, true, &value);
}

static void read(void *to, unsigned int bytes)
{
	uint32_t value;

	for (uint8_t *at = to; bytes != 0; bytes--) {
		vmcall_port(FW_CFG_DATA, 1, false, &value);
		*at++ = (uint8_t)value;
	}
}

/* Selects the file; its size, 0 if there is none. */
static uint32_t open(const char *name, uint16_t flags)
{
	struct {
		uint32_t bytes;
		uint16_t key, reserved;
		char name[FW_CFG_NAME + 1];
	} entry;
	uint32_t count;

	select(FW_CFG_DIRECTORY);
	read(&count, 4);
	entry.name[FW_CFG_NAME] = '\0';
	for (count = __builtin_bswap32(count); count != 0; count--) {
		read(&entry, 8 + FW_CFG_NAME);
		if (!text_equal(entry.name, name))
			continue;
		select(__builtin_bswap16(entry.key) | flags);
		return __builtin_bswap32(entry.bytes);
	}
	return 0;
}

struct ram fw_cfg_e820(uint16_t flags)
{
	struct {
		uint64_t start, bytes;
		uint32_t type;
	} __attribute__((packed)) entry;
	struct ram ram = { 0 };

	for (uint32_t left = open("etc/e820", flags) / sizeof(entry); left != 0; left--) {
		read(&entry, sizeof(entry));
		if (entry.type == E820_RAM)
			ram_add(&ram, entry.start, entry.bytes);
	}
	return ram;
}

uint64_t fw_cfg_number(uint16_t key)
{
	uint64_t value;

	select(key);
	read(&value, sizeof(value));
	return value;
}

uint64_t cmos_number(uint8_t first, unsigned int bytes)
{
	uint64_t number = 0;
	uint32_t value;

	for (unsigned int i = 0; i < bytes; i++) {
		value = first + i;
		vmcall_port(CMOS_INDEX, 1, true, &value);
		vmcall_port(CMOS_DATA, 1, false, &value);
		number |= (uint64_t)value << 8 * i;
	}
	return number;
}
