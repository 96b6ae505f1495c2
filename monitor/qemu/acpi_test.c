/* SPDX-License-Identifier: MIT */
/* Against tables as QEMU's firmware leaves them, built here, and against every way in which they could be damaged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/bytes.h"
#include "monitor/qemu/acpi.h"
#include "wire/tap.h"

#define TOP		0x3fe00000ull
#define TOP_BYTES	0x10000u
#define GUEST		0x3ffc8000ull
#define GUEST_BYTES	0x8000u
#define MAILBOX		0x3ffc0000ull

enum { DSDT = 0x40, FACS = 0x100, FADT = 0x1000, MADT = 0x2000, MCFG = 0x3000, TPM2 = 0x4000, RSDT = 0x5000 };

static uint8_t low[0x100000], top[TOP_BYTES], *out;
static struct mem_windows firmware;
static struct acpi_guest guest;
static uint32_t cores;

static uint8_t *table(uint32_t at, const char *name, uint32_t bytes)
{
	memset(top + at, 0, bytes);
	memcpy(top + at, name, 4);
	put32(top + at + ACPI_LENGTH, bytes);
	return top + at;
}

static void make_madt(void)
{
	static const uint8_t entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,  0, 8, 1, 1, 1, 0, 0, 0,  0, 8, 2, 2, 1, 0, 0, 0,	/* local APICs */
		0, 8, 3, 4, 1, 0, 0, 0,							/* one whose ID is not next */
		9, 16, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0,				/* it once more, as x2APIC */
		1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,					/* I/O APIC */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,							/* override */
		4, 6, 255, 0, 0, 1,								/* NMI on LINT1 */
		5, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,						/* another address */
	};
	uint8_t *madt = table(MADT, "APIC", 44 + sizeof(entries));

	memcpy(madt + 44, entries, sizeof(entries));
	acpi_seal(madt);
}

static void seal_rsdp(void)
{
	low[0xf0008 + 0x100] = 0;
	low[0xf0008 + 0x100] = (uint8_t)-acpi_sum(low + 0xf0100, 20);
}

/* An RSDP of revision 0 with an RSDT, as SeaBIOS makes them. */
static void make(void)
{
	uint8_t *t;

	memset(low, 0, sizeof(low));
	memset(top, 0, sizeof(top));
	acpi_seal(table(DSDT, "DSDT", 100));
	memcpy(top + FACS, "FACS", 4);
	put32(top + FACS + 4, 64);
	t = table(FADT, "FACP", 244);
	put32(t + 36, TOP + FACS);
	put32(t + 40, TOP + DSDT);
	put64(t + 140, TOP + DSDT);
	acpi_seal(t);
	make_madt();
	t = table(MCFG, "MCFG", 60);
	put64(t + 44, 0xb0000000);
	t[55] = 255;
	acpi_seal(t);
	acpi_seal(table(TPM2, "TPM2", 52));
	t = table(RSDT, "RSDT", 36 + 4 * 4);
	put32(t + 36, TOP + FADT);
	put32(t + 40, TOP + MADT);
	put32(t + 44, TOP + TPM2);
	put32(t + 48, TOP + MCFG);
	acpi_seal(t);
	memcpy(low + 0xf0100, "RSD PTR ", 8);
	put32(low + 0xf0100 + 16, TOP + RSDT);
	seal_rsdp();
}

static enum acpi_error patch(uint32_t vcpus, uint64_t bytes)
{
	firmware = (struct mem_windows){ { { 0, sizeof(low), low }, { TOP, sizeof(top), top }, { 0 } }, 2 };
	free(out);
	out = calloc(1, bytes + 1);	/* exactly as large as said, so that the sanitizer sees one byte too many */
	guest = (struct acpi_guest){ GUEST, bytes, out, vcpus, cores, 3, MAILBOX, 0 };
	return acpi_copy(&firmware, &guest);
}

static uint8_t *at(uint64_t gpa)
{
	return gpa >= GUEST && gpa - GUEST < guest.bytes ? out + (gpa - GUEST) : NULL;
}

/* A table of the guest's by its name, through its XSDT. */
static uint8_t *find(const char *name)
{
	uint8_t *xsdt = at(get64(at(guest.rsdp) + 24));
	uint32_t i;

	for (i = 36; i < get32(xsdt + ACPI_LENGTH); i += 8)
		if (memcmp(at(get64(xsdt + i)), name, 4) == 0)
			return at(get64(xsdt + i));
	return NULL;
}

static bool sealed(const uint8_t *t)
{
	return t != NULL && acpi_sum(t, get32(t + ACPI_LENGTH)) == 0;
}

static void good(void)
{
	uint8_t *rsdp, *fadt, *madt;

	make();
	tap_is(patch(2, GUEST_BYTES), ACPI_OK, "the firmware's tables are copied");
	rsdp = at(guest.rsdp);
	tap_ok(acpi_sum(rsdp, 20) == 0 && acpi_sum(rsdp, 36) == 0 && rsdp[15] == 2, "RSDP revision 2, both checksums");
	tap_ok(sealed(at(get64(rsdp + 24))), "XSDT checksum");
	fadt = find("FACP");
	tap_ok(sealed(fadt), "FADT checksum");
	tap_ok(get32(fadt + 40) == get64(fadt + 140) && sealed(at(get64(fadt + 140))), "FADT's DSDT, both pointers");
	tap_ok(get64(fadt + 132) % 64 == 0 && memcmp(at(get64(fadt + 132)), "FACS", 4) == 0, "its FACS, aligned");
	tap_ok(sealed(find("MCFG")) && get64(find("MCFG") + 44) == 0xb0000000, "MCFG is kept");
	tap_is(find("MCFG")[55], 3, "for the buses that there are");
	tap_ok(find("TPM2") == NULL, "TPM2, which has a log elsewhere, is not");
	madt = find("APIC");
	tap_ok(sealed(madt), "MADT checksum");
	tap_is(get32(madt + ACPI_LENGTH), 44 + 2 * 8 + 12 + 10 + 6 + 16, "two CPUs, I/O APIC, override, NMI, wakeup");
	tap_ok(madt[44 + 3] == 0 && madt[52 + 3] == 1, "the guest's two CPUs");
	tap_ok(madt[88] == 0x10 && madt[89] == 16 && get64(madt + 96) == MAILBOX, "wakeup structure with the mailbox");
	tap_is(patch(3, GUEST_BYTES), ACPI_OK, "three vCPUs");
	tap_is(patch(4, GUEST_BYTES), ACPI_MISSING_CPU, "no fourth with ID 3");
	cores = 3;
	tap_is(patch(4, GUEST_BYTES), ACPI_OK, "in packages of three it has ID 4");
	madt = find("APIC");
	tap_ok(madt[60 + 3] == 2 && madt[68 + 3] == 4, "... and none has ID 3");
	tap_is(get32(madt + ACPI_LENGTH), 44 + 4 * 8 + 12 + 10 + 6 + 16, "... nor is any there twice");
	cores = 2;
	tap_is(patch(4, GUEST_BYTES), ACPI_MISSING_CPU, "in packages of two it would be 3");
	cores = 0;
}

/* The same by an RSDP of revision 2 and an XSDT, and a FADT of revision 1 without its wide pointers. */
static void other_shapes(void)
{
	uint8_t *t;

	make();
	t = table(RSDT, "XSDT", 36 + 2 * 8);
	put64(t + 36, TOP + FADT);
	put64(t + 44, TOP + MADT);
	acpi_seal(t);
	low[0xf0100 + 15] = 2;
	put32(low + 0xf0100 + 20, 36);
	put64(low + 0xf0100 + 24, TOP + RSDT);
	seal_rsdp();
	low[0xf0100 + 32] = 0;
	low[0xf0100 + 32] = (uint8_t)-acpi_sum(low + 0xf0100, 36);
	put32(top + FADT + ACPI_LENGTH, 116);
	acpi_seal(top + FADT);
	tap_is(patch(1, GUEST_BYTES), ACPI_OK, "XSDT and a short FADT");
	tap_ok(sealed(at(get32(find("FACP") + 40))), "its narrow DSDT pointer is put right");
	low[0xf0100 + 33]++;
	tap_is(patch(1, GUEST_BYTES), ACPI_NO_RSDP, "second checksum of the RSDP");
	make();
	put32(top + FADT + 36, 0);
	acpi_seal(top + FADT);
	tap_is(patch(1, GUEST_BYTES), ACPI_OK, "no FACS");
	tap_is(get64(find("FACP") + 132), 0, "stays no FACS");
}

#define BAD(change, error, name) do { make(); change; tap_is(patch(2, GUEST_BYTES), error, name); } while (0)

static void put_sealed(uint32_t t, uint32_t offset, uint32_t value)
{
	put32(top + t + offset, value);
	acpi_seal(top + t);
}

static void bad(void)
{
	BAD(low[0xf0100]++, ACPI_NO_RSDP, "no RSDP");
	BAD(low[0xf0110]++, ACPI_NO_RSDP, "RSDP checksum");
	BAD((put32(low + 0xf0110, 0x12345678), seal_rsdp()), ACPI_NO_ROOT, "RSDT outside the firmware's memory");
	BAD(top[RSDT + 20]++, ACPI_NO_ROOT, "RSDT checksum");
	BAD((top[RSDT] = 'X', acpi_seal(top + RSDT)), ACPI_NO_ROOT, "RSDT under another name");
	BAD(put_sealed(RSDT, 48, (uint32_t)TOP + TOP_BYTES - 8), ACPI_BAD_TABLE, "table header across the end");
	BAD(put_sealed(RSDT, 48, 0xfffffff0), ACPI_BAD_TABLE, "table at the end of 32 bits");
	BAD(put32(top + MCFG + ACPI_LENGTH, 0xffffffff), ACPI_BAD_TABLE, "table longer than memory");
	BAD(put32(top + MCFG + ACPI_LENGTH, 35), ACPI_BAD_TABLE, "table shorter than its header");
	BAD(top[MCFG + 40]++, ACPI_BAD_TABLE, "table checksum");
	BAD(put_sealed(RSDT, 36, (uint32_t)TOP + MCFG), ACPI_NO_FADT, "no FADT");
	BAD(put_sealed(RSDT, 40, (uint32_t)TOP + FADT), ACPI_BAD_TABLE, "two FADTs");
	BAD(put_sealed(RSDT, 48, (uint32_t)TOP + MADT), ACPI_BAD_MADT, "two MADTs");
	BAD(put_sealed(RSDT, 40, (uint32_t)TOP + MCFG), ACPI_NO_MADT, "no MADT");
	BAD((put64(top + FADT + 140, 0), put_sealed(FADT, 40, 0)), ACPI_NO_FADT, "no DSDT");
	BAD(top[DSDT + 50]++, ACPI_NO_FADT, "DSDT checksum");
	BAD((put32(top + FADT + ACPI_LENGTH, 100), acpi_seal(top + FADT)), ACPI_BAD_TABLE, "FADT too short");
	BAD((top[MADT + 44 + 1] = 0, acpi_seal(top + MADT)), ACPI_BAD_MADT, "MADT entry without length");
	BAD((top[MADT + 44 + 1] = 6, acpi_seal(top + MADT)), ACPI_BAD_MADT, "CPU entry too short");
	BAD((top[MADT + 44 + 1] = 255, acpi_seal(top + MADT)), ACPI_BAD_MADT, "MADT entry beyond the table");
	BAD((put32(top + MADT + ACPI_LENGTH, 45), acpi_seal(top + MADT)), ACPI_BAD_MADT, "half an entry");
	BAD((put32(top + MADT + ACPI_LENGTH, 40), acpi_seal(top + MADT)), ACPI_BAD_MADT, "MADT too short");
	BAD((top[MADT + 52 + 3] = 7, acpi_seal(top + MADT)), ACPI_MISSING_CPU, "second CPU is missing");
	BAD((top[MADT + 52 + 3] = 0, acpi_seal(top + MADT)), ACPI_MISSING_CPU, "first CPU twice");
	BAD((top[MADT + 52 + 4] = 0, acpi_seal(top + MADT)), ACPI_MISSING_CPU, "second CPU is disabled");
}

/* Tables that firmware has yet to put together, at any address. */
static void fix_mcfg(void)
{
	static uint8_t tables[300];
	uint8_t *mcfg = tables + 101;

	memcpy(tables + 40, "MCFG", 4);		/* a name that is no table's */
	memcpy(mcfg, "MCFG", 4);
	put32(mcfg + ACPI_LENGTH, 60);
	mcfg[ACPI_REVISION] = 1;
	put64(mcfg + 44, 0xb0000000);
	mcfg[55] = 255;
	acpi_fix_mcfg(tables, sizeof(tables), 0, 3);
	tap_ok(get64(mcfg + 44) == 0xb0000000 && mcfg[55] == 255, "MCFG stays if there is no such space");
	acpi_fix_mcfg(tables, 160, 0xe0000000, 3);
	tap_is(get64(mcfg + 44), 0xb0000000, "and if it passes the end");
	acpi_fix_mcfg(tables, 161, 0xe0000000, 3);
	tap_ok(get64(mcfg + 44) == 0xe0000000 && mcfg[55] == 3, "it names the space and the buses that there are");
	tap_ok(mcfg[ACPI_CHECKSUM] == 0, "its checksum is the firmware's to make");
	tap_is(get64(tables + 40 + 44), 0, "a name alone is left as it is");
}

static void no_room(void)
{
	uint64_t bytes, needed;

	make();
	patch(2, GUEST_BYTES);
	needed = guest.bytes;
	tap_is(patch(2, needed), ACPI_OK, "room to the byte is enough");
	for (bytes = 0; bytes < needed && patch(2, bytes) == ACPI_NO_ROOM; bytes++)
		;
	tap_is(bytes, needed, "any less is not, and nothing is written beyond");
}

int main(void)
{
	bool all = true;
	int i;

	good();
	other_shapes();
	bad();
	no_room();
	fix_mcfg();
	for (i = 0; i < ACPI_ERROR_KINDS; i++)
		all = all && acpi_error_text((enum acpi_error)i)[0] != '\0';
	tap_ok(all, "every error has a sentence");
	free(out);
	return tap_done();
}
