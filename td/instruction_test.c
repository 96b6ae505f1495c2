/* SPDX-License-Identifier: MIT */
/* Which instructions are a #VE, which the module answers itself, and which it refuses. */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

static enum td_action cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct td_instruction in = { .reason = VE_CPUID, .length = 2, .index = leaf, .subleaf = subleaf };
	struct td_regs regs = { 0 };
	enum td_action action = td_instruction(fake.td, 0, &in);

	fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
	return action;
}

static enum td_action msr(uint32_t number, bool write)
{
	struct td_instruction in = { .reason = write ? VE_WRMSR : VE_RDMSR, .length = 2, .index = number };
	struct td_regs regs = { 0 };
	enum td_action action = td_instruction(fake.td, 0, &in);

	fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
	return action;
}

/* [mod:td_cpuid.c]: leaves answered by the module, with their highest subleaf; - any. */
static const struct { uint32_t leaf; int last; } native[] = {
	{ 0, -1 }, { 1, -1 }, { 3, -1 }, { 4, 4 }, { 5, -1 }, { 7, 2 }, { 8, -1 }, { 0xa, -1 }, { 0xd, 0x12 }, { 0xe, -1 },
	{ 0x11, -1 }, { 0x12, -1 }, { 0x13, -1 }, { 0x14, 1 }, { 0x15, -1 }, { 0x19, -1 }, { 0x1a, -1 }, { 0x1c, -1 },
	{ 0x1d, 1 }, { 0x1e, -1 }, { 0x20, -1 }, { 0x21, 0 }, { 0x22, -1 }, { 0x23, 3 }, { 0x80000000, -1 },
	{ 0x80000001, -1 }, { 0x80000007, -1 }, { 0x80000008, -1 },
};

static enum td_action cpuid_expected(uint32_t leaf, uint32_t subleaf)
{
	for (size_t i = 0; i < sizeof(native) / sizeof(native[0]); i++)
		if (native[i].leaf == leaf)
			return native[i].last < 0 || subleaf <= (uint32_t)native[i].last ? TD_NATIVE : TD_VE;
	return TD_VE;
}

static void test_cpuid(void)
{
	struct td_config c = fake_config(16);
	struct td_regs regs;
	uint32_t wrong = 0;

	fake_start(&c);
	for (uint32_t leaf = 0; leaf <= 0x23; leaf++)
		for (uint32_t subleaf = 0; subleaf < 0x40; subleaf++)
			wrong += cpuid(leaf, subleaf) != cpuid_expected(leaf, subleaf);
	for (uint32_t leaf = 0x80000000; leaf <= 0x80000008; leaf++)
		wrong += cpuid(leaf, 0) != cpuid_expected(leaf, 0);
	tap_is(wrong, 0, "basic and extended leaves, each as the module has it");
	tap_is(cpuid(0x24, 0), TD_NATIVE, "beyond the last basic leaf: answered as the last");
	tap_is(cpuid(0x3fffffff, 0), TD_NATIVE, "... up to the hypervisor's");
	tap_is(cpuid(0x80000009, 0), TD_NATIVE, "beyond the last extended leaf: the same");
	tap_is(cpuid(0xffffffff, 0), TD_NATIVE, "... to the end");
	tap_ok(cpuid(0x24, 4) == TD_VE && cpuid(0x80000009, 4) == TD_VE, "... which has four subleaves");
	tap_is(cpuid(0x40000000, 0), TD_VE, "the hypervisor's first leaf");
	tap_is(cpuid(0x4fffffff, 7), TD_VE, "... and last");
	tap_is(cpuid(2, 0), TD_VE, "leaf 2, unless the TD has it virtualised");
	c.platform.config_flags = TDX_CONFIG_FLEXIBLE_PENDING_VE;
	fake_start(&c);
	regs = (struct td_regs){ .gpr = { [TD_RDX] = TDX_FIELD_TD_CTLS, [TD_R8] = TDX_CTLS_VIRT_CPUID2, [TD_R9] = 4 } };
	fake_tdcall(0, TDG_VM_WR, 0, &regs);
	tap_is(cpuid(2, 0), TD_NATIVE, "... with TD_CTLS.VIRT_CPUID2");
	tap_is(cpuid(0xb, 0), TD_VE, "topology stays a #VE: it cannot be enabled");
}

/* [ohcl:paravirt-ctls]: what REDUCE_VE takes away is #GP. */
static void test_reduced(void)
{
	static const uint32_t gone[] = { 0xfe, 0x200, 0x26f, 0x2ff, 0x179, 0x17b, 0x280, 0x29f, 0x400, 0x47f, 0x4d0 };
	static const uint32_t kept[] = { 0xfd, 0x1ff, 0x270, 0x300, 0x178, 0x17c, 0x27f, 0x2a0, 0x3ff, 0x4d1, 0x6e0, 0x1b };
	struct td_config c = fake_config(16);
	struct td_regs regs;
	bool good = true;

	c.platform.topology = 1;
	c.platform.td_ctls |= TDX_CTLS_REDUCE_VE;
	fake_start(&c);
	tap_ok(msr(0xfe, false) == TD_VE && msr(0x400, true) == TD_VE, "MTRRs and machine checks are a #VE");
	regs = (struct td_regs){ .gpr = { [TD_RDX] = TDX_FIELD_TD_CTLS, [TD_R8] = TDX_CTLS_REDUCE_VE,
					  [TD_R9] = TDX_CTLS_REDUCE_VE } };
	fake_tdcall(0, TDG_VM_WR, 0, &regs);
	tap_ok(td_ve_reduced(fake.td), "TD_CTLS.REDUCE_VE is set");
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		good &= msr(gone[i], false) == TD_GP && msr(gone[i], true) == TD_GP;
	tap_ok(good, "... and they are #GP");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		good &= msr(kept[i], false) == TD_VE;
	tap_ok(good && msr(0x480, false) == TD_NATIVE, "... but not what lies beside them");
	tap_ok(cpuid(0xb, 0) == TD_NATIVE && cpuid(2, 0) == TD_NATIVE, "... topology and leaf 2 are the module's");
}

/*
 * [mod:msr_config_lookup.c], without PERFMON, PT, CET, LBR, UINTR, XFD, PKS, WAITPKG, TSX, DCA and TME.
 * N: done by the CPU or by the module, G: #GP, V: #VE; read, then write. What is not here is a #VE. Two that the module
 * passes to the CPU are read only there, so writing them is #GP at once.
 */
static const struct { uint32_t first, last; char read, write; } msrs[] = {
	{ 0x10, 0x10, 'N', 'V' }, { 0x48, 0x49, 'N', 'N' }, { 0x87, 0x87, 'G', 'G' }, { 0x8c, 0x8f, 'G', 'G' },
	{ 0x98, 0x9b, 'G', 'G' }, { 0x9e, 0x9e, 'G', 'G' }, { 0xbc, 0xbc, 'N', 'V' }, { 0xbd, 0xbd, 'N', 'G' },
	{ 0xc1, 0xc8, 'G', 'G' }, { 0xe1, 0xe1, 'G', 'G' }, { 0x10a, 0x10a, 'N', 'G' }, { 0x10b, 0x10b, 'N', 'N' },
	{ 0x122, 0x122, 'G', 'G' }, { 0x174, 0x176, 'N', 'N' }, { 0x186, 0x18d, 'G', 'G' }, { 0x195, 0x195, 'G', 'G' },
	{ 0x1a0, 0x1a0, 'N', 'V' }, { 0x1a6, 0x1a7, 'G', 'G' }, { 0x1c4, 0x1c5, 'G', 'G' }, { 0x1d9, 0x1d9, 'N', 'N' },
	{ 0x1f8, 0x1fa, 'G', 'G' }, { 0x276, 0x276, 'G', 'G' }, { 0x277, 0x277, 'N', 'N' }, { 0x309, 0x310, 'G', 'G' },
	{ 0x329, 0x329, 'G', 'G' }, { 0x345, 0x345, 'N', 'G' }, { 0x38d, 0x392, 'G', 'G' }, { 0x3f1, 0x3f2, 'G', 'G' },
	{ 0x3f6, 0x3f7, 'G', 'G' }, { 0x480, 0x480, 'N', 'G' }, { 0x481, 0x484, 'V', 'G' }, { 0x485, 0x489, 'N', 'G' },
	{ 0x48a, 0x48a, 'V', 'G' }, { 0x48b, 0x492, 'N', 'G' }, { 0x4c1, 0x4c8, 'G', 'G' }, { 0x500, 0x500, 'G', 'G' },
	{ 0x560, 0x561, 'G', 'G' }, { 0x570, 0x572, 'G', 'G' }, { 0x580, 0x587, 'G', 'G' }, { 0x600, 0x600, 'N', 'N' },
	{ 0x6a0, 0x6a0, 'G', 'G' }, { 0x6a2, 0x6a2, 'G', 'G' }, { 0x6a4, 0x6a8, 'G', 'G' }, { 0x6e1, 0x6e1, 'G', 'G' },
	{ 0x800, 0x801, 'G', 'G' }, { 0x804, 0x807, 'G', 'G' }, { 0x808, 0x80c, 'N', 'N' },
	{ 0x80e, 0x80e, 'N', 'N' }, { 0x810, 0x827, 'N', 'N' },
	{ 0x829, 0x82e, 'G', 'G' }, { 0x831, 0x831, 'G', 'G' }, { 0x83f, 0x83f, 'N', 'N' }, { 0x840, 0x8ff, 'G', 'G' },
	{ 0x981, 0x984, 'G', 'G' }, { 0x985, 0x98a, 'G', 'G' }, { 0xc80, 0xc80, 'N', 'V' }, { 0xd90, 0xd90, 'G', 'G' },
	{ 0xd93, 0xd93, 'G', 'G' }, { 0xda0, 0xda0, 'N', 'N' }, { 0x1200, 0x12ff, 'G', 'G' }, { 0x14ce, 0x14cf, 'G', 'G' },
	{ 0x1500, 0x16ff, 'G', 'G' }, { 0x1b01, 0x1b01, 'N', 'N' }, { 0xc0000080, 0xc0000082, 'N', 'N' },
	{ 0xc0000084, 0xc0000084, 'N', 'N' }, { 0xc0000100, 0xc0000103, 'N', 'N' },
};

static enum td_action msr_expected(uint32_t number, bool write)
{
	for (size_t i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
		if (number >= msrs[i].first && number <= msrs[i].last) {
			char class = write ? msrs[i].write : msrs[i].read;

			return class == 'N' ? TD_NATIVE : class == 'G' ? TD_GP : TD_VE;
		}
	return TD_VE;
}

static void compare_msrs(uint32_t first, uint32_t last, const char *name)
{
	uint32_t wrong = 0;

	for (uint32_t n = first; n <= last; n++)
		for (int write = 0; write < 2; write++) {
			if (msr(n, write) == msr_expected(n, write))
				continue;
			if (wrong++ < 5)
				printf("# %s of MSR 0x%x: %d, expected %d\n", write ? "write" : "read", n,
				       (int)msr(n, write), (int)msr_expected(n, write));
		}
	tap_is(wrong, 0, name);
}

static void test_msrs(void)
{
	struct td_config c = fake_config(16);

	fake_start(&c);
	compare_msrs(0, 0x1fff, "low MSRs, each as the module has it");
	compare_msrs(0xc0000000, 0xc0001fff, "high MSRs");
	tap_is(msr(0x40000000, false), TD_VE, "Hyper-V's: #VE");
	tap_is(msr(0x4b564d01, true), TD_VE, "KVM's: #VE");
	tap_is(msr(0x830, true), TD_VE, "x2APIC ICR: #VE");
	tap_is(msr(0x80b, true), TD_NATIVE, "x2APIC EOI: silent");
	tap_is(msr(0x6e0, true), TD_VE, "TSC deadline: #VE");
}

static void test_reflected(void)
{
	static const uint32_t reasons[] = { VE_HLT, VE_INVD, VE_VMCALL, VE_CR_ACCESS, VE_IO, VE_WBINVD, VE_APIC_WRITE,
					    VE_PCONFIG, VE_MONITOR, VE_MWAIT };
	struct td_config c = fake_config(16);

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct td_instruction in = { .reason = reasons[i], .length = 3, .qualification = 0x123, .cpl = 3 };
		struct td_regs regs = { 0 };
		char name[32];

		snprintf(name, sizeof(name), "reason %u is a #VE", reasons[i]);
		fake_start(&c);
		tap_is(td_instruction(fake.td, 0, &in), TD_VE, name);
		fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
		tap_ok(regs.gpr[TD_RAX] == 0 && regs.gpr[TD_RCX] == reasons[i] && regs.gpr[TD_RDX] == 0x123 &&
		       regs.gpr[TD_R8] == 0 && regs.gpr[TD_R9] == 0 && regs.gpr[TD_R10] == 3, "... and says so");
	}
	td_stop(fake.td, TD_STOP_ENGINE);
	tap_is(td_instruction(fake.td, 0, &(struct td_instruction){ .reason = VE_CPUID }), TD_STOP, "after the end: nothing");
}

int main(void)
{
	test_cpuid();
	test_reduced();
	test_msrs();
	test_reflected();
	return tap_done();
}
