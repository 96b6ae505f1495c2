/* SPDX-License-Identifier: MIT */
/*
 * Layouts: ACPI 6.4, 5.2.5.3 (RSDP), 5.2.6 (table header), 5.2.8 (XSDT), 5.2.9 (FADT), 5.2.10 (FACS), 5.2.12 (MADT).
 * The firmware is QEMU's, but a length taken on trust here would be a write beyond the guest's memory, so nothing is.
 */
#include "monitor/qemu/acpi.h"
#include "image/bytes.h"
#include "td/td.h"
#include "wire/apic.h"

#define RSDP_SEARCH	0xe0000ull
#define RSDP_SEARCH_END	0x100000ull
#define RSDP_V1_BYTES	20u
#define RSDP_BYTES	36u
#define RSDP_REVISION	15
#define RSDP_RSDT	16
#define RSDP_XSDT	24
#define MAX_TABLES	32u

#define FADT_FACS	36
#define FADT_DSDT	40
#define FADT_X_FACS	132
#define FADT_X_DSDT	140
#define FADT_V1_BYTES	116u
#define FACS_BYTES	64u

/* PCI Firmware 3.3, 4.1.2 */
#define MCFG_ENTRIES		44u
#define MCFG_ENTRY_BYTES	16u
#define MCFG_START_BUS		10
#define MCFG_END_BUS		11

/* The MADT. */
#define MADT_ENTRIES		44u
#define MADT_REVISION		5	/* the first with the wakeup structure */
#define ACPI_WAKEUP_BYTES	16u
#define ENABLED			1u

enum { LOCAL_APIC = 0, IO_APIC = 1, OVERRIDE = 2, NMI_SOURCE = 3, LOCAL_NMI = 4, LOCAL_X2APIC = 9, X2APIC_NMI = 10,
       WAKEUP = 16 };

struct copier {
	const struct mem_windows *firmware;
	struct acpi_guest *guest;
	uint64_t used;
	uint64_t tables[MAX_TABLES];	/* GPA of what the XSDT will name */
	uint32_t ntables;
	bool have_fadt, have_madt;
};

/*
 * What the guest gets. Others may point to memory that it has not (TPM2, BGRT: the firmware's; SRAT: a layout that is
 * not the guest's) or to devices that it must not drive (DMAR).
 */
static const char wanted[][5] = { "FACP", "APIC", "MCFG", "HPET", "WAET", "SSDT" };

uint8_t acpi_sum(const uint8_t *data, uint64_t bytes)
{
	uint8_t sum = 0;

	while (bytes-- != 0)
		sum = (uint8_t)(sum + *data++);
	return sum;
}

void acpi_seal(uint8_t *table)
{
	table[ACPI_CHECKSUM] = 0;
	table[ACPI_CHECKSUM] = (uint8_t)-acpi_sum(table, get32(table + ACPI_LENGTH));
}

static const uint8_t *find_rsdp(const struct mem_windows *firmware)
{
	const uint8_t *area = mem_window_at(firmware, RSDP_SEARCH, RSDP_SEARCH_END - RSDP_SEARCH);
	uint32_t at;

	for (at = 0; area != NULL && at + RSDP_BYTES <= RSDP_SEARCH_END - RSDP_SEARCH; at += 16) {
		const uint8_t *rsdp = area + at;

		if (memcmp(rsdp, "RSD PTR ", 8) == 0 && acpi_sum(rsdp, RSDP_V1_BYTES) == 0 &&
		    (rsdp[RSDP_REVISION] < 2 || acpi_sum(rsdp, RSDP_BYTES) == 0))
			return rsdp;
	}
	return NULL;
}

/* A whole table with a right checksum, or NULL. */
static const uint8_t *source_table(const struct mem_windows *firmware, uint64_t address)
{
	const uint8_t *table = mem_window_at(firmware, address, ACPI_HEADER_BYTES);
	uint32_t bytes;

	if (table == NULL)
		return NULL;
	bytes = get32(table + ACPI_LENGTH);
	if (bytes < ACPI_HEADER_BYTES || mem_window_at(firmware, address, bytes) == NULL || acpi_sum(table, bytes) != 0)
		return NULL;
	return table;
}

/* Room in the guest, aligned as a FACS must be; NULL if there is none left. */
static uint8_t *allocate(struct copier *c, uint64_t bytes, uint64_t *gpa)
{
	uint64_t at = (c->used + FACS_BYTES - 1) / FACS_BYTES * FACS_BYTES;

	if (!range_within(at, bytes, c->guest->bytes))
		return NULL;
	c->used = at + bytes;
	*gpa = c->guest->gpa + at;
	return c->guest->data + at;
}

static uint8_t *copy(struct copier *c, const uint8_t *from, uint64_t bytes, uint64_t *gpa)
{
	uint8_t *to = allocate(c, bytes, gpa);

	if (to != NULL)
		memcpy(to, from, bytes);
	return to;
}

/* A pointer that a FADT has twice: 64 bits wide if the table is long enough and it is set, else 32 bits. */
static uint64_t fadt_pointer(const uint8_t *fadt, uint32_t narrow, uint32_t wide)
{
	uint64_t value = get32(fadt + ACPI_LENGTH) >= wide + 8 ? get64(fadt + wide) : 0;

	return value != 0 ? value : get32(fadt + narrow);
}

static void set_fadt_pointer(uint8_t *fadt, uint32_t narrow, uint32_t wide, uint64_t gpa)
{
	put32(fadt + narrow, (uint32_t)gpa);
	if (get32(fadt + ACPI_LENGTH) >= wide + 8)
		put64(fadt + wide, gpa);
}

static enum acpi_error copy_fadt(struct copier *c, const uint8_t *from, uint64_t *gpa)
{
	const uint8_t *dsdt, *facs;
	uint64_t target;
	uint8_t *fadt;

	if (c->have_fadt || get32(from + ACPI_LENGTH) < FADT_V1_BYTES)
		return ACPI_BAD_TABLE;
	c->have_fadt = true;
	fadt = copy(c, from, get32(from + ACPI_LENGTH), gpa);
	if (fadt == NULL)
		return ACPI_NO_ROOM;
	dsdt = source_table(c->firmware, fadt_pointer(from, FADT_DSDT, FADT_X_DSDT));
	if (dsdt == NULL || memcmp(dsdt, "DSDT", 4) != 0)
		return ACPI_NO_FADT;
	if (copy(c, dsdt, get32(dsdt + ACPI_LENGTH), &target) == NULL)
		return ACPI_NO_ROOM;
	set_fadt_pointer(fadt, FADT_DSDT, FADT_X_DSDT, target);
	facs = mem_window_at(c->firmware, fadt_pointer(from, FADT_FACS, FADT_X_FACS), FACS_BYTES);
	target = 0;	/* a FACS is optional; it has no checksum */
	if (facs != NULL && memcmp(facs, "FACS", 4) == 0 && copy(c, facs, FACS_BYTES, &target) == NULL)
		return ACPI_NO_ROOM;
	set_fadt_pointer(fadt, FADT_FACS, FADT_X_FACS, target);
	acpi_seal(fadt);
	return ACPI_OK;
}

/* Least length of an entry that is kept; 0: not kept. */
static uint32_t least_bytes(uint8_t type)
{
	static const uint8_t least[] = {
		[LOCAL_APIC] = 8, [IO_APIC] = 12, [OVERRIDE] = 10, [NMI_SOURCE] = 8, [LOCAL_NMI] = 6,
		[LOCAL_X2APIC] = 16, [X2APIC_NMI] = 12,
	};

	return type < ARRAY_SIZE(least) ? least[type] : 0;
}

_Static_assert(TD_MAX_VCPUS < 64, "a bit of seen for each");

/* False if this CPU is not the guest's; seen has a bit for each that is. */
static bool guest_cpu(const uint8_t *entry, const struct acpi_guest *guest, uint64_t *seen)
{
	uint32_t id = entry[0] == LOCAL_APIC ? entry[3] : get32(entry + 4), vcpu = 0;
	uint32_t flags = entry[0] == LOCAL_APIC ? get32(entry + 4) : get32(entry + 8);

	while (vcpu < guest->vcpus && apic_id(guest->cores, vcpu) != id)
		vcpu++;
	if (vcpu == guest->vcpus || !(flags & ENABLED) || *seen >> vcpu & 1)
		return false;
	*seen |= 1ull << vcpu;
	return true;
}

static void add_wakeup(uint8_t *entry, uint64_t mailbox)
{
	entry[0] = WAKEUP;
	entry[1] = ACPI_WAKEUP_BYTES;
	put64(entry + 8, mailbox);
}

/* from: a table that is whole; to: zeroed, room for it and for ACPI_WAKEUP_BYTES more. */
static enum acpi_error rewrite_madt(const uint8_t *from, uint8_t *to, const struct acpi_guest *guest)
{
	uint32_t bytes = get32(from + ACPI_LENGTH), at, out = MADT_ENTRIES, step;
	uint64_t seen = 0, all = (1ull << guest->vcpus) - 1;

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
		if ((entry[0] == LOCAL_APIC || entry[0] == LOCAL_X2APIC) && !guest_cpu(entry, guest, &seen))
			continue;
		memcpy(to + out, entry, step);
		out += step;
	}
	if (seen != all)
		return ACPI_MISSING_CPU;
	add_wakeup(to + out, guest->mailbox);
	to[ACPI_REVISION] = MADT_REVISION;
	put32(to + ACPI_LENGTH, out + ACPI_WAKEUP_BYTES);
	acpi_seal(to);
	return ACPI_OK;
}

static enum acpi_error copy_madt(struct copier *c, const uint8_t *from, uint64_t *gpa)
{
	uint8_t *to;

	if (c->have_madt)
		return ACPI_BAD_MADT;
	c->have_madt = true;
	to = allocate(c, (uint64_t)get32(from + ACPI_LENGTH) + ACPI_WAKEUP_BYTES, gpa);
	if (to == NULL)
		return ACPI_NO_ROOM;
	return rewrite_madt(from, to, c->guest);
}

/*
 * QEMU's MCFG promises 256 buses, and Linux then looks for devices on each of them through ports: 8192 reads, each of
 * them six exits ([linux:pcibios_scan_specific_bus]). The guest's names the buses that there are.
 */
static void trim_mcfg(uint8_t *mcfg, uint8_t last_bus)
{
	uint32_t at;

	for (at = MCFG_ENTRIES; at + MCFG_ENTRY_BYTES <= get32(mcfg + ACPI_LENGTH); at += MCFG_ENTRY_BYTES)
		if (mcfg[at + MCFG_START_BUS] <= last_bus && mcfg[at + MCFG_END_BUS] > last_bus)
			mcfg[at + MCFG_END_BUS] = last_bus;
}

/* Tables lie there at any address, so the name alone might be data. */
void acpi_fix_mcfg(uint8_t *tables, uint64_t bytes, uint64_t base, uint8_t last_bus)
{
	for (uint64_t at = 0; base != 0 && at + MCFG_ENTRIES + MCFG_ENTRY_BYTES <= bytes; at++) {
		uint8_t *mcfg = tables + at;

		if (memcmp(mcfg, "MCFG", 4) != 0 || mcfg[ACPI_REVISION] != 1 ||
		    get32(mcfg + ACPI_LENGTH) != MCFG_ENTRIES + MCFG_ENTRY_BYTES)
			continue;
		put64(mcfg + MCFG_ENTRIES, base);
		trim_mcfg(mcfg, last_bus);
	}
}

static enum acpi_error copy_plain(struct copier *c, const uint8_t *from, uint64_t *gpa)
{
	uint8_t *to = copy(c, from, get32(from + ACPI_LENGTH), gpa);

	if (to == NULL)
		return ACPI_NO_ROOM;
	if (memcmp(to, "MCFG", 4) == 0)
		trim_mcfg(to, c->guest->last_bus);
	acpi_seal(to);
	return ACPI_OK;
}

static enum acpi_error copy_table(struct copier *c, uint64_t address)
{
	const uint8_t *from = source_table(c->firmware, address);
	enum acpi_error error = ACPI_OK;
	uint64_t gpa = 0;
	uint32_t i;

	if (from == NULL)
		return ACPI_BAD_TABLE;
	for (i = 0; i < ARRAY_SIZE(wanted) && memcmp(from, wanted[i], 4) != 0; i++)
		;
	if (i == ARRAY_SIZE(wanted))
		return ACPI_OK;
	if (c->ntables == MAX_TABLES)
		return ACPI_NO_ROOM;
	if (memcmp(from, "FACP", 4) == 0)
		error = copy_fadt(c, from, &gpa);
	else if (memcmp(from, "APIC", 4) == 0)
		error = copy_madt(c, from, &gpa);
	else
		error = copy_plain(c, from, &gpa);
	c->tables[c->ntables++] = gpa;
	return error;
}

static enum acpi_error copy_all(struct copier *c, const uint8_t *rsdp)
{
	bool wide = rsdp[RSDP_REVISION] >= 2 && get64(rsdp + RSDP_XSDT) != 0;
	const uint8_t *root = source_table(c->firmware, wide ? get64(rsdp + RSDP_XSDT) : get32(rsdp + RSDP_RSDT));
	uint32_t at, step = wide ? 8 : 4, bytes;
	enum acpi_error error;

	if (root == NULL || memcmp(root, wide ? "XSDT" : "RSDT", 4) != 0)
		return ACPI_NO_ROOT;
	bytes = get32(root + ACPI_LENGTH);
	for (at = ACPI_HEADER_BYTES; at + step <= bytes; at += step) {
		error = copy_table(c, wide ? get64(root + at) : get32(root + at));
		if (error != ACPI_OK)
			return error;
	}
	return c->have_fadt ? c->have_madt ? ACPI_OK : ACPI_NO_MADT : ACPI_NO_FADT;
}

/* A revision 2 RSDP that names an XSDT only, with the firmware's OEM names. */
static enum acpi_error make_root(struct copier *c, const uint8_t *source)
{
	uint32_t bytes = ACPI_HEADER_BYTES + 8 * c->ntables, i;
	uint64_t xsdt_gpa = 0, rsdp_gpa = 0;
	uint8_t *xsdt = allocate(c, bytes, &xsdt_gpa), *rsdp = allocate(c, RSDP_BYTES, &rsdp_gpa);

	if (xsdt == NULL || rsdp == NULL)
		return ACPI_NO_ROOM;
	memcpy(xsdt, "XSDT", 4);
	put32(xsdt + ACPI_LENGTH, bytes);
	xsdt[ACPI_REVISION] = 1;
	memcpy(xsdt + ACPI_OEM, "TDLAB TDLAB   ", 14);
	for (i = 0; i < c->ntables; i++)
		put64(xsdt + ACPI_HEADER_BYTES + 8 * i, c->tables[i]);
	acpi_seal(xsdt);

	memcpy(rsdp, source, RSDP_V1_BYTES);
	rsdp[RSDP_REVISION] = 2;
	put32(rsdp + RSDP_RSDT, 0);
	put32(rsdp + 20, RSDP_BYTES);
	put64(rsdp + RSDP_XSDT, xsdt_gpa);
	rsdp[8] = 0;
	rsdp[8] = (uint8_t)-acpi_sum(rsdp, RSDP_V1_BYTES);
	rsdp[32] = (uint8_t)-acpi_sum(rsdp, RSDP_BYTES);
	c->guest->rsdp = rsdp_gpa;
	return ACPI_OK;
}

enum acpi_error acpi_copy(const struct mem_windows *firmware, struct acpi_guest *guest)
{
	struct copier c = { .firmware = firmware, .guest = guest };
	const uint8_t *rsdp = find_rsdp(firmware);
	enum acpi_error error;

	if (rsdp == NULL)
		return ACPI_NO_RSDP;
	error = copy_all(&c, rsdp);
	if (error == ACPI_OK)
		error = make_root(&c, rsdp);
	guest->bytes = c.used;
	return error;
}

const char *acpi_error_text(enum acpi_error error)
{
	static const char *const texts[] = {
#define ACPI_ERROR(id, sentence) [ACPI_##id] = sentence,
		ACPI_ERRORS(ACPI_ERROR)
#undef ACPI_ERROR
	};

	return (unsigned int)error < ACPI_ERROR_KINDS ? texts[error] : "unknown error";
}
