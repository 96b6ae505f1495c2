/* SPDX-License-Identifier: MIT */
/*
 * libtdconv in firmware: an EFI application that shares 4 MiB of the boot services' memory, takes them back and turns
 * the machine off. Only the firmware's own functions have Microsoft's calling convention; the library is called as it
 * was built.
 */
#include <stddef.h>

#include "../common/round.h"

#define EFIAPI __attribute__((ms_abi))

/* UEFI 2.10: 4.2 to 4.5 (tables), 7.2 (AllocatePages), 8.5.1 (ResetSystem), 12.4 (text output); what is used. */
enum { ALLOCATE_ANY_PAGES = 0, BOOT_SERVICES_DATA = 4, RESET_SHUTDOWN = 2 };

struct header {
	uint64_t signature;
	uint32_t revision, size, crc32, reserved;
};

struct text_output {
	void *reset;
	uint64_t (EFIAPI *output_string)(struct text_output *this, const uint16_t *text);
};

struct runtime_services {
	struct header header;
	void *others[10];
	void (EFIAPI *reset_system)(uint32_t type, uint64_t status, uint64_t bytes, void *data);
};

struct boot_services {
	struct header header;
	void *raise_tpl, *restore_tpl;
	uint64_t (EFIAPI *allocate_pages)(uint32_t how, uint32_t type, uint64_t pages, uint64_t *gpa);
	uint64_t (EFIAPI *free_pages)(uint64_t gpa, uint64_t pages);
};

struct system_table {
	struct header header;
	const uint16_t *vendor;
	uint32_t revision;
	void *console_in_handle, *console_in, *console_out_handle;
	struct text_output *console_out;
	void *error_handle, *error;
	struct runtime_services *runtime;
	struct boot_services *boot;
};

/* There is nothing to relocate (efi.lds sees to it), and firmware moves only images with a table that says so. */
static const struct {
	uint32_t page, bytes;
	uint16_t entries[2];
} relocations __attribute__((section(".reloc"), used)) = { 0, 12, { 0 } };

/* Whose image this is, for shim and for reports ([shim:SBAT.md]). */
static const char sbat[] __attribute__((section(".sbat"), used)) =
	"sbat,1,SBAT Version,sbat,1,none\ntdconv,1,tdlab,tdconv,1,none\n";

static struct system_table *system_table;

uint64_t EFIAPI efi_main(void *image, struct system_table *table);

void round_say(const char *text)
{
	uint16_t one[2] = { 0, 0 };

	for (; *text != '\0'; text++) {
		one[0] = (uint8_t)*text;
		system_table->console_out->output_string(system_table->console_out, one);
	}
}

uint64_t EFIAPI efi_main(void *image, struct system_table *table)
{
	const uint64_t pages = ROUND_BYTES / TDCONV_PAGE + ROUND_TABLES;
	uint64_t gpa = 0;
	bool good, lost;

	(void)image;
	system_table = table;
	if (table->boot->allocate_pages(ALLOCATE_ANY_PAGES, BOOT_SERVICES_DATA, pages, &gpa) != 0) {
		round_say("tdconv: no memory\r\n");
		return 1;
	}
	good = round_trip((uint8_t *)gpa, (uint8_t *)gpa + ROUND_BYTES, &lost);

	/* The page tables that were split stay in use: only the memory itself goes back, and only if it is private. */
	if (!lost)
		table->boot->free_pages(gpa, ROUND_BYTES / TDCONV_PAGE);
#ifndef NO_END_PORT
	round_end(good ? 0 : 1);
#endif
	table->runtime->reset_system(RESET_SHUTDOWN, good ? 0 : 1, 0, NULL);
	return 0;
}
