/* SPDX-License-Identifier: MIT */
#include "payloads/lib/payload.h"
#include "payloads/lib/pci.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc, BAR0 = 0x10, BAR_IO = 1, BAR_64 = 4, FUNCTIONS = 256 };

static uint32_t access(uint32_t device, unsigned int offset, bool write, uint32_t value)
{
	uint32_t address = 0x80000000u | device << 8 | (offset & 0xfc);

	if (vmcall_port(CONFIG_ADDRESS, 4, true, &address) != TDVMCALL_SUCCESS ||
	    vmcall_port(CONFIG_DATA, 4, write, &value) != TDVMCALL_SUCCESS)
		payload_panic("the VMM refuses PCI configuration of device", device);
	return value;
}

uint32_t pci_read(uint32_t device, unsigned int offset)
{
	return access(device, offset, false, 0);
}

void pci_write(uint32_t device, unsigned int offset, uint32_t value)
{
	access(device, offset, true, value);
}

uint32_t pci_find(uint16_t vendor, uint16_t id, uint16_t other_id)
{
	for (uint32_t device = 0; device < FUNCTIONS; device++) {
		uint32_t ids = pci_read(device, 0);

		if ((uint16_t)ids == vendor && (ids >> 16 == id || ids >> 16 == other_id))
			return device;
	}
	return PCI_NONE;
}

uint64_t pci_bar(uint32_t device, unsigned int bar)
{
	uint32_t low = pci_read(device, BAR0 + bar * 4);

	if (low & BAR_IO)
		return 0;
	return (low & BAR_64 ? (uint64_t)pci_read(device, BAR0 + bar * 4 + 4) << 32 : 0) | (low & ~0xfu);
}
