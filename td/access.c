/* SPDX-License-Identifier: MIT */
/*
 * Accesses that the EPT refused. Private ones end the TD, or are a #VE if the page is PENDING and the TD wants that;
 * shared ones are a #VE, are converted silently by the VMM, or end the TD too ([mod:td_ept_violation.c]; SDM 3C
 * "Convertible EPT violations"; [qemu:kvm_convert_memory]; [dragonball:vcpu_impl.rs]).
 */
#include "td/state.h"

#define LENGTH_AT_FIRST	15u	/* no #VE has left a length yet; a 0 would tell a guest that there is none */
#define QUAL_READ	(1u << 0)
#define QUAL_WRITE	(1u << 1)
#define QUAL_FETCH	(1u << 2)
#define QUAL_GLA	(3u << 7)	/* GLA valid, and the access was to it and not to a page table */

static enum td_action ept_ve(struct td *td, unsigned int vcpu, const struct td_access *a)
{
	uint32_t left = td->mem->now.ve[vcpu].length;
	struct td_ve_info ve = { .reason = VE_EPT_VIOLATION, .gla = a->gla, .gpa = a->gpa,
				 .length = left != 0 ? left : LENGTH_AT_FIRST };

	if (td_ve_pending(td, vcpu) && (a->gpa & td->mem->s))	/* no CPU converts it then; the exit has no answer */
		return td_end(td, TD_STOP_NESTED_VE, a->gpa, a->rip);
	ve.qualification = a->flags & TD_ACCESS_FETCH ? QUAL_FETCH : a->flags & TD_ACCESS_WRITE ? QUAL_WRITE : QUAL_READ;
	if (a->gla != 0)
		ve.qualification |= QUAL_GLA;
	return td_raise_ve(td, vcpu, ve);
}

/*
 * Where PENDING is a #VE, a guest may let that tell it what to accept: of memory that is its own by all that it knows.
 * Then it is the VMM's doing that no page is there at all.
 */
static struct td_judgement lazily(struct td *td, unsigned int vcpu, const struct td_access *a)
{
	enum td_real real = td_real(td, a->gpa);
	enum td_known known = td_known(td, a->gpa);

	if (known != TD_KNOWN_CLAIMED_PRIVATE)
		return td_judge(real, known, TD_PRIVATE, a->flags);
	return real == TD_REAL_PENDING ? td_use_pending(td, vcpu, a) :
					 (struct td_judgement){ TD_CLASS_VMM_CAUSED, TD_V_PENDING_ACCESS };
}

static enum td_action private_access(struct td *td, unsigned int vcpu, const struct td_access *a)
{
	enum td_real real = td_real(td, a->gpa);
	bool quiet = td->mem->now.td_ctls & TDX_CTLS_PENDING_VE_DISABLE;
	struct td_judgement j;

	if (real == TD_REAL_MAPPED) {
		td_use_accepted(td, a->gpa);
		return TD_AGAIN;
	}
	j = quiet ? td_judge(real, td_known(td, a->gpa), TD_PRIVATE, a->flags) : lazily(td, vcpu, a);
	td_report(td, j, a->gpa, 1, a->rip, a->gla);
	td->mem->now.blameless |= j.class == TD_CLASS_VMM_CAUSED;
	if (real == TD_REAL_PENDING && !quiet)
		return ept_ve(td, vcpu, a);
	return td_end(td, real == TD_REAL_PENDING ? TD_STOP_PENDING_ACCESS : TD_STOP_PRIVATE_LOST, a->gpa, a->rip);
}

static enum td_action shared_access(struct td *td, unsigned int vcpu, const struct td_access *a)
{
	uint64_t page = a->gpa & ~td->mem->s & ~(TDX_PAGE_SIZE - 1);
	uint32_t implicit = td->mem->config.behaviour.implicit;
	bool refused = td_real(td, page) != TD_REAL_SHARED && implicit != TD_IMPLICIT_CONVERT;
	struct td_judgement j = td_use(td, vcpu, a, refused);

	td_report(td, j, a->gpa, 1, a->rip, a->gla);
	td->mem->now.blameless |= refused && implicit == TD_IMPLICIT_STOP && j.class == TD_CLASS_VMM_CAUSED;
	if (refused && implicit == TD_IMPLICIT_STOP)
		return td_end(td, TD_STOP_IMPLICIT, a->gpa, a->rip);
	if (refused)
		return ept_ve(td, vcpu, a);
	td_sept_convert(td, page, 1, true);
	td_sept_show(td, page);
	return TD_AGAIN;
}

enum td_action td_access(struct td *td, unsigned int vcpu, const struct td_access *a)
{
	const struct td_slot *slot = td_slot_of(td, a->gpa);
	bool shared = a->gpa & td->mem->s;

	td->mem->now.vcpu = vcpu;
	if (td->mem->now.stop != TD_RUNNING)
		return TD_STOP;
	if (a->gpa >= td->mem->s << 1)	/* the CPU should have raised #PF: reserved bit */
		return td_end(td, TD_STOP_BAD_GPA, a->gpa, a->rip);
	if (slot != NULL && slot->kind == TD_SLOT_RAM) {
		if (td_mapped(td, a->gpa))
			return TD_AGAIN;	/* another vCPU was faster */
		return shared ? shared_access(td, vcpu, a) : private_access(td, vcpu, a);
	}
	if (shared)
		return ept_ve(td, vcpu, a);
	return td_end(td, TD_STOP_BAD_GPA, a->gpa, a->rip);
}
