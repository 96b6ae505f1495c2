/* SPDX-License-Identifier: MIT */
/* VE_INFO: what a #VE leaves for TDG.VP.VEINFO.GET, one at a time for each vCPU. */
#include "td/state.h"

/* Stores what happened and raises #VE; a second one before the first was read is a #DF ([mod:tdx_inject_ve]). */
enum td_action td_raise_ve(struct td *td, unsigned int vcpu, struct td_ve_info ve)
{
	if (td->mem->now.ve[vcpu].valid)
		return TD_DF;
	ve.valid = 1;
	td->mem->now.ve[vcpu] = ve;
	return TD_VE;
}

bool td_ve_pending(const struct td *td, unsigned int vcpu)
{
	return td->mem->now.ve[vcpu].valid;
}

void td_veinfo_get(struct td *td, unsigned int vcpu, struct td_regs *regs)
{
	struct td_ve_info *ve = &td->mem->now.ve[vcpu];
	uint64_t *r = regs->gpr;

	r[TD_RAX] = ve->valid ? 0 : tdx_status(TDX_NO_VALID_VE_INFO, 0);
	r[TD_RCX] = ve->reason;
	r[TD_RDX] = ve->qualification;
	r[TD_R8] = ve->gla;
	r[TD_R9] = ve->gpa;
	r[TD_R10] = ve->valid ? ve->length : 0;
	*ve = (struct td_ve_info){ .length = ve->length };
}
