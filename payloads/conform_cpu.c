/* SPDX-License-Identifier: MIT */
/* What CPUID says and MSRs take: bits that every TD finds as they are here, whatever the machine below. */
#include "payloads/lib/attempt.h"
#include "payloads/conform.h"

enum { THROUGH = 0 };
enum { MSR_PAT = 0x277, MSR_EFER = 0xc0000080, MTRR_FIX_64K = 0x250, MTRR_FIX_4K_LAST = 0x26f, MTRR_DEFAULT = 0x2ff };
enum { EAX, EBX, ECX, EDX };

#define PAT_AT_FIRST	0x0007040600070406ull	/* SDM volume 3A, "Programming the PAT" */

/*
 * [mod:cpuid_configurations.c]: what it verifies of each CPU, fixes at 1 or at 0, in this order, as far as QEMU's TCG
 * can do it; and 0 where ATTRIBUTES and XFAM would have to say more than any of platforms/.
 */
static const struct {
	uint32_t leaf, subleaf, reg, mask, value;
	const char *name;
} cpuid_rows[] = {
	{ 1, 0, ECX, 0xc7f88217 | 1 << 5 | 1 << 6, 0xc7f88217, "CPUID 1.ECX: hypervisor, x2APIC, PDCM; no VMX, SMX" },
	{ 1, 0, EDX, 0x5fbbfffd, 0x1fa9fbfd, "CPUID 1.EDX: DS, MCE, MTRR, MCA; no PSE36, no serial number" },
	{ 7, 0, EAX, ~0u, 2, "CPUID 7 has two subleaves more" },
	{ 7, 0, EBX, 0x019020c1 | 0x404006, 0x019020c1, "CPUID 7.EBX: FSGSBASE, SMEP, SMAP; no TSC_ADJUST, SGX" },
	{ 7, 0, ECX, 0x643e8010, 0, "CPUID 7.ECX: nothing that is reserved, no SGX_LC, no OSPKE" },
	{ 7, 0, EDX, 0xbc000400 | 0x2298c3, 0xbc000400, "CPUID 7.EDX: MD_CLEAR, SPEC_CTRL, STIBP, ARCH_CAPABILITIES, SSBD" },
	{ 7, 1, EAX, 0xffffe2cf, 0, "CPUID 7.1.EAX: nothing that is reserved" },
	{ 7, 1, EBX, ~0u, 0, "CPUID 7.1.EBX is 0" },
	{ 7, 2, EDX, 0xffffffd7, 0x17, "CPUID 7.2.EDX: PSFD, IPRED_CTRL, RRSBA_CTRL, BHI_CTRL" },
	{ 0xd, 0, EAX, 0xfff9fd18 | 3, 3, "CPUID 0xD: x87 and SSE; no MPX, no supervisor state" },
	{ 0xd, 1, EAX, 0xffffffe5, 5, "CPUID 0xD.1: XSAVEOPT, XGETBV(1); nothing that is reserved" },
	{ 0xd, 1, ECX, ~0u, 0, "CPUID 0xD.1: no supervisor states" },
	{ 0x15, 0, ECX, ~0u, 25000000, "CPUID 0x15: the crystal has 25 MHz" },
	{ 0x80000000, 0, EAX, ~0u, 0x80000008, "CPUID 0x80000000" },
	{ 0x80000001, 0, ECX, ~0u, 0x121, "CPUID 0x80000001.ECX: LAHF, LZCNT, PREFETCHW, and nothing else" },
	{ 0x80000001, 0, EDX, ~0u, 0x2c100800, "CPUID 0x80000001.EDX: SYSCALL, NX, 1 GiB pages, RDTSCP, LM" },
	{ 0x80000007, 0, EDX, ~0u, 0x100, "CPUID 0x80000007: an invariant TSC" },
	{ 0x80000008, 0, EAX, 0xffff00ff, 0x34, "CPUID 0x80000008: 52 physical bits" },
	{ 0x80000008, 0, EBX, ~0u, 0x200, "CPUID 0x80000008: WBNOINVD, and nothing else" },
};

static void test_cpuid(void)
{
	uint32_t out[4];

	for (unsigned int i = 0; i < sizeof(cpuid_rows) / sizeof(cpuid_rows[0]); i++) {
		conform_cpuid(cpuid_rows[i].leaf, cpuid_rows[i].subleaf, out);
		conform_is(out[cpuid_rows[i].reg] & cpuid_rows[i].mask, cpuid_rows[i].value, cpuid_rows[i].name);
	}
}

TRAP_ATTEMPT(conform_write_msr, "wrmsr")

static uint64_t read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static void test_pat(void)
{
	static const struct {
		const char *name;
		uint64_t value;
		unsigned int outcome;
	} rows[] = {	/* SDM volume 3A, "IA32_PAT MSR" and "PAT Memory Types": 2, 3 and all above 7 are reserved */
		{ "the PAT takes each type", 0x0706050401000007, THROUGH },
		{ "... again the first", PAT_AT_FIRST, THROUGH },
		{ "... not 2", 0x0007040600070402, VECTOR_GP },
		{ "... not 3, in the last entry", 0x0307040600070406, VECTOR_GP },
		{ "... not 8", 0x0007040600080406, VECTOR_GP },
	};

	conform_is(read_msr(MSR_PAT), PAT_AT_FIRST, "the PAT as after reset");
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = read_msr(MSR_PAT);

		conform_is(conform_write_msr(rows[i].value, MSR_PAT), rows[i].outcome, rows[i].name);
		conform_is(read_msr(MSR_PAT), rows[i].outcome == THROUGH ? rows[i].value : before, "... and it can be read");
	}
}

/*
 * wrmsr_ia32_efer() in [mod:td_msr_access.c]: SCE may change, LMA is not looked at, anything else is a #VE. At first it
 * is 0x901 ([mod:td_vmcs_init.c]), and LMA came with paging.
 */
static void test_efer(void)
{
	const uint64_t sce = 1, lme = 1 << 8, lma = 1 << 10, nxe = 1 << 11;
	uint64_t before = read_msr(MSR_EFER);

	conform_is(before, 0x901 | lma, "EFER: SCE, LME, LMA, NXE");
	conform_is(conform_write_msr(before & ~sce, MSR_EFER), THROUGH, "EFER.SCE may be cleared");
	conform_is(read_msr(MSR_EFER), before & ~sce, "... and is");
	conform_is(conform_write_msr(before & ~lma, MSR_EFER), THROUGH, "... and set, whatever LMA is");
	conform_is(read_msr(MSR_EFER), before, "... which stays");
	conform_is(conform_write_msr(before ^ nxe, MSR_EFER), VECTOR_VE, "a write that changes EFER.NXE is a #VE");
	conform_is(conform_write_msr(before & ~lme, MSR_EFER), VECTOR_VE, "... or EFER.LME");
	conform_is(conform_write_msr(before | 1 << 13, MSR_EFER), VECTOR_VE, "... or anything else");
	conform_is(read_msr(MSR_EFER), before, "... and nothing is written");
}

/* As the handler of a #VE asks for them: [kvm:kvm_mtrr_valid]. */
static void test_mtrrs(void)
{
	static const struct {
		const char *name;
		uint64_t value;
		uint32_t msr;
		bool refused;
	} rows[] = {
		{ "the default MTRR: on, with the fixed ones, write-back", 0xc06, MTRR_DEFAULT, false },
		{ "... of type 2 it is refused", 0xc02, MTRR_DEFAULT, true },
		{ "... with a reserved bit, too", 0x1006, MTRR_DEFAULT, true },
		{ "a fixed MTRR takes a type for each part", 0x0605040100060504, MTRR_FIX_64K, false },
		{ "... not 7", 0x0605040700060504, MTRR_FIX_64K, true },
		{ "the last fixed MTRR", 0x0606060606060606, MTRR_FIX_4K_LAST, false },
		{ "... not type 2 in its last part", 0x0206060606060606, MTRR_FIX_4K_LAST, true },
	};
	uint64_t value, zero = 0;

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		value = rows[i].value;
		conform_is(vmcall_msr(rows[i].msr, true, &value), rows[i].refused ? TDVMCALL_INVALID_OPERAND : 0, rows[i].name);
		if (!rows[i].refused)
			conform_ok(vmcall_msr(rows[i].msr, false, &value) == 0 && value == rows[i].value, "... and is kept");
	}
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		vmcall_msr(rows[i].msr, true, &zero);
}

void conform_cpu(void)
{
	test_cpuid();
	test_pat();
	test_efer();
	test_mtrrs();
}

static volatile uint32_t ids[MAX_CPUS], initial_ids[MAX_CPUS], told[MAX_CPUS];

static void tell_id(unsigned int cpu)
{
	uint32_t out[4];

	conform_cpuid(1, 0, out);
	initial_ids[cpu] = out[EBX] >> 24;
	conform_cpuid(0xb, 0, out);
	ids[cpu] = out[EDX];
	__atomic_store_n(&told[cpu], 1, __ATOMIC_RELEASE);
}

/* As many cores in each package as the command line says; else all of them are in one. */
static uint32_t cores_given(void)
{
	char text[3];

	return payload_argument("cores", text, sizeof(text)) ? (uint32_t)(text[0] - '0') : payload_info.vcpus;
}

/*
 * SDM 2A, CPUID 0xB: EDX is the x2APIC ID, EAX of the level of cores by how many bits it is to be shifted to name
 * the package, EBX how many are in it. So IDs go up to a power of two before the next package begins. The ID is what
 * the VMM creates the vCPU with ([kvm:tdx_td_vcpu_init]), and the initial APIC ID is the same.
 */
void conform_topology(void)
{
	uint32_t cores = cores_given(), shift = 0, out[4];
	bool right = true;

	while (1u << shift < cores)
		shift++;
	conform_cpuid(0xb, 0, out);
	conform_ok(out[EAX] == 0 && out[EBX] == 1 && out[ECX] == 0x100, "CPUID 0xB: a core has one thread");
	conform_cpuid(0xb, 1, out);
	conform_ok(out[EAX] == shift && out[EBX] == cores && out[ECX] == 0x201, "CPUID 0xB: cores of a package");
	tell_id(0);
	for (unsigned int cpu = 2; cpu < payload_info.vcpus && cpu < MAX_CPUS; cpu++) {	/* 1 does other things */
		right &= payload_start_cpu(cpu, tell_id);
		while (right && !__atomic_load_n(&told[cpu], __ATOMIC_ACQUIRE))
			__builtin_ia32_pause();
		right &= ids[cpu] == (cpu / cores << shift | cpu % cores) && initial_ids[cpu] == ids[cpu];
	}
	conform_ok(right && ids[0] == 0 && initial_ids[0] == 0, "CPUID 0xB and 1: each vCPU's ID, in its package");
}
