/* SPDX-License-Identifier: MIT */
#include "monitor/svm/msr_map.h"

#include "image/bytes.h"
#include "monitor/persona/persona.h"

/* Three ranges of 8192 MSRs, two bits each, the even one for reads; nothing is in the third. */
static void pass(uint8_t map[MSR_MAP_BYTES], uint32_t msr, bool writes)
{
	uint32_t bit = msr < 0x2000 ? msr : 0x2000 + (msr - 0xc0000000u);

	map[bit / 4] &= (uint8_t)~((writes ? 3 : 1) << (bit % 4 * 2));
}

void msr_map_fill(uint8_t map[MSR_MAP_BYTES])
{
	uint32_t msr;
	bool writes;

	memset(map, 0xff, MSR_MAP_BYTES);
	for (uint32_t i = 0; persona_cpu_msr(i, &msr, &writes); i++)
		pass(map, msr, writes);
}
