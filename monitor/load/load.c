/* SPDX-License-Identifier: MIT */
/* What every guest gets, whatever its kind; linux.c and payload.c add theirs. */
#include "abi/x86.h"
#include "image/bytes.h"
#include "monitor/load/load.h"
#include "monitor/load/parts.h"
#include "monitor/qemu/acpi.h"
#include "monitor/qemu/memory_map.h"

#define ROM_WINDOW	0xc0000ull	/* option ROMs, then the F segment with RSDP and SMBIOS */
#define F_SEGMENT	0xf0000ull
#define LOW_RAM_END	0xa0000ull
#define MIB		0x100000ull
#define GIB4		0x100000000ull

/* The area at the top of low RAM. */
#define AREA_MAILBOX	0x0000ull
#define AREA_GDT	0x1000ull
#define AREA_TABLES	0x2000ull	/* page tables: PML4, PDPT, four PDs */
#define AREA_ACPI	0x8000ull

/* Zero page: [linux:zero-page.rst] and [linux:bootparam.h]. */
#define ZP_RSDP		0x70
#define ZP_E820_COUNT	0x1e8
#define ZP_E820		0x2d0
#define E820_BYTES	20u

/* ACPI 6.4, 15, "System Address Map Interfaces". */
enum { E820_RAM = 1, E820_ACPI = 3 };


#define GDT_CODE64	0x00af9b000000ffffull
#define GDT_DATA	0x00cf93000000ffffull

static void identity_tables(uint8_t *tables, uint64_t gpa)
{
	uint64_t i;

	put64(tables, (gpa + 0x1000) | PTE_PRESENT | PTE_WRITE);
	for (i = 0; i < 4; i++)
		put64(tables + 0x1000 + 8 * i, (gpa + 0x2000 + 0x1000 * i) | PTE_PRESENT | PTE_WRITE);
	for (i = 0; i < 4 * 512; i++)
		put64(tables + 0x2000 + 8 * i, i << 21 | PTE_PRESENT | PTE_WRITE | PTE_LARGE);
}

static uint64_t high_ram(const struct load_input *in)
{
	return in->ram.nbanks > 1 ? in->ram.banks[1].bytes : 0;
}

/*
 * SMBIOS describes the machine's memory until it is told of the guest's. A guest that follows an anchor to a table
 * outside the window would read RAM that nobody filled. QEMU's tables fit; for those that do not, no anchor is the
 * honest answer (DMTF DSP0134, 5.2.1 and 5.2.2).
 */
static void fix_smbios(const struct load_input *in, uint8_t *segment)
{
	uint32_t at;

	for (at = 0; at < 0x10000 - 0x20; at += 16) {
		uint8_t *anchor = segment + at;
		uint64_t table, bytes;

		if (memcmp(anchor, "_SM3_", 5) == 0) {
			table = get64(anchor + 0x10);
			bytes = get32(anchor + 0x0c);
		} else if (memcmp(anchor, "_SM_", 4) == 0) {
			table = get32(anchor + 0x18);
			bytes = get16(anchor + 0x16);
		} else {
			continue;
		}
		if (table < F_SEGMENT || !range_within(table - F_SEGMENT, bytes, 0x10000))
			memset(anchor, 0, 0x20);
		else
			memory_map_smbios(in->ram.banks[0].bytes, high_ram(in), segment + (table - F_SEGMENT), bytes);
	}
}

static bool fill_rom_window(const struct load_input *in)
{
	const uint8_t *from = mem_window_at(&in->firmware, ROM_WINDOW, MIB - ROM_WINDOW);
	uint8_t *to = mem_window_at(&in->ram, ROM_WINDOW, MIB - ROM_WINDOW);

	if (from == NULL || to == NULL)
		return false;
	memcpy(to, from, MIB - ROM_WINDOW);
	fix_smbios(in, to + (F_SEGMENT - ROM_WINDOW));
	return true;
}

static void add_e820(uint8_t *zero_page, uint64_t start, uint64_t end, uint32_t type)
{
	uint8_t *entry = zero_page + ZP_E820 + E820_BYTES * zero_page[ZP_E820_COUNT]++;

	put64(entry, start);
	put64(entry + 8, end - start);
	put32(entry + 16, type);
}

/*
 * Linux maps memory of type 2 through its shared alias when a driver remaps it, and type 3 through the private one:
 * whatever the firmware left in private memory is therefore type 3 ([linux:__ioremap_check_encrypted] and
 * [linux:__ioremap_check_other]).
 */
static void fill_e820(const struct load_input *in, uint8_t *zero_page, uint64_t area)
{
	uint32_t i;

	add_e820(zero_page, 0, LOW_RAM_END, E820_RAM);
	add_e820(zero_page, F_SEGMENT, MIB, E820_ACPI);
	add_e820(zero_page, MIB, area, E820_RAM);
	add_e820(zero_page, area, area + LOAD_AREA_BYTES, E820_ACPI);
	for (i = 1; i < in->ram.nbanks; i++)
		add_e820(zero_page, in->ram.banks[i].address, in->ram.banks[i].address + in->ram.banks[i].bytes,
			 E820_RAM);
}

static enum load_error fill_area(const struct load_input *in, uint64_t area, uint8_t *zero_page)
{
	uint8_t *data = mem_window_at(&in->ram, area, LOAD_AREA_BYTES);
	struct acpi_guest acpi = {
		.gpa = area + AREA_ACPI,
		.bytes = LOAD_AREA_BYTES - AREA_ACPI,
		.vcpus = in->vcpus,
		.cores = in->cores,
		.last_bus = in->last_bus,
		.mailbox = area + AREA_MAILBOX,
	};

	if (data == NULL)
		return LOAD_MEMORY;
	memset(data, 0, LOAD_AREA_BYTES);
	put64(data + AREA_GDT + LOAD_CS, GDT_CODE64);
	put64(data + AREA_GDT + LOAD_DS, GDT_DATA);
	identity_tables(data + AREA_TABLES, area + AREA_TABLES);
	acpi.data = data + AREA_ACPI;
	if (acpi_copy(&in->firmware, &acpi) != ACPI_OK)
		return LOAD_ACPI;
	put64(zero_page + ZP_RSDP, acpi.rsdp);
	return LOAD_OK;
}

static struct load_start start_state(const struct load_input *in, uint64_t area)
{
	return (struct load_start){
		.rsi = LOAD_ZERO_PAGE,
		.rdi = area + AREA_MAILBOX,
		.rdx = in->vcpus,
		.rflags = 2,
		.cr0 = 0x80010033,	/* PG WP NE ET MP PE */
		.cr3 = area + AREA_TABLES,
		.cr4 = 0x60,		/* MCE PAE */
		.efer = 0xd01,		/* NXE LMA LME SCE */
		.gdt = area + AREA_GDT,
		.gdt_limit = LOAD_DS + 7,
		.cs = LOAD_CS,
		.ds = LOAD_DS,
		.code64 = true,
	};
}

static enum load_error load_cmdline(const struct load_input *in, uint8_t *zero_page)
{
	size_t bytes = strlen(in->cmdline) + 1;
	char *to = mem_window_at(&in->ram, LOAD_CMDLINE, LOAD_CMDLINE_BYTES);

	if (to == NULL || bytes > LOAD_CMDLINE_BYTES)
		return LOAD_CMDLINE_TOO_LONG;
	memcpy(to, in->cmdline, bytes);
	put32(zero_page + ZP_CMD_LINE_PTR, LOAD_CMDLINE);
	return LOAD_OK;
}

/* The caller of this has checked that low RAM is there, so the pages below 1 MiB are. */
static enum load_error load_kind(const struct load_input *in, uint64_t area, uint8_t *zero_page,
				 struct load_result *result)
{
	size_t head_bytes = in->kernel_bytes < TDX_PAGE_SIZE ? (size_t)in->kernel_bytes : TDX_PAGE_SIZE;
	uint8_t *head = mem_window_at(&in->ram, LOAD_SCRATCH, TDX_PAGE_SIZE);
	enum load_error error;

	memset(head, 0, TDX_PAGE_SIZE);
	in->read(in, LOAD_KERNEL, 0, head, head_bytes);
	result->payload = elf_is(head, head_bytes);
	if (result->payload)
		error = load_payload(in, head, head_bytes, area, &result->start);
	else
		error = load_linux(in, head, head_bytes, area, zero_page, &result->start);
	memset(head, 0, TDX_PAGE_SIZE);
	return error;
}

enum load_error load_guest(const struct load_input *in, struct load_result *result)
{
	uint64_t low = in->ram.banks[0].bytes, area;
	uint8_t *zero_page = mem_window_at(&in->ram, LOAD_ZERO_PAGE, TDX_PAGE_SIZE);
	enum load_error error;

	*result = (struct load_result){ 0 };
	if (in->ram.nbanks == 0 || in->ram.banks[0].address != 0 || low > GIB4 || low < LOAD_LEAST || zero_page == NULL)
		return LOAD_MEMORY;
	area = low - LOAD_AREA_BYTES;
	memset(zero_page, 0, TDX_PAGE_SIZE);
	result->start = start_state(in, area);
	error = load_kind(in, area, zero_page, result);
	if (error == LOAD_OK)
		error = load_cmdline(in, zero_page);
	if (error == LOAD_OK)
		error = fill_rom_window(in) ? fill_area(in, area, zero_page) : LOAD_MEMORY;
	if (error != LOAD_OK)
		return error;
	fill_e820(in, zero_page, area);
	result->mailbox = area + AREA_MAILBOX;
	result->area = area;
	result->area_bytes = LOAD_AREA_BYTES;
	return LOAD_OK;
}
