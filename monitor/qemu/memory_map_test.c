/* SPDX-License-Identifier: MIT */
/*
 * What a guest can read about its memory, compared for all sizes, with firmware and without; SMBIOS as QEMU makes it.
 */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/bytes.h"
#include "image/tdhob.h"
#include "monitor/qemu/memory_map.h"
#include "wire/machine.h"
#include "wire/tap.h"

#define KIB		0x400ull
#define MIB		0x100000ull

/* Bytes from 0 on and from 4 GiB on; told: the sum of what was listed. */
struct ram {
	uint64_t low, high, told;
};

static bool same(struct ram a, struct ram b)
{
	return a.low == b.low && a.high == b.high && a.told == b.told;
}

/* In order, each where the last one ended. */
static bool add(struct ram *ram, uint64_t start, uint64_t bytes)
{
	uint64_t *end = start < MACHINE_4G ? &ram->low : &ram->high;

	if (start - (start < MACHINE_4G ? 0 : MACHINE_4G) != *end || bytes == 0)
		return false;
	*end += bytes;
	ram->told += bytes;
	return true;
}

static struct ram of_e820(const struct machine *m)
{
	uint8_t entries[MEMORY_MAP_E820_BYTES];
	uint32_t bytes = memory_map_e820(m->ram[0].bytes, m->ram[1].bytes, entries);
	struct ram ram = { 0 };

	for (uint32_t at = 0; at < bytes; at += 20)
		if (get32(entries + at + 16) != 1 || !add(&ram, get64(entries + at), get64(entries + at + 8)))
			return (struct ram){ 0 };
	return ram;
}

static uint64_t cmos_number(const struct memory_map_cmos *r, uint8_t first, unsigned int bytes)
{
	uint64_t number = 0;

	for (unsigned int i = 0; i < MEMORY_MAP_REGISTERS; i++)
		if (r[i].index >= first && r[i].index < first + bytes)
			number |= (uint64_t)r[i].value << 8 * (r[i].index - first);
	return number;
}

/* As firmware reads it: [edk2:MemDetect.c]; [seabios:qemu_preinit]. */
static struct ram of_cmos(const struct machine *m)
{
	struct memory_map_cmos r[MEMORY_MAP_REGISTERS];
	uint64_t extended;
	struct ram ram;

	memory_map_cmos(m->ram[0].bytes, m->ram[1].bytes, r);
	ram.low = cmos_number(r, 0x34, 2) * 64 * KIB + 16 * MIB;
	ram.high = cmos_number(r, 0x5b, 3) * 64 * KIB;
	ram.told = ram.low + ram.high;
	extended = cmos_number(r, 0x17, 2);
	if (cmos_number(r, 0x15, 2) != 640 || extended != cmos_number(r, 0x30, 2) ||
	    extended != (ram.low < 65 * MIB - KIB ? (ram.low - MIB) / KIB : 0xffff))
		return (struct ram){ 0 };
	return ram;
}

static struct ram of_slots(const struct machine *m)
{
	struct td_config c = { .platform.gpaw = 48, .vcpus = 1 };
	struct ram ram = { 0 };

	machine_slots(m, &c);
	for (uint32_t i = 0; i < c.nslots; i++)
		if (c.slots[i].kind == TD_SLOT_RAM || c.slots[i].gpa < MIB)
			if (!add(&ram, c.slots[i].gpa, c.slots[i].pages * TDX_PAGE_SIZE))
				return (struct ram){ 0 };
	return ram;
}

static struct ram of_hob(const struct machine *m)
{
	uint8_t list[1024];
	size_t bytes = tdhob_build(&m->firmware, m->ram[0].bytes, m->ram[1].bytes, list, sizeof(list));
	struct ram ram = { 0 };

	for (size_t at = 0; at < bytes && bytes <= sizeof(list); at += get16(list + at + 2))
		if (get16(list + at) == 3 && !add(&ram, get64(list + at + 32), get64(list + at + 40)))
			return (struct ram){ 0 };
	return ram;
}

/* Of every second size, as long as it fits below 4 GiB; else 0: as usual. */
static uint64_t half(uint64_t guest)
{
	return guest % (2 * MIB) == 0 && guest / 2 <= MACHINE_MAX_SPLIT ? guest / 2 : 0;
}

static void test_sizes(void)
{
	static const struct tdvf_image image = { .bytes = 0x400000, .count = 3, .hob = 0, .sections = {
		{ 0, 0, 0x809000, 0x2000, TDVF_TD_HOB, 0, 1 },
		{ 0, 0, 0x810000, 0x10000, TDVF_TEMP_MEM, 0, 2 },
		{ 0, 0x400000, MACHINE_4G - 0x400000, 0x400000, TDVF_BFV, TDVF_EXTENDMR, 0 },
	} };
	uint64_t direct = 0, firmware = 0, high = 0;	/* the first size that is wrong */
	struct machine m;
	struct ram ram;

	for (uint64_t guest = MACHINE_MIN_GUEST; guest <= MACHINE_MAX_GUEST; guest += MIB) {
		ram = machine_layout(&m, guest, 0, NULL) ? of_e820(&m) : (struct ram){ 0 };
		high += ram.high != 0;
		if (direct == 0 && (ram.told != guest || !same(ram, of_cmos(&m)) || !same(ram, of_slots(&m))))
			direct = guest;
		ram = machine_layout(&m, guest, half(guest), &image) ? of_e820(&m) : (struct ram){ 0 };
		if (firmware == 0 && (ram.told != guest || !same(ram, of_cmos(&m)) || !same(ram, of_slots(&m)) ||
				      !same(ram, of_hob(&m))))
			firmware = guest;
	}
	tap_is(direct, 0, "every size: e820, CMOS and the TD's own slots agree");
	tap_ok(high > 1000 && high < (MACHINE_MAX_GUEST - MACHINE_MIN_GUEST) / MIB, "above 4 GiB and only below");
	tap_is(firmware, 0, "with firmware, and with the TD HOB");
}

/* As QEMU 7.2 has it of 20 GiB (-m 20G), without what is in between. */
static const uint8_t qemu_smbios[] = {
	0x01, 0x05, 0x00, 0x01, 0x01, 'Q', 'E', 'M', 'U', 0, 0,
	0x10, 0x17, 0x00, 0x10, 0x01, 0x03, 0x06, 0x00, 0x00, 0x40, 0x01, 0xfe, 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x11, 0x28, 0x00, 0x11, 0x00, 0x10, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x40, 0x09, 0x00, 0x01, 0x00, 0x07,
	0x02, 0x00, 0x00, 0x00, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'D', 'I', 'M', 'M', ' ', '0', 0, 0,
	0x11, 0x28, 0x01, 0x11, 0x00, 0x10, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x10, 0x09, 0x00, 0x01, 0x00, 0x07,
	0x02, 0x00, 0x00, 0x00, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'D', 'I', 'M', 'M', ' ', '1', 0, 0,
	0x13, 0x1f, 0x00, 0x13, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0x1f, 0x00, 0x00, 0x10, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x13, 0x1f, 0x01, 0x13, 0x00, 0x00, 0x40, 0x00, 0xff, 0xff, 0x5f, 0x01, 0x00, 0x10, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x7f, 0x04, 0x00, 0x7f, 0, 0,
};
#define ARRAY	11
#define DEVICE	(ARRAY + 25)
#define NEXT	(DEVICE + 48)
#define RANGES	(NEXT + 48)
#define RANGE2	(RANGES + 33)

/* Nothing but the numbers of these structures has changed. */
static bool rest_is_as_it_was(const uint8_t *got)
{
	uint8_t want[sizeof(qemu_smbios)];

	memcpy(want, qemu_smbios, sizeof(want));
	memcpy(want + ARRAY + 7, got + ARRAY + 7, 4);
	memcpy(want + DEVICE + 0x0c, got + DEVICE + 0x0c, 2);
	memcpy(want + NEXT + 0x0c, got + NEXT + 0x0c, 2);
	memcpy(want + RANGES + 4, got + RANGES + 4, 8);
	want[RANGE2] = got[RANGE2];
	memcpy(want + RANGE2 + 4, got + RANGE2 + 4, 8);
	return memcmp(want, got, sizeof(want)) == 0;
}

static void test_smbios(void)
{
	uint8_t t[sizeof(qemu_smbios)];

	memcpy(t, qemu_smbios, sizeof(t));
	memory_map_smbios(1238 * MIB, 762 * MIB, t, sizeof(t));
	tap_is(get32(t + ARRAY + 7), 2000 * 1024, "SMBIOS: capacity in KiB");
	tap_ok(get16(t + DEVICE + 0x0c) == 2000 && get16(t + NEXT + 0x0c) == 0, "one device has it all, the other nothing");
	tap_ok(get32(t + RANGES + 4) == 0 && get32(t + RANGES + 8) == 1238 * 1024 - 1, "the range below 4 GiB");
	tap_ok(get32(t + RANGE2 + 4) == 0x400000 && get32(t + RANGE2 + 8) == 0x400000 + 762 * 1024 - 1, "and the one above");
	tap_ok(t[RANGE2] == 19 && rest_is_as_it_was(t), "all else is QEMU's");
	memcpy(t, qemu_smbios, sizeof(t));
	memory_map_smbios(1024 * MIB, 0, t, sizeof(t));
	tap_ok(t[RANGES] == 19 && t[RANGE2] == 126 && rest_is_as_it_was(t), "a range that the guest has not is inactive");
}

/* Cut off anywhere, or with lengths that lie: nothing beyond the end is touched, and it ends. */
static void test_damaged(void)
{
	uint8_t t[sizeof(qemu_smbios)];
	bool inside = true;

	for (unsigned int cut = 0; cut < sizeof(t); cut++) {
		memcpy(t, qemu_smbios, sizeof(t));
		memory_map_smbios(MIB, 0, t, cut);
		inside = inside && memcmp(t + cut, qemu_smbios + cut, sizeof(t) - cut) == 0;
	}
	tap_ok(inside, "tables cut off: nothing behind them is written");
	memcpy(t, qemu_smbios, sizeof(t));
	t[ARRAY + 1] = 3;
	memory_map_smbios(MIB, 0, t, sizeof(t));
	tap_ok(memcmp(t + ARRAY + 2, qemu_smbios + ARRAY + 2, sizeof(t) - ARRAY - 2) == 0, "a length of 3 ends it");
	t[ARRAY + 1] = 10;
	memory_map_smbios(MIB, 0, t, ARRAY + 30);
	tap_is(get32(t + ARRAY + 7), get32(qemu_smbios + ARRAY + 7), "a structure without the field is left alone");
}

int main(void)
{
	test_sizes();
	test_smbios();
	test_damaged();
	return tap_done();
}
