/* SPDX-License-Identifier: MIT */
/*
 * A program of the initrd's: has the kernel start another one, which is a page that says so and powers off. Before it
 * jumps there Linux makes all shared memory private, as before every kexec; nothing has to be booted for it.
 *
 *	kexec ADDRESS		a page of RAM that has been private all along, in hexadecimal: the kernel's own code
 *
 * Returns only if the kernel cannot, with status 1.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "abi/registers.h"
#include "abi/tdx.h"
#include "wire/evidence.h"
#include "wire/machine.h"

#define KEXEC_ARCH_X86_64	(62 << 16)	/* kexec_load(2) */
#define RESTART_MAGIC1		0xfee1dead	/* reboot(2) */
#define RESTART_MAGIC2		672274793
#define RESTART_KEXEC		0x45584543
#define PORT_PM1_CONTROL	0x604		/* and S5, as in payloads/ending.c */
#define SLEEP_ENABLE		0x2000

struct segment {
	const void *from;
	size_t from_bytes;
	uint64_t to;
	size_t to_bytes;
};

extern const uint8_t next[];
extern const uint64_t next_bytes;
void kexec_main(char **words);

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall kexec_main\n\thlt\n");

/*
 * Runs wherever it lies, with no stack, no interrupts and only hypercalls to speak with: text to the port for evidence,
 * a byte each, then the write that powers off. Never called.
 */
static void __attribute__((used)) the_next_kernel(void)
{
	__asm__ volatile(".globl next, next_bytes\n"
			 "next:\n\tlea 4f(%%rip), %%rbx\n"
			 "1:\tmovzbl (%%rbx), %%esi\n\tinc %%rbx\n\tmov $1, %%edi\n\tmov %0, %%ebp\n"
			 "\ttest %%esi, %%esi\n\tjnz 2f\n"
			 "\tmov $2, %%edi\n\tmov %1, %%ebp\n\tmov %2, %%esi\n"
			 "2:\txor %%eax, %%eax\n\tmov %3, %%ecx\n\txor %%r10d, %%r10d\n\tmov %4, %%r11d\n"
			 "\tmov %%edi, %%r12d\n\tmov $1, %%r13d\n\tmov %%ebp, %%r14d\n\tmov %%esi, %%r15d\n"
			 "\t.byte 0x66, 0x0f, 0x01, 0xcc\n\tcmp $2, %%edi\n\tjne 1b\n"
			 "3:\tjmp 3b\n"
			 "4:\t.asciz \"" EVIDENCE_PREFIX EVIDENCE_KEXEC "\\n\"\n"
			 "5:\n\t.balign 8\nnext_bytes:\t.quad 5b - next\n"
			 : : "i"(MACHINE_UART), "i"(PORT_PM1_CONTROL), "i"(SLEEP_ENABLE), "i"(TDX_MASK_R10_R15), "i"(GHCI_IO));
}

static long call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

static uint64_t number_of(const char *text)
{
	uint64_t value = 0;

	for (; *text; text++)
		value = value << 4 | (uint64_t)(*text <= '9' ? *text - '0' : (*text | 0x20) - 'a' + 10);
	return value;
}

void kexec_main(char **words)
{
	uint64_t to = number_of(words[2]);	/* behind argc and the program's name */
	struct segment segment = { next, next_bytes, to, TDX_PAGE_SIZE };

	if (call(SYS_kexec_load, to, 1, (uint64_t)(uintptr_t)&segment, KEXEC_ARCH_X86_64) == 0)
		call(SYS_reboot, RESTART_MAGIC1, RESTART_MAGIC2, RESTART_KEXEC, 0);
	call(SYS_exit, 1, 0, 0, 0);
}
