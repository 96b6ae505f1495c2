/* SPDX-License-Identifier: MIT */
#include "wire/machine.h"

#define MIB(n)		((uint64_t)(n) << 20)
#define GIB(n)		((uint64_t)(n) << 30)
#define Q35_LOW_ALL	0xb0000000ull	/* less RAM than this is contiguous */
#define Q35_LOW_SPLIT	0x80000000ull	/* else this much is below 4 GiB */
#define BIOS_TOP	MIB(2)		/* SeaBIOS keeps its tables at the top of low RAM */
#define VGA_START	0xa0000ull
#define ROM_START	0xc0000ull
#define LOW_END		0x100000ull
#define LAPIC_PAGE	0xfee00000ull

static bool size_ok(uint64_t guest_bytes)
{
	return guest_bytes >= MACHINE_MIN_GUEST && guest_bytes <= MACHINE_MAX_GUEST && guest_bytes % TDX_2M_SIZE == 0;
}

bool machine_layout(struct machine *machine, uint64_t guest_bytes)
{
	struct machine m = { .nram = 1 };
	uint64_t high;

	if (!size_ok(guest_bytes))
		return false;
	m.ram_bytes = 2 * guest_bytes + MACHINE_RESERVE + BIOS_TOP;
	m.low_bytes = m.ram_bytes < Q35_LOW_ALL ? m.ram_bytes : Q35_LOW_SPLIT;
	m.reserve = m.low_bytes - BIOS_TOP - MACHINE_RESERVE;
	m.ram[0] = (struct machine_ram){ 0, guest_bytes, guest_bytes };
	if (m.low_bytes < m.ram_bytes) {
		high = guest_bytes > m.reserve ? guest_bytes - m.reserve : 0;
		m.ram_bytes = m.low_bytes + high + guest_bytes;
		m.ram[0] = (struct machine_ram){ 0, guest_bytes - high, MACHINE_4G + high };
		m.ram[1] = (struct machine_ram){ MACHINE_4G, high, m.ram[0].bank + m.ram[0].bytes };
		m.nram = high != 0 ? 2 : 1;
	}
	*machine = m;
	return true;
}

bool machine_layout_firmware(struct machine *machine, uint64_t guest_bytes, const struct tdvf_image *firmware)
{
	struct machine m = { .nram = 2, .low_bytes = Q35_LOW_SPLIT, .firmware = *firmware };
	uint64_t low = guest_bytes / 2 / TDX_2M_SIZE * TDX_2M_SIZE, image = MACHINE_4G - firmware->bytes, bank;

	if (!size_ok(guest_bytes))
		return false;
	m.reserve = m.low_bytes - BIOS_TOP - MACHINE_RESERVE;
	if (low > m.reserve)
		low = m.reserve;
	bank = MACHINE_4G + guest_bytes - low;
	m.ram[0] = (struct machine_ram){ 0, low, bank };
	m.ram[1] = (struct machine_ram){ MACHINE_4G, guest_bytes - low, bank + low };
	m.image = (struct machine_ram){ image, firmware->bytes, bank + guest_bytes };
	m.ram_bytes = m.low_bytes + m.image.bank + TDVF_MAX_BYTES - MACHINE_4G;
	if (m.ram_bytes < Q35_LOW_ALL)
		m.ram_bytes = Q35_LOW_ALL;
	*machine = m;
	return true;
}

uint64_t machine_file_offset(const struct machine *machine, uint64_t address)
{
	return address < MACHINE_4G ? address : address - MACHINE_4G + machine->low_bytes;
}

/* Neighbours of one kind are one slot: a large page may reach over both. */
static void add_slot(struct td_config *td, uint64_t start, uint64_t end, enum td_slot_kind kind, uint32_t pending)
{
	struct td_slot *last = td->nslots != 0 ? &td->slots[td->nslots - 1] : NULL;

	if (start == end)
		return;
	if (last != NULL && last->kind == kind && last->pending == pending &&
	    last->gpa + last->pages * TDX_PAGE_SIZE == start)
		last->pages += (end - start) / TDX_PAGE_SIZE;
	else
		td->slots[td->nslots++] = (struct td_slot){ start, (end - start) / TDX_PAGE_SIZE, kind, pending };
}

static void add_low(const struct machine *machine, struct td_config *td)
{
	add_slot(td, 0, VGA_START, TD_SLOT_RAM, 0);
	add_slot(td, VGA_START, ROM_START, TD_SLOT_MMIO, 0);
	add_slot(td, ROM_START, LOW_END, TD_SLOT_ROM, 0);
	add_slot(td, LOW_END, machine->ram[0].bytes, TD_SLOT_RAM, 0);
}

/*
 * TDs have no legacy hole: what firmware sections do not cover is one run of RAM to be accepted. Sections are sorted,
 * and those that are RAM lie within it (guest_fits()).
 */
static void add_low_firmware(const struct machine *machine, struct td_config *td)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < machine->firmware.count; i++) {
		const struct tdvf_section *s = &machine->firmware.sections[i];

		if (tdvf_in_image(s))
			continue;
		add_slot(td, at, s->gpa, TD_SLOT_RAM, 1);
		at = s->gpa + s->bytes;
		add_slot(td, s->gpa, at, TD_SLOT_RAM, 0);
	}
	add_slot(td, at, machine->ram[0].bytes, TD_SLOT_RAM, 1);
}

static void add_image(const struct machine *machine, struct td_config *td)
{
	for (uint32_t i = 0; i < machine->firmware.count; i++) {
		const struct tdvf_section *s = &machine->firmware.sections[i];

		if (tdvf_in_image(s))
			add_slot(td, s->gpa, s->gpa + s->bytes, TD_SLOT_ROM, 0);
	}
}

/* A section may split the low RAM in two, and there are seven others. */
_Static_assert(TD_MAX_SLOTS >= 2 * TDVF_MAX_SECTIONS + 7, "slots for every firmware");

void machine_slots(const struct machine *machine, struct td_config *td)
{
	uint64_t ram_end = machine->ram_bytes - machine->low_bytes + MACHINE_4G;
	bool firmware = machine->image.bytes != 0;

	td->nslots = 0;
	if (firmware)
		add_low_firmware(machine, td);
	else
		add_low(machine, td);

	/* The page of the local APIC is left out: a guest that reached it could send INIT to the monitor's CPUs. */
	add_slot(td, machine->low_bytes, LAPIC_PAGE, TD_SLOT_MMIO, 0);
	add_slot(td, LAPIC_PAGE + TDX_PAGE_SIZE, MACHINE_4G - machine->image.bytes, TD_SLOT_MMIO, 0);
	add_image(machine, td);
	if (machine->nram == 2)
		add_slot(td, machine->ram[1].gpa, machine->ram[1].gpa + machine->ram[1].bytes, TD_SLOT_RAM, firmware);

	/* 64-bit BARs: above all RAM of QEMU's, on its 1 GiB boundary, up to S. */
	add_slot(td, (ram_end + GIB(1) - 1) / GIB(1) * GIB(1), tdx_shared_bit(td->platform.gpaw), TD_SLOT_MMIO, 0);
}
