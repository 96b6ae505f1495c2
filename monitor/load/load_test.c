/* SPDX-License-Identifier: MIT */
/* The loaders on 64 MiB of host memory, with files made here. acpi_copy() has its own test; here it only says yes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/samples.h"
#include "monitor/load/parts.h"
#include "monitor/qemu/acpi.h"
#include "wire/tap.h"

#define MIB		0x100000ull
#define LOW		(64 * MIB)
#define AREA		(LOW - LOAD_AREA_BYTES)
#define KERNEL_BYTES	0x3000u
#define FILE_BYTES	(1024 + KERNEL_BYTES)
#define INITRD_BYTES	5000u

static uint8_t *ram, *firmware, file[FILE_BYTES], initrd[INITRD_BYTES];
static struct load_input in;
static struct load_result result;
static struct acpi_guest acpi_asked;
static enum acpi_error acpi_answer;
static bool out_of_file;

enum acpi_error acpi_copy(const struct mem_windows *from, struct acpi_guest *guest)
{
	(void)from;
	acpi_asked = *guest;
	guest->rsdp = guest->gpa + 0x140;
	return acpi_answer;
}

static void read_file(const struct load_input *input, enum load_file which, uint64_t offset, void *to, uint64_t bytes)
{
	uint64_t total = which == LOAD_KERNEL ? input->kernel_bytes : input->initrd_bytes;

	if (!range_within(offset, bytes, total)) {
		out_of_file = true;
		return;
	}
	memcpy(to, (which == LOAD_KERNEL ? file : initrd) + offset, bytes);
}

static void make_bzimage(void)
{
	memset(file, 0, sizeof(file));
	memset(file + 1024, 0xc3, KERNEL_BYTES);
	sample_bzimage(file, KERNEL_BYTES, 16 * MIB, 0x100000);
}

static void make_elf(void)
{
	memset(file, 0, sizeof(file));
	sample_elf(file, 2 * MIB + 0x10);
	sample_segment(file, 0, 1, 0x400, 0x1000, 2 * MIB, 0x3000);
	memset(file + 0x400, 0x90, 0x1000);
}

static void prepare(void)
{
	memset(ram, 0xaa, LOW);
	memset(firmware, 0, MIB);
	memset(initrd, 0x55, sizeof(initrd));
	in = (struct load_input){
		.read = read_file,
		.ram = { { { 0, LOW, ram }, { 1ull << 32, 512 * MIB, ram }, { 0 } }, 2 },
		.firmware = { { { 0, MIB, firmware }, { 0 }, { 0 } }, 1 },
		.kernel_bytes = FILE_BYTES,
		.initrd_bytes = INITRD_BYTES,
		.cmdline = "console=ttyS0",
		.vcpus = 2,
	};
	acpi_answer = ACPI_OK;
}

static bool filled(const uint8_t *data, uint8_t value, uint64_t bytes)
{
	while (bytes-- != 0)
		if (*data++ != value)
			return false;
	return true;
}

static bool e820_is(unsigned int n, uint64_t start, uint64_t end, uint32_t type)
{
	const uint8_t *entry = ram + result.start.rsi + 0x2d0 + 20 * n;

	return get64(entry) == start && get64(entry + 8) == end - start && get32(entry + 16) == type;
}

/* What the guest's own page walk makes of a linear address; ~0 if nothing is mapped. */
static uint64_t walk(uint64_t linear)
{
	uint64_t entry = result.start.cr3;
	int shift;

	for (shift = 39; shift >= 21; shift -= 9) {
		entry = get64(ram + (entry & 0xffffffffff000) + 8 * (linear >> shift & 511));
		if (!(entry & 1))
			return UINT64_MAX;
	}
	return (entry & 0xfffffffe00000) + linear % (2 * MIB);
}

static void common_state(const char *guest)
{
	const struct load_start *s = &result.start;
	const uint8_t *zero_page = ram + s->rsi;

	tap_case(guest);
	tap_ok(strcmp((char *)ram + get32(zero_page + 0x228), "console=ttyS0") == 0, "command line");
	tap_is(get64(zero_page + 0x70), AREA + 0x8140, "RSDP");
	tap_is(zero_page[0x1e8], 5, "e820 entries");
	tap_ok(e820_is(0, 0, 0xa0000, 1) && e820_is(1, 0xf0000, MIB, 3) && e820_is(2, MIB, AREA, 1) &&
	       e820_is(3, AREA, LOW, 3) && e820_is(4, 1ull << 32, (1ull << 32) + 512 * MIB, 1), "e820 table");
	tap_ok(filled(zero_page, 0, 0x40), "no screen: the firmware's would be in private memory");
	tap_ok(s->rdi == AREA && s->rdx == 2 && result.mailbox == AREA, "mailbox and vCPUs");
	tap_ok(acpi_asked.mailbox == AREA && acpi_asked.vcpus == 2 && acpi_asked.gpa == AREA + 0x8000 &&
	       acpi_asked.gpa + acpi_asked.bytes == LOW, "ACPI tables are asked for in the area");
	tap_ok(walk(0) == 0 && walk(s->rip) == s->rip && walk(0xffffffff) == 0xffffffff, "4 GiB are mapped");
	tap_is(walk(1ull << 32), UINT64_MAX, "nothing beyond");
	tap_is(get64(ram + s->gdt + s->cs), 0x00af9b000000ffffull, "64-bit code segment");
	tap_is(get64(ram + s->gdt + s->ds), 0x00cf93000000ffffull, "data segment");
	tap_ok(filled(ram + LOAD_SCRATCH, 0, 4096), "no scratch is left behind");
	tap_case(NULL);
}

static void linux_guest(void)
{
	prepare();
	make_bzimage();
	tap_is(load_guest(&in, &result), LOAD_OK, "a bzImage is loaded");
	tap_ok(!result.payload && result.start.rip == 16 * MIB + 0x200, "64-bit entry");
	tap_ok(filled(ram + 16 * MIB, 0xc3, KERNEL_BYTES) && ram[16 * MIB + KERNEL_BYTES] == 0xaa, "kernel, no more");
	tap_is(get32(ram + result.start.rsi + 0x218), AREA - 0x2000, "initrd below the area");
	tap_is(get32(ram + result.start.rsi + 0x21c), INITRD_BYTES, "its size");
	tap_ok(filled(ram + AREA - 0x2000, 0x55, INITRD_BYTES), "its bytes");
	tap_ok(memcmp(ram + result.start.rsi + 0x202, "HdrS", 4) == 0, "setup header in the zero page");
	tap_is(ram[result.start.rsi + 0x210], 0xff, "an unknown loader");
	common_state("a bzImage");
	in.initrd_bytes = 0;
	tap_is(load_guest(&in, &result), LOAD_OK, "without an initrd");
	tap_is(get32(ram + result.start.rsi + 0x218), 0, "its address is 0");
	prepare();
	put32(file + 0x22c, 0x2ffffff);
	tap_ok(load_guest(&in, &result) == LOAD_OK && get32(ram + result.start.rsi + 0x218) == 0x3000000 - 0x2000,
	       "initrd below the kernel's limit");
}

static void payload_guest(void)
{
	prepare();
	make_elf();
	tap_is(load_guest(&in, &result), LOAD_OK, "a payload is loaded");
	tap_ok(result.payload && result.start.rip == 2 * MIB + 0x10, "its entry");
	tap_ok(filled(ram + 2 * MIB, 0x90, 0x1000) && filled(ram + 2 * MIB + 0x1000, 0, 0x2000) &&
	       ram[2 * MIB + 0x3000] == 0xaa, "segment, bss, and no more");
	tap_is(result.start.rsp, LOAD_STACK_TOP, "stack");
	common_state("a payload");
}

static void rom_window(void)
{
	prepare();
	make_elf();
	memset(firmware + 0xc0000, 0x77, 0x1000);
	memcpy(firmware + 0xf5a00, "_SM_", 4);
	put32(firmware + 0xf5a18, 0xf5a20);
	put16(firmware + 0xf5a16, 376);
	memcpy(firmware + 0xf5a20, (uint8_t[]){ 16, 15, 0, 16, 1, 3, 6, 0, 0, 0x40, 1 }, 11);	/* of 20 GiB */
	memcpy(firmware + 0xf6000, "_SM3_", 5);
	put64(firmware + 0xf6010, 0x3fe00000);
	put32(firmware + 0xf600c, 100);
	memcpy(firmware + 0xf7000, "_SM_", 4);
	put32(firmware + 0xf7018, 0xffff0);
	put16(firmware + 0xf7016, 17);
	load_guest(&in, &result);
	tap_ok(filled(ram + 0xc0000, 0x77, 0x1000), "option ROMs are copied");
	tap_ok(memcmp(ram + 0xf5a00, "_SM_", 4) == 0, "an SMBIOS table inside the window is kept");
	tap_is(get32(ram + 0xf5a20 + 7), (LOW + 512 * MIB) / 1024, "and describes the guest's memory");
	tap_ok(filled(ram + 0xf6000, 0, 16), "an anchor that points elsewhere is not");
	tap_ok(filled(ram + 0xf7000, 0, 16), "nor one whose table ends one byte beyond");
}

#define BAD(change, error, name) \
	do { prepare(); make_bzimage(); change; tap_is(load_guest(&in, &result), error, name); } while (0)

static void bad(void)
{
	static char line[5000];

	memset(line, 'x', sizeof(line) - 1);
	BAD(in.kernel_bytes = 0, LOAD_BAD_KERNEL, "empty kernel");
	BAD(in.kernel_bytes--, LOAD_BAD_KERNEL, "truncated kernel");
	BAD((make_elf(), in.kernel_bytes = 0x500), LOAD_BAD_KERNEL, "truncated payload");
	BAD(put32(file + 0x260, (uint32_t)(AREA - 16 * MIB + 1)), LOAD_NO_ROOM_KERNEL, "kernel reaches into the area");
	BAD(put64(file + 0x258, 0xfffff000), LOAD_NO_ROOM_KERNEL, "kernel at the end of 4 GiB");
	BAD((make_elf(), put64(file + 104, 1ull << 40)), LOAD_NO_ROOM_KERNEL, "payload of a tebibyte");
	BAD((make_elf(), put64(file + 88, AREA - 0x2000), put64(file + 24, AREA - 0x2000)), LOAD_NO_ROOM_KERNEL,
	    "payload reaches into the area");
	BAD(in.initrd_bytes = 48 * MIB, LOAD_NO_ROOM_INITRD, "initrd too large");
	BAD(in.initrd_bytes = 1ull << 40, LOAD_NO_ROOM_INITRD, "initrd of a tebibyte");
	BAD(put32(file + 0x22c, 0x1000fff), LOAD_NO_ROOM_INITRD, "no room below the initrd's limit");
	BAD(in.cmdline = line, LOAD_CMDLINE_TOO_LONG, "command line longer than the page for it");
	BAD((put32(file + 0x238, 12), line[13] = '\0', in.cmdline = line), LOAD_CMDLINE_TOO_LONG,
	    "command line longer than the kernel takes");
	BAD(acpi_answer = ACPI_NO_RSDP, LOAD_ACPI, "no ACPI tables");
	BAD(in.firmware.nbanks = 0, LOAD_MEMORY, "no firmware memory");
	BAD(in.ram.nbanks = 0, LOAD_MEMORY, "no RAM");
	BAD(in.ram.banks[0].address = 0x1000, LOAD_MEMORY, "RAM does not begin at 0");
	BAD(in.ram.banks[0].bytes = 2 * MIB, LOAD_MEMORY, "less RAM than the loader itself needs");
	tap_ok(!out_of_file, "nothing beyond the end of a file was ever asked for");
}

static void plans(void)
{
	struct bzimage image;
	struct load_plan plan;

	make_bzimage();
	bzimage_parse(file, sizeof(file), sizeof(file), &image);
	tap_is(load_plan_linux(&image, 0x1001, 10, LOW, &plan), LOAD_OK, "a plan");
	tap_is(plan.needed, 17 * MIB + 0x2000 + LOAD_AREA_BYTES, "memory that it needs");
	tap_is(load_plan_linux(&image, 0x1001, 10, plan.needed, &plan), LOAD_OK, "that much is enough");
	tap_is(load_plan_linux(&image, 0x1001, 10, plan.needed - 4096, &plan), LOAD_NO_ROOM_INITRD, "a page less: no");
	tap_is(plan.needed, 17 * MIB + 0x2000 + LOAD_AREA_BYTES, "and the need is still said");
}

int main(void)
{
	bool all = true;
	int i;

	ram = malloc(LOW);
	firmware = malloc(MIB);
	linux_guest();
	payload_guest();
	rom_window();
	bad();
	plans();
	for (i = 0; i < LOAD_ERROR_KINDS; i++)
		all = all && load_error_text((enum load_error)i)[0] != '\0';
	tap_ok(all, "every error has a sentence");
	free(ram);
	free(firmware);
	return tap_done();
}
