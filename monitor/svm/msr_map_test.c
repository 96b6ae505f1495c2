/* SPDX-License-Identifier: MIT */
/* Which MSRs of the guest's are the CPU's affair. */
#include <stdio.h>

#define tap_puts(text) fputs(text, stdout)
#include "monitor/svm/msr_map.h"
#include "wire/tap.h"

static bool passes(const uint8_t *map, uint32_t bit, unsigned int rights)
{
	return (map[bit / 4] >> (bit % 4 * 2) & 3) == (3 ^ rights);
}

int main(void)
{
	static uint8_t map[MSR_MAP_BYTES + 1];
	unsigned int i, clear = 0;

	map[MSR_MAP_BYTES] = 0x5a;
	msr_map_fill(map);
	tap_ok(passes(map, 0x10, 1), "TSC: reads only");
	tap_ok(passes(map, 0x174, 3) && passes(map, 0x2000 + 0x81, 3) && passes(map, 0x2000 + 0x84, 3),
	       "SYSENTER_CS, STAR, FMASK: both");
	tap_ok(passes(map, 0x2000 + 0x102, 1) && passes(map, 0x175, 1), "KERNEL_GS_BASE, SYSENTER_ESP: reads only");
	tap_ok(passes(map, 0x2000 + 0x80, 0) && passes(map, 0x2000 + 0x83, 0), "EFER and CSTAR exit");
	tap_ok(passes(map, 0x808, 0) && passes(map, 0x6e0, 0), "the APIC and its timer too");
	for (i = 0; i < MSR_MAP_BYTES * 8; i++)
		clear += !(map[i / 8] >> i % 8 & 1);
	tap_is(clear, 2 * 3 + 8, "nothing else passes");
	tap_is(map[MSR_MAP_BYTES], 0x5a, "8 KiB, not a byte more");
	return tap_done();
}
