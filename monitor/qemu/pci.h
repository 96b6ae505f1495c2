/* SPDX-License-Identifier: MIT */
/* QEMU's PCI configuration space, for the monitor's own use and as the guest may change it. */
#ifndef MONITOR_QEMU_PCI_H
#define MONITOR_QEMU_PCI_H

#include <stdint.h>

#define PCI_NO_DEVICE	0xffffffffu

/* A register of a function on bus 0: device << 3 | function. The address port is left as it was. */
uint32_t pci_read(uint32_t function, uint32_t offset);
void pci_write(uint32_t function, uint32_t offset, uint32_t value);


/* The same, if that is what a write of this port, or of the configuration space in memory, comes to. */
void pci_check_port(uint16_t port, unsigned int size, uint32_t value);
void pci_check_memory(uint64_t address, unsigned int size, uint64_t value);

/* The highest bus number that the firmware gave out. */
uint8_t pci_last_bus(void);

/* Where QEMU's host bridge has PCI's configuration space in memory; 0: nowhere. */
uint64_t pci_config_base(void);

#endif
