/* SPDX-License-Identifier: MIT */
/*
 * tdlab_instruction as the instruction: each general register arrives and comes back where it belongs, and all else is
 * as it was: flags, XMM registers, MXCSR, the stack and its red zone.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "sim/harness.h"

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

#define CF_DF	0x401ull
#define XMM	16
#define RED	16	/* words of the red zone */
#define LEA	8	/* bytes of the instruction behind the call in TDLAB_TDCALL */

static const char *const names[TD_GPRS] = { "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
					    "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15" };

/* Where probe() has its registers from, and what they are afterwards. Its stack is moved by so many bytes. */
struct probed {
	uint64_t gpr[TD_GPRS], xmm[XMM][2], flags, red[RED];
	uint32_t mxcsr;
};

struct probed probe_in, probe_out;
uint64_t probe_shift;
void probe(void);
extern const char probe_back[];

#define GPRS(x)	x(rax, 0) x(rcx, 1) x(rdx, 2) x(rbx, 3) x(rbp, 5) x(rsi, 6) x(rdi, 7) x(r8, 8) x(r9, 9) x(r10, 10) \
		x(r11, 11) x(r12, 12) x(r13, 13) x(r14, 14) x(r15, 15)
#define WORDS(x) x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11) x(12) x(13) x(14) x(15)
#define LOAD_GPR(name, i)	"mov probe_in + 8 * " #i "(%%rip), %%" #name "\n"
#define SAVE_GPR(name, i)	"mov %%" #name ", probe_out + 8 * " #i "(%%rip)\n"
#define LOAD_XMM(i)		"movups probe_in + 128 + 16 * " #i "(%%rip), %%xmm" #i "\n"
#define SAVE_XMM(i)		"movups %%xmm" #i ", probe_out + 128 + 16 * " #i "(%%rip)\n"
#define LOAD_RED(i)		"movq $0x7700 + " #i ", -8 * (" #i " + 1)(%%rsp)\n"
#define SAVE_RED(i)		"mov -8 * (" #i " + 1)(%%rsp), %%rax\nmov %%rax, probe_out + 392 + 8 * " #i "(%%rip)\n"

/* A function of assembly alone: nothing is said to the compiler of what the call needs. */
__attribute__((naked)) void probe(void)
{
	__asm__ volatile(
	"	push %%rbx\n	push %%rbp\n	push %%r12\n	push %%r13\n	push %%r14\n	push %%r15\n"
	"	sub probe_shift(%%rip), %%rsp\n"
	"	mov %%rsp, probe_in + 32(%%rip)\n"
	"	ldmxcsr probe_in + 520(%%rip)\n"
	WORDS(LOAD_RED) WORDS(LOAD_XMM) GPRS(LOAD_GPR)
	"	std\n	stc\n"
	TDLAB_TDCALL "\n"
	"probe_back:\n"
	GPRS(SAVE_GPR)
	"	mov %%rsp, probe_out + 32(%%rip)\n"
	WORDS(SAVE_RED) WORDS(SAVE_XMM)
	"	stmxcsr probe_out + 520(%%rip)\n"
	"	pushfq\n	popq probe_out + 384(%%rip)\n"
	"	cld\n"
	"	add probe_shift(%%rip), %%rsp\n"
	"	pop %%r15\n	pop %%r14\n	pop %%r13\n	pop %%r12\n	pop %%rbp\n	pop %%rbx\n	ret\n"
	: : : "memory");
}

static uint64_t seen[TD_GPRS], seen_rip, seen_flags, seen_stack;

static uint64_t answer(unsigned int i)
{
	return 0x2222000000000000ull + i;
}

/* What C code may do to registers, and an answer in all of them. */
void harness_tdcall(uint64_t gpr[TD_GPRS], uint64_t rip)
{
	static const uint32_t other = 0x7f80;	/* MXCSR: another rounding, no exception */

	seen_flags = __builtin_ia32_readeflags_u64();
	seen_stack = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	seen_rip = rip;
	memcpy(seen, gpr, sizeof(seen));
	for (unsigned int i = 0; i < TD_GPRS; i++)
		gpr[i] = i == 4 ? 0 : answer(i);
	__asm__ volatile("pxor %%xmm0, %%xmm0\n pxor %%xmm7, %%xmm7\n pxor %%xmm15, %%xmm15\n ldmxcsr %0\n clc"
			 : : "m"(other) : "xmm0", "xmm7", "xmm15", "cc");
}

static void test(uint64_t shift)
{
	const uint64_t marked = probe_in.mxcsr = 0x1f80 | 0x2000;	/* rounds down */

	bool kept = true;
	const char *stack = shift != 0 ? "of a stack on 8 bytes" : NULL;

	probe_shift = shift;
	for (unsigned int i = 0; i < TD_GPRS; i++)
		probe_in.gpr[i] = 0x1111000000000000ull + i;
	for (unsigned int i = 0; i < XMM; i++)
		probe_in.xmm[i][0] = ~(probe_in.xmm[i][1] = 0x3333000000000000ull + i);
	probe();
	tap_case(shift != 0 ? "each register arrives, of a stack on 8 bytes" : "each register arrives");
	for (unsigned int i = 0; i < TD_GPRS; i++)
		tap_is(seen[i], i == 4 ? probe_in.gpr[4] - 128 : probe_in.gpr[i], names[i]);
	tap_case(shift != 0 ? "the answer comes back, to a stack on 8 bytes" : "the answer is in");
	for (unsigned int i = 0; i < TD_GPRS; i++)
		tap_is(probe_out.gpr[i], i == 4 ? probe_in.gpr[4] : answer(i), names[i]);
	tap_case(stack);
	tap_ok(memcmp(probe_in.xmm, probe_out.xmm, sizeof(probe_in.xmm)) == 0, "XMM registers are kept");
	tap_is(probe_out.mxcsr, marked, "MXCSR");
	tap_is(probe_out.flags & CF_DF, CF_DF, "flags");
	for (unsigned int i = 0; i < RED; i++)
		kept &= probe_out.red[i] == 0x7700 + i;
	tap_ok(kept, "the red zone is kept");
	tap_is(seen_flags & CF_DF & ~1ull, 0, "C finds strings that go upwards");
	tap_is(seen_stack % 16, 0, "... and an aligned stack");
	tap_is(seen_rip, (uint64_t)(uintptr_t)probe_back - LEA, "RIP is where it was called");
}

int main(void)
{
	_Static_assert(offsetof(struct probed, xmm) == 128 && offsetof(struct probed, flags) == 384 &&
		       offsetof(struct probed, red) == 392 && offsetof(struct probed, mxcsr) == 520, "as probe() has them");
	test(0);
	test(8);
	return tap_done();
}
