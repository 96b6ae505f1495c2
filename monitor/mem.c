/* SPDX-License-Identifier: MIT */
/* The monitor's own memory: the move to the reserve, page tables, and access to what the guest cannot reach. */
#include "monitor/mem.h"

#include "abi/x86.h"
#include "image/bytes.h"
#include "monitor/io.h"
#include "monitor/panic.h"
#include "monitor/state.h"

#define ENTRIES		512
#define GIB		(1ull << 30)
#define LOADER_BYTES	0x10000

/* link.ld: addresses, nothing is there to be compared as objects. */
extern char image_base[], image_rodata[], image_data[], image_end[], image_load[];
#define ADDRESS(symbol)	((uint64_t)(uintptr_t)(symbol))
#define IMAGE_BYTES	(ADDRESS(image_end) - ADDRESS(image_base))

/* Beyond the direct map: one GiB at a time. 64-bit BARs can be anywhere below S. */
#define WINDOW		0xffff810000000000ull

static uint64_t image_at;		/* machine address of image_base */
static uint64_t pool, pool_end;		/* the rest of the reserve */
static uint64_t *root, *pml4, *pdpt_window;	/* root: the same as pml4, or above it */

uint64_t mem_address(const void *p)
{
	uint64_t address = (uint64_t)(uintptr_t)p;

	return address >= MEM_DIRECT ? address - MEM_DIRECT : address - ADDRESS(image_base) + image_at;
}

void *mem_alloc(uint64_t bytes)
{
	void *p = mem_machine(pool);

	bytes = (bytes + TDX_PAGE_SIZE - 1) / TDX_PAGE_SIZE * TDX_PAGE_SIZE;
	if (bytes > pool_end - pool)
		panic("the monitor's %lu MiB of memory are used up", (uint64_t)MACHINE_RESERVE >> 20);
	pool += bytes;
	return memset(p, 0, bytes);
}

static uint64_t *table(uint64_t *entry)
{
	if (*entry == 0)
		*entry = mem_address(mem_alloc(TDX_PAGE_SIZE)) | PTE_PRESENT | PTE_WRITE;
	return mem_machine(*entry & ~0xfffull);
}

static void map_image(void)
{
	uint64_t va;

	for (va = ADDRESS(image_base); va < ADDRESS(image_end); va += TDX_PAGE_SIZE) {
		uint64_t *pdpt = table(&pml4[va >> 39 & 511]);
		uint64_t *pd = table(&pdpt[va >> 30 & 511]);
		uint64_t rights = va < ADDRESS(image_rodata) ? 0 : va < ADDRESS(image_data) ? PTE_NX : PTE_NX | PTE_WRITE;

		table(&pd[va >> 21 & 511])[va >> 12 & 511] = (image_at + va - ADDRESS(image_base)) | PTE_PRESENT | rights;
	}
}

bool mem_five_levels(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	return cr4 & CR4_LA57;
}

void mem_init(void)
{
	image_at = ADDRESS(image_load);
}

void mem_move(void)
{
	uint64_t bytes = IMAGE_BYTES;
	uint64_t to = config.machine.reserve + MACHINE_STATUS_BYTES + MACHINE_JOURNAL_BYTES;
	uint64_t *direct, i;

	pool = to + bytes;
	pool_end = config.machine.reserve + MACHINE_RESERVE;

	image_at = to;
	root = pml4 = mem_alloc(TDX_PAGE_SIZE);
	if (mem_five_levels()) {
		root = mem_alloc(TDX_PAGE_SIZE);
		root[0] = root[ENTRIES - 1] = mem_address(pml4) | PTE_PRESENT | PTE_WRITE;
	}
	map_image();
	direct = table(&pml4[MEM_DIRECT >> 39 & 511]);
	for (i = 0; i < ENTRIES; i++)
		direct[i] = i * GIB | PTE_PRESENT | PTE_WRITE | PTE_LARGE | PTE_NX;
	pdpt_window = table(&pml4[WINDOW >> 39 & 511]);

	/* Last: a variable that changed after the copy would change back. */
	memcpy(mem_machine(to), image_base, bytes);
	__asm__ volatile("mov %0, %%cr3" : : "r"(mem_address(root)) : "memory");
}

uint32_t mem_page_tables(void)
{
	return (uint32_t)mem_address(root);
}

/* The low 2 MiB at their own address, for a CPU that is on its way from 16-bit code to the monitor. */
void mem_identity(bool on)
{
	static uint64_t *pdpt;
	uint64_t *pd;

	if (pdpt == NULL)
		pdpt = table(&pml4[0]);
	pd = table(&pdpt[0]);
	pd[0] = on ? PTE_PRESENT | PTE_WRITE | PTE_LARGE : 0;
	__asm__ volatile("invlpg (%0)" : : "r"(0x8000ull) : "memory");
}

/* QEMU's loader leaves the image's file name behind it, on the next page ([qemu:load_multiboot]). */
uint64_t mem_image(uint64_t *end)
{
	*end = (ADDRESS(image_load) + IMAGE_BYTES + LOADER_BYTES + TDX_PAGE_SIZE - 1) & ~(TDX_PAGE_SIZE - 1);
	return ADDRESS(image_load);
}

static bool within(const struct machine_ram *ram, uint64_t gpa, uint64_t bytes)
{
	return gpa >= ram->gpa && gpa - ram->gpa < ram->bytes && bytes <= ram->bytes - (gpa - ram->gpa);
}

void *mem_private(uint64_t gpa, uint64_t bytes)
{
	const struct machine_ram *ram = &config.machine.image;
	uint32_t i;

	for (i = 0; i < config.machine.nram; i++)
		if (within(&config.machine.ram[i], gpa, bytes))
			ram = &config.machine.ram[i];
	if (within(ram, gpa, bytes))
		return mem_machine(ram->bank + (gpa - ram->gpa));
	panic("private memory at 0x%lx, 0x%lx bytes: not RAM of the guest", gpa, bytes);
}

static volatile void *device(uint64_t address)
{
	uint64_t *entry = &pdpt_window[0];

	if (address < MEM_DIRECT_BYTES)
		return mem_machine(address);
	*entry = (address & ~(GIB - 1)) | PTE_PRESENT | PTE_WRITE | PTE_LARGE | PTE_NX;
	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW + address % GIB) : "memory");
	return (volatile void *)(uintptr_t)(WINDOW + address % GIB);
}

uint64_t mem_device_read(uint64_t address, unsigned int size)
{
	volatile void *p = device(address);

	switch (size) {
	case 1:
		return *(volatile uint8_t *)p;
	case 2:
		return *(volatile uint16_t *)p;
	case 4:
		return *(volatile uint32_t *)p;
	default:
		return *(volatile uint64_t *)p;
	}
}

void mem_device_write(uint64_t address, unsigned int size, uint64_t value)
{
	volatile void *p = device(address);

	switch (size) {
	case 1:
		*(volatile uint8_t *)p = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)p = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)p = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)p = value;
	}
}
