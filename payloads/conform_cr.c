/* SPDX-License-Identifier: MIT */
/*
 * What a TD may write to CR0, CR4 and XCR0. [mod:write_guest_cr0], [mod:write_guest_cr4] and [mod:td_xsetbv.c] say
 * what is #GP and what is #VE; [mod:td_vmcs_init.c] which bits they are asked about at all; what they are not asked
 * about is the CPU's (SDM 2B, "MOV - Move to/from Control Registers"). Rows are in the module's order of checks.
 */
#include "abi/x86.h"
#include "payloads/lib/attempt.h"
#include "payloads/lib/gpr.h"
#include "payloads/conform.h"

#define BIT(n)	(1ull << (n))

enum { THROUGH = 0 };

/* CR0 */
#define PE	BIT(0)
#define MP	BIT(1)
#define EM	BIT(2)
#define TS	BIT(3)
#define NE	BIT(5)
#define WP	BIT(16)
#define AM	BIT(18)
#define NW	BIT(29)
#define CD	BIT(30)
#define PG	BIT(31)

/* CR4 */
#define VME	BIT(0)
#define PVI	BIT(1)
#define TSD	BIT(2)
#define DE	BIT(3)
#define PAE	BIT(5)
#define MCE	BIT(6)
#define PGE	BIT(7)
#define PCE	BIT(8)
#define LA57	BIT(12)
#define VMXE	BIT(13)
#define SMXE	BIT(14)
#define PCIDE	BIT(17)
#define OSXSAVE	BIT(18)
#define KL	BIT(19)
#define CET	BIT(23)
#define PKS	BIT(24)
#define UINTR	BIT(25)

#define EFER_LMA	BIT(10)
#define CR3_PWT		BIT(3)
#define CODE_32		0x00cf9b000000ffffull	/* SDM 3A, "Segment Descriptors" */
#define MOVED		0x2000000u		/* RAM that nobody uses yet, on a border of 2 MiB */

struct row {
	const char *name;
	uint64_t set, clear;
	unsigned int outcome;	/* THROUGH, or the exception */
	uint64_t ignored;	/* THROUGH: bits that stay as they were */
};

static const struct row cr0_rows[] = {
	{ "CR0 with NE cleared: #GP", 0, NE, VECTOR_GP, 0 },
	{ "CR0 with NE cleared and CD set: #GP", CD, NE, VECTOR_GP, 0 },
	{ "CR0 with bit 32: #GP", BIT(32), 0, VECTOR_GP, 0 },
	{ "CR0 with bit 63 and NW: #GP", BIT(63) | NW, 0, VECTOR_GP, 0 },
	{ "CR0 with PE cleared: #GP", 0, PE, VECTOR_GP, 0 },
	{ "CR0 with PE cleared and CD set: #GP", CD, PE, VECTOR_GP, 0 },
	{ "CR0 with PE and PG cleared: #VE", 0, PE | PG, VECTOR_VE, 0 },
	{ "CR0 with NW: #VE", NW, 0, VECTOR_VE, 0 },
	{ "CR0 with CD: #VE", CD, 0, VECTOR_VE, 0 },
	{ "CR0 with NW and CD: #VE", NW | CD, 0, VECTOR_VE, 0 },
	{ "CR0 with CD set and PG cleared: #VE", CD, PG, VECTOR_VE, 0 },
	{ "CR0 with CD and a reserved bit: #VE", CD | BIT(17), 0, VECTOR_VE, 0 },
	{ "CR0 with PG cleared in 64-bit code: #GP", 0, PG, VECTOR_GP, 0 },
	{ "CR0 with all reserved bits below 32: done", 0x1ffaffc0, 0, THROUGH, 0x1ffaffc0 },
	{ "CR0 with AM: done", AM, 0, THROUGH, 0 },
	{ "CR0 with WP cleared: done", 0, WP, THROUGH, 0 },
	{ "CR0 with TS, EM and no MP: done", TS | EM, MP, THROUGH, 0 },
	{ "CR0 with nothing else: done", 0, 0, THROUGH, 0 },
};

/* Without bits of XFAM and ATTRIBUTES that the TD was not given: CET, UINTR, KL, PKS. */
static const struct row cr4_rows[] = {
	{ "CR4 with bit 15: #GP", BIT(15), 0, VECTOR_GP, 0 },
	{ "CR4 with bit 26: #GP", BIT(26), 0, VECTOR_GP, 0 },
	{ "CR4 with bit 63: #GP", BIT(63), 0, VECTOR_GP, 0 },
	{ "CR4 with CET: #GP", CET, 0, VECTOR_GP, 0 },
	{ "CR4 with UINTR: #GP", UINTR, 0, VECTOR_GP, 0 },
	{ "CR4 with KL: #GP", KL, 0, VECTOR_GP, 0 },
	{ "CR4 with PKS: #GP", PKS, 0, VECTOR_GP, 0 },
	{ "CR4 with CET set and MCE cleared: #GP", CET, MCE, VECTOR_GP, 0 },
	{ "CR4 with KL and VMXE: #GP", KL | VMXE, 0, VECTOR_GP, 0 },
	{ "CR4 with MCE cleared: #VE", 0, MCE, VECTOR_VE, 0 },
	{ "CR4 with VMXE: #VE", VMXE, 0, VECTOR_VE, 0 },
	{ "CR4 with SMXE: #VE", SMXE, 0, VECTOR_VE, 0 },
	{ "CR4 with MCE and PAE cleared: #VE", 0, MCE | PAE, VECTOR_VE, 0 },
	{ "CR4 with PAE cleared in 64-bit code: #GP", 0, PAE, VECTOR_GP, 0 },
	{ "CR4 with LA57 in 64-bit code: #GP", LA57, 0, VECTOR_GP, 0 },
	{ "CR4 with DE, TSD, PGE and PCE: done", DE | TSD | PGE | PCE, 0, THROUGH, 0 },
	{ "CR4 with PCIDE: done", PCIDE, 0, THROUGH, 0 },
	{ "CR4 with VME and PVI: done", VME | PVI, 0, THROUGH, 0 },
	{ "CR4 with nothing else: done", 0, 0, THROUGH, 0 },
};

static const struct {
	const char *name, *after;
	uint64_t value, index;
	unsigned int outcome;	/* if XFAM has all of these states; else #GP */
} xcr_rows[] = {
	{ "XCR1 is #GP", "XCR1: nothing is written", 1, 1, VECTOR_GP },
	{ "XCR0 without x87 is #GP", "XCR0 without x87: nothing is written", 2, 0, VECTOR_GP },
	{ "XCR0 with AVX and no SSE is #GP", "XCR0 with AVX and no SSE: nothing is written", 5, 0, VECTOR_GP },
	{ "XCR0 with MPX is #GP", "XCR0 with MPX: nothing is written", 0x1b, 0, VECTOR_GP },
	{ "XCR0 with a bit of XSS is #GP", "XCR0 with a bit of XSS: nothing is written", 0x101, 0, VECTOR_GP },
	{ "XCR0 with bit 63 is #GP", "XCR0 with bit 63: nothing is written", BIT(63) | 1, 0, VECTOR_GP },
	{ "XCR0 may have x87 and SSE", "XCR0 has x87 and SSE", 3, 0, THROUGH },
	{ "XCR0 may have AVX if XFAM has", "XCR0 has AVX, or not", 7, 0, THROUGH },
	{ "XCR0 may have PKRU likewise", "XCR0 has PKRU, or not", 0x201, 0, THROUGH },
	{ "the upper half of RCX is not looked at", "XCR0 has x87", 1, BIT(32), THROUGH },
};

TRAP_ATTEMPT(conform_write_cr0, "mov %%rax, %%cr0")
TRAP_ATTEMPT(conform_write_cr4, "mov %%rax, %%cr4")
TRAP_ATTEMPT(conform_write_xcr, "xsetbv")
TRAP_ATTEMPT(conform_load_msw, "lmsw %%ax")
TRAP_ATTEMPT(conform_load_msw_memory, "push %%rax; lmsw (%%rsp); pop %%rax")

static uint64_t cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static uint64_t cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static uint64_t xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

/* MOV to CRn from RAX: SDM 3C, "Exit Qualification for Control-Register Accesses". */
static bool says(unsigned int reg)
{
	const volatile struct ve_info *ve = &trap_log()->last;

	return ve->reason == VE_CR_ACCESS && ve->qualification == reg && ve->gla == 0 && ve->gpa == 0 && ve->length == 3;
}

static void test_rows(const struct row *rows, unsigned int n, unsigned int reg)
{
	uint64_t (*get)(void) = reg == 0 ? cr0 : cr4, before = get(), want;
	unsigned int (*put)(uint64_t, uint64_t) = reg == 0 ? conform_write_cr0 : conform_write_cr4;
	unsigned int ves = 0, right = 0, outcome;
	bool kept = true, done = true;

	for (const struct row *row = rows; row < rows + n; row++) {
		want = (before | row->set) & ~row->clear & ~row->ignored;
		outcome = put((before | row->set) & ~row->clear, 0);
		conform_is(outcome, row->outcome, row->name);
		if (outcome == THROUGH)
			done &= get() == want;
		else
			kept &= get() == before;
		ves += row->outcome == VECTOR_VE;
		right += outcome == VECTOR_VE && says(reg);
		put(before, 0);
	}
	conform_ok(kept, reg == 0 ? "a write of CR0 that faults changes nothing" : "nor does one of CR4");
	conform_ok(done, reg == 0 ? "one that does not is there to read" : "one that does not is there to read in CR4");
	conform_is(right, ves, reg == 0 ? "a #VE says that it was CR0, from RAX, in three bytes" : "it says the same of CR4");
}

/* LMSW and CLTS reach the module only with a PE that it does not show, and there is none (SDM 3C, 26.1.3). */
static void test_machine_status_word(void)
{
	uint64_t before = cr0();

	conform_is(conform_load_msw(TS | EM, 0), THROUGH, "LMSW is never refused");
	conform_is(cr0(), (before & ~MP) | TS | EM, "... writes MP, EM and TS, and does not clear PE");
	__asm__ volatile("clts");
	conform_is(cr0(), (before & ~MP) | EM, "CLTS is done");
	conform_is(conform_load_msw_memory(before, 0), THROUGH, "LMSW from memory is no other");
	conform_is(cr0(), before, "... nor what it writes");
}

/*
 * Out of long mode and back: SDM 3A, "Switching Out of IA-32e Mode Operation" and "Initializing IA-32e Mode". Nothing
 * moves, because the payload is mapped to itself. EFER.LME stays, which is the module's, and LMA follows CR0.PG.
 */
struct unpaged {
	uint32_t cr0, cr3, cr4, cr4_without_pae, efer, efer_after, word;
};

static void leave_long_mode(struct unpaged *saw)
{
	uint64_t code32 = payload_segment(CODE_32);

	__asm__ volatile("push %%rbp; push %%rbx; mov %2, %%ebp; push %1; lea 1f(%%rip), %%rax; push %%rax; lretq; .code32;"
			 "1: mov %%cr0, %%esi; mov %%esi, %%eax; btr $31, %%eax; mov %%eax, %%cr0;"
			 "mov %%cr0, %%eax; mov %%eax, 0(%%edi); mov %%cr3, %%eax; mov %%eax, 4(%%edi);"
			 "mov %%cr4, %%ebx; mov %%ebx, 8(%%edi); mov %%ebx, %%eax; btr $5, %%eax; mov %%eax, %%cr4;"
			 "mov %%cr4, %%eax; mov %%eax, 12(%%edi); mov %%ebx, %%cr4;"
			 "mov $0xc0000080, %%ecx; rdmsr; mov %%eax, 16(%%edi); mov (%%ebp), %%eax; mov %%eax, 24(%%edi);"
			 "mov %%esi, %%cr0; ljmp $0x10, $2f; .code64;"
			 "2: mov $0xc0000080, %%ecx; rdmsr; mov %%eax, 20(%%rdi); pop %%rbx; pop %%rbp"
			 : : "D"(saw), "r"(code32), "i"(MOVED) : "rax", "rcx", "rdx", "rsi", "cc", "memory");
}

/* The entry of 2 MiB that maps a low address. */
static uint64_t *leaf_of(uint64_t address)
{
	uint64_t *table = (uint64_t *)(uintptr_t)paging_root();

	table = (uint64_t *)(uintptr_t)(table[0] & PTE_ADDRESS);
	table = (uint64_t *)(uintptr_t)(table[address >> 30] & PTE_ADDRESS);
	return &table[address >> 21 & 511];
}

static void map(uint64_t address, uint64_t gpa)
{
	uint64_t *leaf = leaf_of(address);

	*leaf = (*leaf & ~PTE_ADDRESS) | gpa;
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static void test_paging(void)
{
	static struct unpaged saw;
	volatile uint32_t *moved = (uint32_t *)(uintptr_t)MOVED, *to = (uint32_t *)(uintptr_t)(MOVED + TDX_2M_SIZE);
	uint64_t before = cr0(), cr4_before = cr4();

	*moved = 1;
	*to = 2;
	map(MOVED, MOVED + TDX_2M_SIZE);
	conform_is(*moved, 2, "an address that is not mapped to itself");
	leave_long_mode(&saw);
	conform_is(saw.cr0, before & ~PG, "32-bit code may turn paging off");
	conform_ok(saw.cr3 == paging_root() && saw.cr4 == cr4_before, "... which changes no other register");
	conform_is(saw.word, 1, "... that address is mapped to itself then");
	conform_is(saw.cr4_without_pae, cr4_before & ~PAE, "... PAE can be cleared");
	conform_is(saw.efer, saw.efer_after & ~EFER_LMA, "... EFER.LMA is clear, LME is not");
	conform_ok(cr0() == before && cr4() == cr4_before && (saw.efer_after & EFER_LMA), "and on again, with LMA");
	conform_is(*moved, 2, "... and what was mapped");
	map(MOVED, MOVED);
}

/* SDM 3A, "Process-Context Identifiers (PCIDs)": bits 11:0 of CR3 have to be clear. PWT is one of them. */
static void test_pcid(void)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(paging_root() | CR3_PWT) : "memory");
	conform_is(conform_write_cr4(cr4() | PCIDE, 0), VECTOR_GP, "CR4 with PCIDE is #GP where CR3 has a PCID");
	__asm__ volatile("mov %0, %%cr3" : : "r"(paging_root()) : "memory");
}

/* In bytes that only long forms have: a REX prefix, and one that says nothing. */
static void test_register_of_ve(void)
{
	const volatile struct trap_log *log = trap_log();
	unsigned int before = log->expected;
	uint64_t value = cr4() | SMXE;

	trap_expect(VECTOR_VE, 0);
	__asm__ volatile("mov %0, %%r11; .byte 0x2e; mov %%r11, %%cr4" : : "r"(value) : "r11");
	conform_ok(log->expected - before == 1 && log->last.qualification == (4 | 11 << 8) && log->last.length == 5,
		   "a #VE names R11 and five bytes");
}

static void test_xcr(void)
{
	uint64_t before, gpr[GPRS] = { [RAX] = TDG_VM_RD, [RDX] = TDX_FIELD_XFAM };

	tdcall(gpr);
	conform_is(conform_write_xcr(1, 0), VECTOR_UD, "XSETBV without CR4.OSXSAVE is #UD");
	conform_is(conform_write_cr4(cr4() | OSXSAVE, 0), THROUGH, "CR4.OSXSAVE may be set");
	before = xcr0();
	for (unsigned int i = 0; i < sizeof(xcr_rows) / sizeof(xcr_rows[0]); i++) {
		unsigned int want = xcr_rows[i].value & ~gpr[R8] ? VECTOR_GP : xcr_rows[i].outcome;

		conform_is(conform_write_xcr(xcr_rows[i].value, xcr_rows[i].index), want, xcr_rows[i].name);
		conform_is(xcr0(), want == THROUGH ? xcr_rows[i].value : before, xcr_rows[i].after);
		conform_write_xcr(before, 0);
	}
	conform_write_cr4(cr4() & ~OSXSAVE, 0);
}

void conform_control_registers(void)
{
	test_rows(cr0_rows, sizeof(cr0_rows) / sizeof(cr0_rows[0]), 0);
	test_rows(cr4_rows, sizeof(cr4_rows) / sizeof(cr4_rows[0]), 4);
	test_machine_status_word();
	test_register_of_ve();
	test_paging();
	test_pcid();
	test_xcr();
}
