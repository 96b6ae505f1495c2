/* SPDX-License-Identifier: MIT */
/*
 * Machine-check registers as KVM serves them to a TD ([kvm:tdx_has_emulated_msr], [kvm:set_msr_mce]), in the number
 * that QEMU asks for ([qemu:MCE_CAP_DEF]): kept, checked, and without effect. No bank ever has an error. There is no
 * CMCI and no LMCE, so MCi_CTL2 and MCG_EXT_CTL are not there.
 */
#include <stddef.h>

#include "monitor/persona/persona.h"

enum { MCG_CAP = 0x179, MCG_STATUS, MCG_CTL, BANKS = 0x400, PER_BANK = 4, BANK_CTL = 0, BANK_STATUS = 1 };
#define MCG_CAP_VALUE	(1u << 24 | 1u << 8 | MCE_BANKS)	/* SER_P CTL_P */
#define ALL		(~0ull)
#define CTL_IGNORED	0x401ull	/* KVM does not mind them, as some guests clear them */

static uint64_t *find(struct mce *mce, uint32_t msr)
{
	if (msr >= BANKS && msr < BANKS + PER_BANK * MCE_BANKS)
		return &mce->banks[msr - BANKS];
	return msr == MCG_STATUS ? &mce->status : msr == MCG_CTL ? &mce->control : NULL;
}

void mce_init(struct mce *mce)
{
	*mce = (struct mce){ .control = ALL };
	for (uint32_t i = 0; i < MCE_BANKS; i++)
		mce->banks[PER_BANK * i + BANK_CTL] = ALL;
}

bool mce_read(struct mce *mce, uint32_t msr, uint64_t *value)
{
	const uint64_t *known = find(mce, msr);

	if (known == NULL && msr != MCG_CAP)
		return false;
	*value = known != NULL ? *known : MCG_CAP_VALUE;
	return true;
}

static bool value_ok(uint32_t msr, uint64_t value)
{
	if (msr == MCG_CTL)
		return value == 0 || value == ALL;
	if (msr < BANKS)
		return true;
	if (msr % PER_BANK == BANK_CTL)
		return value == 0 || (value | CTL_IGNORED) == ALL;
	return msr % PER_BANK != BANK_STATUS || value == 0;
}

bool mce_write(struct mce *mce, uint32_t msr, uint64_t value)
{
	uint64_t *known = find(mce, msr);

	if (known == NULL || !value_ok(msr, value))
		return false;
	*known = value;
	return true;
}
