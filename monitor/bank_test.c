/* SPDX-License-Identifier: MIT */
/* Where guest memory is in the machine: layouts of all sizes, and the one check of a GPA, fuzzed. */
#include <stdio.h>
#include <stdlib.h>

#define tap_puts(text) fputs(text, stdout)
#include "monitor/bank.h"
#include "wire/pattern.h"
#include "wire/tap.h"

#define MIB		0x100000ull
#define BIOS_TOP	(2 * MIB)
#define LAPIC_PAGE	0xfee00000ull
#define ROUNDS		400000u

static uint64_t seed = 0x2545f4914f6cdd1dull;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

/* RAM of QEMU's, by machine address. */
static bool is_ram(const struct machine *m, uint64_t a)
{
	return a < m->low_bytes || (a >= MACHINE_4G && a - MACHINE_4G < m->ram_bytes - m->low_bytes);
}

static bool in_ram(const struct machine *m, uint64_t a, uint64_t bytes)
{
	return is_ram(m, a) && is_ram(m, a + bytes - 1) && (a < MACHINE_4G) == (a + bytes - 1 < MACHINE_4G);
}

/*
 * Two shared banks at most, two private ones, the reserve, and the private bank of firmware. RAM is where q35 puts as
 * much ([qemu:pc_q35_init]).
 */
static bool layout_ok(const struct machine *m, uint64_t guest)
{
	uint64_t start[6], bytes[6], total = 0;
	unsigned int n = 0, i, j;

	for (i = 0; i < m->nram; i++) {
		start[n] = m->ram[i].gpa;
		bytes[n++] = m->ram[i].bytes;
		start[n] = m->ram[i].bank;
		bytes[n++] = m->ram[i].bytes;
		total += m->ram[i].bytes;
	}
	start[n] = m->reserve;
	bytes[n++] = MACHINE_RESERVE + BIOS_TOP;
	if (m->image.bytes != 0) {
		start[n] = m->image.bank;
		bytes[n++] = m->image.bytes;
	}
	for (i = 0; i < n; i++) {
		if (!in_ram(m, start[i], bytes[i]) || start[i] % TDX_2M_SIZE != 0)
			return false;
		for (j = 0; j < i; j++)
			if (overlap(start[i], bytes[i], start[j], bytes[j]))
				return false;
	}
	return m->low_bytes == (m->ram_bytes >= 0xb0000000 ? 0x80000000 : m->ram_bytes) && total == guest &&
	       m->reserve + MACHINE_RESERVE + BIOS_TOP == m->low_bytes;
}

static void test_layouts(void)
{
	struct machine m;
	bool good = true;

	for (uint64_t guest = MACHINE_MIN_GUEST; guest <= MACHINE_MAX_GUEST; guest += MIB)
		good = good && machine_layout(&m, guest, 0, NULL) && layout_ok(&m, guest);
	tap_ok(good, "every size: banks and reserve are RAM, apart, and complete");
	tap_ok(!machine_layout(&m, MACHINE_MIN_GUEST - MIB, 0, NULL), "too little memory is refused");
	tap_ok(!machine_layout(&m, MACHINE_MAX_GUEST + MIB, 0, NULL), "too much memory is refused");
	tap_ok(!machine_layout(&m, MACHINE_MIN_GUEST + TDX_PAGE_SIZE, 0, NULL), "no whole MiB is refused");
}

/* As the user says it is, where there is as much; odd MiB too. */
static void test_splits(void)
{
	struct machine m;
	bool good = true;

	for (uint64_t guest = MACHINE_MIN_GUEST; guest <= MACHINE_MAX_GUEST; guest += 125 * MIB)
		for (uint64_t split = MACHINE_MIN_SPLIT; good && split <= MACHINE_MAX_SPLIT; split += 53 * MIB)
			good = machine_layout(&m, guest, split, NULL) && layout_ok(&m, guest) &&
			       m.ram[0].bytes == (split < guest ? split : guest) && m.nram == (split < guest ? 2 : 1);
	tap_ok(good, "split anywhere: banks and reserve are RAM, apart, and complete");
	tap_ok(machine_layout(&m, 4096 * MIB, MACHINE_MAX_SPLIT, NULL) && layout_ok(&m, 4096 * MIB) &&
	       !machine_layout(&m, 4096 * MIB, MACHINE_MAX_SPLIT + MIB, NULL), "up to where the reserve begins");
	tap_ok(!machine_layout(&m, 1024 * MIB, MACHINE_MIN_SPLIT - MIB, NULL) &&
	       !machine_layout(&m, 1024 * MIB, 512 * MIB + TDX_PAGE_SIZE, NULL), "too low, no whole MiB");
}

/* As Debian's: code and variables, the TD HOB and temporary memory with a page between them. */
static void make_image(struct tdvf_image *image, uint32_t bytes)
{
	uint64_t start = MACHINE_4G - bytes;

	*image = (struct tdvf_image){ .bytes = bytes, .count = 4, .hob = 1, .sections = {
		{ 0, 0, 0x800000, 0x6000, TDVF_TEMP_MEM, 0, 3 },
		{ 0, 0, 0x807000, 0x2000, TDVF_TD_HOB, 0, 2 },
		{ 0, 0x2000, start, 0x2000, TDVF_CFV, 0, 1 },
		{ 0x2000, bytes - 0x2000, start + 0x2000, bytes - 0x2000, TDVF_BFV, TDVF_EXTENDMR, 0 },
	} };
}

/* Bytes in slots of this kind; pending: only of those that are to be accepted. */
static uint64_t slot_bytes(const struct td_config *c, enum td_slot_kind kind, bool pending)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < c->nslots; i++)
		if (c->slots[i].kind == kind && (!pending || c->slots[i].pending))
			pages += c->slots[i].pages;
	return pages * TDX_PAGE_SIZE;
}

/* In order and apart, both ends of each RAM slot with both banks, and all memory but the sections to be accepted. */
static bool slots_ok(const struct machine *m, uint64_t guest)
{
	struct td_config c = { .platform.gpaw = 48, .vcpus = 1 };
	uint64_t at = 0, sections = 0, a;

	machine_slots(m, &c);
	for (uint32_t i = 0; i < c.nslots; i++) {
		const struct td_slot *s = &c.slots[i];
		uint64_t last = s->gpa + (s->pages - 1) * TDX_PAGE_SIZE;

		if (s->gpa < at || s->pages == 0)
			return false;
		if (s->kind == TD_SLOT_RAM && !(bank_address(m, s, s->gpa, TD_PRIVATE, &a) && is_ram(m, a) &&
						bank_address(m, s, last, TD_PRIVATE, &a) && is_ram(m, a) && is_ram(m, last)))
			return false;
		at = last + TDX_PAGE_SIZE;
	}
	for (uint32_t i = 0; i < m->firmware.count; i++)
		sections += tdvf_in_image(&m->firmware.sections[i]) ? 0 : m->firmware.sections[i].bytes;
	return c.nslots <= TD_MAX_SLOTS && slot_bytes(&c, TD_SLOT_RAM, false) == guest &&
	       slot_bytes(&c, TD_SLOT_RAM, true) == guest - sections && slot_bytes(&c, TD_SLOT_ROM, false) == m->image.bytes;
}

/* [qemu:pc_q35_init]: of 2.75 GiB or more 2 GiB are below 4 GiB, less is so wholly; as far as there is room. */
static bool split_ok(const struct machine *m, uint64_t guest)
{
	uint64_t low = guest >= 0xb0000000 ? 0x80000000 : guest;

	return m->nram == (guest > m->reserve ? 2 : 1) && m->ram[0].gpa == 0 && m->ram[1].gpa == MACHINE_4G &&
	       m->ram[0].bytes == (low < m->reserve ? low : m->reserve) && m->image.gpa + m->image.bytes == MACHINE_4G;
}

static void test_firmware_layouts(void)
{
	static const uint32_t images[] = { 0x10000, 0x3ff000, 4 * MIB, TDVF_MAX_BYTES };
	bool layout = true, slots = true, split = true;
	struct tdvf_image image;
	struct machine m;

	for (unsigned int i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		make_image(&image, images[i]);
		for (uint64_t guest = MACHINE_MIN_GUEST; guest <= MACHINE_MAX_GUEST; guest += 17 * MIB) {
			if (!machine_layout(&m, guest, 0, &image))
				m = (struct machine){ 0 };
			layout = layout && layout_ok(&m, guest);
			slots = slots && slots_ok(&m, guest);
			split = split && split_ok(&m, guest);
		}
	}
	tap_ok(layout, "firmware, every size: banks, reserve and image are RAM, apart, and complete");
	tap_ok(slots, "its slots are in order, each with its banks, and hold the memory asked for");
	tap_ok(split, "it is split as q35 does, or as what does not fit below");
	tap_ok(machine_layout(&m, 1023 * MIB, 513 * MIB, &image) && layout_ok(&m, 1023 * MIB) && slots_ok(&m, 1023 * MIB) &&
	       m.ram[0].bytes == 513 * MIB, "or as the user says");
	tap_ok(!machine_layout(&m, MACHINE_MIN_GUEST - MIB, 0, &image) &&
	       !machine_layout(&m, MACHINE_MAX_GUEST + MIB, 0, &image) &&
	       !machine_layout(&m, 2048 * MIB + TDX_PAGE_SIZE, 0, &image) &&
	       !machine_layout(&m, 4096 * MIB - TDX_PAGE_SIZE, 0, &image), "too little, too much, a page more or less");
}

/* td's own lookup is what the monitor uses; it is a line of code over the slots. */
static const struct td_slot *slot_of(const struct td_config *c, uint64_t gpa)
{
	gpa &= ~tdx_shared_bit(c->platform.gpaw);
	for (uint32_t i = 0; i < c->nslots; i++)
		if (gpa >= c->slots[i].gpa && (gpa - c->slots[i].gpa) / TDX_PAGE_SIZE < c->slots[i].pages)
			return &c->slots[i];
	return NULL;
}

enum place { OUTSIDE, SHARED_BANK, PRIVATE_BANK, DEVICE };

static enum place place_of(const struct machine *m, uint64_t a)
{
	bool hole = m->image.bytes == 0;	/* the legacy one, which a guest with firmware does not have */

	if (a >= m->image.bank && a - m->image.bank < m->image.bytes)
		return PRIVATE_BANK;
	for (uint32_t i = 0; i < m->nram; i++) {
		if (a >= m->ram[i].bank && a - m->ram[i].bank < m->ram[i].bytes)
			return PRIVATE_BANK;
		if (a >= m->ram[i].gpa && a - m->ram[i].gpa < m->ram[i].bytes && (!hole || a < 0xa0000 || a >= MIB))
			return SHARED_BANK;
	}
	if ((is_ram(m, a) && (a < 0xa0000 || a >= 0xc0000)) || a / TDX_PAGE_SIZE == LAPIC_PAGE / TDX_PAGE_SIZE)
		return OUTSIDE;
	return DEVICE;
}

static bool check_gpa(const struct machine *m, const struct td_config *c, uint64_t gpa)
{
	const struct td_slot *slot = slot_of(c, gpa);
	uint64_t shared = 0, private = 0, plain = gpa & ~tdx_shared_bit(c->platform.gpaw);
	bool has_shared = bank_address(m, slot, plain, TD_SHARED, &shared);
	bool has_private = bank_address(m, slot, plain, TD_PRIVATE, &private);

	if (slot == NULL)
		return !has_shared && !has_private;
	switch (slot->kind) {
	case TD_SLOT_RAM:
		return has_shared && has_private && place_of(m, shared) == SHARED_BANK &&
		       place_of(m, private) == PRIVATE_BANK && shared == plain;
	case TD_SLOT_ROM:
		return !has_shared && has_private && place_of(m, private) == PRIVATE_BANK;
	default:
		return has_shared && !has_private && place_of(m, shared) == DEVICE;
	}
}

/* Edges of slots and banks are where mistakes are; the rest is anywhere in 52 bits. */
static uint64_t random_gpa(const struct machine *m, const struct td_config *c)
{
	const struct td_slot *slot = &c->slots[random64() % c->nslots];
	uint64_t near[] = { slot->gpa, slot->gpa + slot->pages * TDX_PAGE_SIZE, m->reserve, m->low_bytes, LAPIC_PAGE,
			    m->ram[0].bank, m->ram[0].bank + m->ram[0].bytes };
	uint64_t gpa = random64();

	if (gpa & 1)
		gpa = near[random64() % (sizeof(near) / sizeof(near[0]))] + random64() % 0x4001 - 0x2000;
	else
		gpa >>= 12 + random64() % 30;
	return random64() & 1 ? gpa : gpa ^ tdx_shared_bit(c->platform.gpaw);
}

/* image_bytes: of firmware, or 0. */
static void test_addresses(uint64_t guest, uint64_t split, uint32_t gpaw, uint32_t image_bytes, const char *name)
{
	struct td_config c = { .platform.gpaw = gpaw, .vcpus = 1 };
	struct tdvf_image image;
	struct machine m;
	bool good;
	uint64_t gpa = 0;

	make_image(&image, image_bytes);
	good = machine_layout(&m, guest, split, image_bytes != 0 ? &image : NULL);
	machine_slots(&m, &c);
	for (unsigned int i = 0; good && i < ROUNDS; i++) {
		gpa = random_gpa(&m, &c);
		good = check_gpa(&m, &c, gpa);
	}
	if (!tap_ok(good, name))
		tap_is(gpa, 0, "the GPA that broke it");
}

/* A slot that is not the GPA's must not give an address, whatever mistake led there. */
static void test_wrong_slot(void)
{
	struct td_config c = { .platform.gpaw = 48, .vcpus = 1 };
	struct machine m;
	uint64_t a;

	machine_layout(&m, 1024 * MIB, 0, NULL);
	machine_slots(&m, &c);
	tap_ok(!bank_address(&m, &c.slots[0], 0xa0000, TD_SHARED, &a), "a GPA right behind the slot has no address");
	tap_ok(!bank_address(&m, &c.slots[3], 0x9ffff, TD_PRIVATE, &a), "a GPA in front of the slot has no address");
	tap_ok(!bank_address(&m, NULL, 0, TD_PRIVATE, &a), "a hole has no address");
	c.slots[0].pages = 1ull << 40;
	tap_ok(!bank_address(&m, &c.slots[0], m.reserve, TD_SHARED, &a) &&
	       !bank_address(&m, &c.slots[0], m.ram[0].bytes, TD_PRIVATE, &a),
	       "nor has what lies behind the RAM, in a slot that is too large");
}

static void test_patterns(void)
{
	static uint64_t page[PATTERN_WORDS];

	tap_ok(pattern_all(page, 0) && !pattern_poisoned(page, 0x1000), "a page of zeroes is told from poison");
	page[PATTERN_WORDS - 1] = 1;
	tap_ok(!pattern_all(page, 0), "and from one with a byte in it");
	pattern_fill(page, 0x1000, PATTERN_POISON);
	tap_ok(pattern_poisoned(page, 0x1000), "a poisoned page is");
	tap_ok(!pattern_poisoned(page, 0x2000), "but not at another address");
	((uint8_t *)page)[2049] ^= 1;
	tap_ok(!pattern_poisoned(page, 0x1000), "nor with a bit changed");
	pattern_fill(page, 0x1000, PATTERN_SCRAMBLE);
	tap_ok(!pattern_poisoned(page, 0x1000), "scrambled is not poisoned");
	page[0] = 0;
	tap_ok(!pattern_poisoned(page, 0x1000), "nor is one whose first word alone was cleared");
}

int main(void)
{
	test_layouts();
	test_splits();
	test_firmware_layouts();
	test_addresses(128 * MIB, 0, 48, 0, "128 MiB: every alias is where it belongs, or nowhere");
	test_addresses(1024 * MIB, 0, 48, 0, "1 GiB");
	test_addresses(1296 * MIB, 0, 48, 0, "the largest that is contiguous");
	test_addresses(2048 * MIB, 0, 48, 0, "2 GiB: private banks above 4 GiB");
	test_addresses(8192 * MIB, 0, 40, 0, "8 GiB, S is bit 39");
	test_addresses(292 * MIB, 0, 48, 4 * MIB, "292 MiB with firmware");
	test_addresses(5002 * MIB, 0, 48, 4 * MIB, "5002 MiB with firmware: more than half is above 4 GiB");
	test_addresses(1023 * MIB, 513 * MIB, 48, 0, "1023 MiB, 513 of them below 4 GiB");
	test_addresses(513 * MIB, 0, 48, 4 * MIB, "513 MiB with firmware");
	test_wrong_slot();
	test_patterns();
	return tap_done();
}
