/* SPDX-License-Identifier: MIT */
#include "monitor/trap.h"

#include <stdint.h>

#include "monitor/panic.h"

#define VECTORS		32
#define STUB_BYTES	16
#define CODE_SELECTOR	0x08
#define GATE_INTERRUPT	0x8e00

struct gate {
	uint16_t low, selector, type, middle;
	uint32_t high, reserved;
};

struct __attribute__((packed)) table {
	uint16_t limit;
	uint64_t base;
};

extern const uint8_t trap_stubs[];

void trap(uint64_t vector, uint64_t error, uint64_t rip) __attribute__((noreturn));

static struct gate gates[VECTORS];

void trap(uint64_t vector, uint64_t error, uint64_t rip)
{
	uint64_t cr2;

	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	panic("exception %lu, error code 0x%lx, in the monitor at 0x%lx, CR2 0x%lx", vector, error, rip, cr2);
}

void trap_init(void)
{
	struct table idt = { sizeof(gates) - 1, (uint64_t)gates };

	for (unsigned int i = 0; i < VECTORS; i++) {
		uint64_t stub = (uint64_t)trap_stubs + i * STUB_BYTES;

		gates[i] = (struct gate){ (uint16_t)stub, CODE_SELECTOR, GATE_INTERRUPT, (uint16_t)(stub >> 16),
					  (uint32_t)(stub >> 32), 0 };
	}
	__asm__ volatile("lidt %0" : : "m"(idt));
}
