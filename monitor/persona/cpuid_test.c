/* SPDX-License-Identifier: MIT */
/* The persona's CPUID on two hosts: one that has everything, one that has nothing. */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "monitor/persona/persona.h"
#include "wire/tap.h"

enum { EAX, EBX, ECX, EDX };

static bool rich;	/* the host's CPU: all bits or none */
static struct bit {
	uint32_t leaf, reg, number;
} lacks;			/* ... but this one of its first subleaf */
static struct persona persona;
static struct persona_vcpu vcpu;
static uint32_t out[4];

/* The XSAVE states of a host with AVX, MPX and PKRU, as QEMU lays them out. */
static void host_xsave(uint32_t subleaf, uint32_t answer[4])
{
	static const uint32_t states[][3] = { { 2, 256, 576 }, { 3, 64, 960 }, { 4, 64, 1024 }, { 9, 8, 2688 } };
	unsigned int i;

	memset(answer, 0, 16);
	if (subleaf == 0) {
		answer[EAX] = 0x21f;
		answer[EBX] = 832;
		answer[ECX] = 2696;
	} else if (subleaf == 1) {
		answer[EAX] = 0xf;
		answer[EBX] = 840;
		answer[ECX] = 0x100;
	}
	for (i = 0; i < 4; i++) {
		if (states[i][0] == subleaf) {
			answer[EAX] = states[i][1];
			answer[EBX] = states[i][2];
		}
	}
}

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t answer[4])
{
	memset(answer, rich ? 0xff : 0, 16);
	if (!rich)
		return;
	if (leaf == 0xd)
		host_xsave(subleaf, answer);
	if (leaf == 1)
		answer[EBX] = 0x05040800;
	if (leaf == 0x80000008)
		answer[EAX] = 0x3930;
	if (leaf == lacks.leaf && subleaf == 0)
		answer[lacks.reg] &= ~(1u << lacks.number);
}

static uint32_t *ask(uint32_t leaf, uint32_t subleaf)
{
	memset(out, 0xee, sizeof(out));
	persona_cpuid(&vcpu, leaf, subleaf, out);
	return out;
}

static bool all_zero(void)
{
	return (out[EAX] | out[EBX] | out[ECX] | out[EDX]) == 0;
}

static void identity(void)
{
	char text[13] = "";

	ask(0, 0);
	memcpy(text, &out[EBX], 4);
	memcpy(text + 4, &out[EDX], 4);
	memcpy(text + 8, &out[ECX], 4);
	tap_ok(strcmp(text, "GenuineIntel") == 0 && out[EAX] == 0x23, "GenuineIntel, leaves up to 0x23");
	ask(0x21, 0);
	memcpy(text, &out[EBX], 4);
	memcpy(text + 4, &out[EDX], 4);
	memcpy(text + 8, &out[ECX], 4);
	tap_ok(strcmp(text, "IntelTDX    ") == 0 && out[EAX] == 0, "leaf 0x21 says TDX");
	ask(0x15, 0);
	tap_ok((uint64_t)out[ECX] * out[EBX] / out[EAX] == 2596125000, "leaf 0x15 gives the TSC's frequency");
	ask(0x24, 0);
	tap_ok(all_zero(), "beyond the last basic leaf: as the last");
	ask(0x80000009, 0);
	tap_ok(all_zero(), "beyond the last extended leaf too");
	ask(0x80000000, 0);
	tap_ok(out[EAX] == 0x80000008 && out[EBX] == 0, "extended leaves, Intel's way");
}

static void features(void)
{
	ask(1, 0);
	tap_is(out[EAX], 0x806f8, "Sapphire Rapids");
	tap_is(out[EBX], 0x01020800, "APIC id, two logical CPUs, CLFLUSH line");
	tap_is(out[ECX] & (1u << 3 | 1u << 5 | 1u << 6), 0, "no MONITOR, VMX, SMX");
	/* [mod:cpuid_configurations.c]: verify_value, fixed1 and fixed0. OSXSAVE is dynamic. */
	tap_is(out[ECX] & 0xcffba277, 0xc7faa217, "what the module demands of each CPU's leaf 1, and what it hides");
	tap_is(out[EDX] & 0x5fbbffff, 0x1fa9fbff, "... of EDX, too");
	tap_is(ask(7, 0)[EBX] & 0x2040, 0x2040, "FDP_EXCPTN_ONLY, no FCS and FDS");
	tap_is(out[EDX] & 0xbc000400, 0xbc000400, "MD_CLEAR, L1D_FLUSH and what guards against speculation");
	ask(1, 0);
	tap_is(out[ECX] & (1u << 21 | 1u << 24 | 1u << 31), 1u << 21 | 1u << 24 | 1u << 31, "x2APIC, TSC deadline, VM");
	tap_is(out[ECX] >> 30 & 1, rich, "RDRAND only if the CPU has it");
	tap_is(out[ECX] >> 27 & 1, 0, "OSXSAVE follows CR4: clear");
	tap_is(ask(7, 0)[ECX] >> 4 & 1, 0, "OSPKE follows CR4: clear");
	vcpu.cr4 = 1u << 18 | 1u << 22;
	tap_is(ask(1, 0)[ECX] >> 27 & 1, 1, "OSXSAVE: set");
	tap_is(ask(7, 0)[ECX] >> 4 & 1, 1, "OSPKE: set");
	vcpu.cr4 = 0;
	tap_is(out[ECX] >> 16 & 1, 0, "no LA57");
	tap_is(out[EDX] >> 29 & 1, 1, "ARCH_CAPABILITIES");
	ask(7, 1);
	tap_ok(all_zero(), "leaf 7.1");
	tap_is(ask(7, 2)[EDX], 0x17, "leaf 7.2: BHI_CTRL and its like");
	vcpu.cs_long = true;
	tap_is(ask(0x80000001, 0)[EDX] >> 11 & 1, 1, "SYSCALL in 64-bit mode");
	vcpu.cs_long = false;
	tap_is(ask(0x80000001, 0)[EDX] >> 11 & 1, 0, "and not outside");
	tap_is(out[ECX] >> 2 & 1, 0, "no SVM");
	tap_is(ask(0x80000007, 0)[EDX], 1u << 8, "invariant TSC");
	/* [mod:cpuid_configurations.c] again: verify_value, what is fixed at 0, and linear bits that are the CPU's own. */
	tap_is(ask(0x80000008, 0)[EAX] & 0xffff00ff, 0x34, "52 physical bits, whatever the CPU has, as each with TDX");
	tap_is(out[EAX] >> 8 & 0xff, 48, "48 linear ones, without LA57");
	tap_is(out[EBX], 0x200, "WBNOINVD, a #VE like WBINVD");
	tap_is(out[ECX] | out[EDX], 0, "... and nothing else there");
}

static void xsave(void)
{
	ask(0xd, 0);
	tap_ok(out[EAX] == 0x207 && out[EBX] == 832 && out[ECX] == 2696, "XSAVE: x87 SSE AVX PKRU, no MPX");
	ask(0xd, 1);
	tap_ok(out[EAX] == 7 && out[EBX] == 840 && out[ECX] == 0, "no XSAVES, no supervisor state");
	ask(0xd, 2);
	tap_ok(out[EAX] == 256 && out[EBX] == 576, "AVX state as on the host");
	ask(0xd, 3);
	tap_ok(all_zero(), "no MPX state");
	ask(0xd, 40);
	tap_ok(all_zero(), "no state 40");
}

/* xfam_mask_* in [mod:cpuid_configurations.c], and what [mod:tdh_mng_init] does with leaf 0xD. */
static void without_states(void)
{
	uint32_t ecx = ask(1, 0)[ECX], ebx7 = ask(7, 0)[EBX], ecx7 = out[ECX];

	persona_init(&persona, &(struct persona){ .tsc_hz = 2596125000, .vcpus = 2, .xfam = 3 });
	tap_is(ask(1, 0)[ECX], ecx & ~0x30001000u, "XFAM without AVX: leaf 1 has no AVX, FMA, F16C");
	tap_is(ask(7, 0)[EBX], ebx7 & ~0x20u, "... leaf 7 no AVX2");
	tap_is(out[ECX], ecx7 & ~0x608u, "... no VAES and VPCLMULQDQ, and without PKRU no PKU");
	ask(0xd, 0);
	tap_ok(out[EAX] == 3 && out[ECX] == 576, "... leaf D no such states, and no room for them");
	ask(0xd, 2);
	tap_ok(all_zero(), "... nor their sizes");
	tap_is(persona.cr4_bits >> 22 & 1, 0, "... and CR4 has no PKE");
	persona_init(&persona, &(struct persona){ .tsc_hz = 2596125000, .vcpus = 2, .xfam = 0x203 });
	ask(0xd, 0);
	tap_ok(out[EAX] == 0x203 && out[ECX] == 2696 && ask(7, 0)[ECX] == (ecx7 & ~0x600u), "PKRU without AVX");
	persona_init(&persona, &(struct persona){ .tsc_hz = 2596125000, .vcpus = 2, .xfam = 0x207 });
}

/* SDM 3A, "Control Registers": each with the leaf that enumerates it. KL, CET, PKS, LA57 are never the TD's. */
static void control_bits(void)
{
	static const struct {
		const char *name;
		unsigned int cr4;
		struct bit feature;
	} rows[] = {
		{ "no UMIP, no such bit in CR4", 11, { 7, ECX, 2 } }, { "no FSGSBASE", 16, { 7, EBX, 0 } },
		{ "no XSAVE, no OSXSAVE", 18, { 1, ECX, 26 } }, { "no SMEP", 20, { 7, EBX, 7 } },
		{ "no SMAP", 21, { 7, EBX, 20 } }, { "no PKU, no PKE", 22, { 7, ECX, 3 } },
	};
	uint64_t all = persona.cr4_bits;

	tap_is(persona.cr4_bits, 0x7ff | 1u << 11 | 1u << 16 | 1u << 17 | 1u << 18 | 1u << 20 | 1u << 21 | 1u << 22,
	       "CR4: the bits that are enumerated");
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lacks = rows[i].feature;
		persona_init(&persona, &(struct persona){ .tsc_hz = 2596125000, .vcpus = 2, .xfam = 0x207 });
		tap_is(persona.cr4_bits, all & ~(1ull << rows[i].cr4), rows[i].name);
	}
	lacks = (struct bit){ 0, 0, 0 };
	persona_init(&persona, &(struct persona){ .tsc_hz = 2596125000, .vcpus = 2, .xfam = 0x207 });
}

static void topology(void)
{
	/* SDM 2A, "CPUID", table of leaf 4: type and level. The module hides EDX's bit 2 where there is a core's own. */
	static const uint32_t kinds[] = { 1 | 1 << 5, 2 | 1 << 5, 3 | 2 << 5, 3 | 3 << 5 };
	uint64_t bytes[4];
	bool kept = true;

	ask(4, 3);
	tap_is(out[EAX], 0x163 | 1u << 14 | 1u << 26, "third-level cache: shared by the guest's two cores");
	for (uint32_t i = 0; i < 4; i++) {
		ask(4, i);
		bytes[i] = (uint64_t)((out[EBX] >> 22) + 1) * ((out[EBX] >> 12 & 0x3ff) + 1) * ((out[EBX] & 0xfff) + 1) *
			   (out[ECX] + 1);
		kept &= out[EAX] == (kinds[i] | 1u << 8 | (i == 3) << 14 | 1u << 26) && out[EDX] == (i == 3 ? 4 : 0);
	}
	tap_ok(kept, "data, instructions, and two for both; only the last is shared");
	tap_ok(bytes[0] == 48 << 10 && bytes[1] == 32 << 10 && bytes[2] == 2 << 20 && bytes[3] == 105 << 20,
	       "its size, and the others'");
	ask(4, 4);
	tap_ok(all_zero(), "and no more caches");
	ask(0xb, 1);
	tap_ok(out[EAX] == 1 && out[EBX] == 2 && out[ECX] == 0x201 && out[EDX] == 1, "leaf B: two cores");
	ask(0xb, 2);
	tap_ok(out[EAX] == 0 && out[EBX] == 0 && out[ECX] == 2, "leaf B ends");
	persona_init(&persona, &(struct persona){ .tsc_hz = 2596125000, .vcpus = 1, .xfam = 0x207, .hide_cx16 = true });
	vcpu.index = vcpu.apic_id = 0;
	tap_is(ask(1, 0)[EBX] >> 16, 1, "one vCPU: one logical CPU");
	tap_is(out[EDX] >> 28 & 1, 1, "and HTT all the same");
	tap_is(out[ECX] >> 13 & 1, 0, "CX16 can be hidden");
}

static void reduced(void)
{
	uint32_t all = ask(1, 0)[EDX], deadline = out[ECX] >> 24 & 1;

	vcpu.ve_reduced = true;
	tap_is(ask(1, 0)[EDX], all & ~(1u << 7 | 1u << 12 | 1u << 14), "REDUCE_VE: no MCE, MTRR, MCA");
	tap_ok(deadline && !(out[ECX] >> 24 & 1), "... nor a TSC deadline");
	vcpu.ve_reduced = false;
}

/* As QEMU's -smp 5,maxcpus=6,sockets=2,cores=3: two bits number a package's cores, and ID 3 is nobody's. */
static void packages(void)
{
	persona_init(&persona, &(struct persona){ .tsc_hz = 2596125000, .vcpus = 5, .cores = 3, .xfam = 0x207 });
	vcpu = (struct persona_vcpu){ .persona = &persona, .index = 3, .apic_id = 4 };
	tap_ok(ask(0xb, 1)[EAX] == 2 && out[EBX] == 3 && out[EDX] == 4, "three cores: two bits of the ID");
	tap_ok(ask(0xb, 0)[EAX] == 0 && out[EBX] == 1 && out[ECX] == 0x100 && out[EDX] == 4, "... of one thread");
	/* SDM 2A, "CPUID": EDX, and ECX's low byte, do not depend on whether there is such a level. */
	tap_ok(ask(0xb, 0x103)[EBX] == 0 && out[ECX] == 3 && out[EDX] == 4, "... and of nothing else, which has the ID too");
	tap_is(ask(0x1f, 0)[EDX], 4, "leaf 1F has the ID too");
	tap_is(ask(1, 0)[EBX] >> 16, 4 << 8 | 4, "leaf 1: the ID, and room for four");
	tap_is(ask(4, 3)[EAX], 0x163 | 3u << 14 | 3u << 26, "leaf 4: of one package");
	vmm_cpuid(&persona, 4, 0x0b, 0, out);
	tap_is(out[EDX], 5, "the VMM knows the IDs");
	persona_init(&persona, &(struct persona){ .tsc_hz = 2596125000, .vcpus = 2, .xfam = 0x207 });
	vcpu = (struct persona_vcpu){ .persona = &persona, .index = 1, .apic_id = 1 };
}

static void hypervisor(void)
{
	vmm_cpuid(&persona, 1, 0x40000000, 0, out);
	tap_ok(out[EAX] == 0x40000001 && memcmp(&out[EBX], "KVMKVMKVM\0\0", 12) == 0, "the VMM says KVM");
	vmm_cpuid(&persona, 1, 0x40000001, 0, out);
	tap_ok(all_zero(), "without features");
	vmm_cpuid(&persona, 1, 0x40000100, 0, out);
	tap_ok(all_zero(), "and nobody else is there");
	vmm_cpuid(&persona, 1, 0x80000001, 0, out);
	tap_is(out[EDX] >> 11 & 1, 1, "the VMM, which does not look at CS, has SYSCALL");
	vmm_cpuid(&persona, 1, 0x16, 0, out);
	tap_is(out[EAX], 2596, "the VMM gives MHz");
	vmm_cpuid(&persona, 1, 0x0b, 0, out);
	tap_is(out[EDX], 1, "and the APIC id of the vCPU that asks: TDVF's mailbox loop goes by it");
}

int main(void)
{
	rich = true;
	persona_init(&persona, &(struct persona){ .tsc_hz = 2596125000, .vcpus = 2, .xfam = 0x207 });
	vcpu = (struct persona_vcpu){ .persona = &persona, .index = 1, .apic_id = 1 };
	identity();
	features();
	tap_is(ask(1, 0)[ECX] >> 13 & 1, 1, "CX16 is there");
	xsave();
	without_states();
	control_bits();
	reduced();
	packages();
	topology();
	hypervisor();
	rich = false;
	persona_init(&persona, &(struct persona){ .tsc_hz = 1000000000, .vcpus = 1, .xfam = 0x207 });
	ask(1, 0);
	tap_is(out[ECX], 0x8014 | 1u << 21 | 1u << 24 | 1u << 31, "nothing is promised that the CPU has not");
	tap_is(out[EDX], 0x10200200, "... but APIC, DS and HTT");
	tap_is(ask(7, 0)[EBX], 0x2040, "leaf 7 likewise");
	tap_is(ask(0x80000001, 0)[ECX], 0x100, "PREFETCHW, which is a hint; not LAHF and LZCNT");
	tap_is(ask(0x80000008, 0)[EAX] & 0xff, 0x34, "52 physical bits likewise");
	tap_is(persona.cr4_bits, 0x207ff, "CR4 has what every CPU with TDX has");
	return tap_done();
}
