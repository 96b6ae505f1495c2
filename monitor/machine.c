/* SPDX-License-Identifier: MIT */
#include "monitor/machine.h"

#define MIB(n)		((uint64_t)(n) << 20)
#define GIB(n)		((uint64_t)(n) << 30)
#define Q35_LOW_ALL	0xb0000000ull	/* less RAM than this is contiguous */
#define Q35_LOW_SPLIT	0x80000000ull	/* else this much is below 4 GiB */
#define BIOS_TOP	MIB(2)		/* SeaBIOS keeps its tables at the top of low RAM */
#define VGA_START	0xa0000ull
#define ROM_START	0xc0000ull
#define LOW_END		0x100000ull
#define LAPIC_PAGE	0xfee00000ull

bool machine_layout(struct machine *machine, uint64_t guest_bytes)
{
	struct machine m = { .nram = 1 };
	uint64_t high;

	if (guest_bytes < MACHINE_MIN_GUEST || guest_bytes > MACHINE_MAX_GUEST || guest_bytes % TDX_2M_SIZE != 0)
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

uint64_t machine_file_offset(const struct machine *machine, uint64_t address)
{
	return address < MACHINE_4G ? address : address - MACHINE_4G + machine->low_bytes;
}

static void add_slot(struct td_config *td, uint64_t start, uint64_t end, enum td_slot_kind kind)
{
	td->slots[td->nslots++] = (struct td_slot){ start, (end - start) / TDX_PAGE_SIZE, kind, 0 };
}

void machine_slots(const struct machine *machine, struct td_config *td)
{
	uint64_t ram_end = machine->ram_bytes - machine->low_bytes + MACHINE_4G;

	td->nslots = 0;
	add_slot(td, 0, VGA_START, TD_SLOT_RAM);
	add_slot(td, VGA_START, ROM_START, TD_SLOT_MMIO);
	add_slot(td, ROM_START, LOW_END, TD_SLOT_ROM);
	add_slot(td, LOW_END, machine->ram[0].bytes, TD_SLOT_RAM);

	/* The page of the local APIC is left out: a guest that reached it could send INIT to the monitor's CPUs. */
	add_slot(td, machine->low_bytes, LAPIC_PAGE, TD_SLOT_MMIO);
	add_slot(td, LAPIC_PAGE + TDX_PAGE_SIZE, MACHINE_4G, TD_SLOT_MMIO);
	if (machine->nram == 2)
		add_slot(td, machine->ram[1].gpa, machine->ram[1].gpa + machine->ram[1].bytes, TD_SLOT_RAM);

	/* 64-bit BARs: above all RAM of QEMU's, on its 1 GiB boundary, up to S. */
	add_slot(td, (ram_end + GIB(1) - 1) / GIB(1) * GIB(1), tdx_shared_bit(td->gpaw), TD_SLOT_MMIO);
}
