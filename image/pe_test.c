/* SPDX-License-Identifier: MIT */
/* EFI images, and what is none. */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/bytes.h"
#include "image/pe.h"
#include "wire/tap.h"

#define AT	0x80u
#define COFF	(head + AT + 4)
#define OPTIONAL (COFF + 20)
#define SECTION	(OPTIONAL + 240)

static uint8_t head[PE_HEAD_BYTES];
static struct pe_image image;

/* Two sections, as a driver has. */
static void make(void)
{
	memset(head, 0, sizeof(head));
	memcpy(head, "MZ", 2);
	put32(head + 0x3c, AT);
	memcpy(head + AT, "PE\0\0", 4);
	put16(COFF, 0x8664);
	put16(COFF + 2, 2);
	put16(COFF + 16, 240);
	put16(OPTIONAL, 0x20b);
	put32(OPTIONAL + 16, 0x1234);
	put64(OPTIONAL + 24, 0x400000);
	put32(OPTIONAL + 56, 0x6000);
	memcpy(SECTION, ".text", 5);
	memcpy(SECTION + 40, ".data", 5);
}

static void section_sbat(uint8_t *section, uint32_t at, uint32_t bytes)
{
	memcpy(section, ".sbat\0\0", 8);
	put32(section + 8, bytes);
	put32(section + 12, at);
}

static void sbat(uint32_t at, uint32_t bytes)
{
	section_sbat(SECTION + 40, at, bytes);
}

/* Sections of one name, one of them beyond the end: what is said of the image is said of the other. */
static bool two_sbat(uint32_t first, uint32_t second)
{
	make();
	section_sbat(SECTION, first, 0x100);
	sbat(second, 0x100);
	return pe_parse(head, sizeof(head), &image) && image.kind == PE_LOADER && image.sbat == 0x5000 &&
	       image.sbat_bytes == 0x100;
}

#define KIND(change, want, name) \
	do { make(); change; tap_ok(pe_parse(head, sizeof(head), &image) && image.kind == (want), name); } while (0)
#define BAD(change, name) do { make(); change; tap_ok(!pe_parse(head, sizeof(head), &image), name); } while (0)

static bool name_is(const char *text, const char *want)
{
	char name[9] = "";
	uint64_t word = pe_sbat_name((const uint8_t *)text, strlen(text));

	memcpy(name, &word, 8);
	return strcmp(name, want) == 0;
}

int main(void)
{
	uint64_t hash;

	KIND((void)0, PE_DRIVER, "an image without marks");
	tap_is(image.bytes, 0x6000, "its size");
	hash = image.hash;
	KIND(put64(OPTIONAL + 24, 0x1e676000), PE_DRIVER, "loaded elsewhere");
	tap_is(image.hash, hash, "it is the same image");
	KIND(put32(OPTIONAL + 16, 0x1235), PE_DRIVER, "with another entry");
	tap_ok(image.hash != hash, "it is not");
	KIND(sbat(0x5000, 0x100), PE_LOADER, "one with SBAT");
	tap_ok(image.sbat == 0x5000 && image.sbat_bytes == 0x100, "and where that is");
	KIND(sbat(0x5000, 0x1001), PE_DRIVER, "SBAT that passes its end does not count");
	tap_ok(image.sbat == 0 && image.sbat_bytes == 0, "and is not said to be there");
	tap_ok(two_sbat(0x5000, 0x6000), "two SBAT sections, the second beyond the end");
	tap_ok(two_sbat(0x6000, 0x5000), "two SBAT sections, the first beyond the end");
	tap_ok(two_sbat(0x5000, 0x5800), "two SBAT sections: the first counts");
	KIND((sbat(0x5000, 0x100), put32(head + 0x38, 0x818223cd)), PE_LINUX, "Linux");
	BAD(head[0] = 'm', "no DOS header");
	BAD(put32(head + 0x3c, 0xffffffff), "PE header beyond what is looked at");
	BAD(put32(head + 0x3c, PE_HEAD_BYTES - 100), "PE header cut off");
	BAD(head[AT] = 'p', "no PE signature");
	BAD(put16(COFF, 0xaa64), "for another machine");
	BAD(put16(OPTIONAL, 0x10b), "32-bit");
	BAD(put16(COFF + 16, 111), "optional header too short");
	BAD(put16(COFF + 16, 0xffff), "optional header too long");
	BAD(put16(COFF + 2, 0xffff), "too many sections");
	make();
	tap_ok(!pe_parse(head, 63, &image) && !pe_parse(head, AT + 3, &image) && !pe_parse(head, AT + 343, &image),
	       "truncated");
	tap_ok(name_is("sbat,1,SBAT Version,sbat,1,https://x\nshim,4,UEFI shim,shim,1,https://y\n", "shim"), "shim");
	tap_ok(name_is("sbat,1\nsystemd-boot,1", "systemd-"), "a long name");
	tap_ok(name_is("sbat,1,SBAT", "") && name_is("", "") && name_is("\n", "") && name_is("x\n\033[1m", ""),
	       "no name, or not one to be printed");
	return tap_done();
}
