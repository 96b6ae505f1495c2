/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_PCI_H
#define MONITOR_PCI_H

#include <stdint.h>

/* The highest bus number that the firmware gave out. */
uint8_t pci_last_bus(void);

#endif
