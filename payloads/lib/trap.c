/* SPDX-License-Identifier: MIT */
/* Exceptions. A #VE is emulated as a kernel would: by the hypercall that belongs to the instruction. */
#include "payloads/lib/payload.h"

enum { RAX, RCX, RDX, RBX };
enum { KERNEL_CS = 0x10, GATE_INTERRUPT = 0x8e, FIRST_INTERRUPT = 32, X2APIC_EOI = 0x80b };
#define RFLAGS_TF	(1ull << 8)
#define RFLAGS_RF	(1ull << 16)
enum { IO_SIZE = 7, IO_IN = 8, IO_STRING = 16 };	/* qualification, SDM 3C table 28-5 */

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};

extern const char trap_stubs[], guarded_load_access[], guarded_store_access[], guarded_refused[];
void trap(struct trap_frame *frame);

static struct gate idt[TRAP_VECTORS];
static struct trap_log logs[MAX_CPUS];
static struct {
	bool armed;
	void (*before_info)(void);
	unsigned int vector, skip;
	uint64_t resume;
} expected[MAX_CPUS];

void trap_init(void)
{
	for (unsigned int i = 0; i < TRAP_VECTORS; i++) {
		uint64_t stub = (uint64_t)(uintptr_t)trap_stubs + i * TRAP_STUB_BYTES;

		idt[i] = (struct gate){ (uint16_t)stub, KERNEL_CS, 0, GATE_INTERRUPT, (uint16_t)(stub >> 16),
					(uint32_t)(stub >> 32), 0 };
	}
}

void trap_load(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uint64_t)(uintptr_t)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

const volatile struct trap_log *trap_log(void)
{
	return &logs[payload_cpu()];
}

void trap_expect(unsigned int vector, unsigned int skip)
{
	unsigned int cpu = payload_cpu();

	expected[cpu].vector = vector;
	expected[cpu].skip = skip;
	expected[cpu].armed = true;
}

void trap_forget_debugs(void)
{
	struct trap_log *log = &logs[payload_cpu()];

	log->debugs = 0;
	memset(log->debug, 0, sizeof(log->debug));
}

void trap_resume(uint64_t rip)
{
	expected[payload_cpu()].resume = rip;
}

void trap_before_info(void (*call)(void))
{
	expected[payload_cpu()].before_info = call;
}

static bool emulate_io(struct trap_frame *frame, uint64_t qualification)
{
	unsigned int size = (unsigned int)(qualification & IO_SIZE) + 1;
	uint64_t mask = size == 4 ? 0xffffffff : (1ull << (size * 8)) - 1;
	uint32_t value = (uint32_t)frame->gpr[RAX];
	bool in = qualification & IO_IN;

	if ((qualification & IO_STRING) || vmcall_port((uint16_t)(qualification >> 16), size, !in, &value) != 0)
		return false;
	if (in)	/* a 32-bit IN clears the upper half of RAX, smaller ones keep the rest (SDM 1, 3.4.1.1) */
		frame->gpr[RAX] = size == 4 ? value : (frame->gpr[RAX] & ~mask) | (value & mask);
	return true;
}

static bool emulate_msr(struct trap_frame *frame, bool write)
{
	uint64_t value = frame->gpr[RDX] << 32 | (uint32_t)frame->gpr[RAX];

	if (vmcall_msr((uint32_t)frame->gpr[RCX], write, &value) != TDVMCALL_SUCCESS)
		return false;
	if (!write) {
		frame->gpr[RAX] = (uint32_t)value;
		frame->gpr[RDX] = value >> 32;
	}
	return true;
}

static bool emulate_cpuid(struct trap_frame *frame)
{
	uint32_t out[4];

	if (vmcall_cpuid((uint32_t)frame->gpr[RAX], (uint32_t)frame->gpr[RCX], out) != TDVMCALL_SUCCESS)
		return false;
	frame->gpr[RAX] = out[0];
	frame->gpr[RBX] = out[1];
	frame->gpr[RCX] = out[2];
	frame->gpr[RDX] = out[3];
	return true;
}

static bool emulate(struct trap_frame *frame, const struct ve_info *ve)
{
	switch (ve->reason) {
	case VE_IO:
		return emulate_io(frame, ve->qualification);
	case VE_RDMSR:
	case VE_WRMSR:
		return emulate_msr(frame, ve->reason == VE_WRMSR);
	case VE_CPUID:
		return emulate_cpuid(frame);
	case VE_HLT:
		return vmcall_halt(true) == TDVMCALL_SUCCESS;
	default:
		return false;
	}
}

static void read_ve_info(struct trap_log *log)
{
	uint64_t gpr[16] = { [RAX] = TDG_VP_VEINFO_GET };

	tdcall(gpr);
	if (gpr[RAX] != 0)
		payload_panic("a #VE without information, status", gpr[RAX]);
	log->ves++;
	log->last = (struct ve_info){ gpr[RCX], gpr[RDX], gpr[8], gpr[9], (uint32_t)gpr[10] };
}

static void handle_ve(struct trap_frame *frame, const struct ve_info *ve)
{
	if (ve->reason == VE_EPT_VIOLATION) {
		if (frame->rip != (uint64_t)(uintptr_t)guarded_load_access &&
		    frame->rip != (uint64_t)(uintptr_t)guarded_store_access)
			payload_panic("#VE, EPT violation at GPA", ve->gpa);
		frame->rip = (uint64_t)(uintptr_t)guarded_refused;
		return;
	}
	if (!emulate(frame, ve))
		payload_panic("#VE that cannot be emulated, exit reason", ve->reason);
	frame->rip += ve->length;
}

/* A handler of #DB as a debugger's: what hit is cleared, and a breakpoint on an instruction does not hit again. */
static void handle_debug(struct trap_frame *frame, struct trap_log *log)
{
	uint64_t dr6;

	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	if (log->debugs < TRAP_DEBUGS)
		log->debug[log->debugs] = (struct debug_info){ frame->rip, dr6 };
	log->debugs++;
	__asm__ volatile("mov %0, %%dr6" : : "r"(DR6_RESET));
	frame->rflags |= RFLAGS_RF;
}

static void acknowledge(void)
{
	__asm__ volatile("wrmsr" : : "c"(X2APIC_EOI), "a"(0), "d"(0) : "memory");
}

void trap(struct trap_frame *frame)
{
	unsigned int cpu = payload_cpu();
	struct trap_log *log = &logs[cpu];
	bool asked_for = expected[cpu].armed && expected[cpu].vector == frame->vector;
	uint64_t resume = expected[cpu].resume;

	if (frame->vector == VECTOR_NMI) {
		log->nmis++;
		return;
	}
	if (frame->vector >= FIRST_INTERRUPT) {
		log->interrupts++;
		acknowledge();
		return;
	}
	if (resume != 0) {
		expected[cpu].resume = 0;
		log->resumed++;
		log->vector = (unsigned int)frame->vector;
		if (frame->vector == VECTOR_VE)
			read_ve_info(log);
		frame->rip = resume;
		frame->rflags &= ~RFLAGS_TF;
		return;
	}
	if (frame->vector == VECTOR_DB) {
		handle_debug(frame, log);
		return;
	}
	if (asked_for) {
		expected[cpu].armed = false;
		log->expected++;
		log->error = frame->error;
		frame->rip += expected[cpu].skip;
	}
	if (frame->vector == VECTOR_VE) {
		void (*call)(void) = expected[cpu].before_info;

		expected[cpu].before_info = NULL;
		if (call != NULL)
			call();
		read_ve_info(log);
		if (asked_for && log->last.reason != VE_EPT_VIOLATION)	/* whose length is another's */
			frame->rip += log->last.length;
		else if (!asked_for)
			handle_ve(frame, &log->last);
	} else if (!asked_for) {
		payload_panic("exception at RIP", frame->rip);
	}
}
