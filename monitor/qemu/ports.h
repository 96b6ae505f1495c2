/* SPDX-License-Identifier: MIT */
/* Port I/O as the VMM serves it: QEMU's devices, but for those that would end the machine or reach the monitor. */
#ifndef MONITOR_QEMU_PORTS_H
#define MONITOR_QEMU_PORTS_H

#include <stdint.h>

uint32_t ports_read(uint16_t port, unsigned int size);
void ports_write(uint16_t port, unsigned int size, uint32_t value);

#endif
