/* SPDX-License-Identifier: MIT */
/* PCI configuration space of bus 0 through ports 0xcf8 and 0xcfc, which QEMU's q35 has beside its memory window. */
#ifndef PAYLOADS_LIB_PCI_H
#define PAYLOADS_LIB_PCI_H

#include <stdint.h>

#define PCI_NONE	0xffffffffu

uint32_t pci_read(uint32_t device, unsigned int offset);		/* aligned, 32 bits */
void pci_write(uint32_t device, unsigned int offset, uint32_t value);

/* First function on bus 0 with this vendor and one of two device ids; PCI_NONE if there is none. */
uint32_t pci_find(uint16_t vendor, uint16_t id, uint16_t other_id);

/* Address of a memory BAR as the firmware has set it; 0 if it is none. */
uint64_t pci_bar(uint32_t device, unsigned int bar);

#endif
