/* SPDX-License-Identifier: MIT */
/* Between acpi.c and acpi_madt.c. */
#ifndef MONITOR_ACPI_MADT_H
#define MONITOR_ACPI_MADT_H

#include <stdint.h>

#include "monitor/acpi.h"

#define ACPI_LENGTH		4
#define ACPI_REVISION		8
#define ACPI_CHECKSUM		9
#define ACPI_OEM		10
#define ACPI_HEADER_BYTES	36u
#define ACPI_WAKEUP_BYTES	16u

uint8_t acpi_sum(const uint8_t *data, uint64_t bytes);
void acpi_seal(uint8_t *table);		/* makes the checksum right */

/* from: a table that is whole; to: zeroed, room for it and for ACPI_WAKEUP_BYTES more. */
enum acpi_error acpi_rewrite_madt(const uint8_t *from, uint8_t *to, uint32_t vcpus, uint64_t mailbox);

#endif
