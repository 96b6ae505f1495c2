/* SPDX-License-Identifier: MIT */
/* Instruction hypercalls (GHCI, "TDG.VP.VMCALL<Instruction...>"). R12-R15 carry at most four values each way. */
#include "payloads/lib/gpr.h"
#include "payloads/lib/payload.h"

static uint64_t vmcall(uint64_t gpr[GPRS])
{
	gpr[RAX] = TDG_VP_VMCALL;
	gpr[RCX] = TDX_MASK_R10_R15;
	gpr[R10] = 0;
	tdcall(gpr);
	if (gpr[RAX] != 0)
		payload_panic("the module refused a hypercall, status", gpr[RAX]);
	return gpr[R10];
}

uint64_t vmcall_port(uint16_t port, unsigned int size, bool write, uint32_t *value)
{
	uint64_t gpr[GPRS] = { [R11] = GHCI_IO, [R12] = size, [R13] = write, [R14] = port, [R15] = write ? *value : 0 };
	uint64_t r10 = vmcall(gpr);

	if (!write)
		*value = (uint32_t)gpr[R11];
	return r10;
}

uint64_t vmcall_mmio(uint64_t gpa_with_s, unsigned int size, bool write, uint64_t *value)
{
	uint64_t gpr[GPRS] = { [R11] = GHCI_MMIO, [R12] = size, [R13] = write, [R14] = gpa_with_s,
			       [R15] = write ? *value : 0 };
	uint64_t r10 = vmcall(gpr);

	if (!write)
		*value = gpr[R11];
	return r10;
}

uint64_t vmcall_msr(uint32_t msr, bool write, uint64_t *value)
{
	uint64_t gpr[GPRS] = { [R11] = write ? GHCI_WRMSR : GHCI_RDMSR, [R12] = msr, [R13] = write ? *value : 0 };
	uint64_t r10 = vmcall(gpr);

	if (!write)
		*value = gpr[R11];
	return r10;
}

uint64_t vmcall_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	uint64_t gpr[GPRS] = { [R11] = GHCI_CPUID, [R12] = leaf, [R13] = subleaf };
	uint64_t r10 = vmcall(gpr);

	for (unsigned int i = 0; i < 4; i++)
		out[i] = (uint32_t)gpr[R12 + i];
	return r10;
}

uint64_t vmcall_halt(bool interrupts_blocked)
{
	uint64_t gpr[GPRS] = { [R11] = GHCI_HLT, [R12] = interrupts_blocked };

	return vmcall(gpr);
}
