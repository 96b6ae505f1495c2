/* SPDX-License-Identifier: MIT */
/*
 * What the TD was created with: each word is what the command line says, which takes it from tdlab list platforms, or
 * else that of platforms/kvm.platform; and what follows from each flag is so ([mod:tdg_vp_vmcall.c],
 * [mod:tdg_vm_rd_wr.c], [linux:reduce_unnecessary_ve]).
 */
#include "abi/x86.h"
#include "payloads/lib/attempt.h"
#include "payloads/lib/gpr.h"
#include "payloads/lib/payload.h"
#include "payloads/conform.h"

enum word { ATTRIBUTES, XFAM, CONFIG_FLAGS, TD_CTLS, FEATURES, GPAW, TOPOLOGY, WORDS };

/* What [kvm:setup_tdparams] and [kvm:tdx_td_vcpu_init] come to; XFAM is what QEMU's TCG has of it. */
static const struct {
	const char *name;
	uint64_t kvm;
} words[WORDS] = {
	[ATTRIBUTES] = { "attributes", 0x10000000 }, [XFAM] = { "xfam", 0x207 }, [CONFIG_FLAGS] = { "config_flags", 0x4 },
	[TD_CTLS] = { "td_ctls", 0x7 }, [FEATURES] = { "features", 0x1f0fbf }, [GPAW] = { "gpaw", 0x30 },
	[TOPOLOGY] = { "topology", 1 },
};

/* NAME=0xHEX on the command line. Anything else there is a number that nothing equals. */
static uint64_t given(enum word word)
{
	char text[24];
	uint64_t value = 0;

	if (!payload_argument(words[word].name, text, sizeof(text)))
		return words[word].kvm;
	if (text[0] != '0' || text[1] != 'x')
		return ~0ull;
	for (const char *c = text + 2; *c; c++)
		value = value << 4 | (uint64_t)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
	return value;
}

static uint64_t read_field(uint64_t leaf, uint64_t id)
{
	uint64_t gpr[GPRS] = { [RAX] = leaf, [RDX] = id };

	tdcall(gpr);
	return gpr[RAX] == 0 ? gpr[R8] : ~0ull;
}

static uint64_t write_ctls(uint64_t value, uint64_t mask)
{
	uint64_t gpr[GPRS] = { [RAX] = TDG_VM_WR, [RDX] = TDX_FIELD_TD_CTLS, [R8] = value, [R9] = mask };

	tdcall(gpr);
	return tdx_code(gpr[RAX]);
}

static void word(enum word word, uint64_t got)
{
	conform_is(got, given(word), words[word].name);
}

/* A bit of TD_CTLS can be set if the module knows it, and cleared again. */
static void test_ctl(uint64_t bit, bool topology, const char *name)
{
	uint64_t now = read_field(TDG_VM_RD, TDX_FIELD_TD_CTLS), want = TDX_SUCCESS;

	if (!(given(TD_CTLS) & bit))
		want = TDX_FIELD_NOT_WRITABLE;
	else if (topology && !given(TOPOLOGY))
		want = TDX_FIELD_VALUE_NOT_VALID;
	conform_is(write_ctls(bit, bit), want, name);
	conform_is(read_field(TDG_VM_RD, TDX_FIELD_TD_CTLS), want == TDX_SUCCESS ? now | bit : now, "... and TD_CTLS says so");
	write_ctls(now, bit);
}

/* MCE, MTRR, MCA; and the TSC deadline. Without REDUCE_VE each CPU with TDX has them ([mod:cpuid_configurations.c]). */
static bool paravirtual(bool all)
{
	const uint32_t bits = 1u << 7 | 1u << 12 | 1u << 14;
	uint32_t out[4];

	conform_cpuid(1, 0, out);
	return (out[3] & bits) == (all ? bits : 0) && (out[2] >> 24 & 1) == all;
}

/* [ohcl:paravirt-ctls], [lkvs:tdx-compliance-cpuid.h]; without it these MSRs are a #VE ([mod:msr_config_lookup.c]). */
static void test_reduced(void)
{
	static const uint32_t msrs[] = { 0xfe, 0x200, 0x2ff, 0x179, 0x400 };
	uint64_t now = read_field(TDG_VM_RD, TDX_FIELD_TD_CTLS);
	bool reduced = (given(TD_CTLS) & TDX_CTLS_REDUCE_VE) && given(TOPOLOGY);
	unsigned int before = trap_log()->expected;
	uint32_t a, d;

	write_ctls(TDX_CTLS_REDUCE_VE, TDX_CTLS_REDUCE_VE);
	conform_ok(paravirtual(!reduced), "with REDUCE_VE there are no MCE, MTRR, MCA and TSC deadline; without there are");
	for (unsigned int i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
		trap_expect(reduced ? VECTOR_GP : VECTOR_VE, reduced ? 2 : 0);
		__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(msrs[i]));
	}
	conform_is(trap_log()->expected - before, sizeof(msrs) / sizeof(msrs[0]), "... each of their MSRs is #GP, else #VE");
	write_ctls(now, TDX_CTLS_REDUCE_VE);
}

TRAP_ATTEMPT(conform_write_pke, "mov %%rax, %%cr4")

/*
 * What goes with a state of XFAM: xfam_mask_* in [mod:cpuid_configurations.c], leaf 0xD in [mod:tdh_mng_init], CR4.PKE
 * in [mod:write_guest_cr4]. What XCR0 may hold is in conform_cr.c.
 */
static void test_xfam(void)
{
	static const struct {
		const char *name;
		uint32_t state, leaf, reg, bits;
	} rows[] = {
		{ "CPUID has AVX, FMA and F16C as XFAM has AVX", 2, 1, 2, 0x30001000 },
		{ "... and AVX2", 2, 7, 1, 0x20 },
		{ "... and VAES or VPCLMULQDQ", 2, 7, 2, 0x600 },
		{ "... and PKU as XFAM has PKRU", 9, 7, 2, 8 },
	};
	uint64_t xfam = given(XFAM), cr4;
	uint32_t out[4], last[4];

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		conform_cpuid(rows[i].leaf, 0, out);
		conform_is((out[rows[i].reg] & rows[i].bits) != 0, xfam >> rows[i].state & 1, rows[i].name);
	}
	conform_cpuid(0xd, 0, out);
	conform_is((uint64_t)out[3] << 32 | out[0], xfam, "CPUID 0xD has the states of XFAM");
	conform_cpuid(0xd, xfam >> 9 & 1 ? 9 : 2, last);
	conform_is(out[2], xfam >> 2 == 0 ? 576 : last[0] + last[1], "... and room for all of them");
	for (uint32_t state = 2; state < 10; state += 7) {
		conform_cpuid(0xd, state, out);
		conform_is(out[0] != 0, xfam >> state & 1, state == 2 ? "... AVX by itself" : "... PKRU by itself");
	}
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	conform_is(conform_write_pke(cr4 | 1 << 22, 0), xfam >> 9 & 1 ? 0 : VECTOR_GP, "CR4.PKE is there as XFAM has PKRU");
	conform_write_pke(cr4, 0);
}

void conform_platform(void)
{
	uint64_t flags = read_field(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS), ctls = read_field(TDG_VM_RD, TDX_FIELD_TD_CTLS);
	uint64_t gpr[GPRS] = { [RAX] = TDG_VP_VMCALL, [RCX] = TDX_MASK_R10_R15 | 1 << RBP, [R11] = GHCI_GET_TDVMCALL_INFO };
	uint64_t release[GPRS] = { [RAX] = TDG_MEM_PAGE_RELEASE, [RCX] = 8 };

	word(ATTRIBUTES, read_field(TDG_VM_RD, TDX_FIELD_ATTRIBUTES));
	word(XFAM, read_field(TDG_VM_RD, TDX_FIELD_XFAM));
	word(CONFIG_FLAGS, flags);
	word(FEATURES, read_field(TDG_SYS_RD, TDX_FIELD_SYS_TDX_FEATURES0));
	word(GPAW, payload_info.gpaw);
	conform_is(read_field(TDG_VM_RD, TDX_FIELD_TOPOLOGY_ENUM_CONFIGURED),
		   given(FEATURES) & TDX_FEATURE_TOPOLOGY_ENUM ? given(TOPOLOGY) : ~0ull, words[TOPOLOGY].name);
	conform_is(read_field(TDG_SYS_RD, TDX_FIELD_SYS_VENDOR_ID), 0x8086, "SYS.RD of VENDOR_ID");
	tdcall(gpr);
	conform_is(tdx_code(gpr[RAX]), flags & TDX_CONFIG_NO_RBP_MOD ? TDX_OPERAND_INVALID : TDX_SUCCESS,
		   "RBP in the mask of a TDVMCALL is refused where CONFIG_FLAGS has NO_RBP_MOD");
	conform_is(write_ctls(ctls ^ TDX_CTLS_PENDING_VE_DISABLE, TDX_CTLS_PENDING_VE_DISABLE),
		   flags & TDX_CONFIG_FLEXIBLE_PENDING_VE ? TDX_SUCCESS : TDX_FIELD_VALUE_NOT_VALID,
		   "TD_CTLS.PENDING_VE_DISABLE is the TD's where CONFIG_FLAGS has FLEXIBLE_PENDING_VE");
	write_ctls(ctls, TDX_CTLS_PENDING_VE_DISABLE);
	tdcall(release);
	conform_is(release[RAX], tdx_status(TDX_OPERAND_INVALID, flags & TDX_CONFIG_PAGE_RELEASE ? TD_RCX : TD_RAX),
		   "RELEASE is a leaf where CONFIG_FLAGS has PAGE_RELEASE");
	test_ctl(TDX_CTLS_ENUM_TOPOLOGY, true, "TD_CTLS.ENUM_TOPOLOGY, as there are x2APIC IDs");
	test_ctl(TDX_CTLS_VIRT_CPUID2, false, "TD_CTLS.VIRT_CPUID2");
	test_ctl(TDX_CTLS_REDUCE_VE, true, "TD_CTLS.REDUCE_VE");
	test_reduced();
	test_xfam();
}
