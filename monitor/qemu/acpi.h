/* SPDX-License-Identifier: MIT */
/*
 * The guest's ACPI tables: copies of those that QEMU's firmware left for the machine, made private, with pointers and
 * checksums put right, and with what is not the guest's taken out (ACPI specification 6.4, chapter 5.2).
 */
#ifndef MONITOR_QEMU_ACPI_H
#define MONITOR_QEMU_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/mem_window.h"

/* ACPI_ERROR(identifier, one sentence) */
#define ACPI_ERRORS(ACPI_ERROR) \
	ACPI_ERROR(OK, "tables are copied") \
	ACPI_ERROR(NO_RSDP, "the firmware left no RSDP") \
	ACPI_ERROR(NO_ROOT, "the RSDT or XSDT is missing or damaged") \
	ACPI_ERROR(BAD_TABLE, "a table is damaged, or lies outside the firmware's memory") \
	ACPI_ERROR(NO_FADT, "there is no FADT with a DSDT") \
	ACPI_ERROR(NO_MADT, "there is no MADT") \
	ACPI_ERROR(BAD_MADT, "the MADT is damaged") \
	ACPI_ERROR(MISSING_CPU, "the MADT has fewer CPUs than the guest") \
	ACPI_ERROR(NO_ROOM, "the tables are larger than the room for them")

enum acpi_error {
#define ACPI_ERROR(id, sentence) ACPI_##id,
	ACPI_ERRORS(ACPI_ERROR)
#undef ACPI_ERROR
	ACPI_ERROR_KINDS
};

const char *acpi_error_text(enum acpi_error error);

struct acpi_guest {
	uint64_t gpa;		/* in: where the tables go; out: unchanged */
	uint64_t bytes;		/* in: room there; out: bytes used */
	uint8_t *data;		/* in: pointer to it, zeroed */
	uint32_t vcpus, cores;	/* in: of the guest, and of each of its packages (wire/apic.h) */
	uint8_t last_bus;	/* in: highest PCI bus number in use */
	uint64_t mailbox;	/* in: GPA of the multiprocessor wakeup mailbox */
	uint64_t rsdp;		/* out: GPA of the RSDP */
};

/* Nothing is promised about *guest on error. */
enum acpi_error acpi_copy(const struct mem_windows *firmware, struct acpi_guest *guest);

/*
 * In tables that firmware has yet to put together ([qemu:ADD_CHECKSUM]: checksums come later): MCFG gets
 * the address of PCI's configuration space and the buses that there are.
 */
void acpi_fix_mcfg(uint8_t *tables, uint64_t bytes, uint64_t base, uint8_t last_bus);

/* Every table's header. */
#define ACPI_LENGTH		4
#define ACPI_REVISION		8
#define ACPI_CHECKSUM		9
#define ACPI_OEM		10
#define ACPI_HEADER_BYTES	36u

uint8_t acpi_sum(const uint8_t *data, uint64_t bytes);
void acpi_seal(uint8_t *table);		/* makes the checksum right */

#endif
