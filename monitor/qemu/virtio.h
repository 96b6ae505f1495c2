/* SPDX-License-Identifier: MIT */
/*
 * What the guest tells its virtio devices to use, looked at when it notifies them: the rings, and the buffers of all
 * that has become available since the last time. Memory that is not shared is a finding with a place and a time
 * (td_device()); what a device does unasked is left to the twins of private pages (td_sept_check_twins()).
 */
#ifndef MONITOR_QEMU_VIRTIO_H
#define MONITOR_QEMU_VIRTIO_H

#include <stdint.h>

/* Looks for the devices, once, before the guest runs. */
void virtio_init(void);

/* The guest has written PCI's configuration ports: registers may have moved. */
void virtio_moved(void);

/* The guest is about to write a device register. */
void virtio_write(uint64_t address, unsigned int size, uint64_t value);

#endif
