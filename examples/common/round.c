/* SPDX-License-Identifier: MIT */
/* What libtdconv asks of its embedder on one CPU with nobody else around, and a conversion there and back. */
#include "round.h"

#include <tdconv_tdcall.h>
#include <tdconv_walk.h>

#define EXTENTS		4u		/* memory that is mapped to itself is one; the rest says that it is not */
#define CR0_WP		0x10000ull
#define CR3_TABLE	0x000ffffffffff000ull
#define CR4_LA57	0x1000ull
#define GHCI_IO		30u		/* TDG.VP.VMCALL<Instruction.IO> */
#define END_PORT	0xf4u

struct place {
	struct tdconv tdc;
	struct tdconv_walk walk;
	uint8_t *tables;
	uint32_t tables_used;
};

static uint64_t read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

/* Firmware keeps its page tables read-only. */
static void write_cr0(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static uint64_t read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static void fill(volatile uint8_t *memory, uint8_t byte, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		memory[i] = byte;
}

static bool holds(const volatile uint8_t *memory, uint8_t byte)
{
	for (uint64_t i = 0; i < ROUND_BYTES; i++)
		if (memory[i] != byte)
			return false;
	return true;
}

#ifdef IGNORE_R11
/* Wrong on purpose, as guests were before they knew of RETRY: what is not an error is taken for success. */
void tdconv_os_tdcall(void *os, struct tdconv_regs *regs)
{
	bool map_gpa = regs->rax == 0 && regs->r11 == 0x10001;

	(void)os;
	tdconv_tdcall(regs);
	if (map_gpa && regs->r10 == 1)
		regs->r10 = 0;
}
#endif

bool tdconv_os_pause(void *os, enum tdconv_wait why, uint64_t run)
{
	(void)os;
	(void)why;
	for (uint64_t spins = run < 1000 ? run : 1000; spins > 0; spins--)
		__asm__ volatile("pause");
	return true;
}

enum tdconv_record tdconv_os_record(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os;
	(void)gpa;
	(void)bytes;
	return TDCONV_RECORD_NONE;
}

/* While the library is at work the range is mapped shared, so it is mapped private for this. */
void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes)
{
	tdconv_os_set_pte(os, gpa, bytes, TDCONV_PTE_PRIVATE);
	tdconv_os_flush_tlb(os, gpa, bytes);
	fill((uint8_t *)(uintptr_t)gpa, 0, bytes);
	tdconv_os_set_pte(os, gpa, bytes, TDCONV_PTE_SHARED);
	tdconv_os_flush_tlb(os, gpa, bytes);
}

bool tdconv_os_enter(void *os)
{
	(void)os;
	return true;
}

void tdconv_os_leave(void *os)
{
	(void)os;
}

uint64_t *tdconv_walk_table(void *os, uint64_t gpa)
{
	(void)os;
	return (uint64_t *)(uintptr_t)gpa;
}

uint64_t tdconv_walk_page(void *os)
{
	struct place *place = (struct place *)os;
	uint8_t *page = place->tables + place->tables_used * TDCONV_PAGE;

	if (place->tables_used == ROUND_TABLES)
		return 0;
	place->tables_used++;
	fill(page, 0, TDCONV_PAGE);
	return (uint64_t)(uintptr_t)page;
}

bool tdconv_os_translate(void *os, uint64_t va, struct tdconv_run *run)
{
	bool shared;

	return tdconv_walk_translate(&((struct place *)os)->walk, va, run, &shared);
}

bool tdconv_os_set_pte(void *os, uint64_t va, uint64_t bytes, enum tdconv_pte pte)
{
	uint64_t cr0 = read_cr0();
	bool done;

	write_cr0(cr0 & ~CR0_WP);
	done = tdconv_walk_set(&((struct place *)os)->walk, va, bytes, pte);
	write_cr0(cr0);
	return done;
}

void tdconv_os_flush_tlb(void *os, uint64_t va, uint64_t bytes)
{
	(void)os;
	for (uint64_t end = va + bytes; va < end; va += TDCONV_PAGE)
		__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void tdconv_os_flush_cache(void *os, uint64_t va, uint64_t bytes)
{
	(void)os;
	for (uint64_t end = va + bytes; va < end; va += 64)
		__asm__ volatile("clflush (%0)" : : "r"(va) : "memory");
}

static enum tdconv_status convert(struct place *place, uint8_t *memory, enum tdconv_to to, bool *lost)
{
	struct tdconv_extent extents[EXTENTS];
	struct tdconv_lost list[EXTENTS];
	struct tdconv_set set;
	enum tdconv_status status;

	set.extents = extents;
	set.room = EXTENTS;
	set.lost.list = list;
	set.lost.room = EXTENTS;
	set.lost.count = 0;
	status = tdconv_set_memory(&place->tdc, (uint64_t)(uintptr_t)memory, ROUND_BYTES, to, 0, &set);

	/* What did not become private again was shared again, or is lost: whoever gets it must not think otherwise. */
	*lost = set.lost.count != 0 || (status != TDCONV_OK && to == TDCONV_PRIVATE);
	return status;
}

static bool report(const char *what, const char *why, bool good)
{
	round_say("tdconv: ");
	round_say(what);
	if (why != NULL) {
		round_say(": ");
		round_say(why);
	}
	round_say("\r\n");
	return good;
}

bool round_trip(uint8_t *memory, uint8_t *tables, bool *lost)
{
	struct place place;
	enum tdconv_status status = tdconv_init(&place.tdc, &place);

	*lost = false;
	if (status != TDCONV_OK)
		return report("no conversion", tdconv_strstatus(status), false);
	place.tables = tables;
	place.tables_used = 0;
	place.walk.os = &place;
	place.walk.root = read_cr3() & CR3_TABLE;
	place.walk.levels = (read_cr4() & CR4_LA57) != 0 ? 5 : 4;
	place.walk.shared_bit = place.tdc.td.shared_bit;

	fill(memory, 0x5a, ROUND_BYTES);
	status = convert(&place, memory, TDCONV_SHARED, lost);
	if (status != TDCONV_OK)
		return report("contained, to shared", tdconv_strstatus(status), true);
	fill(memory, 0xa5, ROUND_BYTES);
	if (!holds(memory, 0xa5))
		return report("wrong contents in shared memory", NULL, false);
	status = convert(&place, memory, TDCONV_PRIVATE, lost);
	if (status != TDCONV_OK)
		return report("contained, to private", tdconv_strstatus(status), true);
	if (!holds(memory, 0))		/* the module zeroes what is accepted */
		return report("wrong contents in private memory", NULL, false);
	return report("done, both ways", NULL, true);
}

void round_out(uint16_t port, uint8_t byte)
{
	register uint64_t r10 __asm__("r10") = 0;
	register uint64_t r11 __asm__("r11") = GHCI_IO;
	register uint64_t r12 __asm__("r12") = 1;		/* size */
	register uint64_t r13 __asm__("r13") = 1;		/* write */
	register uint64_t r14 __asm__("r14") = port;
	register uint64_t r15 __asm__("r15") = byte;
	uint64_t rax = 0, rcx = 0xfc00;				/* the VMM sees R10 to R15 */

	__asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
			 : "+a"(rax), "+c"(rcx), "+r"(r10), "+r"(r11), "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15)
			 : : "memory", "cc");
}

void round_end(unsigned int status)
{
	round_out(END_PORT, (uint8_t)status);
}
