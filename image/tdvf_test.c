/* SPDX-License-Identifier: MIT */
/* TDVF metadata, good and damaged, and the list of memory that is made from it. */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/bytes.h"
#include "image/tdhob.h"
#include "wire/tap.h"

#define FILE_BYTES	0x10000u
#define FROM_END	0x800u
#define DESCRIPTOR	(file + FILE_BYTES - FROM_END)
#define SECTION(n)	(DESCRIPTOR + 16 + 32 * (n))
#define TABLE_END	(FILE_BYTES - 32)
#define WINDOW		(TDVF_TOP - FILE_BYTES)
#define MIB		0x100000ull

static const uint8_t footer[] = { 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
				  0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d };
static const uint8_t metadata[] = { 0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
				    0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2 };

static uint8_t file[FILE_BYTES];
static struct tdvf_image image;

static void section(unsigned int n, uint32_t offset, uint32_t bytes, uint64_t gpa, uint64_t memory, uint32_t type)
{
	put32(SECTION(n), offset);
	put32(SECTION(n) + 4, bytes);
	put64(SECTION(n) + 8, gpa);
	put64(SECTION(n) + 16, memory);
	put32(SECTION(n) + 24, type);
	put32(SECTION(n) + 28, type == TDVF_BFV ? TDVF_EXTENDMR : 0);
}

/* A table with an entry that nobody knows behind the one that counts, and sections as Debian's image has them. */
static void make(void)
{
	uint8_t *table = file + TABLE_END;

	memset(file, 0, sizeof(file));
	put16(table - 18, 18 + 22 + 20);
	memcpy(table - 16, footer, 16);
	put16(table - 18 - 18, 20);
	memset(table - 18 - 16, 0x77, 16);
	put32(table - 18 - 20 - 22, FROM_END);
	put16(table - 18 - 20 - 18, 22);
	memcpy(table - 18 - 20 - 16, metadata, 16);
	memcpy(DESCRIPTOR, "TDVF", 4);
	put32(DESCRIPTOR + 4, 16 + 6 * 32);
	put32(DESCRIPTOR + 8, 1);
	put32(DESCRIPTOR + 12, 6);
	section(0, 0x2000, FILE_BYTES - 0x2000, WINDOW + 0x2000, FILE_BYTES - 0x2000, TDVF_BFV);
	section(1, 0, 0x2000, WINDOW, 0x2000, TDVF_CFV);
	section(2, 0, 0, 0x810000, 0x10000, TDVF_TEMP_MEM);
	section(3, 0, 0, 0x80b000, 0x2000, TDVF_TEMP_MEM);
	section(4, 0, 0, 0x809000, 0x2000, TDVF_TD_HOB);
	section(5, 0, 0, 0x800000, 0x6000, TDVF_TEMP_MEM);
}

static void good(void)
{
	bool sorted = true;

	make();
	tap_is(tdvf_parse(file, FILE_BYTES, &image), TDVF_OK, "an image as Debian's");
	tap_is(image.count, 6, "six sections");
	tap_ok(image.sections[0].number == 5 && image.sections[5].number == 0, "... which know their places in the file");
	for (uint32_t i = 1; i < image.count; i++)
		sorted = sorted && image.sections[i - 1].gpa < image.sections[i].gpa;
	tap_ok(sorted, "by address");
	tap_ok(image.sections[image.hob].gpa == 0x809000 && image.sections[image.hob].type == TDVF_TD_HOB, "the TD HOB");
	tap_ok(image.sections[5].type == TDVF_BFV && image.sections[5].offset == 0x2000 &&
	       image.sections[5].file_bytes == FILE_BYTES - 0x2000 && image.sections[5].attributes == TDVF_EXTENDMR,
	       "code is last, with its place in the file, measured");
	tap_is(tdvf_ram_end(&image), 0x820000, "RAM that it needs");
	put32(DESCRIPTOR + 4, FROM_END);
	tap_is(tdvf_parse(file, FILE_BYTES, &image), TDVF_OK, "a descriptor longer than its sections");
}

static bool explained(enum tdvf_error error)
{
	char text[256];

	tdvf_explain(error, &image, text, sizeof(text));
	return strlen(text) > 10 && strlen(text) < sizeof(text) - 1;
}

#define BAD(change, error, name) \
	do { \
		make(); \
		change; \
		tap_is(tdvf_parse(file, FILE_BYTES, &image), error, name); \
		tap_ok(explained(error), "... and it is said"); \
	} while (0)

static void bad_tables(void)
{
	make();
	tap_is(tdvf_parse(file, 0, &image), TDVF_BAD_SIZE, "an empty file");
	tap_is(tdvf_parse(file, FILE_BYTES - 1, &image), TDVF_BAD_SIZE, "a byte is missing");
	tap_is(tdvf_parse(file, TDVF_MAX_BYTES + 4096, &image), TDVF_BAD_SIZE, "larger than its place");
	tap_is(tdvf_parse(file, FILE_BYTES - 4096, &image), TDVF_NO_TABLE, "the last page is missing");
	BAD(file[TABLE_END - 1] ^= 1, TDVF_NO_TABLE, "no table");
	BAD(put16(file + TABLE_END - 18, 17), TDVF_BAD_TABLE, "a table shorter than its footer");
	BAD(put16(file + TABLE_END - 18, 0xffff), TDVF_BAD_TABLE, "a table larger than the file");
	BAD(put16(file + TABLE_END - 36, 0), TDVF_BAD_TABLE, "an entry of no length");
	BAD(put16(file + TABLE_END - 36, 0x100), TDVF_BAD_TABLE, "an entry longer than the table");
	BAD((put16(file + TABLE_END - 56, 21), put16(file + TABLE_END - 18, 59)), TDVF_BAD_TABLE, "an offset of 3 bytes");
	BAD(put16(file + TABLE_END - 18, 18), TDVF_NO_DESCRIPTOR, "an empty table");
	BAD(file[TABLE_END - 40] ^= 1, TDVF_NO_DESCRIPTOR, "no metadata in it");
	BAD(put32(file + TABLE_END - 60, 15), TDVF_BAD_DESCRIPTOR, "metadata cut off by the end of the file");
	BAD(put32(file + TABLE_END - 60, FILE_BYTES + 1), TDVF_BAD_DESCRIPTOR, "metadata in front of the file");
	BAD(put32(file + TABLE_END - 60, ~0u), TDVF_BAD_DESCRIPTOR, "metadata 4 GiB in front of it");
	BAD(DESCRIPTOR[0] = 't', TDVF_BAD_DESCRIPTOR, "no signature");
	BAD(put32(DESCRIPTOR + 4, FROM_END + 1), TDVF_BAD_DESCRIPTOR, "metadata longer than the rest of the file");
	BAD(put32(DESCRIPTOR + 8, 2), TDVF_BAD_VERSION, "version 2");
	BAD(put32(DESCRIPTOR + 12, 0), TDVF_BAD_COUNT, "no section");
	BAD(put32(DESCRIPTOR + 12, 7), TDVF_BAD_COUNT, "more sections than it has room for");
	BAD(put32(DESCRIPTOR + 12, 0x08000000), TDVF_BAD_COUNT, "so many that 32 bits overflow");
}

static const uint8_t variables[] = { 0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c, 0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b,
				     0x4f, 0x50 };
/* 8c8ce578-8a3d-4f1c-9935-896185c32dd3, EFI_FIRMWARE_FILE_SYSTEM2_GUID */
static const uint8_t files[] = { 0x78, 0xe5, 0x8c, 0x8c, 0x3d, 0x8a, 0x1c, 0x4f,
					 0x99, 0x35, 0x89, 0x61, 0x85, 0xc3, 0x2d, 0xd3 };

static void volume(const uint8_t guid[16])
{
	memcpy(file + 16, guid, 16);
	memcpy(file + 40, "_FVH", 4);
}

/* OVMF_CODE and OVMF_VARS, and images that only begin like these. */
static void halves(void)
{
	BAD((volume(files), put32(SECTION(0), FILE_BYTES)), TDVF_CODE_HALF, "code, which counts on variables in front");
	BAD((volume(files), put64(SECTION(1) + 8, WINDOW - 0x2000)), TDVF_CODE_HALF, "or has a place for them");
	BAD((volume(files), file[TABLE_END - 40] ^= 1), TDVF_PLAIN_CODE_HALF, "code without metadata");
	BAD((volume(variables), file[TABLE_END - 1] ^= 1), TDVF_VARIABLES_HALF, "variables alone");
	BAD((volume(variables), file[TABLE_END - 40] ^= 1), TDVF_NO_DESCRIPTOR, "a whole image that is not for TDX");
	BAD((volume(variables), put32(SECTION(0), FILE_BYTES)), TDVF_DATA, "a whole image that is damaged");
	BAD((volume(files), put32(DESCRIPTOR + 8, 2)), TDVF_BAD_VERSION, "code of another version");
	BAD((volume(files), file[TABLE_END - 1] ^= 1), TDVF_NO_TABLE, "a volume of files, of whatever kind");
	make();
	volume(files);
	tap_is(tdvf_parse(file, FILE_BYTES, &image), TDVF_OK, "code that needs no variables is a whole image");
}

static void bad_sections(void)
{
	BAD(put32(SECTION(2) + 24, 5), TDVF_TYPE, "a payload");
	tap_is(image.bad, 2, "the third one");
	BAD(put64(SECTION(2) + 8, 0x810001), TDVF_ALIGN, "address within a page");
	BAD(put64(SECTION(2) + 16, 0x10001), TDVF_ALIGN, "size within a page");
	BAD(put32(SECTION(0) + 4, FILE_BYTES), TDVF_DATA, "data beyond the end");
	BAD(put32(SECTION(0), ~0u), TDVF_DATA, "data 4 GiB away");
	BAD(put64(SECTION(1) + 16, 0x1000), TDVF_SIZE, "more data than memory");
	BAD(put64(SECTION(2) + 16, 0), TDVF_SIZE, "no memory");
	BAD(put32(SECTION(1) + 4, 0), TDVF_SIZE, "variables without data");
	BAD(put32(SECTION(2) + 4, 16), TDVF_SIZE, "temporary memory with data");
	BAD(put64(SECTION(1) + 8, WINDOW - 0x1000), TDVF_PLACE, "code below the image");
	BAD(put64(SECTION(0) + 8, TDVF_TOP - 0x1000), TDVF_PLACE, "code beyond 4 GiB");
	BAD(put64(SECTION(2) + 8, WINDOW - 0x1000), TDVF_PLACE, "memory in the image's place");
	BAD(put64(SECTION(2) + 16, ~0xfffull), TDVF_PLACE, "16 EiB of memory");
	BAD(put64(SECTION(2) + 8, ~0xfffull), TDVF_PLACE, "at the end of all addresses");
	BAD(put64(SECTION(3) + 8, 0x80a000), TDVF_OVERLAP, "two that share a page");
	BAD(section(2, 0, 0, 0x700000, 0x400000, TDVF_TEMP_MEM), TDVF_OVERLAP, "one around the others");
	BAD(put64(SECTION(5) + 8, 0x810000), TDVF_OVERLAP, "two at the same place");
	BAD(put32(SECTION(5) + 24, TDVF_TD_HOB), TDVF_SECOND_HOB, "two TD HOBs");
	BAD(put32(SECTION(4) + 24, TDVF_TEMP_MEM), TDVF_NO_HOB, "no TD HOB");
	BAD((put64(SECTION(0) + 16, FILE_BYTES - 0x3000), put32(SECTION(0) + 4, 0x1000)), TDVF_NO_RESET,
	    "nothing at the first instruction");
}

/* Resource n of the list: type, start, end. */
static bool resource(const uint8_t *list, unsigned int n, uint32_t type, uint64_t start, uint64_t end)
{
	const uint8_t *hob = list + 56 + 48 * n;

	return get16(hob) == 3 && get16(hob + 2) == 48 && get32(hob + 24) == type && get32(hob + 28) == 7 &&
	       get64(hob + 32) == start && get64(hob + 40) == end - start;
}

static void hob_list(void)
{
	static uint8_t list[4096];
	size_t bytes, all = 56 + 9 * 48 + 8;

	make();
	tdvf_parse(file, FILE_BYTES, &image);
	memset(list, 0xee, sizeof(list));
	tap_is(tdhob_build(&image, 64 * MIB, 0, list, all - 49), all - 48, "what it needs without memory above 4 GiB");
	tap_ok(list[0] == 0xee, "nothing is written without the room");
	bytes = tdhob_build(&image, 64 * MIB, 32 * MIB, list, all);
	tap_is(bytes, all, "and with it, in just the room that there is");
	tap_ok(list[all] == 0xee, "no byte more");
	tap_ok(get16(list) == 1 && get16(list + 2) == 56 && get32(list + 8) == 9, "hand-off table first");
	tap_is(get64(list + 48), 0x809000 + all, "it names the end of the list");
	tap_ok(resource(list, 0, 7, 0, 0x800000), "memory to be accepted up to the first section, in one run");
	tap_ok(resource(list, 1, 0, 0x800000, 0x806000), "a section is there already");
	tap_ok(resource(list, 2, 7, 0x806000, 0x809000), "the gap behind it is not");
	tap_ok(resource(list, 3, 0, 0x809000, 0x80b000) && resource(list, 4, 0, 0x80b000, 0x80d000),
	       "neighbours without a gap");
	tap_ok(resource(list, 5, 7, 0x80d000, 0x810000) && resource(list, 6, 0, 0x810000, 0x820000), "and so on");
	tap_ok(resource(list, 7, 7, 0x820000, 64 * MIB), "the rest");
	tap_ok(get16(list + all - 8 - 48) == 3 && get64(list + all - 8 - 16) == TDVF_TOP &&
	       get64(list + all - 8 - 8) == 32 * MIB, "what lies above 4 GiB");
	tap_ok(get16(list + all - 8) == 0xffff && get16(list + all - 6) == 8, "end of the list");
}

int main(void)
{
	good();
	bad_tables();
	halves();
	bad_sections();
	hob_list();
	return tap_done();
}
