/* SPDX-License-Identifier: MIT */
/*
 * Debug registers, breakpoints and single steps of a guest across each kind of exit. After an instruction that the
 * module carries out itself a guest that steps is told as the CPU would ([mod:set_guest_pde_bs]
 * and its caller, advance_guest_rip()); one that ends in a #VE was not executed, so nothing is due until the
 * handler has returned and the next one is done.
 */
#include "abi/registers.h"
#include "payloads/lib/payload.h"
#include "payloads/conform.h"

#define COM1_SCRATCH	0x3ff
#define IOAPIC		0xfec00000ull
#define DR6_BS		(1ull << 14)
#define DR6_BD		(1ull << 13)
#define DR7_GD		(1ull << 13)
#define CR4_DE		(1ull << 3)
#define BREAK_FETCH(n)	(2ull << 2 * (n))
#define BREAK_STORE(n)	(2ull << 2 * (n) | 0xdull << (16 + 4 * (n)))	/* four bytes */

/* Where linear addresses are the monitor's own, too: monitor/link.ld. */
#define MONITOR_TEXT	0x40000000ull
#define MONITOR_BYTES	0x40000ull
#define FUNCTION_STEP	64	/* functions start on 16 bytes */

enum { MSR_APIC_BASE = 0x1b, MSR_DEBUGCTL = 0x1d9, DEBUGCTL_BTF = 2, MSR_EFER = 0xc0000080, X2APIC_SVR = 0x80f,
       X2APIC_SELF_IPI = 0x83f, SVR_ENABLE = 0x1ff };

static uint64_t after;		/* the address behind the instruction that it is about */
static volatile uint32_t watched;

#define SET_DR(n, value) __asm__ volatile("mov %0, %%dr" #n : : "r"((uint64_t)(value)))

static uint64_t dr(unsigned int n)
{
	uint64_t value;

	switch (n) {
	case 0: __asm__ volatile("mov %%dr0, %0" : "=r"(value)); break;
	case 1: __asm__ volatile("mov %%dr1, %0" : "=r"(value)); break;
	case 2: __asm__ volatile("mov %%dr2, %0" : "=r"(value)); break;
	case 3: __asm__ volatile("mov %%dr3, %0" : "=r"(value)); break;
	case 4: __asm__ volatile("mov %%dr4, %0" : "=r"(value)); break;
	case 6: __asm__ volatile("mov %%dr6, %0" : "=r"(value)); break;
	default: __asm__ volatile("mov %%dr7, %0" : "=r"(value));
	}
	return value;
}

static void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static void cpuid(uint32_t leaf)
{
	uint32_t eax = leaf, ecx = 0, ebx, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "+c"(ecx), "=b"(ebx), "=d"(edx));
}

/*
 * TF is set when popf is done: the first #DB is that of the instruction; then comes that of pushf, one byte long. The
 * instruction gets RAX, RCX, RDX and what is set up in front, and may change any register.
 */
#define STEP(setup, instruction, a, c, d) do { \
	uint64_t rax = (a), rcx = (c), rdx = (d); \
	trap_forget_debugs(); \
	__asm__ volatile(setup "; lea 1f(%%rip), %%rbx; mov %%rbx, %3; pushfq; orq $0x100, (%%rsp); popfq; " instruction \
			 "; 1: pushfq; andq $~0x100, (%%rsp); popfq" \
			 : "+a"(rax), "+c"(rcx), "+d"(rdx), "=m"(after) : \
			 : "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc"); \
} while (0)

/* The CPU carries it out, or the module does. */
#define NATIVE(setup, instruction, a, c, d, name) do { \
	STEP(setup, instruction, a, c, d); \
	conform_ok(trap_log()->debug[0].rip == after && (trap_log()->debug[0].dr6 & DR6_BS), \
		   "a step over " name " ends behind it"); \
} while (0)

/* The handler of its #VE does. */
#define BY_VE(instruction, a, c, d, name) do { \
	STEP("", instruction, a, c, d); \
	conform_is(trap_log()->debug[0].rip, after + 1, "a step over " name ", a #VE, ends behind the next instruction"); \
} while (0)

#define TDCALL	".byte 0x66, 0x0f, 0x01, 0xcc"

static void test_native_steps(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	NATIVE("", "nop", 0, 0, 0, "NOP");
	NATIVE("", "cpuid", 0, 0, 0, "CPUID of a native leaf");
	NATIVE("", "rdmsr", 0, MSR_EFER, 0, "RDMSR of EFER");
	NATIVE("", "wrmsr", 0, MSR_DEBUGCTL, 0, "WRMSR of DEBUGCTL");
	NATIVE("", "mov %%dr7, %%rax", 0, 0, 0, "MOV from DR7");
	NATIVE("", "mov %%rax, %%cr4", cr4 ^ CR4_DE, 0, 0, "MOV to CR4");
	NATIVE("", "mov %%rax, %%cr4", cr4, 0, 0, "MOV to CR4, back");
	NATIVE("", TDCALL, TDG_VP_INFO, 0, 0, "TDCALL");
	NATIVE("xor %%r10d, %%r10d; mov $30, %%r11d; mov $1, %%r12d; xor %%r13d, %%r13d; mov $0x3ff, %%r14d", TDCALL,
	       TDG_VP_VMCALL, TDX_MASK_R10_R15, 0, "TDVMCALL<IO>");
	wrmsr(X2APIC_SVR, SVR_ENABLE);
	wrmsr(X2APIC_SELF_IPI, VECTOR_IPI);	/* what wakes it up: it stays pending */
	NATIVE("xor %%r10d, %%r10d; mov $12, %%r11d; xor %%r12d, %%r12d", TDCALL, TDG_VP_VMCALL, TDX_MASK_R10_R15, 0,
	       "TDVMCALL<HLT>");
	__asm__ volatile("sti; nop; cli");
}

static void test_ve_steps(void)
{
	const char *ioapic = paging_alias(IOAPIC + payload_info.shared);

	BY_VE("outb %%al, %%dx", 0, 0, COM1_SCRATCH, "OUT");
	BY_VE("cpuid", 0x40000000, 0, 0, "CPUID of another leaf");
	BY_VE("rdmsr", 0, MSR_APIC_BASE, 0, "RDMSR of APIC_BASE");
	trap_expect(VECTOR_VE, 0);
	BY_VE("hlt", 0, 0, 0, "HLT");
	trap_expect(VECTOR_VE, 3);
	BY_VE("mov (%%rdx), %%rax", 0, 0, (uint64_t)(uintptr_t)ioapic, "a load from a device");
}

/* With DEBUGCTL.BTF a step ends behind a branch only. */
static void test_branch_step(void)
{
	wrmsr(MSR_DEBUGCTL, DEBUGCTL_BTF);
	STEP("", "cpuid", 0, 0, 0);
	wrmsr(MSR_DEBUGCTL, 0);
	conform_ok(trap_log()->debug[0].rip != after, "no step ends behind CPUID while only branches are stepped over");
}

/* The label is where CPUID is; the next instruction has a breakpoint, too. */
static void test_fetch(void)
{
	uint64_t at;

	trap_forget_debugs();
	__asm__ volatile("lea 1f(%%rip), %0; mov %0, %%dr0; add $2, %0; mov %0, %%dr1; mov %1, %%dr7; xor %%eax, %%eax; "
			 "1: cpuid; nop; mov %2, %%dr7"
			 : "=&r"(at) : "r"(DR7_RESET | BREAK_FETCH(0) | BREAK_FETCH(1)), "r"(DR7_RESET)
			 : "rax", "rbx", "rcx", "rdx", "memory");
	conform_is(trap_log()->debugs, 2, "breakpoints on an instruction that exits, and on the next, hit once each");
	conform_ok(trap_log()->debug[0].rip == at - 2 && (trap_log()->debug[0].dr6 & 0xf) == 1, "in front of the first");
	conform_ok(trap_log()->debug[1].rip == at && (trap_log()->debug[1].dr6 & 0xf) == 2, "in front of the second");
}

static void test_store(void)
{
	trap_forget_debugs();
	SET_DR(2, (uintptr_t)&watched);
	SET_DR(7, DR7_RESET | BREAK_STORE(2));
	cpuid(0);
	conform_is(trap_log()->debugs, 0, "a breakpoint on a store does not hit before");
	watched = 1;
	conform_ok(trap_log()->debugs == 1 && (trap_log()->debug[0].dr6 & 0xf) == 4, "it hits behind the store");
	cpuid(0x40000000);
	SET_DR(7, DR7_RESET);
	watched = 2;
	conform_is(trap_log()->debugs, 1, "and not when it is off");
}

static void test_registers(void)
{
	SET_DR(0, 0x1111);
	SET_DR(1, 0x2222);
	SET_DR(2, 0x3333);
	SET_DR(3, ~0ull);
	SET_DR(6, 0);
	SET_DR(7, 0);
	cpuid(0x40000000);
	conform_ok(dr(0) == 0x1111 && dr(1) == 0x2222 && dr(2) == 0x3333 && dr(3) == ~0ull, "DR0 to DR3 outlive an exit");
	conform_is(dr(6), DR6_RESET, "DR6 has bits that are always set");
	conform_is(dr(7), DR7_RESET, "DR7 as well");
	conform_is(dr(4), DR6_RESET, "DR4 is DR6");
	trap_forget_debugs();
	SET_DR(7, DR7_RESET | DR7_GD);
	dr(0);
	conform_ok(trap_log()->debugs == 1 && (trap_log()->debug[0].dr6 & DR6_BD), "with DR7.GD a MOV of DR0 is #DB");
	trap_expect(VECTOR_GP, 3);
	__asm__ volatile("mov %0, %%dr7" : : "a"(1ull << 32));
	conform_is(dr(7), DR7_RESET, "a bit in the upper half of DR7 is #GP");
}

/* All of the monitor's functions, at these addresses of its own: the guest has nothing there. */
static void test_monitor(void)
{
	trap_forget_debugs();
	for (uint64_t at = MONITOR_TEXT; at < MONITOR_TEXT + MONITOR_BYTES; at += 4 * FUNCTION_STEP) {
		SET_DR(0, at);
		SET_DR(1, at + FUNCTION_STEP);
		SET_DR(2, at + 2 * FUNCTION_STEP);
		SET_DR(3, at + 3 * FUNCTION_STEP);
		SET_DR(7, DR7_RESET | BREAK_FETCH(0) | BREAK_FETCH(1) | BREAK_FETCH(2) | BREAK_FETCH(3));
		cpuid(0x40000000);
		SET_DR(7, DR7_RESET);
	}
	conform_ok(trap_log()->debugs == 0 && dr(6) == DR6_RESET, "breakpoints where nothing of the guest runs do not hit");
}

void conform_debug(void)
{
	test_native_steps();
	test_ve_steps();
	test_branch_step();
	test_fetch();
	test_store();
	test_registers();
	test_monitor();
}
