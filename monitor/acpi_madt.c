/* SPDX-License-Identifier: MIT */
/* ACPI 6.4, 5.2.12: interrupt controllers of the machine, CPUs of the guest, and the mailbox that wakes them. */
#include "monitor/acpi_madt.h"
#include "monitor/bytes.h"

#define MADT_ENTRIES		44u
#define MADT_REVISION		5	/* the first with the wakeup structure */
#define ENABLED			1u
#define MAX_CPUS		64u

enum { LOCAL_APIC = 0, IO_APIC = 1, OVERRIDE = 2, NMI_SOURCE = 3, LOCAL_NMI = 4, LOCAL_X2APIC = 9, X2APIC_NMI = 10,
       WAKEUP = 16 };

/* Least length of an entry that is kept; 0: not kept. */
static uint32_t least_bytes(uint8_t type)
{
	static const uint8_t least[] = {
		[LOCAL_APIC] = 8, [IO_APIC] = 12, [OVERRIDE] = 10, [NMI_SOURCE] = 8, [LOCAL_NMI] = 6,
		[LOCAL_X2APIC] = 16, [X2APIC_NMI] = 12,
	};

	return type < ARRAY_SIZE(least) ? least[type] : 0;
}

/* False if this CPU is not the guest's; seen has a bit for each that is. */
static bool guest_cpu(const uint8_t *entry, uint32_t vcpus, uint64_t *seen)
{
	uint32_t id = entry[0] == LOCAL_APIC ? entry[3] : get32(entry + 4);
	uint32_t flags = entry[0] == LOCAL_APIC ? get32(entry + 4) : get32(entry + 8);

	if (id >= vcpus || id >= MAX_CPUS || !(flags & ENABLED) || *seen >> id & 1)
		return false;
	*seen |= 1ull << id;
	return true;
}

static void add_wakeup(uint8_t *entry, uint64_t mailbox)
{
	entry[0] = WAKEUP;
	entry[1] = ACPI_WAKEUP_BYTES;
	put64(entry + 8, mailbox);
}

enum acpi_error acpi_rewrite_madt(const uint8_t *from, uint8_t *to, uint32_t vcpus, uint64_t mailbox)
{
	uint32_t bytes = get32(from + ACPI_LENGTH), at, out = MADT_ENTRIES, step;
	uint64_t seen = 0, all = vcpus < MAX_CPUS ? (1ull << vcpus) - 1 : ~0ull;

	if (bytes < MADT_ENTRIES)
		return ACPI_BAD_MADT;
	memcpy(to, from, MADT_ENTRIES);
	for (at = MADT_ENTRIES; at < bytes; at += step) {
		const uint8_t *entry = from + at;

		if (bytes - at < 2)
			return ACPI_BAD_MADT;
		step = entry[1];
		if (step < 2 || step > bytes - at || step < least_bytes(entry[0]))
			return ACPI_BAD_MADT;
		if (least_bytes(entry[0]) == 0)
			continue;
		if ((entry[0] == LOCAL_APIC || entry[0] == LOCAL_X2APIC) && !guest_cpu(entry, vcpus, &seen))
			continue;
		memcpy(to + out, entry, step);
		out += step;
	}
	if (seen != all)
		return ACPI_MISSING_CPU;
	add_wakeup(to + out, mailbox);
	to[ACPI_REVISION] = MADT_REVISION;
	put32(to + ACPI_LENGTH, out + ACPI_WAKEUP_BYTES);
	acpi_seal(to);
	return ACPI_OK;
}
