/* SPDX-License-Identifier: MIT */
/*
 * What the proof trusts, executed: tdconv_os_tdcall() of tdcall.S, and the inline function of tdconv_tdcall.h. Outside
 * a TD the instruction faults; the handler of the signal looks at every register, as a VMM that is shown too much
 * could, and answers in them.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "abi/tdcall_fault.h"

#define tap_puts(s) fputs(s, stdout)
#include "tdconv_tdcall.h"
#include "wire/tap.h"

#define USED	9	/* registers of struct tdconv_regs, in its order; the others follow */
#define ALL	15
#define SAVED	6	/* preserved by a function */

static const struct {
	const char *name;
	int index;
} reg[ALL] = {
	{ "RAX", REG_RAX }, { "RCX", REG_RCX }, { "RDX", REG_RDX }, { "R8", REG_R8 }, { "R9", REG_R9 },
	{ "R10", REG_R10 }, { "R11", REG_R11 }, { "R12", REG_R12 }, { "R13", REG_R13 },
	{ "RBX", REG_RBX }, { "RBP", REG_RBP }, { "RSI", REG_RSI }, { "RDI", REG_RDI }, { "R14", REG_R14 },
	{ "R15", REG_R15 },
};
static const int saved[SAVED] = { REG_RBX, REG_RBP, REG_R12, REG_R13, REG_R14, REG_R15 };

static greg_t seen[NGREG], after[NGREG];
static unsigned int tdcalls;

static uint64_t in(unsigned int i)
{
	return 0x1111000000000000ull + i;
}

static uint64_t out(unsigned int i)
{
	return 0x2222000000000000ull + i;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;
	unsigned char code[2];

	if (tdcall_fault(number, info, context)) {
		memcpy(seen, gregs, sizeof(seen));
		tdcalls++;
		for (unsigned int i = 0; i < USED; i++)
			gregs[reg[i].index] = (greg_t)out(i);
		gregs[REG_RIP] += TDCALL_LENGTH;
	} else if (number == SIGILL && tdcall_read_code((uint64_t)gregs[REG_RIP], code, sizeof(code)) &&
		   memcmp(code, "\x0f\x0b", sizeof(code)) == 0) {
		memcpy(after, gregs, sizeof(after));
		gregs[REG_RIP] += 2;
	} else {
		signal(number, SIG_DFL);
	}
}

/* Calls f(os, regs) with marks in the callee-saved registers; UD2 then shows all registers to the handler. */
void probe(void *os, struct tdconv_regs *regs, void (*f)(void *, struct tdconv_regs *));
__asm__(".pushsection .text\n"
	"probe:	push %rbx\n	push %rbp\n	push %r12\n	push %r13\n	push %r14\n	push %r15\n"
	"	sub $8, %rsp\n"
	"	mov $0x5a01, %ebx\n	mov $0x5a02, %ebp\n	mov $0x5a03, %r12d\n"
	"	mov $0x5a04, %r13d\n	mov $0x5a05, %r14d\n	mov $0x5a06, %r15d\n"
	"	call *%rdx\n"
	"	ud2\n"
	"	add $8, %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbp\n	pop %rbx\n	ret\n"
	".popsection\n");

static void by_header(void *os, struct tdconv_regs *regs)
{
	(void)os;
	tdconv_tdcall(regs);
}

static bool shown(const uint64_t *regs)
{
	for (unsigned int i = 0; i < USED; i++)
		if ((uint64_t)seen[reg[i].index] != regs[i])
			return false;
	return true;
}

static void test(const char *name, void (*f)(void *, struct tdconv_regs *), bool others_zero)
{
	uint64_t regs[USED], asked[USED];
	bool good = true;

	for (unsigned int i = 0; i < USED; i++)
		regs[i] = asked[i] = in(i);
	tdcalls = 0;
	probe(NULL, (struct tdconv_regs *)regs, f);
	tap_is(tdcalls, 1, name);
	tap_ok(shown(asked), "... each register goes where it belongs");
	for (unsigned int i = 0; i < USED; i++)
		good &= regs[i] == out(i);
	tap_ok(good, "... and comes back from there");
	for (unsigned int i = 0; i < SAVED; i++) {
		tap_case_number("of those that the ABI preserves", i);
		tap_is(after[saved[i]], 0x5a01 + i, "... is as it was");
	}
	tap_case("zero for the VMM");
	for (unsigned int i = USED; others_zero && i < ALL; i++)
		tap_is(seen[reg[i].index], 0, reg[i].name);
	tap_case("nothing of the VMM's is left in");
	for (unsigned int i = 1; others_zero && i < 7; i++)
		tap_ok((uint64_t)after[reg[i].index] != out(i), reg[i].name);
	tap_case(NULL);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	_Static_assert(sizeof(struct tdconv_regs) == USED * sizeof(uint64_t), "the order of reg[] is the structure's");
	for (size_t i = 0; i < sizeof(tdcall_signals) / sizeof(tdcall_signals[0]); i++)
		sigaction(tdcall_signals[i], &action, NULL);
	test("tdcall.S", tdconv_os_tdcall, true);
	test("tdconv_tdcall.h", by_header, false);
	return tap_done();
}
