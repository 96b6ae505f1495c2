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

_Static_assert(Q35_LOW_SPLIT - BIOS_TOP - MACHINE_RESERVE == MACHINE_MAX_SPLIT, "what the reserve leaves");

static uint64_t whole_2m(uint64_t bytes)
{
	return (bytes + TDX_2M_SIZE - 1) / TDX_2M_SIZE * TDX_2M_SIZE;
}

static bool sizes_ok(uint64_t guest_bytes, uint64_t split)
{
	return guest_bytes >= MACHINE_MIN_GUEST && guest_bytes <= MACHINE_MAX_GUEST && guest_bytes % MIB(1) == 0 &&
	       (split == 0 || (split >= MACHINE_MIN_SPLIT && split <= MACHINE_MAX_SPLIT && split % MIB(1) == 0));
}

/* The guest's banks behind its RAM, all in QEMU's RAM above 4 GiB. */
static void lay_out(struct machine *m, uint64_t low, uint64_t high)
{
	uint64_t bank = MACHINE_4G + whole_2m(high), image = bank + whole_2m(low) + whole_2m(high);

	m->low_bytes = Q35_LOW_SPLIT;
	m->nram = high != 0 ? 2 : 1;
	m->ram[0] = (struct machine_ram){ 0, low, bank };
	m->ram[1] = (struct machine_ram){ MACHINE_4G, high, bank + whole_2m(low) };
	m->image.bank = image;
	m->ram_bytes = m->low_bytes + image + (m->image.bytes != 0 ? TDVF_MAX_BYTES : 0) - MACHINE_4G;
	if (m->ram_bytes < Q35_LOW_ALL)
		m->ram_bytes = Q35_LOW_ALL;
}

/* How much of the guest's memory lies below 4 GiB. */
static uint64_t low_part(uint64_t guest_bytes, uint64_t split)
{
	uint64_t low = split != 0 ? split : guest_bytes;

	if (low > MACHINE_MAX_SPLIT)
		low = MACHINE_MAX_SPLIT;
	return low < guest_bytes ? low : guest_bytes;
}

bool machine_layout(struct machine *machine, uint64_t guest_bytes, uint64_t split, const struct tdvf_image *firmware)
{
	struct machine m = { .nram = 1, .ram_bytes = 2 * whole_2m(guest_bytes) + MACHINE_RESERVE + BIOS_TOP };
	uint64_t low = low_part(guest_bytes, split);

	if (!sizes_ok(guest_bytes, split))
		return false;
	if (firmware != NULL) {
		m.firmware = *firmware;
		m.image = (struct machine_ram){ MACHINE_4G - firmware->bytes, firmware->bytes, 0 };
	}
	if (firmware == NULL && split == 0 && m.ram_bytes < Q35_LOW_ALL) {
		m.low_bytes = m.ram_bytes;
		m.ram[0] = (struct machine_ram){ 0, guest_bytes, whole_2m(guest_bytes) };
	} else {
		lay_out(&m, low, guest_bytes - low);
	}
	m.reserve = m.low_bytes - BIOS_TOP - MACHINE_RESERVE;
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
