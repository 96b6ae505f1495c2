/* SPDX-License-Identifier: MIT */
/* The guest's APIC and MSRs on a register file: what reaches the real APIC, what never does, and the timer's sums. */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "monitor/persona/persona.h"
#include "wire/tap.h"

#define HZ		2500000000ull
#define ICR		0x300
#define LVT_TIMER	0x320
#define INITIAL		0x380
#define CURRENT		0x390
#define DIVIDE		0x3e0

static uint32_t page[256];	/* one word for each register */
static unsigned int icr_writes, nmis;
static uint64_t sent;			/* physical ids that ICR named */
static uint64_t tsc;
static struct persona persona;
static struct persona_vcpu vcpu;

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	(void)subleaf;
	memset(out, 0, 16);
	out[0] = leaf == 0x80000008 ? 46 : 0;	/* physical address bits */
}

uint64_t host_tsc(void)
{
	return tsc;
}

static uint64_t cpu_msr[2];	/* number and value of the last that was written */

void host_wrmsr(uint32_t msr, uint64_t value)
{
	cpu_msr[0] = msr;
	cpu_msr[1] = value;
}

uint32_t host_lapic_read(uint32_t offset)
{
	return page[offset / 16];
}

void host_lapic_write(uint32_t offset, uint32_t value)
{
	page[offset / 16] = value;
	if (offset == INITIAL)
		page[CURRENT / 16] = value;
	icr_writes += offset == ICR;
	if (offset == ICR && page[0x31] >> 24 < 64)	/* not to all */
		sent |= 1ull << (page[0x31] >> 24);
}

static void count_nmi(uint32_t index)
{
	nmis |= 1u << index;
}

static bool write_msr(uint32_t msr, uint64_t value)
{
	return vmm_wrmsr(&vcpu, msr, value);
}

static uint64_t read_msr(uint32_t msr)
{
	uint64_t value = 0xdead;

	return vmm_rdmsr(&vcpu, msr, &value) ? value : 0xbad;
}

static uint64_t native(uint32_t msr)
{
	uint64_t value = 0xdead;

	return persona_rdmsr(&vcpu, msr, &value) == PERSONA_DONE ? value : 0xbad;
}

/* Real time until the real timer fires, or 0. */
static uint64_t armed_ns(void)
{
	static const unsigned int shifts[16] = { 1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 0 };

	return (uint64_t)page[INITIAL / 16] << shifts[page[DIVIDE / 16] & 11];
}

static void start_in(uint32_t vcpus, uint32_t cores, uint32_t index)
{
	memset(page, 0xff, sizeof(page));
	persona_init(&persona, &(struct persona){ .tsc_hz = HZ, .vcpus = vcpus, .cores = cores, .xfam = 0x207 });
	persona.nmi = count_nmi;
	persona_vcpu_init(&vcpu, &persona, index);
	icr_writes = nmis = 0;
}

static void start(uint32_t index)
{
	start_in(4, 0, index);
}

static void registers(void)
{
	start(2);
	tap_is(page[0xd], 4u << 24, "logical id: the bit of the vCPU");
	tap_is(page[0xe], 0xffffffff, "flat model");
	start_in(8, 0, 7);
	tap_is(page[0xd], 0x80000000, "... of the eighth, too");
	start_in(5, 3, 3);
	tap_is(page[0xd], 0x10000000, "... or that of its ID");
	start(2);
	tap_is(page[0x35], 0x10000, "LINT0 is masked");
	tap_is(read_msr(0x802), 2, "id");
	tap_is(read_msr(0x80d), 4, "x2APIC logical id");
	tap_ok(write_msr(0x80f, 0x1ff) && page[0xf] == 0x1ff, "SVR");
	tap_is(read_msr(0x80f), 0x1ff, "and back");
	tap_ok(write_msr(0x835, 0x700) && page[0x35] == 0x700, "LINT0 as ExtINT");
	tap_ok(write_msr(0x835, 0x500) && page[0x35] == 0x10000, "INIT through an LVT is masked");
	tap_ok(write_msr(0x833, 0x200) && page[0x33] == 0x10000, "and SMI");
	tap_ok(write_msr(0x837, 0x200) && page[0x37] == 0, "... but the one for errors has no such mode");
	tap_ok(write_msr(0x834, 0xffffafff) && page[0x34] == 0x107ff, "only the LINTs have polarity and trigger mode");
	tap_ok(!write_msr(0x828, 1) && write_msr(0x828, 0), "ESR takes 0 only");
	tap_ok(!write_msr(0x802, 1), "the id is read only");
	tap_ok(!write_msr(0x80f, 1ull << 32), "reserved bits");
	tap_is(read_msr(0x82f), 0xbad, "no CMCI");
	tap_is(read_msr(0x83f), 0xbad, "SELF_IPI cannot be read");
	tap_ok(!write_msr(0x808, 0) && !write_msr(0x80b, 0) && read_msr(0x810) == 0xbad, "no TPR, EOI, ISR there");
	tap_ok(persona_wrmsr(&vcpu, 0x80b, 0) == PERSONA_DONE && page[0xb] == 0, "the module has an EOI");
	tap_is(persona_wrmsr(&vcpu, 0x80b, 1), PERSONA_GP, "of 0");
	tap_ok(persona_wrmsr(&vcpu, 0x808, 0x50) == PERSONA_DONE && page[8] == 0x50, "and a TPR");
	tap_ok(persona_wrmsr(&vcpu, 0x83f, 0xf0) == PERSONA_DONE && page[0x30] == 0x400f0, "and SELF_IPI");
	/* SDM 3A, "Reserved Bit Checking" of the x2APIC. */
	tap_ok(persona_wrmsr(&vcpu, 0x808, 0x160) == PERSONA_GP && page[8] == 0x50 &&
	       persona_wrmsr(&vcpu, 0x83f, 0x1f1) == PERSONA_GP && page[0x30] == 0x400f0 && native(0x83f) == 0xf0,
	       "reserved bits of either are #GP, and nothing comes of it");
}

static bool icr(uint64_t value, uint32_t low, uint32_t high)
{
	unsigned int before = icr_writes;

	return write_msr(0x830, value) && icr_writes == before + 1 && page[0x30] == low && page[0x31] == high;
}

static bool lost(uint64_t value)
{
	unsigned int before = icr_writes;

	return write_msr(0x830, value) && icr_writes == before && nmis == 0;
}

static unsigned int nmi(uint64_t value)
{
	unsigned int hit, before = icr_writes;

	nmis = 0;
	write_msr(0x830, value);
	hit = nmis;
	nmis = 0;
	return icr_writes == before ? hit : 0xbad;
}

static void interrupts(void)
{
	start(1);
	tap_ok(icr(3ull << 32 | 0xfb, 0xfb, 3u << 24), "to a physical id");
	tap_ok(icr(6ull << 32 | 0x8fb, 0x8fb, 6u << 24), "to logical ids of the first cluster");
	tap_ok(icr(0xffffffffull << 32 | 0xfb, 0xfb, 0xff000000), "to everybody");
	tap_ok(icr(0xffffffffull << 32 | 0x8fb, 0xfb, 0xff000000), "... of whom a flat xAPIC's logical 0xff is eight");
	tap_ok(icr(0x100ull << 32 | 0xc00fb, 0xc00fb, 0) && icr(0x100ull << 32 | 0xc08fb, 0xc08fb, 0),
	       "to all others, whatever else is named");
	tap_ok(icr(0xc00fb, 0xc00fb, 0), "to all others");
	tap_is(read_msr(0x830), 0xc00fb, "ICR reads back");
	/* [kvm:kvm_x2apic_icr_write] */
	tap_ok(!write_msr(0x830, 0xe00fb) && !write_msr(0x830, 0xd00fb) && !write_msr(0x830, 0x800c00fb) &&
	       !write_msr(0x830, 0x1c00fb) && !write_msr(0x830, 0xc20fb) && read_msr(0x830) == 0xc00fb,
	       "reserved bits are refused");
	tap_ok(icr(0xc10fb, 0xc00fb, 0) && read_msr(0x830) == 0xc00fb, "... the delivery status is ignored");
	tap_ok(lost(0x100ull << 32 | 0xfb) && lost(0xffull << 32 | 0xfb), "physical ids 256 and 255 are nobody, not CPU 0");
	tap_ok(lost(0x10001ull << 32 | 0x8fb), "nor is the second cluster");
	tap_ok(lost(3ull << 32 | 0xf), "vector 15");
	tap_ok(lost(1ull << 32 | 0x4500) && lost(1ull << 32 | 0x4608) && lost(0xc4500), "INIT and start-up are lost");
	tap_ok(lost(1ull << 32 | 0x4520) && lost(1ull << 32 | 0x469a), "whatever their vector");
	tap_ok(lost(1ull << 32 | 0x200) && lost(1ull << 32 | 0x230), "SMI is lost");
	tap_is(nmi(3ull << 32 | 0x400), 8, "NMI to a physical id goes through the monitor");
	tap_is(nmi(6ull << 32 | 0xc00), 6, "... to logical ids");
	tap_is(nmi(0xffffffffull << 32 | 0x400), 15, "... to everybody");
	tap_is(nmi(0x80400), 15, "... to all, by shorthand");
	tap_is(nmi(0xc0400), 13, "... to all others");
	tap_is(nmi(0x40400), 2, "... to itself");
}

static uint64_t reached(uint64_t value)
{
	sent = 0;
	write_msr(0x830, value);
	return sent;
}

/* Packages of three: IDs 0 1 2, 4 5 6, 8 9 10 ... 20. SDM 3A, "Logical Destination Mode in x2APIC Mode". */
static void many(void)
{
	start_in(16, 3, 15);
	tap_is(read_msr(0x802), 20, "the sixteenth vCPU in packages of three has ID 20");
	tap_is(read_msr(0x80d), 1 << 16 | 1 << 4, "the second cluster, bit 4");
	tap_is(page[0xd], 0, "a flat xAPIC has no bit for it");
	tap_is(read_msr(0x1b), 0xfee00c00, "it is not the first");
	tap_is(reached(9ull << 32 | 0xfb), 1 << 9, "to a physical id above 7");
	tap_is(reached(0x605ull << 32 | 0x8fb), 1 | 1 << 2 | 1 << 9 | 1 << 10, "logical ids of the first cluster beyond 8");
	tap_is(page[0x30], 0xfb, "as physical ones");
	tap_is(read_msr(0x830), 0x605ull << 32 | 0x8fb, "ICR is what was written");
	tap_is(reached(0xffull << 32 | 0x8fb), 1 | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6, "all of the first eight IDs");
	tap_is(reached(0x10011ull << 32 | 0x8fb), 1 << 16 | 1 << 20, "of the second");
	tap_is(reached(0x18008ull << 32 | 0x8fb), 0, "IDs that nobody has");
	tap_ok(reached(0x10011ull << 32 | 0x9fb) == 1 << 16 && page[0x30] == 0xfb, "lowest priority is one of them");
	tap_is(nmi(9ull << 32 | 0x400), 1 << 7, "NMI to an id: of the vCPU that has it");
	tap_is(nmi(7ull << 32 | 0x400), 0, "an id that nobody has");
	tap_is(nmi(0x10011ull << 32 | 0xc00), 1 << 12 | 1 << 15, "to logical ids of the second cluster");
	tap_is(nmi(0xc0400), 0x7fff, "to all others");
}

static void deadline(void)
{
	start(0);
	tsc = 1000000;
	tap_ok(write_msr(0x6e0, tsc + HZ) && armed_ns() == 0, "ignored outside deadline mode");
	tap_ok(write_msr(0x832, 0x400ec) && page[LVT_TIMER / 16] == 0xec, "the real timer is one-shot");
	tap_is(read_msr(0x832), 0x400ec, "the guest sees deadline mode");
	tap_ok(!lapic_timer_armed(&vcpu), "not armed");
	tap_ok(write_msr(0x6e0, tsc + HZ) && armed_ns() == 1000000001, "a second, and never too early");
	tap_ok(lapic_timer_armed(&vcpu), "armed");
	tap_is(read_msr(0x6e0), tsc + HZ, "reads back");
	tap_is(read_msr(0x839), 0, "no current count in deadline mode");
	write_msr(0x6e0, tsc + 10 * HZ);
	tap_ok(armed_ns() >= 10000000000 - 128 && armed_ns() <= 10000000001, "ten seconds need a divider");
	write_msr(0x6e0, UINT64_MAX);
	tap_is(armed_ns() / 1000000000, 500, "the end of time comes after 500 s, at worst for nothing");
	tap_ok(write_msr(0x6e0, tsc - 1) && armed_ns() == 1, "the past fires at once");
	tap_is(read_msr(0x6e0), 0, "and is over");
	write_msr(0x6e0, tsc + HZ);
	tap_ok(write_msr(0x6e0, 0) && armed_ns() == 0 && !lapic_timer_armed(&vcpu), "0 disarms");
	write_msr(0x6e0, tsc + HZ);
	write_msr(0x832, 0x500ec);
	tap_ok(!lapic_timer_armed(&vcpu) && page[LVT_TIMER / 16] == 0x100ec, "a masked timer is not armed");
	write_msr(0x832, 0x400ec);
	tap_ok(lapic_timer_armed(&vcpu), "unmasked it is");
	write_msr(0x832, 0xec);
	tap_ok(armed_ns() == 0 && read_msr(0x6e0) == 0, "leaving the mode disarms");
	tap_ok(!write_msr(0x832, 0x600ec), "no mode 3");
}

static void counting(void)
{
	start(0);
	write_msr(0x832, 0x200ec);
	write_msr(0x83e, 0xb);
	tap_ok(write_msr(0x838, 25000) && armed_ns() == 1000000, "25000 ticks of 25 MHz are a millisecond");
	tap_is(page[LVT_TIMER / 16], 0x200ec, "periodic");
	page[CURRENT / 16] /= 2;
	tap_is(read_msr(0x839), 12500, "half of it left");
	tap_is(read_msr(0x838), 25000, "initial count");
	write_msr(0x83e, 0x3);
	tap_ok(write_msr(0x838, 25000) && armed_ns() == 16000000, "divided by 16");
	tap_is(read_msr(0x83e), 3, "divider");
	write_msr(0x838, 0xffffffff);
	tap_ok(page[INITIAL / 16] == 0xffffffff && page[DIVIDE / 16] == 0xa, "the longest count is as long as it gets");
	tap_ok(write_msr(0x838, 0) && !lapic_timer_armed(&vcpu), "0 stops");
}

/*
 * [mod:virt_msr_helpers.h]: each field by its place in SDM 3D, appendix A. Of controls, what must be 1 may be, and the
 * reserved ones that are 1 on all CPUs are (A.3.1, A.3.2, A.4, A.5; those that the TRUE_* free are not among them).
 */
static void vmx_msrs(void)
{
	static const struct {
		uint32_t msr, reserved1;
	} controls[] = { { 0x48d, 0x16 }, { 0x48e, 0x4006172 }, { 0x48f, 0x36dfb }, { 0x490, 0x11fb }, { 0x48b, 0 } };
	bool good = true;

	tap_is(native(0x485), 1 << 5 | 1 << 6 | 1 << 7 | 1 << 14 | 4 << 16 | 1 << 29 | 1 << 30,
	       "VMX_MISC: EFER.LMA, HLT, shutdown, PT, four CR3 targets, VMWRITE of any field, length 0");
	tap_ok(native(0x486) == 0x20 && native(0x487) == 0x8005003f, "CR0_FIXED: NE must be 1, CD and NW must be 0");
	tap_ok(native(0x488) == 0x2040 && native(0x489) == (persona.cr4_bits | 0x2040),
	       "CR4_FIXED: MCE and VMXE must be 1, and what CR4 has may be");
	tap_is(native(0x48c), 1 | 3 << 16 | 1 << 22, "EPT_VPID_CAP: execute-only, large pages, what an exit tells");
	tap_is(native(0x491), 0, "no VM functions");
	for (unsigned int i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		uint32_t must = (uint32_t)native(controls[i].msr), may = (uint32_t)(native(controls[i].msr) >> 32);

		good &= (must & ~may) == 0 && (controls[i].reserved1 & ~must) == 0;
	}
	tap_ok(good, "controls: what must be 1 may be, and what always is 1 must be");
}

static void module_msrs(void)
{
	start(0);
	vcpu.efer = 0xd01;
	tap_ok(native(0x10a) >> 62 == 1 && (native(0x10a) & 1), "ARCH_CAPABILITIES: ITS_NO, RDCL_NO");
	tap_is(native(0xbd), 1, "xAPIC mode is disabled for good");
	tap_is(native(0xc0000080), 0xd01, "EFER");
	tap_ok(persona_wrmsr(&vcpu, 0xc0000080, 0x900) == PERSONA_DONE && vcpu.efer == 0xd00, "SCE changes only");
	tap_is(persona_wrmsr(&vcpu, 0xc0000080, 0x500), PERSONA_VE, "NXE is a #VE");
	tap_is(persona_wrmsr(&vcpu, 0xc0000080, 0x1d00), PERSONA_VE, "SVME too");
	tap_is(vcpu.efer, 0xd00, "and changes nothing");
	tap_is(native(0x277), 0x0007040600070406, "PAT");
	tap_is(persona_wrmsr(&vcpu, 0x277, 0x0407050600070106), PERSONA_DONE, "PAT takes memory types");
	tap_is(persona_wrmsr(&vcpu, 0x277, 2), PERSONA_GP, "but not type 2");
	tap_is(persona_wrmsr(&vcpu, 0x277, 0x800), PERSONA_GP, "nor reserved bits");
	tap_is(persona_wrmsr(&vcpu, 0xda0, 1), PERSONA_GP, "no supervisor state in XSS");
	tap_ok(persona_wrmsr(&vcpu, 0x48, 5) == PERSONA_DONE && native(0x48) == 5, "SPEC_CTRL");
	tap_is(persona_wrmsr(&vcpu, 0x48, 0x100), PERSONA_GP, "its reserved bits");
	tap_is(persona_wrmsr(&vcpu, 0x49, 1), PERSONA_DONE, "IBPB");
	tap_is(persona_wrmsr(&vcpu, 0x49, 2), PERSONA_GP, "... and nothing else");
	tap_is(native(0x49), 0xbad, "cannot be read");
	tap_is(persona_wrmsr(&vcpu, 0x1d9, 0x8), PERSONA_GP, "DEBUGCTL: reserved bits are #GP");
	tap_ok(persona_wrmsr(&vcpu, 0x1d9, 1ull << 16) == PERSONA_GP && persona_wrmsr(&vcpu, 0x1d9, 0x10) == PERSONA_GP &&
	       persona_wrmsr(&vcpu, 0x1d9, 0x20) == PERSONA_GP && persona_wrmsr(&vcpu, 0x1d9, 1ull << 63) == PERSONA_GP,
	       "... to the last");
	tap_is(persona_wrmsr(&vcpu, 0x1d9, 0x48), PERSONA_GP, "... before anything else");
	tap_is(persona_wrmsr(&vcpu, 0x1d9, 0x40), PERSONA_VE, "... TR without BTS is a #VE");
	tap_ok(persona_wrmsr(&vcpu, 0x1d9, 0xffc7) == PERSONA_DONE && native(0x1d9) == 0xdfc7,
	       "... all else is kept but bit 13");
	tap_is(native(0x345), 0, "PERF_CAPABILITIES, without PERFMON");
	tap_is(native(0x80b), 0, "EOI reads as what was written");
	tap_ok(persona_wrmsr(&vcpu, 0x83f, 0x41) == PERSONA_DONE && native(0x83f) == 0x41, "and so does SELF_IPI");
	tap_ok(native(0x809) == 0 && native(0x80c) == 0 && native(0x80e) == 0, "what is no register is memory");
	tap_ok(persona_wrmsr(&vcpu, 0x809, 0) == PERSONA_GP && persona_wrmsr(&vcpu, 0x80a, 0) == PERSONA_GP,
	       "not for writes");
	tap_is(native(0x480), 0x01c0000000000000, "VMX_BASIC: no revision, INS and OUTS, TRUE_*, any error code");
	vmx_msrs();
	tap_is(native(0x12345), 0xbad, "an MSR that the module has not");
}

/* SDM volume 4, and [kvm:__kvm_set_msr]: linear addresses, of which QEMU's CPU takes any, and TSC_AUX. */
static void checked_by_cpu(void)
{
	static const uint32_t addresses[] = { 0x175, 0x176, 0xc0000082, 0xc0000100, 0xc0000101, 0xc0000102 };
	bool good = true;

	start(0);
	for (unsigned int i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		uint32_t msr = addresses[i];

		good &= persona_wrmsr(&vcpu, msr, 0xffff800000001000) == PERSONA_DONE && cpu_msr[0] == msr &&
			cpu_msr[1] == 0xffff800000001000;
		good &= persona_wrmsr(&vcpu, msr, 0x7fffffffffff) == PERSONA_DONE && cpu_msr[1] == 0x7fffffffffff;
		good &= persona_wrmsr(&vcpu, msr, 0x800000000000) == PERSONA_GP &&
			persona_wrmsr(&vcpu, msr, 0xffff7fffffffffff) == PERSONA_GP &&
			persona_wrmsr(&vcpu, msr, 0xaaaaaaaaaaaaaaaa) == PERSONA_GP && cpu_msr[1] == 0x7fffffffffff;
	}
	tap_ok(good, "SYSENTER, LSTAR, FS, GS, KERNEL_GS: canonical addresses reach the CPU, others are #GP");
	tap_ok(persona_wrmsr(&vcpu, 0xc0000103, 0xffffffff) == PERSONA_DONE && cpu_msr[0] == 0xc0000103 &&
	       cpu_msr[1] == 0xffffffff, "TSC_AUX");
	tap_is(persona_wrmsr(&vcpu, 0xc0000103, 1ull << 32), PERSONA_GP, "... its upper half is reserved");
	tap_ok(persona_wrmsr(&vcpu, 0x600, 0xffff800000001000) == PERSONA_DONE && native(0x600) == 0xffff800000001000 &&
	       persona_wrmsr(&vcpu, 0x600, 0x800000000000) == PERSONA_GP, "DS_AREA, too, is an address");
}

static void vmm_msrs(void)
{
	start(0);
	tap_is(read_msr(0x1b), 0xfee00d00, "APIC base of the first vCPU, x2APIC on");
	tap_ok(!write_msr(0x1b, 0xfee00800), "and it stays on");
	vcpu.index = 1;
	tap_is(read_msr(0x1b), 0xfee00c00, "APIC base of another");
	tap_is(read_msr(0x3a), 1, "feature control is locked");
	tap_is(read_msr(0x277), 0x0007040600070406, "PAT");
	tap_ok(read_msr(0x10) == 0xbad && read_msr(0x174) == 0xbad, "what the module has is not the VMM's");
	/* [kvm:MISC_ENABLE_PMU_RO_MASK]. EMON is bit 7. */
	tap_is(read_msr(0x1a0), 0x1800, "MISC_ENABLE after reset, as KVM has it: QEMU sets nothing of a TD's vCPU");
	tap_ok(!write_msr(0x1a0, 0) && !write_msr(0x1a0, 0x801) && !write_msr(0x1a0, 0x1001),
	       "MISC_ENABLE: that there is no BTS and no PEBS is read only");
	tap_ok(write_msr(0x1a0, 0x1880) && read_msr(0x1a0) == 0x1800, "... EMON keeps its value, and the rest is kept");
	tap_is(native(0x1a0), 0x1801, "... which the module shows nobody");
	tap_is(read_msr(0x4b564d00), 0xbad, "no kvmclock");
}

/* [kvm:kvm_set_msr_common], [kvm:kvm_arch_vcpu_create]. */
static void vmm_keeps(void)
{
	start(0);
	tap_ok(read_msr(0xce) == 0x80000000 && !write_msr(0xce, 0), "PLATFORM_INFO has CPUID faulting, and is read only");
	tap_ok(read_msr(0x140) == 0 && write_msr(0x140, 1) && !write_msr(0x140, 2) && read_msr(0x140) == 1,
	       "MISC_FEATURES_ENABLES keeps that, and has nothing else");
	tap_ok(read_msr(0x1fc) == 0 && write_msr(0x1fc, ~2ull) && read_msr(0x1fc) == ~2ull, "POWER_CTL keeps anything");
	tap_ok(read_msr(0x4b564d05) == 1 && write_msr(0x4b564d05, 0) && !write_msr(0x4b564d05, 2) &&
	       read_msr(0x4b564d05) == 0, "KVM_POLL_CONTROL is one bit, and on at first");
	tap_ok(write_msr(0x8b, 5) && read_msr(0x8b) == 0x100000000, "UCODE_REV takes a write and stays as it is");
}

/* [kvm:set_msr_mce]. */
static void machine_checks(void)
{
	start(0);
	tap_is(read_msr(0x179), 0x0100010a, "ten machine-check banks, as QEMU has them");
	tap_ok(!write_msr(0x179, 0) && write_msr(0x17a, 4) && read_msr(0x17a) == 4, "MCG_CAP is read only, MCG_STATUS not");
	tap_ok(read_msr(0x17b) == ~0ull && !write_msr(0x17b, 1) && write_msr(0x17b, 0) && read_msr(0x17b) == 0 &&
	       write_msr(0x17b, ~0ull) && read_msr(0x17b) == ~0ull, "MCG_CTL: all or nothing");
	tap_ok(read_msr(0x400) == ~0ull && read_msr(0x424) == ~0ull, "a bank's CTL: all at first");
	tap_ok(!write_msr(0x424, 1) && write_msr(0x424, 0) && read_msr(0x424) == 0 && read_msr(0x420) == ~0ull &&
	       write_msr(0x424, ~0x401ull) && read_msr(0x424) == ~0x401ull && !write_msr(0x424, ~2ull), "... or nothing");
	tap_ok(write_msr(0x405, 0) && !write_msr(0x405, 1), "its STATUS can be cleared");
	tap_ok(write_msr(0x406, 0xaaaaaaaaaaaaaaaa) && read_msr(0x406) == 0xaaaaaaaaaaaaaaaa && write_msr(0x427, 7) &&
	       read_msr(0x427) == 7 && read_msr(0x407) == 0, "its ADDR and MISC are kept");
	tap_ok(read_msr(0x428) == 0xbad && !write_msr(0x428, 0) && read_msr(0x47f) == 0xbad && read_msr(0x3ff) == 0xbad,
	       "there is no eleventh");
	tap_ok(read_msr(0x280) == 0xbad && !write_msr(0x289, 0) && read_msr(0x4d0) == 0xbad, "no CMCI, no LMCE");
}

/* [kvm:kvm_mtrr_valid], kvm_mtrr_get_msr(). */
static void mtrrs(void)
{
	start(0);
	tap_is(read_msr(0xfe), 0x508, "MTRRs: 8 variable, fixed, write-combining");
	tap_ok(!write_msr(0xfe, 0x508), "which is read only");
	tap_is(read_msr(0x2ff), 0, "off at first");
	tap_ok(write_msr(0x2ff, 0xc06) && read_msr(0x2ff) == 0xc06, "they are kept");
	tap_ok(!write_msr(0x2ff, 0xc02) && !write_msr(0x2ff, 0x1c06) && read_msr(0x2ff) == 0xc06, "unless not allowed");
	tap_ok(write_msr(0x200, 0x80000006) && write_msr(0x201, 0xfffff80000800) && read_msr(0x200) == 0x80000006 &&
	       read_msr(0x201) == 0xfffff80000800, "a base and a mask");
	tap_ok(!write_msr(0x200, 0x80000007) && !write_msr(0x200, 0x80000100) && !write_msr(0x201, 0x80000400) &&
	       !write_msr(0x201, 1ull << 52), "their reserved bits");
	tap_ok(write_msr(0x20f, 0) && !write_msr(0x210, 0) && read_msr(0x210) == 0xbad, "the last one");
	tap_ok(write_msr(0x250, 0x0606060606060606) && read_msr(0x250) == 0x0606060606060606, "a fixed one");
	tap_ok(!write_msr(0x26f, 0x0206060606060606) && read_msr(0x26f) == 0, "each of its types is checked");
	tap_ok(!write_msr(0x251, 0) && read_msr(0x257) == 0xbad, "there is nothing between them");
}

int main(void)
{
	registers();
	interrupts();
	many();
	deadline();
	counting();
	module_msrs();
	checked_by_cpu();
	vmm_msrs();
	vmm_keeps();
	machine_checks();
	mtrrs();
	return tap_done();
}
