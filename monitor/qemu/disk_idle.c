/* SPDX-License-Identifier: MIT */
#include "monitor/qemu/disk_idle.h"

#include <stdbool.h>

#include "monitor/io.h"
#include "monitor/qemu/pci.h"
#include "wire/machine.h"

#define FUNCTION	(MACHINE_SETTLE_DEVICE << 3 | MACHINE_SETTLE_FUNCTION)
#define ID		0x00
#define COMMAND		0x04
#define COMMAND_IO	1u
#define BAR0		0x10
#define PORTS		0xfe00u	/* above what SeaBIOS gives out, from 0xc000 on */
#define STATUS		18	/* Virtio 1.2, 4.1.4.10: legacy device status; 0 resets */

static bool present;

void disk_idle_init(void)
{
	present = pci_read(FUNCTION, ID) != PCI_NO_DEVICE;
	if (!present)
		return;
	pci_write(FUNCTION, BAR0, PORTS);
	pci_write(FUNCTION, COMMAND, COMMAND_IO);
}

void disk_idle_wait(void)
{
	if (present)
		out8(PORTS + STATUS, 0);
}
