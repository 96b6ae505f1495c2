/* SPDX-License-Identifier: MIT */
/* The guest's fw_cfg against a device made here: what is the monitor's to answer, and where DMA may go. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/bytes.h"
#include "monitor/guest_memory.h"
#include "monitor/mem.h"
#include "monitor/qemu/acpi.h"
#include "monitor/qemu/fwcfg.h"
#include "monitor/qemu/fwcfg_guest.h"
#include "monitor/qemu/pci.h"
#include "wire/machine.h"
#include "wire/tap.h"

#define SHARED		0x10000u	/* GPA of the only shared page */
#define KERNEL_BYTES	3000u
#define ACPI_KEY	0x30
#define E820_KEY	0x31
#define SMBIOS_KEY	0x32
#define LOW		(1238ull << 20)
#define HIGH		(762ull << 20)

/* As QEMU has them: big endian sizes and keys, and SMBIOS of a machine of 20 GiB. */
static const uint8_t directory[4 + 3 * 64] = {
	0, 0, 0, 3,
	[4] = 0, 0, 0, 64, 0, ACPI_KEY, 0, 0, 'a',
	[68] = 0, 0, 0, 60, 0, E820_KEY, 0, 0, 'e',
	[132] = 0, 0, 0, 29, 0, SMBIOS_KEY, 0, 0, 's',
};
static const uint8_t smbios[29] = { 16, 23, 0, 16, 1, 3, 6, 0, 0, 0x40, 1, [25] = 127, 4 };

static uint8_t shared[4096], kernel[KERNEL_BYTES], device_byte;
static bool have_kernel = true;
static uint16_t device_key;
static unsigned int transfers, fixed;
static uint32_t value;

bool fwcfg_find(const char *name, struct fwcfg_file *file)
{
	*file = (struct fwcfg_file){ 0x20, KERNEL_BYTES };
	if (strcmp(name, "etc/acpi/tables") == 0)
		*file = (struct fwcfg_file){ ACPI_KEY, 64 };
	else if (strcmp(name, "etc/e820") == 0)
		*file = (struct fwcfg_file){ E820_KEY, 60 };
	else if (strcmp(name, "etc/smbios/smbios-tables") == 0)
		*file = (struct fwcfg_file){ SMBIOS_KEY, sizeof(smbios) };
	else if (strcmp(name, MACHINE_FILE_INITRD) == 0)
		*file = (struct fwcfg_file){ 0x21, 7 };
	return have_kernel || strcmp(name, MACHINE_FILE_KERNEL) != 0;
}

void fwcfg_read(const struct fwcfg_file *file, uint32_t offset, void *data, uint32_t bytes)
{
	if (!range_within(offset, bytes, file->bytes))
		abort();
	if (file->key == 0x20)
		memcpy(data, kernel + offset, bytes);
	else if (file->key == 0x19 && range_within(offset, bytes, sizeof(directory)))
		memcpy(data, directory + offset, bytes);
	else if (file->key == SMBIOS_KEY)
		memcpy(data, smbios + offset, bytes);
	else
		memset(data, file->key, bytes);
}

void fwcfg_select(uint16_t key)
{
	device_key = key;
}

uint8_t fwcfg_next(void)
{
	return device_byte;
}

bool fwcfg_transfer(uint32_t control, uint64_t address, uint32_t bytes)
{
	(void)control, (void)bytes;
	transfers++;
	return address == 0 || address == (uint64_t)(uintptr_t)shared + 64;
}

void *guest_memory_shared(uint64_t gpa, uint64_t bytes)
{
	if (gpa < SHARED || bytes == 0 || !range_within(gpa - SHARED, bytes, sizeof(shared)))
		return NULL;
	return shared + (gpa - SHARED);
}

void acpi_fix_mcfg(uint8_t *tables, uint64_t bytes, uint64_t base, uint8_t last_bus)
{
	fixed += bytes == 64 && base == 0xe0000000 && last_bus == 3;
	tables[0] = 0x77;
}

uint64_t pci_config_base(void)
{
	return 0xe0000000;
}

uint8_t pci_last_bus(void)
{
	return 3;
}

/* The monitor's memory, which nobody gives back. */
void *mem_alloc(uint64_t bytes)
{
	static uint8_t heap[4096];
	static uint64_t used;

	used += bytes;
	return used <= sizeof(heap) ? heap + used - bytes : NULL;
}

uint64_t mem_address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static bool out(uint16_t port, unsigned int size, uint32_t what)
{
	return fwcfg_guest_access(port, size, true, &what);
}

static uint32_t in(uint16_t port, unsigned int size)
{
	fwcfg_guest_access(port, size, false, &value);
	return value;
}

static uint32_t number(uint16_t key)
{
	uint32_t n = 0;

	out(0x510, 2, key);
	for (unsigned int i = 0; i < 4; i++)
		n |= in(0x511, 1) << 8 * i;
	return n;
}

/* A request in shared memory: control, bytes, address. Returns the control word that is left. */
static uint32_t dma(uint32_t control, uint32_t bytes, uint64_t address)
{
	put32(shared, __builtin_bswap32(control));
	put32(shared + 4, __builtin_bswap32(bytes));
	put64(shared + 8, __builtin_bswap64(address));
	out(0x514, 4, 0);
	out(0x518, 4, __builtin_bswap32(SHARED));
	return __builtin_bswap32(get32(shared));
}

static void items(void)
{
	tap_is(number(0x17), 1024, "setup sectors, as the kernel's header says");
	tap_is(number(0x08), KERNEL_BYTES - 1024, "and the rest");
	tap_is(number(0x0b), 7, "initrd");
	tap_is(number(0x14), 6, "command line with its end");
	out(0x510, 2, 0x15);
	tap_ok(in(0x511, 1) == 'q' && in(0x511, 1) == 'u', "its text");
	tap_is(number(0x07), 0, "where the monitor was loaded is nobody's business");
	tap_is(number(0x10), 0, "nor where it starts");
	out(0x510, 2, 0x11);
	tap_is(in(0x511, 1), kernel[1024], "the kernel's first byte behind the setup");
	device_byte = 0x5a;
	out(0x510, 2, 0x05);
	tap_ok(in(0x511, 1) == 0x5a && device_key == 0x05, "all else is QEMU's");
	out(0x510, 2, 0x0c);
	tap_is(in(0x511, 1), 0x5a, "also between those keys");
	out(0x510, 2, ACPI_KEY);
	tap_ok(in(0x511, 1) == 0x77 && in(0x511, 1) == ACPI_KEY && fixed == 1, "ACPI tables, put right");
}

/* The bytes of an item by the data port. */
static void read_item(uint16_t key, uint8_t *to, unsigned int bytes)
{
	out(0x510, 2, key);
	for (unsigned int i = 0; i < bytes; i++)
		to[i] = (uint8_t)in(0x511, 1);
}

/* 0x4000 is the bit of a key that asks for writing: QEMU answers both. */
static void memory(uint16_t flag, const char *how)
{
	uint8_t got[sizeof(directory)];

	tap_case(how);
	read_item(0x03 | flag, got, 8);
	tap_is(get64(got), LOW + HIGH, "all memory");
	read_item(E820_KEY | flag, got, 60);
	tap_ok(get64(got) == 0 && get64(got + 8) == LOW && get32(got + 16) == 1, "RAM below 4 GiB");
	tap_ok(get64(got + 20) == 1ull << 32 && get64(got + 28) == HIGH && get32(got + 36) == 1, "and above");
	tap_ok(get64(got + 40) == 0 && get64(got + 48) == 0, "and no more of QEMU's file");
	read_item(0x19 | flag, got, sizeof(directory));
	tap_is(__builtin_bswap32(get32(got + 68)), 40, "the directory has the size");
	put32(got + 68, get32(directory + 68));
	tap_ok(memcmp(got, directory, sizeof(directory)) == 0, "and is QEMU's but for that");
	read_item(SMBIOS_KEY | flag, got, sizeof(smbios));
	tap_is(get32(got + 7), (LOW + HIGH) >> 10, "SMBIOS has the guest's memory");
	tap_is(dma((uint32_t)(E820_KEY | flag) << 16 | 8 | 16, 8, SHARED + 64), 1, "none of it can be written");
	tap_case(NULL);
}

static void transfers_of_items(void)
{
	tap_is(dma(0x18u << 16 | 8 | 2, 32, SHARED + 64), 0, "DMA of the setup data");
	tap_ok(memcmp(shared + 64, kernel, 32) == 0, "arrives");
	tap_ok(dma(4, 1000, 0) == 0 && dma(2, 8, SHARED + 64) == 0 && get64(shared + 64) == 0, "beyond its end are zeroes");
	tap_is(dma(0x18u << 16 | 8 | 16, 32, SHARED + 64), 1, "it cannot be written");
	shared[64] = 0xee;
	tap_is(dma(0x18u << 16 | 8 | 2, 4096, SHARED + 64), 1, "a buffer that leaves shared memory is an error");
	tap_is(shared[64], 0xee, "and nothing is written");
	tap_is(dma(0x18u << 16 | 8 | 2, 32, 0x5000), 1, "so is one in private memory");
	transfers = 0;
	tap_ok(dma(0x05u << 16 | 8 | 2, 32, SHARED + 64) == 0 && transfers == 1, "QEMU's items go by QEMU's DMA");
	tap_ok(dma(2, 32, 0x5000) == 1 && dma(2, 0xffffffff, SHARED + 64) == 1 && transfers == 1, "to shared memory only");
	out(0x514, 4, __builtin_bswap32(1));
	put32(shared, __builtin_bswap32(2));
	out(0x518, 4, __builtin_bswap32(SHARED));
	tap_is(get32(shared), __builtin_bswap32(2), "a request above 4 GiB is not the one below");
}

int main(void)
{
	for (uint32_t i = 0; i < KERNEL_BYTES; i++)
		kernel[i] = (uint8_t)(i * 7 + 1);
	kernel[0x1f1] = 1;
	fwcfg_guest_init(true, "quiet", LOW, HIGH);
	items();
	memory(0, "by the keys for reading");
	memory(0x4000, "by the keys for writing");
	transfers_of_items();
	device_byte = 3;
	out(0x510, 2, 1);
	tap_is(in(0x511, 1), 3, "DMA is offered");
	tap_ok(in(0x514, 4) == ~0u && in(0x510, 4) == ~0u && in(0x512, 1) == 0xff, "no other reads");
	tap_ok(!out(0x50e, 2, 0) && !out(0x51c, 1, 0) && out(0x50f, 2, 0), "and no other ports");
	out(0x510, 2, 0x4018);
	tap_is(in(0x511, 1), kernel[0], "a kernel by its key for writing is the guest's too");
	fwcfg_guest_init(false, "quiet", LOW, HIGH);
	tap_is(number(0x03), (uint32_t)(LOW + HIGH), "a guest without firmware is told its memory too");
	out(0x510, 2, 1);
	tap_is(in(0x511, 1), 1, "without firmware DMA is not offered");
	shared[64] = 0xee;
	dma(0x18u << 16 | 8 | 2, 32, SHARED + 64);
	tap_is(shared[64], 0xee, "nor does it work");
	return tap_done();
}
