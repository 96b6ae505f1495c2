/* SPDX-License-Identifier: MIT */
/*
 * Who asks, in a guest that starts with firmware: its own code, boot loaders, or the kernel, in this order. Told by
 * where the code is, not by time: a boot loader has the firmware convert for it.
 */
#ifndef WIRE_PHASE_H
#define WIRE_PHASE_H

#include <stdint.h>

#include "image/pe.h"

#define PHASE_KERNEL_HALF (1ull << 63)	/* the kernel's: no image is looked for */

enum phase { PHASE_FIRMWARE, PHASE_LOADER, PHASE_KERNEL, PHASES };

/* kind: enum pe_kind of the image around rip. Code in none is somebody's who has left the firmware behind. */
static inline enum phase phase_of(uint64_t rip, uint64_t kind)
{
	if (rip >= PHASE_KERNEL_HALF)
		return PHASE_KERNEL;
	switch (kind) {
	case PE_ROM:
	case PE_DRIVER:
		return PHASE_FIRMWARE;
	case PE_LINUX:
		return PHASE_KERNEL;
	default:
		return PHASE_LOADER;
	}
}

#endif
