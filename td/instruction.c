/* SPDX-License-Identifier: MIT */
/*
 * Which instructions the module reflects as #VE, answers itself or refuses: its CPUID and MSR tables
 * ([mod:td_cpuid.c], [mod:td_msr_access.c], [mod:msr_config_lookup.c]). Values are the
 * engine's.
 */
#include "td/state.h"

struct leaf_range {
	uint32_t leaf, first_sub, last_sub;
	uint64_t needs;		/* TD_CTLS bit that makes it native */
};

#define ANY_SUB 0, UINT32_MAX

/* Answered by the module. Everything else up to the last basic and extended leaf is a #VE. */
static const struct leaf_range native_leaves[] = {
	{ 0x00, ANY_SUB, 0 }, { 0x01, ANY_SUB, 0 }, { 0x02, ANY_SUB, TDX_CTLS_VIRT_CPUID2 }, { 0x03, ANY_SUB, 0 },
	{ 0x04, 0, 4, 0 }, { 0x05, ANY_SUB, 0 }, { 0x07, 0, 2, 0 }, { 0x08, ANY_SUB, 0 }, { 0x0a, ANY_SUB, 0 },
	{ 0x0b, 0, 2, TDX_CTLS_ENUM_TOPOLOGY }, { 0x0d, 0, 0x12, 0 }, { 0x0e, ANY_SUB, 0 }, { 0x11, ANY_SUB, 0 },
	{ 0x12, ANY_SUB, 0 }, { 0x13, ANY_SUB, 0 }, { 0x14, 0, 1, 0 }, { 0x15, ANY_SUB, 0 }, { 0x19, ANY_SUB, 0 },
	{ 0x1a, ANY_SUB, 0 }, { 0x1c, ANY_SUB, 0 }, { 0x1d, 0, 1, 0 }, { 0x1e, ANY_SUB, 0 },
	{ 0x1f, 0, 5, TDX_CTLS_ENUM_TOPOLOGY }, { 0x20, ANY_SUB, 0 }, { 0x21, 0, 0, 0 }, { 0x22, ANY_SUB, 0 },
	{ 0x23, 0, 3, 0 }, { 0x80000000, ANY_SUB, 0 }, { 0x80000001, ANY_SUB, 0 }, { 0x80000007, ANY_SUB, 0 },
	{ 0x80000008, ANY_SUB, 0 },
};

#define LAST_BASIC	0x23u
#define LAST_EXTENDED	0x80000008u
#define HYPERVISOR_BASE	0x40000000u
#define HYPERVISOR_LAST	0x4fffffffu

bool td_ve_reduced(const struct td *td)
{
	return td->mem->now.td_ctls & TDX_CTLS_REDUCE_VE;
}

/* REDUCE_VE gives what the two before it give ([linux:reduce_unnecessary_ve]). */
static enum td_action cpuid_class(const struct td *td, uint32_t leaf, uint32_t sub)
{
	uint64_t ctls = td->mem->now.td_ctls;

	if (td_ve_reduced(td))
		ctls |= TDX_CTLS_ENUM_TOPOLOGY | TDX_CTLS_VIRT_CPUID2;
	if (leaf >= HYPERVISOR_BASE && leaf <= HYPERVISOR_LAST)
		return TD_VE;
	if (leaf > LAST_EXTENDED || (leaf > LAST_BASIC && leaf < 0x80000000u))
		leaf = LAST_BASIC;
	for (unsigned int i = 0; i < sizeof(native_leaves) / sizeof(native_leaves[0]); i++) {
		const struct leaf_range r = native_leaves[i];

		if (r.leaf == leaf && sub >= r.first_sub && sub <= r.last_sub)
			return r.needs == 0 || (ctls & r.needs) ? TD_NATIVE : TD_VE;
	}
	return TD_VE;
}

/* The guest asked for a #VE of every CPUID at this privilege level ([mod:td_cpuid.c]). */
static bool cpuid_asked(const struct td *td, unsigned int vcpu, uint32_t cpl)
{
	return td->mem->now.cpuid_ve[vcpu] >> (cpl != 0) & 1;
}

struct msr_range {
	uint32_t first, last;
	enum td_action read, write;
};

/*
 * First match decides; what is not here is a #VE. Not offered to the TD: PERFMON, PT, CET, LBR, UINTR, XFD, PKS,
 * WAITPKG, TSX, DCA, TME, VMX. Numbers that reach the CPU although it does not have them, or not for writing, are #GP.
 */
static const struct msr_range msrs[] = {
	{ 0x010, 0x010, TD_NATIVE, TD_VE },		/* TSC */
	{ 0x048, 0x049, TD_NATIVE, TD_NATIVE },		/* SPEC_CTRL, PRED_CMD */
	{ 0x087, 0x087, TD_GP, TD_GP },			/* MKTME partitioning */
	{ 0x08c, 0x08f, TD_GP, TD_GP },			/* SGX public key hash */
	{ 0x098, 0x09b, TD_GP, TD_GP },			/* SEAM, SMM monitor */
	{ 0x09e, 0x09e, TD_GP, TD_GP },			/* SMBASE */
	{ 0x0bc, 0x0bc, TD_NATIVE, TD_VE },		/* MISC_PACKAGE_CTLS */
	{ 0x0bd, 0x0bd, TD_NATIVE, TD_GP },		/* XAPIC_DISABLE_STATUS */
	{ 0x0c1, 0x0c8, TD_GP, TD_GP },			/* PMCs */
	{ 0x0e1, 0x0e1, TD_GP, TD_GP },			/* UMWAIT_CONTROL */
	{ 0x10a, 0x10a, TD_NATIVE, TD_GP },		/* ARCH_CAPABILITIES */
	{ 0x10b, 0x10b, TD_NATIVE, TD_NATIVE },		/* FLUSH_CMD */
	{ 0x122, 0x122, TD_GP, TD_GP },			/* TSX_CTRL */
	{ 0x174, 0x176, TD_NATIVE, TD_NATIVE },		/* SYSENTER */
	{ 0x186, 0x18d, TD_GP, TD_GP },			/* PERFEVTSEL */
	{ 0x195, 0x195, TD_GP, TD_GP },			/* OVERCLOCKING_STATUS */
	{ 0x1a0, 0x1a0, TD_NATIVE, TD_VE },		/* MISC_ENABLE */
	{ 0x1a6, 0x1a7, TD_GP, TD_GP },			/* OFFCORE_RSP */
	{ 0x1c4, 0x1c5, TD_GP, TD_GP },			/* XFD */
	{ 0x1d9, 0x1d9, TD_NATIVE, TD_NATIVE },		/* DEBUGCTL */
	{ 0x1f8, 0x1fa, TD_GP, TD_GP },			/* DCA */
	{ 0x276, 0x276, TD_GP, TD_GP },
	{ 0x277, 0x277, TD_NATIVE, TD_NATIVE },		/* PAT */
	{ 0x309, 0x310, TD_GP, TD_GP },			/* fixed counters */
	{ 0x329, 0x329, TD_GP, TD_GP },			/* PERF_METRICS */
	{ 0x345, 0x345, TD_NATIVE, TD_GP },		/* PERF_CAPABILITIES */
	{ 0x38d, 0x392, TD_GP, TD_GP },			/* PMU control */
	{ 0x3f1, 0x3f2, TD_GP, TD_GP },			/* PEBS */
	{ 0x3f6, 0x3f7, TD_GP, TD_GP },
	{ 0x480, 0x480, TD_NATIVE, TD_GP },		/* VMX capabilities, for partitions of the TD */
	{ 0x481, 0x484, TD_VE, TD_GP },
	{ 0x485, 0x489, TD_NATIVE, TD_GP },
	{ 0x48a, 0x48a, TD_VE, TD_GP },
	{ 0x48b, 0x492, TD_NATIVE, TD_GP },
	{ 0x4c1, 0x4c8, TD_GP, TD_GP },			/* full-width PMCs */
	{ 0x500, 0x500, TD_GP, TD_GP },			/* SGX SVN status */
	{ 0x560, 0x561, TD_GP, TD_GP },			/* PT */
	{ 0x570, 0x572, TD_GP, TD_GP },
	{ 0x580, 0x587, TD_GP, TD_GP },
	{ 0x600, 0x600, TD_NATIVE, TD_NATIVE },		/* DS_AREA */
	{ 0x6a0, 0x6a0, TD_GP, TD_GP },			/* CET */
	{ 0x6a2, 0x6a2, TD_GP, TD_GP },
	{ 0x6a4, 0x6a8, TD_GP, TD_GP },
	{ 0x6e1, 0x6e1, TD_GP, TD_GP },			/* PKRS */
	{ 0x800, 0x801, TD_GP, TD_GP },			/* x2APIC holes; silent are those that APICv serves */
	{ 0x804, 0x807, TD_GP, TD_GP },
	{ 0x808, 0x80c, TD_NATIVE, TD_NATIVE },		/* TPR, PPR, EOI; the others read as memory */
	{ 0x80e, 0x80e, TD_NATIVE, TD_NATIVE },
	{ 0x810, 0x827, TD_NATIVE, TD_NATIVE },		/* ISR, TMR, IRR */
	{ 0x829, 0x82e, TD_GP, TD_GP },
	{ 0x831, 0x831, TD_GP, TD_GP },
	{ 0x83f, 0x83f, TD_NATIVE, TD_NATIVE },		/* SELF_IPI */
	{ 0x840, 0x8ff, TD_GP, TD_GP },
	{ 0x981, 0x984, TD_GP, TD_GP },			/* TME */
	{ 0x985, 0x98a, TD_GP, TD_GP },			/* UINTR */
	{ 0xc80, 0xc80, TD_NATIVE, TD_VE },		/* DEBUG_INTERFACE */
	{ 0xd90, 0xd90, TD_GP, TD_GP },
	{ 0xd93, 0xd93, TD_GP, TD_GP },
	{ 0xda0, 0xda0, TD_NATIVE, TD_NATIVE },		/* XSS */
	{ 0x1200, 0x12ff, TD_GP, TD_GP },		/* LBR */
	{ 0x14ce, 0x14cf, TD_GP, TD_GP },
	{ 0x1500, 0x16ff, TD_GP, TD_GP },
	{ 0x1b01, 0x1b01, TD_NATIVE, TD_NATIVE },	/* UARCH_MISC_CTL */
	{ 0xc0000080, 0xc0000082, TD_NATIVE, TD_NATIVE },	/* EFER, STAR, LSTAR */
	{ 0xc0000084, 0xc0000084, TD_NATIVE, TD_NATIVE },	/* FMASK */
	{ 0xc0000100, 0xc0000103, TD_NATIVE, TD_NATIVE },	/* FS, GS, KERNEL_GS, TSC_AUX */
};

/* MTRRs and machine checks: with REDUCE_VE a TD has neither, unless it asks for them by a field that is not here. */
static bool is_paravirtual(uint32_t msr)
{
	return msr == 0xfe || (msr >= 0x200 && msr <= 0x26f) || msr == 0x2ff || (msr >= 0x179 && msr <= 0x17b) ||
	       (msr >= 0x280 && msr <= 0x29f) || (msr >= 0x400 && msr <= 0x47f) || msr == 0x4d0;
}

static enum td_action msr_class(const struct td *td, uint32_t msr, bool write)
{
	if (td_ve_reduced(td) && is_paravirtual(msr))	/* [ohcl:paravirt-ctls] */
		return TD_GP;
	for (unsigned int i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
		if (msr >= msrs[i].first && msr <= msrs[i].last)
			return write ? msrs[i].write : msrs[i].read;
	return TD_VE;
}

enum td_action td_instruction(struct td *td, unsigned int vcpu, const struct td_instruction *in)
{
	struct td_ve_info ve = { .reason = in->reason, .qualification = in->qualification, .length = in->length };
	enum td_action class = TD_VE;

	td->mem->now.vcpu = vcpu;
	if (td->mem->now.stop != TD_RUNNING)
		return TD_STOP;
	if (in->reason == VE_CPUID)
		class = cpuid_asked(td, vcpu, in->cpl) ? TD_VE : cpuid_class(td, in->index, in->subleaf);
	else if (in->reason == VE_RDMSR || in->reason == VE_WRMSR)
		class = msr_class(td, in->index, in->reason == VE_WRMSR);
	return class == TD_VE ? td_raise_ve(td, vcpu, ve) : class;
}

void td_halt_mistaken(struct td *td, unsigned int vcpu, uint64_t rip)
{
	td->mem->now.vcpu = vcpu;
	td_violation(td, TD_V_HALT_BLOCKED, 0, 0, rip, 0);
}
