/* SPDX-License-Identifier: MIT */
/* The CPU and the local APIC underneath. */
#include "monitor/io.h"
#include "monitor/mem.h"
#include "monitor/persona/persona.h"

#define LAPIC_BASE	0xfee00000ull

/* ACPI 6.4, 4.8.3.3: the power management timer counts 3.579545 MHz in at least 24 bits. */
#define PM_TIMER_HZ	3579545ull
#define PM_TIMER_MASK	0xffffffu
#define PM_TICKS	(PM_TIMER_HZ / 20)	/* 50 ms */
#define TRIES		16
#define TSC_STEP	25000ull		/* what CPUID leaf 0x15 can say */

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	cpuid(leaf, subleaf, out);
}

static uint64_t tsc_offset;

uint64_t host_tsc(void)
{
	return rdtsc() + tsc_offset;
}

void host_tsc_set(uint64_t tsc)
{
	tsc_offset = tsc - rdtsc();
}

uint64_t host_tsc_offset(void)
{
	return tsc_offset;
}

void host_wrmsr(uint32_t msr, uint64_t value)
{
	wrmsr(msr, value);
}

uint32_t host_lapic_read(uint32_t offset)
{
	return (uint32_t)mem_device_read(LAPIC_BASE + offset, 4);
}

void host_lapic_write(uint32_t offset, uint32_t value)
{
	mem_device_write(LAPIC_BASE + offset, 4, value);
}

/* Both clocks at one moment: the tries that were torn apart by the host's scheduler are the wide ones. */
static uint32_t sample(uint16_t port, uint64_t *tsc)
{
	uint64_t narrowest = UINT64_MAX;
	uint32_t timer = 0;
	int i;

	for (i = 0; i < TRIES; i++) {
		uint64_t before = rdtsc();
		uint32_t now = in32(port) & PM_TIMER_MASK;
		uint64_t after = rdtsc();

		if (after - before < narrowest) {
			narrowest = after - before;
			timer = now;
			*tsc = before + narrowest / 2;
		}
	}
	return timer;
}

uint64_t persona_measure_tsc(uint16_t pm_timer_port)
{
	uint64_t tsc_start = 0, tsc_end = 0, hz;
	uint32_t start = sample(pm_timer_port, &tsc_start), ticks;

	while (((in32(pm_timer_port) - start) & PM_TIMER_MASK) < PM_TICKS)
		;
	ticks = (sample(pm_timer_port, &tsc_end) - start) & PM_TIMER_MASK;
	hz = (tsc_end - tsc_start) * PM_TIMER_HZ / ticks;
	return (hz + TSC_STEP / 2) / TSC_STEP * TSC_STEP;
}
