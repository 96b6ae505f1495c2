/* SPDX-License-Identifier: MIT */
/*
 * Which leaves are the module's is td's knowledge; here are their values, as the module composes them ([mod:td_cpuid.c]
 * and [mod:cpuid_configurations.c]): constants, what the host's CPU can do under a mask, and a few bits that follow the
 * vCPU. The model is Sapphire Rapids, the first with TDX. Leaves and bits: SDM volume 2A, CPUID.
 */
#include "image/bytes.h"
#include "monitor/persona/persona.h"
#include "wire/apic.h"

#define BIT(n)			(1u << (n))
#define SIGNATURE		0x000806f8u	/* family 6, model 0x8f, stepping 8 */
#define MAX_BASIC		0x23u
#define MAX_EXTENDED		0x80000008u
#define HYPERVISOR_FIRST	0x40000000u
#define HYPERVISOR_LAST		0x4fffffffu
#define CRYSTAL_HZ		25000000u
/*
 * VME PVI TSD DE PSE PAE MCE PGE PCE OSFXSR OSXMMEXCPT; and PCIDE, which each CPU with TDX has. TCG's takes it, though
 * it has no PCIDs and none are enumerated: the reset vector of EDK2's TdxDxe does not clear but flip it.
 */
#define CR4_ALWAYS		0x207ffull
#define CR4_OSXSAVE		(1ull << 18)
#define CR4_PKE			(1ull << 22)

enum { EAX, EBX, ECX, EDX };

/* 1.ECX */
#define C1_X2APIC		BIT(21)
#define C1_TSC_DEADLINE		BIT(24)
#define C1_OSXSAVE		BIT(27)
#define C1_HYPERVISOR		BIT(31)
#define C1_CX16			BIT(13)
#define C1_ALWAYS		0x8014u	/* DTES64 DS_CPL PDCM: the module keeps their MSRs */
/* SSE3 PCLMUL SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND; never MONITOR, VMX, SMX */
#define C1_FROM_HOST		0x76da3203u

/* 1.EDX: FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT CLFSH MMX FXSR SSE SSE2 SS */
#define D1_FROM_HOST		0x0f89fbffu
/* MCE MTRR MCA: not with REDUCE_VE ([lkvs:tdx-compliance-cpuid.h]) */
#define D1_PARAVIRTUAL		(BIT(7) | BIT(12) | BIT(14))
#define D1_ALWAYS		0x10200200u	/* APIC DS HTT */

/* 7.0: FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS INVPCID RDSEED ADX SMAP CLFLUSHOPT CLWB SHA */
#define B7_FROM_HOST		0x219c07a9u
#define B7_ALWAYS		0x2040u	/* of the FPU: FDP is written at exceptions only, FCS and FDS are 0 */
/* UMIP PKU GFNI VAES VPCLMULQDQ RDPID; never LA57 */
#define C7_FROM_HOST		0x0040070cu
#define C7_OSPKE		BIT(4)
#define D7_FSRM			BIT(4)
/* MD_CLEAR, IBRS and IBPB, STIBP, L1D_FLUSH, ARCH_CAPABILITIES, SSBD: the module keeps their MSRs */
#define D7_ALWAYS		(BIT(10) | BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(31))
/* PSFD IPRED_CTRL RRSBA_CTRL BHI_CTRL: further bits of SPEC_CTRL */
#define D7_2			0x17u

#define D_FEATURES		0x7u		/* D: XSAVEOPT XSAVEC XGETBV(1) */

#define C80000001_FROM_HOST	0x21u		/* LAHF LZCNT */
#define C80000001_PREFETCHW	BIT(8)		/* a hint: QEMU does nothing, [qemu:decode-new.c.inc] */
#define D80000001_SYSCALL	BIT(11)
#define D80000001_FROM_HOST	0x2c100000u	/* NX 1-GiB-pages RDTSCP LM */
#define D80000007_INVARIANT_TSC	BIT(8)
/*
 * The module takes no CPU with other than 52 physical bits. Those from GPAW on are reserved in the guest's tables; they
 * are to QEMU's CPU, too, which has 48.
 */
#define ADDRESS_BITS		(48u << 8 | 52)
#define B80000008_WBNOINVD	BIT(9)

static void set(uint32_t out[4], uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	out[EAX] = eax;
	out[EBX] = ebx;
	out[ECX] = ecx;
	out[EDX] = edx;
}

/* Features of leaves 1 and 7.0 that go with a state of XFAM: xfam_mask_* in [mod:cpuid_configurations.c]. */
static void hide_without_state(const struct persona *persona, uint32_t leaf, uint32_t out[4])
{
	static const struct {
		uint32_t state, leaf, reg, bits;
	} rows[] = {
		{ 2, 1, ECX, 0x30001000 },	/* FMA AVX F16C */
		{ 2, 7, EBX, 0x20 },		/* AVX2 */
		{ 2, 7, ECX, 0x600 },		/* VAES VPCLMULQDQ */
		{ 9, 7, ECX, 0x8 },		/* PKU */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].leaf == leaf && !(persona->xfam >> rows[i].state & 1))
			out[rows[i].reg] &= ~rows[i].bits;
}

static uint32_t cores_of(const struct persona *persona)
{
	return persona->cores != 0 ? persona->cores : persona->vcpus;
}

/* Bits of an APIC id that number the vCPUs of a package. */
static uint32_t package_shift(const struct persona *persona)
{
	return apic_core_bits(cores_of(persona));
}

static void leaf_1(const struct persona_vcpu *vcpu, uint32_t out[4])
{
	const struct persona *persona = vcpu->persona;
	uint32_t clflush = out[EBX] & 0xff00;

	out[EAX] = SIGNATURE;
	out[EBX] = vcpu->apic_id << 24 | (1u << package_shift(persona)) << 16 | clflush;
	out[ECX] = (out[ECX] & C1_FROM_HOST) | C1_ALWAYS | C1_X2APIC | C1_TSC_DEADLINE | C1_HYPERVISOR;
	hide_without_state(persona, 1, out);
	if (vcpu->cr4 & CR4_OSXSAVE)
		out[ECX] |= C1_OSXSAVE;
	if (persona->hide_cx16)
		out[ECX] &= ~C1_CX16;
	out[EDX] = (out[EDX] & D1_FROM_HOST) | D1_ALWAYS;
	if (vcpu->ve_reduced) {
		out[ECX] &= ~C1_TSC_DEADLINE;
		out[EDX] &= ~D1_PARAVIRTUAL;
	}
}

/*
 * The caches of the model: 48 and 32 KiB, 2 MiB and 105 MiB, in lines of 64 bytes. Who shares them is the guest's
 * topology: packages of single-threaded cores.
 */
static void leaf_4(const struct persona *persona, uint32_t subleaf, uint32_t out[4])
{
	static const uint32_t caches[][4] = {	/* type, level and so on; ways and line; sets; properties */
		{ 0x121, 11u << 22 | 63, 63, 0 }, { 0x122, 7u << 22 | 63, 63, 0 }, { 0x143, 15u << 22 | 63, 2047, 0 },
		{ 0x163, 14u << 22 | 63, 114687, 4 },
	};
	uint32_t others = (1u << package_shift(persona)) - 1;

	if (subleaf >= ARRAY_SIZE(caches))
		set(out, 0, 0, 0, 0);
	else
		set(out, caches[subleaf][EAX] | others << 26 | (subleaf == 3 ? others : 0) << 14, caches[subleaf][EBX],
		    caches[subleaf][ECX], caches[subleaf][EDX]);
}

static void leaf_7(const struct persona_vcpu *vcpu, uint32_t subleaf, uint32_t out[4])
{
	if (subleaf != 0) {
		set(out, 0, 0, 0, subleaf == 2 ? D7_2 : 0);
		return;
	}
	out[EAX] = 2;
	out[EBX] = (out[EBX] & B7_FROM_HOST) | B7_ALWAYS;
	out[ECX] &= C7_FROM_HOST;
	hide_without_state(vcpu->persona, 7, out);
	if (vcpu->cr4 & CR4_PKE)
		out[ECX] |= C7_OSPKE;
	out[EDX] = (out[EDX] & D7_FSRM) | D7_ALWAYS;
}

/*
 * The area's sizes come from the CPU that will do the XSAVE: EBX of 0 and 1 follow XCR0, which is the guest's own. The
 * largest size is composed anew, because the host offers states that the guest is not shown.
 */
static void leaf_d(const struct persona *persona, uint32_t subleaf, uint32_t out[4])
{
	uint32_t features[4], state[4], size = 576, i;

	host_cpuid(0xd, 0, features);
	features[EAX] &= (uint32_t)persona->xfam;
	if (subleaf == 0) {
		for (i = 2; i < 32; i++) {
			if (!(features[EAX] >> i & 1))
				continue;
			host_cpuid(0xd, i, state);
			if (state[EBX] + state[EAX] > size)
				size = state[EBX] + state[EAX];
		}
		set(out, features[EAX], out[EBX], size, 0);
	} else if (subleaf == 1) {
		set(out, out[EAX] & D_FEATURES, out[EBX], 0, 0);
	} else if (subleaf >= 32 || !(features[EAX] >> subleaf & 1)) {
		set(out, 0, 0, 0, 0);
	}
}

/* Leaves B and 1F: a thread level with one thread, then the package. */
static void topology(const struct persona_vcpu *vcpu, uint32_t subleaf, uint32_t out[4])
{
	if (subleaf == 0)
		set(out, 0, 1, 1 << 8, vcpu->apic_id);
	else if (subleaf == 1)
		set(out, package_shift(vcpu->persona), cores_of(vcpu->persona), 2 << 8 | 1, vcpu->apic_id);
	else
		set(out, 0, 0, subleaf & 0xff, vcpu->apic_id);
}

static void basic(const struct persona_vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	uint64_t tsc_hz = vcpu->persona->tsc_hz;

	switch (leaf) {
	case 0x00: set(out, MAX_BASIC, 0x756e6547, 0x6c65746e, 0x49656e69); break;	/* GenuineIntel */
	case 0x01: leaf_1(vcpu, out); break;
	case 0x02: set(out, 0x00feff01, 0, 0, 0); break;	/* ask leaves 4 and 18 */
	case 0x04: leaf_4(vcpu->persona, subleaf, out); break;
	case 0x07: leaf_7(vcpu, subleaf, out); break;
	case 0x0b: case 0x1f: topology(vcpu, subleaf, out); break;
	case 0x0d: leaf_d(vcpu->persona, subleaf, out); break;
	/* The crystal is 25 MHz as in a TD; the ratio is kept exact to 25 kHz because the TSC is any host's. */
	case 0x15: set(out, 1000, (uint32_t)(tsc_hz / (CRYSTAL_HZ / 1000)), CRYSTAL_HZ, 0); break;
	case 0x16: set(out, (uint32_t)(tsc_hz / 1000000), (uint32_t)(tsc_hz / 1000000), 100, 0); break;
	case 0x21: set(out, 0, 0x65746e49, 0x20202020, 0x5844546c); break;		/* "IntelTDX    " */
	default: set(out, 0, 0, 0, 0);
	}
}

static void extended(const struct persona_vcpu *vcpu, uint32_t leaf, uint32_t out[4])
{
	switch (leaf) {
	case 0x80000000: set(out, MAX_EXTENDED, 0, 0, 0); break;
	case 0x80000001:
		set(out, 0, 0, (out[ECX] & C80000001_FROM_HOST) | C80000001_PREFETCHW, out[EDX] & D80000001_FROM_HOST);
		if (vcpu->cs_long)	/* as on every Intel CPU */
			out[EDX] |= D80000001_SYSCALL;
		break;
	case 0x80000007: set(out, 0, 0, 0, D80000007_INVARIANT_TSC); break;
	case 0x80000008: set(out, ADDRESS_BITS, B80000008_WBNOINVD, 0, 0); break;
	default: set(out, 0, 0, 0, 0);
	}
}

/* A leaf beyond the last is answered as the last basic one, which is all zeros without PERFMON. */
void persona_cpuid(const struct persona_vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	host_cpuid(leaf, subleaf, out);
	if (leaf >= 0x80000000u)
		extended(vcpu, leaf, out);
	else
		basic(vcpu, leaf, subleaf, out);
}

/* A feature's bit in CR4, and the leaf that enumerates it for the guest: without that, there is no such bit. */
static const struct {
	uint8_t cr4, leaf, reg, bit;
} cr4_features[] = {
	{ 11, 7, ECX, 2 }, { 16, 7, EBX, 0 }, { 18, 1, ECX, 26 }, { 20, 7, EBX, 7 }, { 21, 7, EBX, 20 },
	{ 22, 7, ECX, 3 },	/* UMIP FSGSBASE OSXSAVE SMEP SMAP PKE */
};

static uint64_t cr4_bits(const struct persona *persona)
{
	const struct persona_vcpu vcpu = { .persona = persona };
	uint64_t bits = CR4_ALWAYS;
	uint32_t out[4];

	for (unsigned int i = 0; i < ARRAY_SIZE(cr4_features); i++) {
		persona_cpuid(&vcpu, cr4_features[i].leaf, 0, out);
		if (out[cr4_features[i].reg] >> cr4_features[i].bit & 1)
			bits |= 1ull << cr4_features[i].cr4;
	}
	return bits;
}

void persona_init(struct persona *persona, const struct persona *given)
{
	*persona = *given;
	persona->cr4_bits = cr4_bits(persona);
}

/*
 * KVM's signature without any of its features: without it Linux turns the x2APIC off that a TD cannot turn off
 * ([linux:try_to_enable_x2apic]), and believes MTRRs that nobody has set up.
 */
void vmm_cpuid(const struct persona *persona, uint32_t index, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	const struct persona_vcpu vcpu = {
		.persona = persona, .index = index, .apic_id = apic_id(persona->cores, index), .cs_long = true,
	};

	if (leaf < HYPERVISOR_FIRST || leaf > HYPERVISOR_LAST)
		persona_cpuid(&vcpu, leaf, subleaf, out);
	else if (leaf == HYPERVISOR_FIRST)
		set(out, HYPERVISOR_FIRST + 1, 0x4b4d564b, 0x564b4d56, 0x0000004d);
	else
		set(out, 0, 0, 0, 0);
}
