/* SPDX-License-Identifier: MIT */
/*
 * The fw_cfg device as the guest sees it ([qemu:fw_cfg.rst]). It is QEMU's, but for four things:
 *
 *	The kernel that QEMU was started with is the monitor: what the guest finds instead is its own kernel, initrd and
 *	command line, or nothing.
 *	The DMA engine goes wherever it is told, into the monitor and into private memory. This one goes to the TD's shared
 *	memory only. A guest that is booted without firmware is not shown it.
 *	How much memory there is (RAM_SIZE, etc/e820 and its size in the directory, SMBIOS) is said of the guest, not of
 *	the machine.
 *	QEMU made the ACPI tables while SeaBIOS ran. In a copy of them MCFG names the addresses where PCI's configuration
 *	space is now.
 */
#ifndef MONITOR_QEMU_FWCFG_GUEST_H
#define MONITOR_QEMU_FWCFG_GUEST_H

#include <stdbool.h>
#include <stdint.h>

/*
 * firmware: the guest starts with one. The files of the kernel, if any, are looked up here. low, high: the guest's RAM
 * below and above 4 GiB.
 */
void fwcfg_guest_init(bool firmware, const char *cmdline, uint64_t low, uint64_t high);

/* True if the access is one to this device: then it is not to reach QEMU. *value in and out. */
bool fwcfg_guest_access(uint16_t port, unsigned int size, bool write, uint32_t *value);

/* What the above needs of QEMU's device; unit tests bring their own. */
void fwcfg_select(uint16_t key);
uint8_t fwcfg_next(void);
bool fwcfg_transfer(uint32_t control, uint64_t address, uint32_t bytes);	/* of the selected item */

#endif
