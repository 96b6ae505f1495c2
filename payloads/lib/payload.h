/* SPDX-License-Identifier: MIT */
/*
 * What a payload has to build on: a freestanding TD with one address space, a console and a #VE handler. It runs with
 * interrupts off and calls the VMM by TDCALL only, except where it wants a #VE.
 */
#ifndef PAYLOADS_LIB_PAYLOAD_H
#define PAYLOADS_LIB_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/tdx.h"
#include "payloads/lib/layout.h"

/* Supplied by the payload; its result is the status that the run ends with, 0 for good. */
int payload_main(void);

/* start.S: registers in the order of their numbers; RSP is not touched. */
void tdcall(uint64_t gpr[16]);
bool guarded_load(const volatile void *from, uint64_t *value);
bool guarded_store(volatile void *to, uint64_t value);

/* vmcall.c: R10 of the call is returned, the value through the pointer. All panic if the module refuses the call. */
uint64_t vmcall_port(uint16_t port, unsigned int size, bool write, uint32_t *value);
uint64_t vmcall_mmio(uint64_t gpa_with_s, unsigned int size, bool write, uint64_t *value);
uint64_t vmcall_msr(uint32_t msr, bool write, uint64_t *value);
uint64_t vmcall_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
uint64_t vmcall_halt(bool interrupts_blocked);

static inline uint64_t payload_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* console.c: text to the first serial port. One call is not torn apart by the other vCPU's. */
void console_puts(const char *text);

/* Ends the run (port 0xf4, TD_MARK_SHUTDOWN); the status is the tester's. */
void payload_end(unsigned int status) __attribute__((noreturn));

/* A fault of the payload itself: says so and ends with status 99. */
void payload_panic(const char *why, uint64_t value) __attribute__((noreturn));

/*
 * machine.c: what the loader handed over.
 *
 * payload_argument(): the value of NAME=VALUE on the command line, cut to fit; false if it is not there.
 * payload_e820(): an entry of the e820 table, false if there are not so many.
 * payload_ram_end(): end of the range of RAM, as the e820 table has it, that holds gpa; 0 if none does.
 * payload_acpi_table(): the table of four letters that the XSDT or RSDT names; NULL if it names none.
 * payload_start_cpu(): starts vCPU `cpu` in function run, through the mailbox; false if there is none.
 * payload_segment(): the selector of this descriptor, in a GDT that has it besides the loader's.
 */
bool payload_argument(const char *name, char *value, size_t bytes);
bool payload_e820(unsigned int number, uint64_t *start, uint64_t *bytes, uint32_t *type);
uint64_t payload_ram_end(uint64_t gpa);
const uint8_t *payload_acpi_table(const char *signature);
bool payload_start_cpu(unsigned int cpu, void (*run)(unsigned int cpu));
unsigned int payload_cpu(void);		/* index of the caller */
uint16_t payload_segment(uint64_t descriptor);

/* TDG.VP.INFO, taken once at the start. */
struct payload_info {
	uint64_t gpaw, attributes, shared;	/* shared: the bit S */
	uint32_t vcpus, max_vcpus;
};
extern struct payload_info payload_info;

/*
 * paging.c: the low 4 GiB of GPA space twice, through the private and through the shared alias, and a patchwork of
 * single pages that a payload fills as it likes. Mappings are the guest's own affair; whether an access works is the
 * secure EPT's.
 */
#define PATCH_PAGES	4096u

void *paging_alias(uint64_t gpa_with_s);
void *paging_patch(unsigned int page);			/* its virtual address */
void paging_patch_set(unsigned int page, uint64_t gpa_with_s);
uint64_t paging_root(void);
void paging_init(void);
void paging_load(void);

/* trap.c */
struct trap_frame {
	uint64_t gpr[16];	/* RSP is the stub's own */
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

struct ve_info {
	uint64_t reason, qualification, gla, gpa, length;
};

#define TRAP_DEBUGS	16

/* Per vCPU. */
struct trap_log {
	unsigned int ves;	/* #VEs so far */
	struct ve_info last;
	unsigned int expected;	/* exceptions that trap_expect() asked for */
	uint64_t error;		/* code of the last of these */
	unsigned int interrupts, nmis;
	unsigned int debugs;	/* #DBs so far, and the first of them */
	struct debug_info {
		uint64_t rip, dr6;
	} debug[TRAP_DEBUGS];
	unsigned int resumed;	/* exceptions that trap_resume() was for */
	unsigned int vector;	/* the last of these */
};

#define DR6_RESET	0xffff0ff0ull	/* SDM volume 3B, "Debug Registers" */
#define DR7_RESET	0x400ull

#define VECTOR_DB	1
#define VECTOR_NMI	2
#define VECTOR_DF	8
#define VECTOR_UD	6
#define VECTOR_GP	13
#define VECTOR_VE	20
#define VECTOR_TIMER	40	/* any interrupt is counted and acknowledged; these are for whoever sets them up */
#define VECTOR_IPI	41

void trap_init(void);
void trap_load(void);
const volatile struct trap_log *trap_log(void);

/*
 * The next exception `vector` of this vCPU is counted in expected, and execution goes on `skip` bytes after it; without
 * this, every exception but a #VE and a #DB is a panic. A #VE of an instruction is emulated by the matching hypercall,
 * unless it was expected: then its information is taken, and the instruction is skipped by the length that it names.
 */
void trap_expect(unsigned int vector, unsigned int skip);

/* #DBs are only logged; forgets those so far. */
void trap_forget_debugs(void);

/* After the next exception of this vCPU, whatever it is, execution goes on there; 0: not any more. */
void trap_resume(uint64_t rip);

/* The handler of the next #VE calls this before it asks for the information. */
void trap_before_info(void (*call)(void));

/* string.c: for the compiler too. */
void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
bool text_equal(const char *a, const char *b);

/* A lock; there are two vCPUs at most and nobody sleeps. */
static inline void lock(volatile unsigned int *word)
{
	while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE) != 0)
		__builtin_ia32_pause();
}

static inline void unlock(volatile unsigned int *word)
{
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

#endif
