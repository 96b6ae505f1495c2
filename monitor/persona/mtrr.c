/* SPDX-License-Identifier: MIT */
/*
 * MTRRs as KVM serves them to a TD: kept, checked, and without effect ([kvm:tdx_has_emulated_msr] and
 * [kvm:kvm_mtrr_valid]; SDM volume 3, 12.11). The module shows them in CPUID and leaves them to the VMM. None is
 * enabled after reset.
 */
#include "image/bytes.h"
#include "monitor/persona/persona.h"

enum { MTRR_CAP = 0xfe, VARIABLE = 0x200, DEFAULT_TYPE = 0x2ff };
#define CAP_FIXED_WC		0x500u	/* fixed ranges, write-combining, no SMRR */
#define DEFAULT_RESERVED	(~0xcffull)
#define BASE_RESERVED		0xf00u
#define MASK_RESERVED		0x7ffu
#define TYPES			0x73u	/* UC WC WT WP WB */

static const uint16_t fixed[MTRR_FIXED] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e,
					    0x26f };

static uint64_t *find(struct mtrrs *mtrrs, uint32_t msr)
{
	if (msr == DEFAULT_TYPE)
		return &mtrrs->default_type;
	if (msr >= VARIABLE && msr < VARIABLE + 2 * MTRR_VARIABLE)
		return &mtrrs->variable[msr - VARIABLE];
	for (unsigned int i = 0; i < MTRR_FIXED; i++)
		if (fixed[i] == msr)
			return &mtrrs->fixed[i];
	return NULL;
}

static bool type_ok(uint64_t type)
{
	return type < 8 && TYPES >> type & 1;
}

static bool value_ok(uint32_t msr, uint64_t value, unsigned int physical_bits)
{
	uint64_t reserved = ~0ull << physical_bits;

	if (msr == DEFAULT_TYPE)
		return !(value & DEFAULT_RESERVED) && type_ok(value & 0xff);
	if (msr < VARIABLE + 2 * MTRR_VARIABLE)
		return msr % 2 != 0 ? !(value & (reserved | MASK_RESERVED)) :
				      !(value & (reserved | BASE_RESERVED)) && type_ok(value & 0xff);
	for (; value != 0; value >>= 8)
		if (!type_ok(value & 0xff))
			return false;
	return true;
}

bool mtrr_read(struct persona_vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	const uint64_t *mtrr = find(&vcpu->mtrrs, msr);

	if (mtrr == NULL && msr != MTRR_CAP)
		return false;
	*value = mtrr != NULL ? *mtrr : CAP_FIXED_WC | MTRR_VARIABLE;
	return true;
}

bool mtrr_write(struct persona_vcpu *vcpu, uint32_t msr, uint64_t value)
{
	uint64_t *mtrr = find(&vcpu->mtrrs, msr);
	uint32_t cpuid[4];

	persona_cpuid(vcpu, 0x80000008, 0, cpuid);
	if (mtrr == NULL || !value_ok(msr, value, cpuid[0] & 0xff))
		return false;
	*mtrr = value;
	return true;
}
