/* SPDX-License-Identifier: MIT */
/*
 * What the TD was created with: each word is what the command line says, which takes it from tdlab list platforms; and
 * what follows from each flag is so ([mod:tdg_vp_vmcall.c], [mod:tdg_vm_rd_wr.c], [linux:reduce_unnecessary_ve]).
 */
#include "payloads/lib/gpr.h"
#include "payloads/lib/payload.h"
#include "payloads/conform.h"

/* NAME=0xHEX on the command line. */
static bool given(const char *name, uint64_t *value)
{
	char text[24];

	if (!payload_argument(name, text, sizeof(text)) || text[0] != '0' || text[1] != 'x')
		return false;
	*value = 0;
	for (const char *c = text + 2; *c; c++)
		*value = *value << 4 | (uint64_t)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
	return true;
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

static void word(const char *name, uint64_t got)
{
	uint64_t want;

	if (given(name, &want))
		conform_is(got, want, name);
}

/* A bit of TD_CTLS can be set if the module knows it, and cleared again. */
static void test_ctl(uint64_t bit, bool topology, const char *name)
{
	uint64_t known = 0, now = read_field(TDG_VM_RD, TDX_FIELD_TD_CTLS), want = TDX_SUCCESS;

	if (!given("td_ctls", &known))
		return;
	if (!(known & bit))
		want = TDX_FIELD_NOT_WRITABLE;
	else if (topology && read_field(TDG_VM_RD, TDX_FIELD_TOPOLOGY_ENUM_CONFIGURED) != 1)
		want = TDX_FIELD_VALUE_NOT_VALID;
	conform_is(write_ctls(bit, bit), want, name);
	conform_is(read_field(TDG_VM_RD, TDX_FIELD_TD_CTLS), want == TDX_SUCCESS ? now | bit : now, "... and TD_CTLS says so");
	write_ctls(now, bit);
}

/* [ohcl:paravirt-ctls], [lkvs:tdx-compliance-cpuid.h]; without it these MSRs are a #VE. */
static void test_reduced(void)
{
	static const uint32_t msrs[] = { 0xfe, 0x200, 0x2ff, 0x179, 0x400 };
	uint64_t now = read_field(TDG_VM_RD, TDX_FIELD_TD_CTLS);
	unsigned int before = trap_log()->expected;
	uint32_t a = 1, b, c = 0, d;

	if (write_ctls(TDX_CTLS_REDUCE_VE, TDX_CTLS_REDUCE_VE) != TDX_SUCCESS)
		return;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	conform_is(d & (1u << 7 | 1u << 12 | 1u << 14), 0, "with REDUCE_VE there are no MCE, MTRR and MCA");
	conform_is(c >> 24 & 1, 0, "... and no TSC deadline");
	for (unsigned int i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
		trap_expect(VECTOR_GP, 2);
		__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(msrs[i]));
	}
	conform_is(trap_log()->expected - before, sizeof(msrs) / sizeof(msrs[0]), "... and each of their MSRs is #GP");
	write_ctls(now, TDX_CTLS_REDUCE_VE);
}

void conform_platform(void)
{
	uint64_t flags = read_field(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS), ctls = read_field(TDG_VM_RD, TDX_FIELD_TD_CTLS);
	uint64_t gpr[GPRS] = { [RAX] = TDG_VP_VMCALL, [RCX] = TDX_MASK_R10_R15 | 1 << RBP, [R11] = GHCI_GET_TDVMCALL_INFO };
	uint64_t release[GPRS] = { [RAX] = TDG_MEM_PAGE_RELEASE, [RCX] = 8 };

	word("attributes", read_field(TDG_VM_RD, TDX_FIELD_ATTRIBUTES));
	word("xfam", read_field(TDG_VM_RD, TDX_FIELD_XFAM));
	word("config_flags", flags);
	word("features", read_field(TDG_SYS_RD, TDX_FIELD_SYS_TDX_FEATURES0));
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
}
