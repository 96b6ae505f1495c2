/* SPDX-License-Identifier: MIT */
/* PCI Local Bus 3.0, 3.2.2.3.2 (ports) and 6.1; PCI-to-PCI Bridge 1.2, 3.2 (header type, subordinate bus). */
#include "monitor/pci.h"

#include "monitor/io.h"

#define PORT_ADDRESS		0xcf8
#define PORT_DATA		0xcfc
#define ENABLE			0x80000000u
#define FUNCTIONS		256u
#define ID			0x00
#define HEADER_TYPE		0x0c	/* third byte */
#define BUS_NUMBERS		0x18	/* third byte: subordinate */
#define NO_DEVICE		0xffffffffu

static uint32_t read_config(uint32_t function, uint32_t offset)
{
	out32(PORT_ADDRESS, ENABLE | function << 8 | offset);
	return in32(PORT_DATA);
}

uint8_t pci_last_bus(void)
{
	uint8_t last = 0;

	for (uint32_t function = 0; function < FUNCTIONS; function++) {
		uint8_t subordinate;

		if (read_config(function, ID) == NO_DEVICE || (read_config(function, HEADER_TYPE) >> 16 & 0x7f) != 1)
			continue;
		subordinate = (uint8_t)(read_config(function, BUS_NUMBERS) >> 16);
		if (subordinate > last)
			last = subordinate;
	}
	out32(PORT_ADDRESS, 0);
	return last;
}
