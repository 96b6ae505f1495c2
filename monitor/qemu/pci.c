/* SPDX-License-Identifier: MIT */
/*
 * PCI Local Bus 3.0, 3.2.2.3.2 (ports) and 6.1; PCI-to-PCI Bridge 1.2, 3.2 (header type, subordinate bus);
 * Intel 3 Series Express Chipset datasheet, 5.1.16 (PCIEXBAR).
 */
#include "monitor/qemu/pci.h"

#include "monitor/io.h"
#include "monitor/panic.h"
#include "monitor/state.h"

#define PORT_ADDRESS		0xcf8
#define PORT_DATA		0xcfc
#define ENABLE			0x80000000u
#define FUNCTIONS		256u
#define ID			0x00
#define HEADER_TYPE		0x0c	/* third byte */
#define PCIEXBAR		0x60	/* of the host bridge */
#define BUS_NUMBERS		0x18	/* third byte: subordinate */
#define LPC_BRIDGE		(0x1fu << 3)
#define RCBA			0xf0	/* of the LPC bridge */
#define RCBA_BYTES		0x4000ull
#define ON			1u	/* of both */
#define CONFIG_BYTES		0x1000u	/* of a function, in memory */
#define BUS_FUNCTIONS		256u

uint32_t pci_read(uint32_t function, uint32_t offset)
{
	uint32_t address = in32(PORT_ADDRESS), value;

	out32(PORT_ADDRESS, ENABLE | function << 8 | offset);
	value = in32(PORT_DATA);
	out32(PORT_ADDRESS, address);
	return value;
}

void pci_write(uint32_t function, uint32_t offset, uint32_t value)
{
	uint32_t address = in32(PORT_ADDRESS);

	out32(PORT_ADDRESS, ENABLE | function << 8 | offset);
	out32(PORT_DATA, value);
	out32(PORT_ADDRESS, address);
}

uint8_t pci_last_bus(void)
{
	uint8_t last = 0;

	for (uint32_t function = 0; function < FUNCTIONS; function++) {
		uint8_t subordinate;

		if (pci_read(function, ID) == PCI_NO_DEVICE || (pci_read(function, HEADER_TYPE) >> 16 & 0x7f) != 1)
			continue;
		subordinate = (uint8_t)(pci_read(function, BUS_NUMBERS) >> 16);
		if (subordinate > last)
			last = subordinate;
	}
	return last;
}

/* Of the host bridge's PCIEXBAR, of which bits 2:1 say how much of it there is. */
static uint64_t config_base(uint64_t bar, uint64_t *bytes)
{
	*bytes = (256ull << 20) >> (bar >> 1 & 3);
	return bar & 0xffc000000ull & ~(*bytes - 1);
}

uint64_t pci_config_base(void)
{
	uint64_t bar = pci_read(0, PCIEXBAR) | (uint64_t)pci_read(0, PCIEXBAR + 4) << 32, bytes;

	return bar & ON ? config_base(bar, &bytes) : 0;
}

static bool is_ram(uint64_t address, uint64_t bytes)
{
	const struct machine *m = &config.machine;

	return address < m->low_bytes ||
	       (address + bytes > MACHINE_4G && address < MACHINE_4G + (m->ram_bytes - m->low_bytes));
}

/* Of a register, after a write of some of its bytes. */
static uint32_t written(uint32_t function, uint32_t at, uint32_t offset, unsigned int size, uint32_t value)
{
	uint32_t whole = pci_read(function, at);

	for (unsigned int i = 0; i < size; i++) {
		unsigned int byte = offset + i - at;

		if (byte < 4)
			whole = (whole & ~(0xffu << 8 * byte)) | (value >> 8 * i & 0xff) << 8 * byte;
	}
	return whole;
}

/*
 * The guest is about to write these bytes of a function's configuration space: blames it if QEMU then puts a window
 * of the chipset's over RAM, from where the monitor runs as well. BARs lie below RAM and hide nothing.
 */
static void check_write(uint32_t function, uint32_t offset, unsigned int size, uint32_t value)
{
	uint64_t bar, base, bytes;

	if (function == 0 && offset + size > PCIEXBAR && offset < PCIEXBAR + 8) {
		bar = written(0, PCIEXBAR, offset, size, value) | (uint64_t)written(0, PCIEXBAR + 4, offset, size, value) << 32;
		base = config_base(bar, &bytes);
		if (bar & ON && is_ram(base, bytes))
			blame("moved PCI's configuration space over RAM, to 0x%lx", base);
	}
	if (function == LPC_BRIDGE && offset + size > RCBA && offset < RCBA + 4) {
		bar = written(LPC_BRIDGE, RCBA, offset, size, value);
		base = bar & ~(RCBA_BYTES - 1);
		if (bar & ON && is_ram(base, RCBA_BYTES))
			blame("moved the chipset's root complex registers over RAM, to 0x%lx", base);
	}
}

void pci_check_port(uint16_t port, unsigned int size, uint32_t value)
{
	uint32_t address;

	if (port < PORT_DATA || port >= PORT_DATA + 4)
		return;
	address = in32(PORT_ADDRESS);
	if (address & ENABLE)
		check_write(address >> 8 & 0xffff, (address & 0xfc) + port - PORT_DATA, size, value);
}

void pci_check_memory(uint64_t address, unsigned int size, uint64_t value)
{
	uint64_t base = pci_config_base();

	if (base != 0 && address >= base && address - base < BUS_FUNCTIONS * CONFIG_BYTES && size <= 4)
		check_write((uint32_t)((address - base) / CONFIG_BYTES), (uint32_t)(address % CONFIG_BYTES), size,
				(uint32_t)value);
}
