/* SPDX-License-Identifier: MIT */
#include "monitor/qemu/fwcfg_guest.h"
#include "monitor/guest_memory.h"

#include "image/bytes.h"
#include "image/bzimage.h"
#include "monitor/mem.h"
#include "monitor/qemu/acpi.h"
#include "monitor/qemu/fwcfg.h"
#include "monitor/qemu/fwcfg_ports.h"
#include "monitor/qemu/memory_map.h"
#include "monitor/qemu/pci.h"
#include "wire/machine.h"

#define KEY_ID		0x01
#define KEY_RAM_SIZE	0x03
#define KEY_FILE_DIR	0x19
#define KEY_WRITE	0x4000u		/* a bit of a key that selects the same item ([qemu:fw_cfg_select]) */
#define ID_DMA		2u
#define DMA_BYTES	16u

#define ACPI_FILE	"etc/acpi/tables"
#define E820_FILE	"etc/e820"
#define SMBIOS_FILE	"etc/smbios/smbios-tables"
#define COPY_MAX	(1u << 20)	/* of a file */

/* An entry of the directory: size, key, name; big endian. */
#define DIR_COUNT_BYTES	4u
#define DIR_ENTRY_BYTES	64u
#define DIR_ENTRY_KEY	4

/* Keys of the legacy kernel interface ([qemu:qemu_fw_cfg.h]). */
enum {
	KERNEL_ADDRESS = 0x07, KERNEL_BYTES = 0x08, KERNEL_CMDLINE = 0x09, INITRD_ADDRESS = 0x0a, INITRD_BYTES = 0x0b,
	KERNEL_ENTRY = 0x10, KERNEL_DATA = 0x11, INITRD_DATA = 0x12, CMDLINE_ADDRESS = 0x13, CMDLINE_BYTES = 0x14,
	CMDLINE_DATA = 0x15, SETUP_ADDRESS = 0x16, SETUP_BYTES = 0x17, SETUP_DATA = 0x18, KEYS,
};

/* Bytes in memory, or of one of QEMU's files; nothing: zeroes, as QEMU reads beyond the end of an item. */
struct item {
	const uint8_t *data;
	const struct fwcfg_file *file;
	uint32_t offset, bytes;
};

/* What says how much memory the machine has. Key 0: there is no such item. */
enum { RAM_SIZE, E820, SMBIOS, DIRECTORY, REPLACED };

static struct replaced {
	uint16_t key;
	struct item item;
} replaced[REPLACED];

static struct item items[KEYS], acpi;
static struct fwcfg_file kernel, initrd, acpi_file;
static uint8_t numbers[KEYS][4];
static bool dma_shown;
static uint32_t dma_high;

static struct {
	uint16_t key;
	const struct item *item;	/* NULL: QEMU's */
	uint32_t at;
} selected;

static void set_number(unsigned int key, uint32_t value)
{
	put32(numbers[key], value);
	items[key] = (struct item){ numbers[key], NULL, 0, 4 };
}

/* The setup sectors and the rest are two items, which firmware puts together again. */
static void add_kernel(void)
{
	uint8_t sectors;
	uint32_t setup;

	fwcfg_read(&kernel, BZIMAGE_HEADER_START, &sectors, 1);
	setup = ((sectors != 0 ? sectors : 4u) + 1) * 512;
	if (setup > kernel.bytes)
		setup = kernel.bytes;
	items[SETUP_DATA] = (struct item){ NULL, &kernel, 0, setup };
	items[KERNEL_DATA] = (struct item){ NULL, &kernel, setup, kernel.bytes - setup };
	set_number(SETUP_BYTES, setup);
	set_number(KERNEL_BYTES, kernel.bytes - setup);
}

static uint8_t *copy_file(const struct fwcfg_file *file)
{
	uint8_t *copy = file->bytes <= COPY_MAX ? mem_alloc(file->bytes) : NULL;

	if (copy != NULL)
		fwcfg_read(file, 0, copy, file->bytes);
	return copy;
}

static void replace(unsigned int which, uint16_t key, const uint8_t *data, uint32_t bytes)
{
	replaced[which] = (struct replaced){ data != NULL ? key : 0, { data, NULL, 0, bytes } };
}

/* The directory has the sizes of files. */
static void replace_directory(void)
{
	struct fwcfg_file file = { KEY_FILE_DIR, DIR_COUNT_BYTES };
	uint8_t *copy = copy_file(&file), *entry;
	uint64_t count = __builtin_bswap32(get32(copy)), bytes = DIR_COUNT_BYTES + count * DIR_ENTRY_BYTES;

	file.bytes = bytes <= COPY_MAX ? (uint32_t)bytes : DIR_COUNT_BYTES;
	copy = copy_file(&file);
	for (entry = copy + DIR_COUNT_BYTES; entry + DIR_ENTRY_BYTES <= copy + file.bytes; entry += DIR_ENTRY_BYTES)
		if (replaced[E820].key != 0 && __builtin_bswap16(get16(entry + DIR_ENTRY_KEY)) == replaced[E820].key)
			put32(entry, __builtin_bswap32(replaced[E820].item.bytes));
	replace(DIRECTORY, KEY_FILE_DIR, copy, file.bytes);
}

static void replace_memory(uint64_t low, uint64_t high)
{
	static uint8_t size[8], e820[MEMORY_MAP_E820_BYTES];
	struct fwcfg_file file;
	uint8_t *copy;

	put64(size, low + high);
	replace(RAM_SIZE, KEY_RAM_SIZE, size, sizeof(size));
	if (fwcfg_find(E820_FILE, &file))
		replace(E820, file.key, e820, memory_map_e820(low, high, e820));
	if (fwcfg_find(SMBIOS_FILE, &file) && (copy = copy_file(&file)) != NULL) {
		memory_map_smbios(low, high, copy, file.bytes);
		replace(SMBIOS, file.key, copy, file.bytes);
	}
	replace_directory();
}

void fwcfg_guest_init(bool firmware, const char *cmdline, uint64_t low, uint64_t high)
{
	dma_shown = firmware;
	replace_memory(low, high);
	if (!firmware || !fwcfg_find(MACHINE_FILE_KERNEL, &kernel) || kernel.bytes <= BZIMAGE_HEADER_START)
		return;
	add_kernel();
	if (fwcfg_find(MACHINE_FILE_INITRD, &initrd)) {
		items[INITRD_DATA] = (struct item){ NULL, &initrd, 0, initrd.bytes };
		set_number(INITRD_BYTES, initrd.bytes);
	}
	items[CMDLINE_DATA] = (struct item){ (const uint8_t *)cmdline, NULL, 0, (uint32_t)strlen(cmdline) + 1 };
	set_number(CMDLINE_BYTES, items[CMDLINE_DATA].bytes);
}

/* Made anew each time: the firmware may have moved PCI's configuration space since. */
static const struct item *acpi_tables(uint16_t key)
{
	static uint8_t *copy;

	if (!dma_shown || (acpi_file.key == 0 && !fwcfg_find(ACPI_FILE, &acpi_file)) || key != acpi_file.key ||
	    acpi_file.bytes > COPY_MAX)
		return NULL;
	if (copy == NULL)
		copy = mem_alloc(acpi_file.bytes);
	fwcfg_read(&acpi_file, 0, copy, acpi_file.bytes);
	acpi_fix_mcfg(copy, acpi_file.bytes, pci_config_base(), pci_last_bus());
	acpi = (struct item){ copy, NULL, 0, acpi_file.bytes };
	return &acpi;
}

/* The guest's own version of an item; NULL: it is QEMU's. */
static const struct item *guest_item(uint16_t key)
{
	if (key < KEYS && (key <= INITRD_BYTES ? key >= KERNEL_ADDRESS : key >= KERNEL_ENTRY))
		return &items[key];
	for (unsigned int i = 0; i < REPLACED; i++)
		if (key != 0 && key == replaced[i].key)
			return &replaced[i].item;
	return acpi_tables(key);
}

static void select(uint16_t key)
{
	selected.key = (uint16_t)(key & ~KEY_WRITE);
	selected.at = 0;
	selected.item = guest_item(selected.key);
	fwcfg_select(key);
}

/* to: NULL to skip. */
static void read_on(const struct item *item, uint8_t *to, uint32_t bytes)
{
	uint32_t left = selected.at < item->bytes ? item->bytes - selected.at : 0, part = bytes < left ? bytes : left;

	if (to != NULL && part != 0 && item->file != NULL)
		fwcfg_read(item->file, item->offset + selected.at, to, part);
	else if (to != NULL && part != 0)
		memcpy(to, item->data + selected.at, part);
	if (to != NULL)
		memset(to + part, 0, bytes - part);
	selected.at += part;
}

static uint8_t next(void)
{
	uint8_t byte;

	if (selected.item != NULL) {
		read_on(selected.item, &byte, 1);
		return byte;
	}
	byte = fwcfg_next();
	if (selected.key == KEY_ID && selected.at++ == 0 && !dma_shown)
		byte &= (uint8_t)~ID_DMA;
	return byte;
}

static bool transfer(uint32_t control, uint64_t gpa, uint32_t bytes)
{
	uint32_t action = control & (FWCFG_DMA_READ | FWCFG_DMA_WRITE | FWCFG_DMA_SKIP);
	bool skip = !(control & (FWCFG_DMA_READ | FWCFG_DMA_WRITE));
	void *memory = skip ? NULL : guest_memory_shared(gpa, bytes);

	if (bytes == 0 || action == 0)
		return true;
	if (!skip && memory == NULL)
		return false;
	if (selected.item == NULL)
		return fwcfg_transfer(action, memory != NULL ? mem_address(memory) : 0, bytes);
	if (control & FWCFG_DMA_WRITE)
		return false;
	read_on(selected.item, memory, bytes);
	return true;
}

static void run_dma(uint64_t gpa)
{
	uint8_t *request = guest_memory_shared(gpa, DMA_BYTES);
	uint32_t control, bytes;
	uint64_t address;

	if (request == NULL)	/* QEMU would write the answer elsewhere, to the guest's loss */
		return;
	control = __builtin_bswap32(get32(request));
	bytes = __builtin_bswap32(get32(request + 4));
	address = __builtin_bswap64(get64(request + 8));
	if (control & FWCFG_DMA_SELECT)
		select((uint16_t)(control >> 16));
	put32(request, transfer(control, address, bytes) ? 0 : __builtin_bswap32(FWCFG_DMA_ERROR));
}

static void dma_port(uint16_t port, uint32_t value)
{
	uint64_t high = dma_high;

	if (port == FWCFG_PORT_DMA_HIGH) {
		dma_high = __builtin_bswap32(value);
		return;
	}
	dma_high = 0;
	run_dma(high << 32 | __builtin_bswap32(value));
}

bool fwcfg_guest_access(uint16_t port, unsigned int size, bool write, uint32_t *value)
{
	if (port >= FWCFG_PORT_END || port + size <= FWCFG_PORT_SELECT)
		return false;
	if (write && port == FWCFG_PORT_SELECT && size == 2)
		select((uint16_t)*value);
	else if (!write && port == FWCFG_PORT_DATA && size == 1)
		*value = next();
	else if (write && dma_shown && size == 4 && (port == FWCFG_PORT_DMA_HIGH || port == FWCFG_PORT_DMA_LOW))
		dma_port(port, *value);
	else if (!write)
		*value = size == 4 ? ~0u : (1u << 8 * size) - 1;
	return true;
}
