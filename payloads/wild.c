/* SPDX-License-Identifier: MIT */
#include "payloads/wild.h"

#include "payloads/lib/attempt.h"

#define CR4_OSXSAVE	(1ull << 18)
#define ICR_MODE	0x700ull	/* SDM volume 3A, "Interrupt Command Register": delivery mode */
#define DR7_WRITE_8	(2ull | 1ull << 16 | 2ull << 18)	/* G0; R/W0: writes; LEN0: 8 bytes */
#define LONG_AND_32	0x00ef9b000000ffffull	/* code, L and D: SDM 3A, "Code Segment Descriptor in 64-bit Mode" */

enum { MSR_TSC = 0x10, MSR_TSC_ADJUST = 0x3b, MSR_DEADLINE = 0x6e0, MSR_SVR = 0x80f, MSR_LVT_TIMER = 0x832,
       MSR_TIMER_COUNT = 0x838, MSR_ICR = 0x830, ICR_INIT = 0x500, ICR_STARTUP = 0x600 };

static uint64_t state;

static uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* A few bits of what is there, so that what is refused is refused for them. */
static uint64_t flip(uint64_t value, unsigned int low, unsigned int bits)
{
	for (unsigned int n = 1 + (unsigned int)(random64() % 3); n > 0; n--)
		value ^= 1ull << (low + random64() % bits);
	return value;
}

TRAP_ATTEMPT(write_cr0, "mov %%rax, %%cr0")
TRAP_ATTEMPT(write_cr3, "mov %%rax, %%cr3")
TRAP_ATTEMPT(write_cr4, "mov %%rax, %%cr4")
TRAP_ATTEMPT(write_cr8, "mov %%rax, %%cr8")
TRAP_ATTEMPT(write_dr0, "mov %%rax, %%dr0")
TRAP_ATTEMPT(write_dr1, "mov %%rax, %%dr1")
TRAP_ATTEMPT(write_dr2, "mov %%rax, %%dr2")
TRAP_ATTEMPT(write_dr3, "mov %%rax, %%dr3")
TRAP_ATTEMPT(write_dr5, "mov %%rax, %%dr5")
TRAP_ATTEMPT(write_dr6, "mov %%rax, %%dr6")
TRAP_ATTEMPT(write_dr7, "mov %%rax, %%dr7")
TRAP_ATTEMPT(load_msw, "lmsw %%ax")
TRAP_ATTEMPT(write_xcr, "xsetbv")
TRAP_ATTEMPT(write_msr, "wrmsr")
TRAP_ATTEMPT(load_code, "push %%rcx; push %%rax; lretq")

/*
 * On RFLAGS in the frame of the #UD that follows: a frame begins below RSP rounded down to 16 bytes (SDM volume 3A,
 * "64-Bit Mode Stack Frame").
 */
TRAP_ATTEMPT(hit_frame, "mov %%rsp, %%rdx; and $-16, %%rdx; sub $24, %%rdx; mov %%rdx, %%dr0; mov %%rax, %%dr7; ud2")

/* Everything but an NMI, which would come when it likes. */
static void random_msr(void)
{
	static const uint32_t known[] = {
		0x10, 0x1b, 0x48, 0x174, 0x175, 0x176, 0x1d9, 0x277, 0x600, 0x6e0, 0x808, 0x80b, 0x80f, MSR_ICR, 0x832,
		0x838, 0x83e, 0x83f, 0xda0, 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000084, 0xc0000100, 0xc0000101,
		0xc0000102, 0xc0000103, 0xc0010015, 0xc0010114, 0xc0010117,
	};
	uint32_t msr = random64() % 4 != 0 ? known[random64() % (sizeof(known) / sizeof(known[0]))] : (uint32_t)random64();
	uint64_t value = random64() % 2 != 0 ? random64() : flip(0, 0, 12);

	if (msr == MSR_ICR)
		value = (value & ~ICR_MODE) | (random64() % 2 != 0 ? ICR_INIT : ICR_STARTUP);
	write_msr(value, msr);
}

static void random_write(uint64_t cr0, uint64_t cr3, uint64_t cr4)
{
	switch (random64() % 14) {
	case 0: write_cr0(random64() % 8 != 0 ? flip(cr0, 0, 64) : random64(), 0); break;
	case 1: write_cr3(flip(cr3, 48, 16), 0); break;
	case 2: write_cr4(random64() % 8 != 0 ? flip(cr4, 0, 64) : random64(), 0); break;
	case 3: write_cr8(random64(), 0); break;
	case 4: write_dr0(random64(), 0); break;
	case 5: write_dr3(random64(), 0); break;
	case 6: write_dr5(random64() % 2 != 0 ? random64() : (uint32_t)random64(), 0); break;
	case 7: write_dr6(random64() % 2 != 0 ? random64() : (uint32_t)random64(), 0); break;
	case 8: write_dr7(random64() % 2 != 0 ? random64() : (uint32_t)random64(), 0); break;
	case 9: load_msw(random64(), 0); break;
	case 10: write_xcr(random64() % 2 != 0 ? random64() : flip(1, 0, 10), random64() % 4 == 0); break;
	case 11: write_dr1(random64(), 0); break;
	case 12: write_dr2(random64(), 0); break;
	default: random_msr();
	}
}

static __attribute__((noinline)) void exit_once(void)
{
	uint32_t eax = 0, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
}

unsigned int wild_registers(uint64_t seed, unsigned int writes)
{
	unsigned int before = trap_log()->resumed;
	uint64_t cr0, cr3, cr4;

	state = seed * 2 + 1;
	__asm__ volatile("mov %%cr0, %0; mov %%cr3, %1; mov %%cr4, %2" : "=r"(cr0), "=r"(cr3), "=r"(cr4));
	cr4 |= CR4_OSXSAVE;
	write_cr4(cr4, 0);
	for (; writes > 0; writes--) {
		random_write(cr0, cr3, cr4);
		exit_once();
		write_dr7(DR7_RESET, 0);	/* once more, if DR7.GD was set */
		write_dr7(DR7_RESET, 0);
		write_cr0(cr0, 0);
		write_cr4(cr4, 0);
	}
	return trap_log()->resumed - before;
}

void wild_code_segment(void)
{
	load_code((uint64_t)(uintptr_t)load_code_end, payload_segment(LONG_AND_32));
	exit_once();
}

/* A breakpoint on what exits, hit again and again. */
void wild_debug_loop(void)
{
	for (unsigned int i = 0; i < 64; i++) {
		write_dr0((uint64_t)(uintptr_t)exit_once, 0);
		write_dr7(DR7_RESET | 2, 0);
		exit_once();
	}
	write_dr7(DR7_RESET, 0);
}

void wild_debug_frame(void)
{
	hit_frame(DR7_RESET | DR7_WRITE_8, 0);
	write_dr7(DR7_RESET, 0);
}

static void set_msr(uint32_t msr, uint64_t value)
{
	vmcall_msr(msr, true, &value);
}

/* A clock of the guest set to anything: the CPU's, its timer, or the one with the date. */
static void set_some_clock(void)
{
	uint64_t value = random64() >> random64() % 64;
	uint32_t index = (uint32_t)(random64() % 12), byte = (uint32_t)random64() & 0xff;

	switch (random64() % 5) {
	case 0: set_msr(MSR_TSC, value); break;
	case 1: set_msr(MSR_TSC_ADJUST, value); break;
	case 2: set_msr(MSR_DEADLINE, random64() % 2 != 0 ? value : payload_tsc() - value); break;
	case 3: set_msr(MSR_TIMER_COUNT, value); break;
	default:
		vmcall_port(0x70, 1, true, &index);
		vmcall_port(0x71, 1, true, &byte);
	}
}

bool wild_clocks(uint64_t seed, unsigned int jumps)
{
	unsigned int interrupts = trap_log()->interrupts;
	uint64_t due;

	state = seed * 2 + 1;
	set_msr(MSR_SVR, 0x1ff);	/* SDM volume 3A, "Local APIC": enabled, and the timer in TSC-deadline mode */
	for (unsigned int done = 0; done < jumps; done++) {
		set_msr(MSR_LVT_TIMER, random64() % 3 << 17 | 1 << 16 | VECTOR_TIMER);
		set_some_clock();
		set_msr(MSR_LVT_TIMER, 2u << 17 | VECTOR_TIMER);
		due = payload_tsc() + (1 << 16);
		set_msr(MSR_DEADLINE, due);
		vmcall_halt(false);
		__asm__ volatile("sti; nop; cli" : : : "memory");
		if (payload_tsc() < due || trap_log()->interrupts != interrupts + done + 1)
			return false;
	}
	return true;
}

/*
 * Those that end the run (monitor/qemu/ports.c), move others (PCI), reset the machine later (ICH9's watchdog), send
 * SMIs (its APM and SMI_EN), or have QEMU do nothing but serve a timer (the 8254).
 */
static bool is_excluded(uint32_t port)
{
	static const uint16_t ranges[][2] = {
		{ 0x40, 0x47 }, { 0x60, 0x64 }, { 0x92, 0x92 }, { 0xb2, 0xb3 }, { 0xf0, 0xf7 }, { 0x600, 0x607 },
		{ 0x630, 0x637 }, { 0x660, 0x67f }, { 0xcf8, 0xcff },
	};

	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (port >= ranges[i][0] && port <= ranges[i][1])
			return true;
	return false;
}

static bool wild_port(void)
{
	static const uint16_t bases[] = { 0, 0x20, 0x30, 0x70, 0x80, 0xa0, 0xc0, 0xf8, 0x2e8, 0x3f8, 0x510, 0x608, 0x620,
					  0xa00, 0xcc0, 0xcd8 };
	uint16_t port = (uint16_t)(random64() % 2 != 0 ? bases[random64() % 16] + random64() % 8 : random64());
	uint32_t value = random64() % 2 != 0 ? (uint32_t)random64() : 1u << random64() % 32;
	unsigned int size = port % 4 == 0 ? 1u << random64() % 3 : 1;

	for (unsigned int i = 0; i < size; i++)
		if (is_excluded((uint32_t)port + i))
			return false;
	return vmcall_port(port, size, random64() % 4 != 0, &value) == TDVMCALL_SUCCESS;
}

/* The local APIC's page and ROM are among them, and what is not shared. */
static bool wild_mmio(uint64_t shared)
{
	static const uint64_t bases[] = { 0xa0000, 0xc0000, 0xfe000000, 0xfebf0000, 0xfec00000, 0xfed00000, 0xfed1c000,
					  0xfed40000, 0xfee00000, 0xffc00000 };
	uint64_t near = bases[random64() % 10] + (random64() & 0x1ffff);
	uint64_t gpa = random64() % 4 != 0 ? near : random64() & (shared - 1);
	uint64_t value = random64() % 2 != 0 ? random64() : 1ull << random64() % 64;

	gpa &= random64() % 8 != 0 ? ~7ull : ~0ull;
	gpa |= random64() % 16 != 0 ? shared : 0;
	return vmcall_mmio(gpa, 1u << random64() % 4, random64() % 4 != 0, &value) == TDVMCALL_SUCCESS;
}

unsigned int wild_device_registers(uint64_t seed, unsigned int accesses, uint64_t shared)
{
	unsigned int good = 0;

	state = seed * 2 + 1;
	for (; accesses > 0; accesses--)
		good += random64() % 2 != 0 ? wild_port() : wild_mmio(shared);
	return good;
}
