/* SPDX-License-Identifier: MIT */
/*
 * APIC IDs as QEMU gives them out: a package's cores take as many bits as number them, so that a package whose cores
 * are no power of two leaves IDs unused ([qemu:x86_apicid_from_cpu_idx]; SDM volume 3A, "Detecting Hardware
 * Multi-Threading Support and Topology").
 */
#ifndef WIRE_APIC_H
#define WIRE_APIC_H

#include <stdint.h>

/* Bits of an ID that number the cores of a package. */
static inline uint32_t apic_core_bits(uint32_t cores)
{
	uint32_t bits = 0;

	while (1u << bits < cores)
		bits++;
	return bits;
}

/* cores: of each package; 0: there is one package. */
static inline uint32_t apic_id(uint32_t cores, uint32_t vcpu)
{
	return cores == 0 ? vcpu : vcpu / cores << apic_core_bits(cores) | vcpu % cores;
}

#endif
