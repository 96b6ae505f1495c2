/* SPDX-License-Identifier: MIT */
/*
 * Everything that tells a guest how much memory it has, compared: the zero page, fw_cfg, CMOS, SMBIOS, ACPI, and what
 * the TD was configured with (memory=MIB on the command line). Layouts: [qemu:fw_cfg.rst], [qemu:pc_cmos_init_late];
 * [edk2:MemDetect.c], which reads most of them; DMTF DSP0134, 7.17 to 7.20.
 */
#include "payloads/lib/payload.h"
#include "payloads/lib/told_memory.h"
#include "payloads/conform.h"

#define KIB		0x400ull
#define MIB		0x100000ull
#define VGA_AND_ROMS	0x50000ull	/* 0xa0000 to 0xeffff: no RAM in the zero page */
#define BASE_KIB	640u

enum { SMBIOS_ARRAY = 16, SMBIOS_DEVICE = 17, SMBIOS_RANGE = 19, SMBIOS_END = 127 };

static uint64_t load(const uint8_t *from, unsigned int bytes)
{
	uint64_t value = 0;

	memcpy(&value, from, bytes);
	return value;
}

static struct ram zero_page_ram(void)
{
	struct ram ram = { 0 };
	uint64_t start, bytes;
	uint32_t type;

	for (unsigned int i = 0; payload_e820(i, &start, &bytes, &type); i++)
		if (type == E820_RAM || type == E820_ACPI)
			ram_add(&ram, start, bytes);
	return ram;
}

static uint64_t at_most_16_bits(uint64_t value)
{
	return value < 0xffff ? value : 0xffff;
}

/* The structures that describe memory. Sizes of devices in MiB, of the array and of ranges in KiB. */
struct smbios {
	struct ram ranges;
	uint64_t capacity, devices;
};

static void add_structure(struct smbios *s, const uint8_t *at)
{
	uint64_t start, size;

	if (at[0] == SMBIOS_ARRAY) {
		s->capacity += load(at + 7, 4) * KIB;
	} else if (at[0] == SMBIOS_DEVICE) {
		size = load(at + 0x0c, 2);
		s->devices += (size == 0x7fff ? load(at + 0x1c, 4) : size) * MIB;
	} else if (at[0] == SMBIOS_RANGE) {
		start = load(at + 4, 4) * KIB;
		ram_add(&s->ranges, start, (load(at + 8, 4) + 1) * KIB - start);
	}
}

static struct smbios smbios_of(const uint8_t *at, const uint8_t *end)
{
	struct smbios s = { 0 };

	while (at + 4 <= end && at[0] != SMBIOS_END) {
		add_structure(&s, at);
		for (at += at[1]; at + 2 < end && (at[0] != 0 || at[1] != 0); at++)
			;
		at += 2;
	}
	return s;
}

/* The table that the anchor in the F segment names (DSP0134, 5.2.1); NULL if there is none. */
static const uint8_t *find_smbios(const uint8_t **end)
{
	const uint8_t *at = (const uint8_t *)(uintptr_t)0xf0000, *table;

	for (; at < (const uint8_t *)(uintptr_t)MIB; at += 16)
		if (memcmp(at, "_SM_", 4) == 0) {
			table = (const uint8_t *)(uintptr_t)load(at + 0x18, 4);
			*end = table + load(at + 0x16, 2);
			return table;
		}
	return NULL;
}

static void test_smbios(const struct ram *ram)
{
	const uint8_t *end, *table = find_smbios(&end);
	struct smbios s;

	conform_ok(table != NULL, "there are SMBIOS tables");
	if (table == NULL)
		return;
	s = smbios_of(table, end);
	conform_is(s.capacity, ram->low + ram->high, "SMBIOS: capacity of the memory array");
	conform_is(s.devices, ram->low + ram->high, "SMBIOS: all memory devices");
	conform_is(s.ranges.low, ram->low, "SMBIOS: memory below 4 GiB");
	conform_is(s.ranges.high, ram->high, "SMBIOS: memory above");
	conform_is(s.ranges.listed, ram->low + ram->high, "SMBIOS: nothing twice, nothing left out");
}

static void test_fw_cfg(const struct ram *ram)
{
	struct ram told = fw_cfg_e820(0), again = fw_cfg_e820(FW_CFG_WRITE_CHANNEL);

	conform_is(told.low, ram->low, "etc/e820: RAM below 4 GiB");
	conform_is(told.high, ram->high, "etc/e820: RAM above");
	conform_is(told.listed, ram->low + ram->high, "etc/e820: nothing twice, nothing left out");
	conform_ok(again.low == told.low && again.high == told.high, "etc/e820 by its key for writing is the same");
	conform_is(fw_cfg_number(FW_CFG_RAM_SIZE), ram->low + ram->high, "FW_CFG_RAM_SIZE");
	conform_is(fw_cfg_number(FW_CFG_RAM_SIZE | FW_CFG_WRITE_CHANNEL), ram->low + ram->high, "by its key for writing");
}

static void test_cmos(const struct ram *ram)
{
	uint64_t extended = at_most_16_bits((ram->low - MIB) / KIB);

	conform_is(cmos_number(0x15, 2), BASE_KIB, "CMOS 0x15: KiB of base memory");
	conform_is(cmos_number(0x17, 2), extended, "CMOS 0x17: KiB of extended memory");
	conform_is(cmos_number(0x30, 2), extended, "CMOS 0x30: the same");
	conform_is(cmos_number(0x34, 2), (ram->low - 16 * MIB) / (64 * KIB), "CMOS 0x34: 64 KiB between 16 MiB and 4 GiB");
	conform_is(cmos_number(0x5b, 3), ram->high / (64 * KIB), "CMOS 0x5b: 64 KiB above 4 GiB");
}

/* The last bytes of a range can be read and written. */
static bool is_there(uint64_t end)
{
	uint64_t *last, value;

	paging_patch_set(0, end - TDX_PAGE_SIZE);
	last = (uint64_t *)((char *)paging_patch(0) + TDX_PAGE_SIZE - sizeof(value));
	return guarded_load(last, &value) && guarded_store(last, value);
}

/* NAME=MIB of the command line, in bytes; 0: whoever boots this did not say. */
static uint64_t given(const char *name)
{
	char text[16];
	uint64_t mib = 0;

	if (!payload_argument(name, text, sizeof(text)))
		return 0;
	for (const char *at = text; *at >= '0' && *at <= '9'; at++)
		mib = 10 * mib + (uint64_t)(*at - '0');
	return mib * MIB;
}

static void test_configured(const struct ram *ram)
{
	uint64_t all = given("memory"), low = given("low");

	if (all != 0)
		conform_is(ram->low + ram->high, all, "the zero page has the memory that the TD was given");
	if (low != 0)
		conform_is(ram->low, low, "split where the command line says");
}

void conform_memory(void)
{
	struct ram ram = zero_page_ram();

	test_configured(&ram);
	conform_is(ram.listed, ram.low + ram.high - VGA_AND_ROMS, "nothing twice, nothing left out");
	conform_ok(is_there(ram.low) && (ram.high == 0 || is_there(GIB4 + ram.high)), "the last of it is there");
	test_fw_cfg(&ram);
	test_cmos(&ram);
	test_smbios(&ram);
	conform_ok(payload_acpi_table("SRAT") == NULL, "ACPI describes no memory");
}
