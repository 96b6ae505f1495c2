/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer harness of what reads what others wrote: the firmware's tables, a kernel that is loaded, instructions. The
 * first byte chooses. Memory is allocated to the byte, so that the sanitizer sees the first one beyond.
 */
#include <stdlib.h>
#include <string.h>

#include "image/samples.h"
#include "monitor/insn.h"
#include "monitor/load/parts.h"
#include "monitor/persona/cr.h"
#include "monitor/qemu/acpi.h"

#define LOW		0x400000u	/* RAM: the least that the loader takes */
#define TOP		0x3fe00000u	/* the firmware's tables: this many slots of this size */
#define SLOTS		5u
#define SLOT_BYTES	0x400u
#define KERNEL_BYTES	0x800u
#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

static const uint8_t *file;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void read_file(const struct load_input *in, enum load_file which, uint64_t offset, void *to, uint64_t bytes)
{
	CHECK(which == LOAD_KERNEL && range_within(offset, bytes, in->kernel_bytes));
	memcpy(to, file + offset, bytes);
}

/* Good data, damaged: each three bytes of the input are a place and what to put there. */
static void damage(uint8_t *to, size_t total, const uint8_t *data, size_t bytes)
{
	for (; bytes >= 3; data += 3, bytes -= 3)
		to[get16(data) % total] = data[2];
}

static void table(uint8_t *to, const char *name, uint32_t bytes)
{
	memcpy(to, name, 4);
	put32(to + ACPI_LENGTH, bytes);
}

static void good_tables(uint8_t *top)
{
	static const uint8_t entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0, 0, 8, 1, 1, 1, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0,
	};
	uint32_t i;

	table(top, "RSDT", 48);
	for (i = 1; i <= 3; i++)
		put32(top + 32 + 4 * i, TOP + i * SLOT_BYTES);
	table(top + SLOT_BYTES, "FACP", 244);
	put32(top + SLOT_BYTES + 40, TOP + 4 * SLOT_BYTES);
	table(top + 2 * SLOT_BYTES, "APIC", 44 + sizeof(entries));
	memcpy(top + 2 * SLOT_BYTES + 44, entries, sizeof(entries));
	table(top + 3 * SLOT_BYTES, "MCFG", 60);
	table(top + 4 * SLOT_BYTES, "DSDT", 100);
}

/* Checksums are put right wherever lengths allow it: else nothing gets past the first look. */
static struct mem_windows firmware(const uint8_t *data, size_t bytes, uint8_t **low, uint8_t **top)
{
	uint8_t *rsdp;
	uint32_t i;

	*low = calloc(1, 0x100000);
	*top = calloc(SLOTS, SLOT_BYTES);
	good_tables(*top);
	damage(*top, SLOTS * SLOT_BYTES, data, bytes);
	for (i = 0; i < SLOTS; i++) {
		uint32_t length = get32(*top + i * SLOT_BYTES + ACPI_LENGTH);

		if (length >= ACPI_HEADER_BYTES && range_within(i * SLOT_BYTES, length, SLOTS * SLOT_BYTES))
			acpi_seal(*top + i * SLOT_BYTES);
	}
	rsdp = *low + 0xf0000;
	memcpy(rsdp, "RSD PTR ", 8);
	put32(rsdp + 16, TOP);
	rsdp[8] = (uint8_t)-acpi_sum(rsdp, 20);
	return (struct mem_windows){ { { 0, 0x100000, *low }, { TOP, SLOTS * SLOT_BYTES, *top }, { 0 } }, 2 };
}

static void fuzz_acpi(const uint8_t *data, size_t bytes)
{
	uint64_t room = bytes != 0 ? 8u * data[0] : 0;
	uint8_t *low, *top, *out = calloc(1, room + 1);
	struct mem_windows from = firmware(data, bytes, &low, &top);
	struct acpi_guest guest = { 0x1000, room, out, 2, 0, 0, 0x9000, 0 };

	if (acpi_copy(&from, &guest) == ACPI_OK)
		CHECK(guest.bytes <= room && guest.rsdp >= 0x1000 && guest.rsdp + 36 <= 0x1000 + room);
	CHECK(out[room] == 0);
	free(low);
	free(top);
	free(out);
}

static void fuzz_load(const uint8_t *data, size_t bytes)
{
	uint8_t *low, *top, *ram = calloc(1, LOW), kernel[KERNEL_BYTES] = { 0 };
	struct load_result result;
	struct load_input in = {
		.read = read_file,
		.ram = { { { 0, LOW, ram }, { 0 }, { 0 } }, 1 },
		.firmware = firmware(NULL, 0, &low, &top),
		.kernel_bytes = KERNEL_BYTES,
		.cmdline = "fuzz",
		.vcpus = 2,
	};

	if (bytes % 2 == 0) {
		sample_bzimage(kernel, KERNEL_BYTES - 1024, 0x100000, 0x10000);
	} else {
		sample_elf(kernel, 0x100000);
		sample_segment(kernel, 0, 1, 0x400, 0x100, 0x100000, 0x3000);
	}
	damage(kernel, bytes % 2 == 0 ? 0x268 : 0x80, data, bytes);
	file = kernel;
	load_guest(&in, &result);
	free(low);
	free(top);
	free(ram);
}

static void fuzz_insn(const uint8_t *data, size_t bytes)
{
	struct insn_regs regs;
	struct insn_access access[2];
	struct cr_regs cr = { .gpr = regs.gpr };
	uint32_t length, n;

	memset(&regs, 0x5a, sizeof(regs));
	for (n = insn_accesses(data, bytes, &regs, access); n != 0; n--)
		CHECK(access[n - 1].length <= bytes && access[n - 1].length <= INSN_MAX);
	insn_kind(data, bytes, &length);
	CHECK(length <= bytes && length <= INSN_MAX);
	CHECK(cr_execute(data, bytes < INSN_MAX ? bytes : INSN_MAX, &cr) <= bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static void (*const parts[])(const uint8_t *, size_t) = {
		fuzz_acpi, fuzz_load, fuzz_insn,
	};
	uint8_t *copy;

	if (bytes == 0)
		return 0;
	copy = malloc(bytes - 1 + (bytes == 1));
	memcpy(copy, data + 1, bytes - 1);
	parts[data[0] % ARRAY_SIZE(parts)](copy, bytes - 1);
	free(copy);
	return 0;
}
