/* SPDX-License-Identifier: MIT */
/*
 * PCI Local Bus 3.0, 3.2.2.3.2 (ports) and 6.1; PCI-to-PCI Bridge 1.2, 3.2 (header type, subordinate bus);
 * Intel 3 Series Express Chipset datasheet, 5.1.16 (PCIEXBAR).
 */
#include "monitor/pci.h"

#include "monitor/io.h"

#define PORT_ADDRESS		0xcf8
#define PORT_DATA		0xcfc
#define ENABLE			0x80000000u
#define FUNCTIONS		256u
#define ID			0x00
#define HEADER_TYPE		0x0c	/* third byte */
#define PCIEXBAR		0x60	/* of the host bridge */
#define BUS_NUMBERS		0x18	/* third byte: subordinate */

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

uint64_t pci_config_base(void)
{
	uint64_t bar = pci_read(0, PCIEXBAR) | (uint64_t)pci_read(0, PCIEXBAR + 4) << 32;

	return bar & 1 ? bar & 0xff0000000ull : 0;
}
