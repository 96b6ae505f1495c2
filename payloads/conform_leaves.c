/* SPDX-License-Identifier: MIT */
/*
 * Leaves beside those of conversion: measurement and reports, metadata by its next field, #VE of CPUID, and what needs
 * nested TDs or service TDs, of which this TD has none. The rule of each row is where its table or function says.
 */
#include "payloads/lib/gpr.h"
#include "payloads/lib/payload.h"
#include "payloads/conform.h"

#define INVALID(n)	tdx_status(TDX_OPERAND_INVALID, n)
#define KEPT		0x123456789abcdef0ull
#define NO_FIELD	~0ull
#define NULL_FIELD	~0ull
#define RTMR_OF_ZEROES	0xf57bb7ed82c6ae4aull	/* head -c 96 /dev/zero | sha384sum, its first bytes */
#define GUEST_RIP	0x681eu		/* SDM 3D, "Field Encoding in VMCS"; [mod:td_vmcs_lookup] */

enum { REPORT_TYPE = 0x81, REPORT_BYTES = 1024, REPORT_DATA = 128, REPORT_TDINFO = 512, TDINFO_XFAM = 8,
       TDINFO_RTMR = 208, DIGEST = 48 };

/* Private, and a page each. */
static uint8_t report[4096] __attribute__((aligned(4096))), data[4096] __attribute__((aligned(4096)));

static uint64_t gpa_of(const void *at)
{
	return (uint64_t)(uintptr_t)at;
}

/* RAX of the leaf; all that it may change is left in gpr. */
static uint64_t leaf(uint64_t gpr[GPRS], uint64_t rax, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	memset(gpr, 0, GPRS * sizeof(gpr[0]));
	gpr[RAX] = rax;
	gpr[RCX] = rcx;
	gpr[RDX] = rdx;
	gpr[R8] = r8;
	gpr[R9] = ~0ull;	/* all bits, of what is written */
	tdcall(gpr);
	return gpr[RAX];
}

/* [mod:tdg_vp_enter], [mod:tdg_vp_invept], [mod:tdg_vp_invvpid], [mod:tdg_servtd_rd_wr.c]. */
static void test_absent(void)
{
	const uint64_t s = payload_info.shared, at = gpa_of(data);
	const struct {
		const char *name;
		uint64_t leaf, rcx, rdx, r8, status;
	} rows[] = {
		{ "VP.ENTER of the first nested TD", TDG_VP_ENTER, 1ull << 52, at, 0, INVALID(RCX) },
		{ "... its list of registers is looked at first: alignment", TDG_VP_ENTER, 0, at + 8, 0, INVALID(RDX) },
		{ "... and that it is private", TDG_VP_ENTER, 0, at | s, 0, INVALID(RDX) },
		{ "VP.INVEPT of no nested TD", TDG_VP_INVEPT, 0, 0, 0, TDX_SUCCESS },
		{ "VP.INVEPT of one", TDG_VP_INVEPT, 2, 0, 0, INVALID(RCX) },
		{ "VP.INVGLA", TDG_VP_INVGLA, 1ull << 52, 0, 0, INVALID(RCX) },
		{ "SERVTD.RD by a handle that was made up", TDG_SERVTD_RD, 0x1234, 0, 0, INVALID(RCX) },
		{ "SERVTD.WR likewise", TDG_SERVTD_WR, 0x1234, 0, 0, INVALID(RCX) },
		/* [mod:tdg_mem_page_attr_wr] */
		{ "PAGE.ATTR.WR of a nested TD's attributes", TDG_MEM_PAGE_ATTR_WR, at, 1ull << 16, 0, INVALID(RDX) },
		{ "... and flags", TDG_MEM_PAGE_ATTR_WR, at, 0, 1ull << 16, INVALID(R8) },
		{ "PAGE.ATTR.WR of 512 GiB", TDG_MEM_PAGE_ATTR_WR, 4, 0, 0, INVALID(RCX) },
		{ "PAGE.ATTR.WR of a shared GPA", TDG_MEM_PAGE_ATTR_WR, at | s, 0, 0, INVALID(RCX) },
		{ "PAGE.ATTR.RD of a shared GPA", TDG_MEM_PAGE_ATTR_RD, at | s, 0, 0, INVALID(RCX) },
		/* [mod:tdg_vp_cpuidve_set] */
		{ "CPUIDVE.SET of more than two bits", TDG_VP_CPUIDVE_SET, 4, 0, 0, INVALID(RCX) },
	};
	uint64_t gpr[GPRS];

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		conform_is(leaf(gpr, rows[i].leaf, rows[i].rcx, rows[i].rdx, rows[i].r8), rows[i].status, rows[i].name);
	leaf(gpr, TDG_SERVTD_RD, 0x1234, KEPT, KEPT);
	conform_ok(gpr[RDX] == NO_FIELD && gpr[R8] == 0, "SERVTD.RD that is refused: no next field, no value");
	leaf(gpr, TDG_SERVTD_WR, 0x1234, KEPT, KEPT);
	conform_ok(gpr[RDX] == KEPT && gpr[R8] == 0, "SERVTD.WR that is refused leaves RDX");
}

/* [mod:tdg_mem_page_attr_rd]: any byte of it; RCX out is GPA and level, and bit 62 if it is PENDING. */
static void test_page_attributes(void)
{
	uint64_t gpr[GPRS], at = gpa_of(data), size;

	conform_is(leaf(gpr, TDG_MEM_PAGE_ATTR_RD, at + 8, KEPT, 0), TDX_SUCCESS, "PAGE.ATTR.RD of private memory");
	size = gpr[RCX] & 7 ? TDX_2M_SIZE : TDX_PAGE_SIZE;
	conform_ok((gpr[RCX] & ~7ull) == (at & ~(size - 1)) && gpr[RDX] == 0, "... says where its page begins");
}

/* [mod:tdg_vp_cpuidve_set]; [mod:td_cpuid.c]: bit 0 is for code like this. */
static void test_cpuid_ve(void)
{
	unsigned int before = trap_log()->ves;
	uint64_t gpr[GPRS];
	uint32_t a = 0, b, c = 0, d;

	conform_is(leaf(gpr, TDG_VP_CPUIDVE_SET, 2, 0, 0), TDX_SUCCESS, "CPUIDVE.SET for user code");
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	conform_is(trap_log()->ves - before, 0, "... leaves CPUID 0 of the kernel native");
	conform_is(leaf(gpr, TDG_VP_CPUIDVE_SET, 1, 0, 0), TDX_SUCCESS, "CPUIDVE.SET for the kernel");
	a = c = 0;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	conform_is(trap_log()->ves - before, 1, "... makes it a #VE");
	conform_ok(leaf(gpr, TDG_VP_RD, 0, TDX_FIELD_VP_CPUID_SUPERVISOR_VE, 0) == TDX_SUCCESS && gpr[R8] == 1,
		   "... which VP.RD tells");
	leaf(gpr, TDG_VP_CPUIDVE_SET, 0, 0, 0);
	a = c = 0;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	conform_is(trap_log()->ves - before, 1, "... and can be taken back");
}

static uint64_t rtmr_word(uint64_t n)
{
	uint64_t gpr[GPRS];

	return leaf(gpr, TDG_VM_RD, 0, TDX_FIELD_RTMR + n, 0) == TDX_SUCCESS ? gpr[R8] : ~0ull;
}

/* [mod:tdg_mr_rtmr_extend]. RTMR 3 is zero until now: what comes of 48 zeroes is SHA-384 (FIPS 180-4) of 96. */
static void test_rtmr(void)
{
	uint64_t gpr[GPRS], at = gpa_of(data);

	memset(data, 0, DIGEST);
	conform_is(leaf(gpr, TDG_MR_RTMR_EXTEND, at + 8, 3, 0), INVALID(RCX), "RTMR.EXTEND with a digest that is not aligned");
	conform_is(leaf(gpr, TDG_MR_RTMR_EXTEND, at | payload_info.shared, 3, 0), INVALID(RCX), "... a shared one");
	conform_is(leaf(gpr, TDG_MR_RTMR_EXTEND, at, 4, 0), INVALID(RDX), "... of the fifth RTMR");
	conform_is(rtmr_word(3 * DIGEST / 8), 0, "RTMR 3 is zero at first");
	conform_is(leaf(gpr, TDG_MR_RTMR_EXTEND, at, 3, 0), TDX_SUCCESS, "RTMR.EXTEND");
	conform_is(rtmr_word(3 * DIGEST / 8), __builtin_bswap64(RTMR_OF_ZEROES), "... is the hash of both");
}

static uint64_t word(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* [mod:tdg_mr_report], [mod:td_report_t]. */
static void test_report(void)
{
	uint64_t gpr[GPRS], to = gpa_of(report), from = gpa_of(data), s = payload_info.shared;

	for (unsigned int i = 0; i < 64; i++)
		data[i] = (uint8_t)(i + 1);
	conform_is(leaf(gpr, TDG_MR_REPORT, to + 8, from + 8, 1), INVALID(RCX), "MR.REPORT: alignment of the report first");
	conform_is(leaf(gpr, TDG_MR_REPORT, to, from + 8, 1), INVALID(RDX), "... then of the data");
	conform_is(leaf(gpr, TDG_MR_REPORT, to + (s << 1), from, 1), INVALID(R8), "... the subtype before where it goes");
	conform_is(leaf(gpr, TDG_MR_REPORT, to + (s << 1), from, 0), INVALID(RCX), "... which is last");
	conform_is(leaf(gpr, TDG_MR_REPORT, to, from, 0), TDX_SUCCESS, "MR.REPORT");
	conform_is(report[0], REPORT_TYPE, "... its type is TDX");
	conform_ok(memcmp(report + REPORT_DATA, data, 64) == 0, "... it has the data that it was given");
	leaf(gpr, TDG_VM_RD, 0, TDX_FIELD_ATTRIBUTES, 0);
	conform_is(word(report + REPORT_TDINFO), gpr[R8], "... ATTRIBUTES as VM.RD has it");
	leaf(gpr, TDG_VM_RD, 0, TDX_FIELD_XFAM, 0);
	conform_is(word(report + REPORT_TDINFO + TDINFO_XFAM), gpr[R8], "... XFAM");
	conform_is(word(report + REPORT_TDINFO + TDINFO_RTMR + 3 * DIGEST), rtmr_word(3 * DIGEST / 8), "... and RTMR 3");
}

/* [mod:tdg_mr_verifyreport]: the MAC is the CPU's, and here there is none. */
static void test_verify(void)
{
	uint64_t gpr[GPRS], at = gpa_of(report);

	report[255] = 1;
	conform_is(tdx_code(leaf(gpr, TDG_MR_VERIFYREPORT, at, 0, 0)), TDX_INVALID_REPORTMACSTRUCT,
		   "MR.VERIFYREPORT of a MAC that was made up");
	conform_is(leaf(gpr, TDG_MR_VERIFYREPORT, at + 128, 0, 0), INVALID(RCX), "... of what is not aligned");
	conform_is(leaf(gpr, TDG_MR_VERIFYREPORT, at | payload_info.shared, 0, 0), INVALID(RCX), "... of a shared GPA");
}

/* [mod:tdg_vm_rd_wr.c], [mod:tdg_vp_rd_wr.c], [mod:metadata_generic.c]. */
static void test_fields(void)
{
	const uint64_t version_1 = TDG_VM_RD | 1ull << 16;
	uint64_t gpr[GPRS], first;

	conform_ok(leaf(gpr, TDG_VM_RD, 0, TDX_FIELD_GPAW, KEPT) == 0 && gpr[RDX] == TDX_FIELD_GPAW, "VM.RD leaves RDX");
	conform_is(leaf(gpr, TDG_VM_RD, 1, TDX_FIELD_GPAW, KEPT), INVALID(RCX), "VM.RD with RCX");
	conform_is(gpr[R8], 0, "... has no value");
	conform_is(leaf(gpr, TDG_VM_RD | 2ull << 16, 0, TDX_FIELD_GPAW, 0), INVALID(RAX), "VM.RD of version 2");
	conform_is(gpr[RDX], NO_FIELD, "... has no next field");
	conform_is(tdx_code(leaf(gpr, version_1, 0, NULL_FIELD, 0)), TDX_FIRST_FIELD_ID_IN_CONTEXT,
		   "version 1: the first field");
	first = gpr[RDX];
	conform_ok(first != NO_FIELD && leaf(gpr, version_1, 0, first, 0) == TDX_SUCCESS, "... can be read");
	conform_ok(gpr[RDX] != first && gpr[RDX] != NO_FIELD, "... and names another");
	conform_is(leaf(gpr, TDG_VP_RD, 1, TDX_FIELD_VP_VCPU_INDEX, 0), INVALID(RCX), "VP.RD with RCX");
	conform_is(tdx_code(leaf(gpr, TDG_VP_RD, 0, GUEST_RIP, 0)), TDX_FIELD_NOT_READABLE, "VP.RD of the VMCS");
	conform_is(tdx_code(leaf(gpr, TDG_VP_RD, 0, GUEST_RIP + 1, 0)), TDX_FIELD_ID_INCORRECT, "... of an upper half");
	conform_ok(leaf(gpr, TDG_VP_RD, 0, TDX_FIELD_VP_VCPU_INDEX, KEPT) == TDX_SUCCESS && gpr[R8] == 0,
		   "VP.RD of the index of the first vCPU");
	conform_is(tdx_code(leaf(gpr, TDG_VP_WR, 0, TDX_FIELD_VP_VCPU_INDEX, 0)), TDX_FIELD_NOT_WRITABLE,
		   "VP.WR of it");
}

/* [mod:md_dump_list]: bytes and sequences in the first word, then a header and its values. */
static void test_all_fields(void)
{
	uint64_t gpr[GPRS], at = gpa_of(data), header;

	conform_is(leaf(gpr, TDG_SYS_RDALL, 0, at + 8, NULL_FIELD), INVALID(RDX), "SYS.RDALL to what is not aligned");
	conform_is(leaf(gpr, TDG_SYS_RDALL, 0, at | payload_info.shared, NULL_FIELD), INVALID(RDX), "... to a shared page");
	conform_is(leaf(gpr, TDG_SYS_RDALL, 0, at, TDX_FIELD_SYS_VENDOR_ID), TDX_SUCCESS, "SYS.RDALL from a field on");
	conform_is(gpr[R8], NO_FIELD, "... leaves nothing to go on with");
	conform_is(leaf(gpr, TDG_SYS_RDALL, 0, at, NULL_FIELD), TDX_SUCCESS, "SYS.RDALL");
	header = word(data + 8);
	conform_ok((word(data) & 0xffff) > 16 && (word(data) & 0xffff) % 8 == 0 && (word(data) >> 16 & 0xffff) > 0,
		   "... its list has a size and sequences");
	leaf(gpr, TDG_SYS_RD, 0, header & ~(0x1ffull << 38), 0);
	conform_is(word(data + 16), gpr[R8], "... the first value is SYS.RD's of that field");
}

void conform_leaves(void)
{
	test_absent();
	test_page_attributes();
	test_cpuid_ve();
	test_rtmr();
	test_report();
	test_verify();
	test_fields();
	test_all_fields();
}
