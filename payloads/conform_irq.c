/* SPDX-License-Identifier: MIT */
/* Timer, interrupts to oneself and to the other vCPU, and waking up from HLT. */
#include "payloads/lib/payload.h"
#include "payloads/conform.h"

enum { MSR_TSC_DEADLINE = 0x6e0, X2APIC_SVR = 0x80f, X2APIC_ICR = 0x830, X2APIC_LVT_TIMER = 0x832,
       X2APIC_INITIAL_COUNT = 0x838, X2APIC_DIVIDE = 0x83e, X2APIC_SELF_IPI = 0x83f, ICR_NMI = 0x400 };

#define SVR_ENABLE	0x1ffu
#define LVT_DEADLINE	(2u << 17)
#define LVT_MASKED	(1u << 16)
#define DIVIDE_BY_1	0xbu

static uint64_t second;	/* in TSC ticks */
static volatile unsigned int other_state;	/* 1: waits, 2: was woken, 3: is to send NMIs, 4: is not any more */

static void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static void let_in(void)
{
	__asm__ volatile("sti; nop; cli" : : : "memory");
}

/* [mod:td_cpuid.c]: CPUID 0x15 is native: crystal 25 MHz, EBX / EAX the ratio. */
static uint64_t tsc_hz(void)
{
	uint32_t eax = 0x15, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return eax != 0 ? (uint64_t)ecx * ebx / eax : 0;
}

/* SDM 3C, "APIC-Write Emulation" and "Self-IPI Virtualization"; silent as in [mod:msr_config_lookup.c]. */
static void test_self(void)
{
	const volatile struct trap_log *log = trap_log();
	unsigned int interrupts = log->interrupts, before;

	wrmsr(X2APIC_SVR, SVR_ENABLE);
	before = log->ves;
	wrmsr(X2APIC_SELF_IPI, VECTOR_IPI);
	conform_is(log->interrupts - interrupts, 0, "an interrupt waits while RFLAGS.IF is clear");
	let_in();
	conform_is(log->interrupts - interrupts, 1, "SELF_IPI interrupts");
	conform_is(log->ves - before, 0, "SELF_IPI and EOI are silent");
}

/* What of an entry is kept, all of it masked: [kvm:apic_lvt_mask], without the bits that are read only. */
static void test_local_vectors(void)
{
	static const struct {
		const char *name;
		uint32_t msr, value, kept;
	} rows[] = {
		{ "the timer's LVT: vector, mask and mode", X2APIC_LVT_TIMER, 0xfffdafff, 0x500ff },
		{ "the thermal LVT: vector, delivery mode and mask", 0x833, 0xffffafff, 0x107ff },
		{ "the performance counters' LVT likewise", 0x834, 0xffffafff, 0x107ff },
		{ "LINT0: polarity and trigger mode, too", 0x835, 0xffffafff, 0x1a7ff },
		{ "LINT1 likewise", 0x836, 0xffffafff, 0x1a7ff },
		{ "the errors' LVT: vector and mask", 0x837, 0xffffafff, 0x100ff },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = rows[i].value;

		conform_ok(vmcall_msr(rows[i].msr, true, &value) == 0 && vmcall_msr(rows[i].msr, false, &value) == 0,
			   rows[i].name);
		conform_is(value, rows[i].kept, "... is kept");
		wrmsr(rows[i].msr, LVT_MASKED);
	}
}

/*
 * CPUID 0x15 tells the TSC's rate, ECX times EBX over EAX ([mod:cpuid_configurations.c]), and the APIC's timer counts
 * 25 MHz ([qemu:kvm/tdx.h]): one measured by the other, to a tenth, and no sooner than that.
 */
static void test_rate(void)
{
	uint64_t start, woken, count = 25000000 / 50;

	wrmsr(X2APIC_DIVIDE, DIVIDE_BY_1);
	wrmsr(X2APIC_LVT_TIMER, VECTOR_TIMER);
	start = payload_tsc();
	wrmsr(X2APIC_INITIAL_COUNT, count);
	vmcall_halt(false);
	woken = payload_tsc() - start;
	let_in();
	conform_ok(woken >= second / 50 - second / 500, "the APIC's timer counts 25 MHz of which CPUID tells the TSC's");
	wrmsr(X2APIC_LVT_TIMER, LVT_MASKED);
}

/*
 * GHCI, "TDG.VP.VMCALL<Instruction.HLT>": R12 says whether interrupts are blocked, not RFLAGS.IF. Linux calls HLT with
 * interrupts off and lets them in afterwards: the VMM must wake it all the same.
 */
static void test_timer(void)
{
	const volatile struct trap_log *log = trap_log();
	unsigned int interrupts = log->interrupts;
	uint64_t start = payload_tsc(), woken;

	wrmsr(X2APIC_LVT_TIMER, LVT_DEADLINE | VECTOR_TIMER);
	wrmsr(MSR_TSC_DEADLINE, start + second / 20);
	conform_is(vmcall_halt(false), TDVMCALL_SUCCESS, "HLT with RFLAGS.IF clear returns when the timer is due");
	woken = payload_tsc() - start;
	conform_is(log->interrupts - interrupts, 0, "the interrupt is still waiting");
	let_in();
	conform_is(log->interrupts - interrupts, 1, "and comes when it may");
	conform_ok(woken >= second / 20, "not before its time");
}

/* [kvm:vt_nmi_allowed]. To the first vCPU, again and again: one that comes before it halts does not wake it. */
static void send_nmis(void)
{
	uint64_t nmi = ICR_NMI;

	while (__atomic_load_n(&other_state, __ATOMIC_ACQUIRE) != 3)
		__builtin_ia32_pause();
	do {
		for (uint64_t start = payload_tsc(); payload_tsc() - start < second / 20;)
			__builtin_ia32_pause();
		vmcall_msr(X2APIC_ICR, true, &nmi);
	} while (__atomic_load_n(&other_state, __ATOMIC_ACQUIRE) != 4);
}

static void other_cpu(unsigned int cpu)
{
	wrmsr(X2APIC_SVR, SVR_ENABLE);
	__atomic_store_n(&other_state, cpu, __ATOMIC_RELEASE);
	while (trap_log()->interrupts == 0) {
		vmcall_halt(false);
		let_in();
	}
	__atomic_store_n(&other_state, 2, __ATOMIC_RELEASE);
	send_nmis();
}

static bool reaches(unsigned int state)
{
	uint64_t start = payload_tsc();

	while (__atomic_load_n(&other_state, __ATOMIC_ACQUIRE) != state) {
		__builtin_ia32_pause();
		if (payload_tsc() - start > 20 * second)
			return false;
	}
	return true;
}

/* The mailbox: ACPI 6.4, "Multiprocessor Wakeup Structure". IPIs: SDM 3A, "ICR Operation in x2APIC Mode". */
void conform_second_cpu(void)
{
	unsigned int nmis, interrupts = trap_log()->interrupts;

	conform_ok(payload_start_cpu(1, other_cpu), "the second vCPU can be started");
	conform_ok(reaches(1), "and runs");
	wrmsr(X2APIC_ICR, VECTOR_IPI);
	let_in();
	conform_is(trap_log()->interrupts - interrupts, 1, "an interrupt by number comes to the first vCPU");
	wrmsr(X2APIC_ICR, 1ull << 32 | VECTOR_IPI);
	conform_ok(reaches(2), "an interrupt to it wakes it up");
	nmis = trap_log()->nmis;
	__atomic_store_n(&other_state, 3, __ATOMIC_RELEASE);
	conform_is(vmcall_halt(true), TDVMCALL_SUCCESS, "HLT with interrupts blocked returns after an NMI");
	conform_ok(trap_log()->nmis > nmis, "... which was taken");
	__atomic_store_n(&other_state, 4, __ATOMIC_RELEASE);
}

void conform_interrupts(void)
{
	second = tsc_hz();
	conform_ok(second > 1000000, "CPUID 0x15 tells the TSC's rate");
	test_self();
	test_local_vectors();
	test_rate();
	test_timer();
}
