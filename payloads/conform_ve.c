/* SPDX-License-Identifier: MIT */
/* #VE where the module raises it, with the right information; silence where it is silent; other exceptions. */
#include "payloads/lib/gpr.h"
#include "payloads/lib/payload.h"
#include "payloads/conform.h"

#define IOAPIC		0xfec00000ull
#define COM1_SCRATCH	0x3ff
#define IO_IN		8u

enum { MSR_APIC_BASE = 0x1b, MSR_PAT = 0x277, MSR_SGX_HASH = 0x8c, MSR_EFER = 0xc0000080, MSR_TPR = 0x808,
       MSR_X2APIC_VERSION = 0x803, X2APIC_ICR = 0x830, MSR_KERNEL_GS_BASE = 0xc0000102,
       ICR_NMI_SELF = 0x40400 };	/* SDM 3A, "Interrupt Command Register" */

static unsigned int ves(void)
{
	return trap_log()->ves;
}

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "d"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
	return value;
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "d"(port));
	return value;
}

static uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

/* [mod:tdx_inject_ve]; SDM 3C, "Exit Qualification for I/O Instructions". */
static void test_ports(void)
{
	const volatile struct ve_info *ve = &trap_log()->last;
	unsigned int before = ves();

	out8(COM1_SCRATCH, 0x5a);
	conform_is(ves() - before, 1, "OUT is one #VE");
	conform_is(ve->reason, VE_IO, "its reason");
	conform_is(ve->qualification, COM1_SCRATCH << 16, "its qualification: size 1, out, port");
	conform_is(ve->length, 1, "its length");
	conform_ok(ve->gpa == 0 && ve->gla == 0, "it has no address");
	conform_is(in8(COM1_SCRATCH), 0x5a, "IN gives back what OUT wrote");
	conform_is(ve->qualification, COM1_SCRATCH << 16 | IO_IN, "its qualification: size 1, in, port");
	in32(0xcf8);
	conform_is(ve->qualification, 0xcf8 << 16 | IO_IN | 3, "IN of four bytes");
}

static void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

/* [mod:cpuid_configurations.c]: fixed1 of leaves 0 and 0x21; what is not in it is a #VE ([mod:td_cpuid.c]). */
static void test_cpuid(void)
{
	unsigned int before = ves();
	uint32_t out[4];

	conform_cpuid(0, 0, out);
	conform_ok(out[1] == 0x756e6547 && out[3] == 0x49656e69 && out[2] == 0x6c65746e, "CPUID 0 says GenuineIntel");
	conform_cpuid(0x21, 0, out);
	conform_ok(out[1] == 0x65746e49 && out[3] == 0x5844546c && out[2] == 0x20202020, "CPUID 0x21 says IntelTDX");
	conform_is(ves() - before, 0, "neither is a #VE");
	conform_cpuid(0x40000000, 0, out);
	conform_ok(ves() - before == 1 && trap_log()->last.reason == VE_CPUID && trap_log()->last.length == 2,
		   "CPUID 0x40000000 is one");
}

/* [mod:msr_config_lookup.c]; what the CPU checks of an address: [kvm:__kvm_set_msr]. */
static void test_msrs(void)
{
	unsigned int before = ves();

	conform_ok(rdmsr(MSR_EFER) & 1u << 10, "EFER says long mode");
	rdmsr(MSR_PAT);
	rdmsr(MSR_TPR);
	conform_is(ves() - before, 0, "EFER, PAT and the APIC's TPR are native");
	conform_ok((rdmsr(MSR_APIC_BASE) & 0xc00) == 0xc00, "the APIC is in x2APIC mode");
	conform_ok(ves() - before == 1 && trap_log()->last.reason == VE_RDMSR && trap_log()->last.length == 2,
		   "APIC_BASE is a #VE");
	rdmsr(MSR_X2APIC_VERSION);
	conform_is(ves() - before, 2, "the APIC's version is a #VE");
	before = trap_log()->expected;
	trap_expect(VECTOR_GP, 2);
	rdmsr(MSR_SGX_HASH);
	conform_is(trap_log()->expected - before, 1, "an MSR that a TD does not have is #GP");
	wrmsr(MSR_KERNEL_GS_BASE, 0xffff800000001000);
	conform_is(rdmsr(MSR_KERNEL_GS_BASE), 0xffff800000001000, "KERNEL_GS_BASE takes an address");
	trap_expect(VECTOR_GP, 2);
	wrmsr(MSR_KERNEL_GS_BASE, 0x800000000000);
	conform_ok(trap_log()->expected - before == 2 && rdmsr(MSR_KERNEL_GS_BASE) == 0xffff800000001000,
		   "... not one that is not canonical: #GP");
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

enum { READ, WRITE };

/* What is the VMM's, asked for as the handler of a #VE does: [kvm:tdx_has_emulated_msr], [kvm:kvm_set_msr_common]. */
static void test_vmm_msrs(void)
{
	static const struct {
		const char *name;
		uint64_t value;		/* what is written, or read */
		uint32_t msr;
		bool write, refused;
	} rows[] = {
		{ "FEAT_CTL is locked", 1, 0x3a, READ, false },
		{ "... and read only", 1, 0x3a, WRITE, true },
		{ "APIC_BASE is read only", 0xfee00d00, MSR_APIC_BASE, WRITE, true },
		{ "EFER, too", 0xd00, MSR_EFER, WRITE, true },
		{ "PLATFORM_INFO has CPUID faulting", 0x80000000, 0xce, READ, false },
		{ "MISC_FEATURES_ENABLES has nothing but that", 2, 0x140, WRITE, true },
		{ "... which is kept", 1, 0x140, WRITE, false },
		{ "... and read back", 1, 0x140, READ, false },
		{ "POWER_CTL is kept", 0x8000000000000002, 0x1fc, WRITE, false },
		{ "... and read back", 0x8000000000000002, 0x1fc, READ, false },
		{ "MISC_ENABLE: that there is no BTS is read only", 0x1000, 0x1a0, WRITE, true },
		{ "MTRR_CAP: eight pairs, fixed ones, write-combining", 0x508, 0xfe, READ, false },
		{ "an MTRR's type is checked", 2, 0x200, WRITE, true },
		{ "MCG_CAP is read only", 0, 0x179, WRITE, true },
		{ "TSC_ADJUST is not there", 0, 0x3b, READ, true },
		{ "TPR is the CPU's", 0, MSR_TPR, READ, true },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = rows[i].write ? rows[i].value : 0, status = vmcall_msr(rows[i].msr, rows[i].write, &value);

		conform_ok(status == (rows[i].refused ? TDVMCALL_INVALID_OPERAND : TDVMCALL_SUCCESS) &&
			   (rows[i].refused || value == rows[i].value), rows[i].name);
	}
}

/* SDM 3C, "Convertible EPT Violations" and "Exit Qualification for EPT Violations". */
static void test_mmio(void)
{
	void *alias = paging_alias(IOAPIC + payload_info.shared);
	const volatile struct ve_info *ve = &trap_log()->last;
	unsigned int before = ves();
	uint64_t value;

	conform_ok(!guarded_load((char *)alias + 0x10, &value) && ves() - before == 1, "a load from a device is a #VE");
	conform_is(ve->reason, VE_EPT_VIOLATION, "its reason");
	conform_is(ve->gpa, IOAPIC + payload_info.shared + 0x10, "its GPA, with S");
	conform_is(ve->gla, (uint64_t)(uintptr_t)alias + 0x10, "its linear address");
	conform_is(ve->qualification & 7, 1, "it was a read");
	conform_ok(!guarded_store((char *)alias + 0x10, 0) && (ve->qualification & 7) == 2, "a store says so");
}

/* The CPU converts it, and writes no length; the module does, for all other #VEs ([mod:tdvps_ve_info_t]). */
static void test_mmio_length(void)
{
	void *alias = paging_alias(IOAPIC + payload_info.shared);
	const volatile struct ve_info *ve = &trap_log()->last;
	uint64_t value;

	out8(COM1_SCRATCH, 1);
	conform_ok(!guarded_load(alias, &value) && ve->length == 1, "its length is that of the #VE before: OUT");
	rdmsr(MSR_APIC_BASE);
	conform_ok(!guarded_store(alias, 0) && ve->length == 2, "... of RDMSR");
}

/*
 * [mod:td_generic_ve_exit]. Expected: the instruction is skipped by the length in the #VE, so a wrong length ends in
 * nonsense.
 */
static void test_instructions(void)
{
	const volatile struct trap_log *log = trap_log();
	unsigned int before = log->expected;

	trap_expect(VECTOR_VE, 0);
	__asm__ volatile("hlt");
	conform_ok(log->expected - before == 1 && log->last.reason == VE_HLT, "HLT is a #VE");
	trap_expect(VECTOR_VE, 0);
	__asm__ volatile("wbinvd");
	conform_ok(log->expected - before == 2 && log->last.reason == VE_WBINVD, "WBINVD is a #VE");
	trap_expect(VECTOR_VE, 0);
	__asm__ volatile(".byte 0xf3, 0x0f, 0x09");
	conform_ok(log->expected - before == 3 && log->last.reason == VE_WBINVD && log->last.length == 3,
		   "WBNOINVD is the same #VE, of three bytes");
	trap_expect(VECTOR_VE, 0);
	__asm__ volatile("vmcall");
	conform_ok(log->expected - before == 4 && log->last.reason == VE_VMCALL, "VMCALL is a #VE");
	trap_expect(VECTOR_VE, 0);
	__asm__ volatile(".byte 0x0f, 0x01, 0xc8" : : "a"(0), "c"(0), "d"(0));
	conform_ok(log->expected - before == 5 && log->last.reason == VE_MONITOR, "MONITOR is a #VE");
	trap_expect(VECTOR_VE, 0);
	__asm__ volatile(".byte 0x0f, 0x01, 0xc9" : : "a"(0), "c"(0));
	conform_ok(log->expected - before == 6 && log->last.reason == VE_MWAIT, "MWAIT is a #VE");
	trap_expect(VECTOR_UD, 2);
	__asm__ volatile("ud2");
	conform_is(log->expected - before, 7, "UD2 is #UD");
	trap_expect(VECTOR_UD, 4);
	__asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcf");
	conform_is(log->expected - before, 8, "SEAMCALL is #UD");
	__asm__ volatile("prefetchw %0" : : "m"(*log));
	conform_is(log->expected - before, 8, "PREFETCHW is none");
}

/* A CPUID leaf that is always a #VE, inside of the handler. The module answers with #DF ([mod:tdx_inject_ve]). */
static void second_ve(void)
{
	uint32_t out[4];

	trap_expect(VECTOR_DF, 2);
	conform_cpuid(0x40000000, 0, out);
}

static void test_nested(void)
{
	const volatile struct trap_log *log = trap_log();
	unsigned int expected = log->expected, before = log->ves;

	trap_before_info(second_ve);
	out8(COM1_SCRATCH, 1);
	conform_ok(log->expected - expected == 1 && log->error == 0, "a #VE before the last was asked about is a #DF");
	conform_ok(log->ves - before == 1 && log->last.reason == VE_IO, "which does not touch the first");
}

static uint8_t pending_page[4096] __attribute__((aligned(4096)));

static bool request(uint64_t gpa)
{
	uint64_t gpr[GPRS] = { 0 };

	tdx_map_gpa(gpr, gpa, sizeof(pending_page));
	tdcall(gpr);
	return gpr[RAX] == 0 && gpr[R10] == TDVMCALL_SUCCESS;
}

static void touch_pending(void)
{
	uint64_t value;

	trap_expect(VECTOR_DF, 3);	/* guarded_load() begins with a MOV of three bytes */
	guarded_load(pending_page, &value);
}

/*
 * [mod:td_ept_violation.c], with TD_CTLS.PENDING_VE_DISABLE clear: whoever boots this with pending=1 created the TD so.
 */
static void test_pending(void)
{
	const volatile struct trap_log *log = trap_log();
	uint64_t gpa = (uint64_t)(uintptr_t)pending_page, value, accept[GPRS] = { [RAX] = TDG_MEM_PAGE_ACCEPT, [RCX] = gpa };
	unsigned int expected = log->expected, before = log->ves;
	char text[2];

	if (!payload_argument("pending", text, sizeof(text)))
		return;
	conform_ok(request(gpa + payload_info.shared) && request(gpa), "a page is shared, and PENDING again");
	conform_ok(!guarded_load(pending_page, &value) && log->ves - before == 1 && log->last.reason == VE_EPT_VIOLATION,
		   "the use of a PENDING page is a #VE");
	conform_ok(log->last.gpa == gpa && log->last.gla == gpa, "... with its GPA, without S, and linear address");
	trap_before_info(touch_pending);
	out8(COM1_SCRATCH, 1);
	conform_ok(log->expected - expected == 1 && log->error == 0, "... and #DF before the last #VE was asked about");
	conform_ok(log->ves - before == 2 && log->last.reason == VE_IO, "... which stays what it was");
	tdcall(accept);
	conform_ok(accept[RAX] == 0 && guarded_load(pending_page, &value) && value == 0, "accepted, it can be used");
}

static unsigned int early_nmis;

/* Exits of other kinds, too, must not let it in. */
static void nmi_and_exits(void)
{
	unsigned int before = trap_log()->nmis;
	uint64_t self = ICR_NMI_SELF;
	uint32_t value = 0, out[4];

	vmcall_msr(X2APIC_ICR, true, &self);
	vmcall_port(COM1_SCRATCH, 1, true, &value);
	conform_cpuid(0, 0, out);
	early_nmis = trap_log()->nmis - before;
}

/* [mod:td_nmi_exit]. Linux's handler relies on it: its own NMI handler would end in a #VE inside of the first. */
static void test_nmi(void)
{
	const volatile struct trap_log *log = trap_log();
	unsigned int before = log->nmis, ves = log->ves;
	uint64_t self = ICR_NMI_SELF;

	vmcall_msr(X2APIC_ICR, true, &self);
	conform_is(log->nmis - before, 1, "an NMI comes at once");
	trap_before_info(nmi_and_exits);
	out8(COM1_SCRATCH, 2);
	conform_is(early_nmis, 0, "an NMI waits until the information of a #VE was read");
	conform_ok(log->nmis - before == 2 && log->ves - ves == 1 && in8(COM1_SCRATCH) == 0x2, "... and comes then, once");
}

void conform_exceptions(void)
{
	test_ports();
	test_cpuid();
	test_msrs();
	test_vmm_msrs();
	test_mmio();
	test_mmio_length();
	test_instructions();
	test_nested();
	test_pending();
	test_nmi();
}
