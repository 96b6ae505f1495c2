/* SPDX-License-Identifier: MIT */
/* Names of drivers in a firmware volume made here; volumes that lie about their sizes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define tap_puts(text) fputs(text, stdout)
#include "cli/tdlab.h"
#include "cli/verdict/volume.h"
#include "image/bytes.h"
#include "image/pe.h"
#include "wire/tap.h"

#define BYTES	0x2000u
#define FILE_AT	0x48u
#define PE_BYTES 0x400u

static uint8_t image[BYTES], pe[PE_BYTES];
static struct volume v;

static void make_pe(void)
{
	memset(pe, 0, sizeof(pe));
	memcpy(pe, "MZ", 2);
	put32(pe + 0x3c, 0x80);
	memcpy(pe + 0x80, "PE\0\0", 4);
	put16(pe + 0x84, 0x8664);
	put16(pe + 0x94, 240);
	put16(pe + 0x98, 0x20b);
	put32(pe + 0xd0, 0x1000);
}

static uint8_t *section(uint8_t *at, uint8_t type, const void *data, uint32_t bytes)
{
	put32(at, (uint32_t)type << 24 | (bytes + 4));
	memcpy(at + 4, data, bytes);
	return at + ((bytes + 7) & ~3u);
}

static uint8_t *add_name(uint8_t *at, const char *name)
{
	uint8_t text[256] = { 0 };
	uint32_t i;

	for (i = 0; name[i]; i++)
		text[2 * i] = (uint8_t)name[i];
	return section(at, 0x15, text, 2 * i + 2);
}

static void make_header(uint8_t *at, uint32_t bytes)
{
	put64(at + 32, bytes);
	memcpy(at + 40, "_FVH", 4);
	put16(at + 48, FILE_AT);
}

/* A volume with one file: a driver and its name. Returns its first byte behind the file. */
static uint8_t *make_volume(uint8_t *at, const char *name)
{
	uint8_t *file = at + FILE_AT, *end;

	make_header(at, BYTES);
	end = add_name(section(file + 24, 0x10, pe, sizeof(pe)), name);
	put32(file + 20, (uint32_t)(end - file));
	return end;
}

static void make(void)
{
	volume_free(&v);
	memset(image, 0xff, sizeof(image));
	memset(image, 0, 0x48 + 24);
	make_pe();
	make_volume(image, "IoMmuDxe");
}

#define NOTHING(change, name) \
	do { make(); change; volume_read(&v, image, sizeof(image)); tap_is(v.count, 0, name); } while (0)

/* How many bytes xz made of these; 0 without xz. */
static size_t pack(const void *from, size_t bytes, void *to, size_t room)
{
	FILE *packed = tmpfile(), *xz;
	char command[64];
	size_t got = 0;

	snprintf(command, sizeof(command), "xz --format=lzma -c >/dev/fd/%d", fileno(packed));
	xz = popen(command, "w");
	if (xz && fwrite(from, bytes, 1, xz) == 1 && pclose(xz) == 0)
		got = fread(to, 1, room, packed);
	fclose(packed);
	return got;
}

/* A section that is said to be compressed. Returns what follows it. */
static uint8_t *guided(uint8_t *at, const void *packed, size_t bytes)
{
	static const uint8_t lzma[] = { 0x98, 0x58, 0x4e, 0xee, 0x14, 0x39, 0x59, 0x42,
					0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf, 24, 0, 1, 0 };

	put32(at, 0x02u << 24 | (uint32_t)(4 + sizeof(lzma) + bytes));
	memcpy(at + 4, lzma, sizeof(lzma));
	memcpy(at + 4 + sizeof(lzma), packed, bytes);
	return at + ((4 + sizeof(lzma) + bytes + 3) & ~(size_t)3);
}

/* How often a driver is found that is there twice, compressed, behind so many sections that unpack to nothing. */
static size_t found_behind(unsigned int useless, const uint8_t *packed, size_t bytes)
{
	uint8_t *file = image + FILE_AT, *at = file + 24;

	make();
	while (useless-- > 0)
		at = guided(at, "no lzma", 7);
	at = guided(guided(at, packed, bytes), packed, bytes);
	put32(file + 20, (uint32_t)(at - file));
	volume_read(&v, image, sizeof(image));
	return v.count > 0 && strcmp(v.all[0].name, "CpuDxe") == 0 ? v.count : 0;
}

/* How many drivers are found in so much of the image, behind a page of nothing, where memory ends with it. */
static size_t found_on_heap(size_t bytes)
{
	uint8_t *copy = malloc(4096 + bytes);

	memset(copy, 0xff, 4096);
	memcpy(copy + 4096, image, bytes);
	volume_free(&v);
	volume_read(&v, copy, 4096 + bytes);
	free(copy);
	return v.count;
}

static void test_heap(void)
{
	uint8_t *file = image + FILE_AT;
	size_t whole;

	make();
	put64(image + 32, 1 << 20);
	whole = (size_t)(make_volume(image, "IoMmuDxe") - image);
	put64(image + 32, 1 << 20);
	tap_is(found_on_heap(whole), 1, "a volume that says it is longer than the image");
	tap_is(found_on_heap(whole - 8), 0, "... and a file that is");
	put32(file + 24, 0x19000004);
	put32(file + 28, 0x10ffffff);
	put32(file + 20, 32);
	tap_is(found_on_heap(FILE_AT + 32), 0, "a large section that ends before its size");
}

/* Where the data of a compressed section begins: behind its header, and in it. */
static void test_offsets(void)
{
	static const struct {
		uint16_t offset;
		unsigned int tried;
	} rows[] = { { 24, 1 }, { 0, 0 }, { 23, 0 }, { 28, 1 }, { 32, 0 }, { 0xffff, 0 } };
	uint8_t *file = image + FILE_AT, *at = file + 24;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		make();
		put32(file + 20, (uint32_t)(guided(at, "no lzma", 7) - file));
		put16(at + 20, rows[i].offset);
		volume_read(&v, image, sizeof(image));
		tap_case_number("row", i);
		tap_is(v.unpacked, rows[i].tried, "where compressed data may begin");
	}
	tap_case(NULL);
}

static void compressed(void)
{
	static uint8_t inner[BYTES], section_of[BYTES + 4], packed[0x1000];
	size_t bytes;
	int fd, again;

	make();
	make_volume(inner, "CpuDxe");
	section(section_of, 0x17, inner, sizeof(inner));
	bytes = pack(section_of, sizeof(section_of), packed, sizeof(packed));
	if (bytes == 0) {
		tap_ok(true, "a compressed volume # SKIP no xz");
		return;
	}
	tap_is(found_behind(0, packed, bytes), 2, "a compressed volume, and another behind it");
	image[FILE_AT + 24 + 4] ^= 1;
	volume_free(&v);
	volume_read(&v, image, sizeof(image));
	tap_is(v.count, 1, "... but not under another GUID");
	tap_is(found_behind(0, packed, bytes - 9), 0, "what cannot be unpacked to its end is not used");
	fd = dup(STDIN_FILENO);
	close(fd);
	tap_is(found_behind(63, packed, bytes), 1, "the 64th of an image, and no 65th: there could be any number");
	again = dup(STDIN_FILENO);
	close(again);
	tap_is(again, fd, "... and no descriptor stays open");
}

/* The only driver has this name; NULL: there is none. */
static bool named(const char *want)
{
	volume_read(&v, image, sizeof(image));
	return want ? v.count == 1 && strcmp(v.all[0].name, want) == 0 : v.count == 0;
}

/* A file of what has been put behind its header. */
static void end_file(const uint8_t *end)
{
	put32(image + FILE_AT + 20, (uint32_t)(end - image - FILE_AT));
}

/* PI 1.8, volume 3: a file may be no more than its header; behind 0xffffff a section's size has 32 bits (3.2.4). */
static void test_shapes(void)
{
	uint8_t *file = image + FILE_AT, *at = file + 24;

	make();
	memmove(file + 24, file, 0x1000);
	put32(file + 20, 24);
	tap_ok(named("IoMmuDxe"), "an empty file before a driver's");
	make();
	memmove(file + 32, file, 0x1000);
	memset(file, 0, 32);
	put32(file + 20, 25);
	tap_ok(named("IoMmuDxe"), "files begin at multiples of 8");
	make();
	memmove(file + 32, file + 24, 0x1000);
	file[19] = 1;
	put64(file + 24, get32(file + 20) + 8);
	put32(file + 20, 0);
	tap_ok(named("IoMmuDxe"), "a file whose size has 64 bits (3.2.3)");
	make();
	memmove(file + 24, file, 0x1000);
	put16(image + 52, FILE_AT);
	put32(file + 16, 20);
	tap_ok(named("IoMmuDxe"), "files begin behind the extended header, at a multiple of 8 (3.2.1)");
	make();
	at = section(at, 0x10, pe, sizeof(pe));
	put32(at, 0x15ffffff);
	put32(at + 4, 8 + 4);
	memcpy(at + 8, "A\0\0", 4);
	end_file(at + 12);
	tap_ok(named("A"), "a large section behind another");
	make();
	end_file(add_name(section(section(file + 24, 0x19, "", 0), 0x10, pe, sizeof(pe)), "Empty"));
	tap_ok(named("Empty"), "a section that is empty before them");
	make();
	memset(image, 0, sizeof(image));
	make_volume(image + 0x1000, "Second");
	tap_ok(named("Second"), "a volume at the second page");
	make();
	end_file(section(add_name(file + 24, "First"), 0x10, pe, sizeof(pe)));
	tap_ok(named("First"), "a name before the image");
	make();
	end_file(add_name(file + 24, "Nothing"));
	tap_ok(named(NULL), "a name without an image");
	make();
	end_file(section(file + 24, 0x10, pe, sizeof(pe)));
	tap_ok(named(NULL), "an image without a name");
	make();
	make_volume(image, "");
	tap_ok(named(NULL), "... or with an empty one");
}

/* A PE32+ image ends behind its optional header, of 240 bytes, at the least. */
static void test_cut_off(void)
{
	const uint32_t least = 0x80 + 24 + 240;
	uint8_t *at = image + FILE_AT + 24;

	for (uint32_t short_of = 0; short_of < 2; short_of++) {
		make();
		memset(at, 0, 0x1000);
		at = section(at, 0x10, pe, least - short_of);
		end_file(add_name(at, "Short"));
		tap_ok(named(short_of ? NULL : "Short"), short_of ? "half an image's headers" : "an image's headers");
		at = image + FILE_AT + 24;
	}
}

/* UTF-16. What is no printable ASCII is shown as ?. */
static void test_names(void)
{
	static const struct {
		const char *utf16;
		uint32_t bytes;
		const char *name;
	} rows[] = {
		{ "A\0 \0~\0\x7f\0A\1\0\0", 12, "A?~??" }, { "A\0B\0", 4, "AB" }, { "A\0B\0C", 5, "AB" },
		{ "!\0\0\1z\0\0\0z\0", 10, "!?z" }, { "A\0\0\0B\0", 6, "A" },
	};
	uint8_t *at = image + FILE_AT + 24;
	char name[VOLUME_NAME_BYTES + 9];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make();
		end_file(section(section(at, 0x10, pe, sizeof(pe)), 0x15, rows[i].utf16, rows[i].bytes));
		tap_case_number("row", i);
		tap_ok(named(rows[i].name), rows[i].name);
	}
	tap_case(NULL);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	make();
	make_volume(image, name);
	name[VOLUME_NAME_BYTES - 1] = '\0';
	tap_ok(named(name), "a long name is cut off");
	make();
	end_file(add_name(add_name(section(at, 0x10, pe, sizeof(pe)), "Longer"), "Last"));
	tap_ok(named("Last"), "of two names the last");
}

/* A driver in a volume in so many volumes; all of them end with the innermost, or that many bytes before it does. */
static void nest(unsigned int depth, uint32_t cut)
{
	uint8_t *at = image, *end;
	uint8_t *files[16];

	make();
	memset(image, 0, sizeof(image));
	for (unsigned int i = 0; i < depth; i++) {
		make_header(at, BYTES);
		files[i] = at + FILE_AT;
		at += FILE_AT + 24 + 4;
	}
	end = make_volume(at, "Inner") - cut;
	for (unsigned int i = 0; i < depth; i++) {
		put32(files[i] + 20, (uint32_t)(end - files[i]));
		put32(files[i] + 24, 0x17u << 24 | (uint32_t)(end - files[i] - 24));
	}
}

static void test_nested(void)
{
	nest(1, 0);
	tap_ok(named("Inner"), "a driver in a volume in a volume");
	nest(1, 4);
	tap_ok(named(NULL), "... that ends before the driver's file does");
	nest(5, 0);
	tap_ok(named("Inner"), "in the sixth volume");
	nest(6, 0);
	tap_ok(named(NULL), "a seventh is not walked: they must come to an end");
}

/* Behind the image there is no memory: one byte that is no section is not looked at further. */
static void test_end(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (sizeof(image) + page - 1) & ~(page - 1), bytes;
	uint8_t *memory = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	make();
	bytes = (size_t)(make_volume(image, "CpuDxe") - image) + 1;
	put32(image + FILE_AT + 20, (uint32_t)(bytes - FILE_AT));
	memcpy(memory + room - bytes, image, bytes);
	mprotect(memory + room, page, PROT_NONE);
	volume_read(&v, memory + room - bytes, bytes);
	tap_ok(v.count == 1 && strcmp(v.all[0].name, "CpuDxe") == 0, "sections that end a byte before the image does");
	munmap(memory, room + page);
}

/* A driver's file, of the other form: its size, and that of its first section, as what is large has them. */
static uint8_t *make_large(void)
{
	uint8_t *file = image + FILE_AT, *at = file + 32;

	make();
	memset(file, 0, 0x1000);
	file[19] = 1;
	put32(at, 0x10ffffff);
	put32(at + 4, 8 + PE_BYTES);
	memcpy(at + 8, pe, PE_BYTES);
	at = add_name(at + 8 + PE_BYTES, "Seventh");	/* a name that needs no filler */
	put64(file + 24, (uint64_t)(at - file));
	return at;
}

/*
 * The image, or the file alone, cut off at each byte: a driver is found if all of it is there, and nothing is read
 * behind the end, where there is no memory.
 */
static void test_every_end(bool large, bool file_too, const char *name)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = 2 * page, all;
	uint8_t *memory = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;
	bool good = true;

	make();
	all = (size_t)((large ? make_large() : make_volume(image, "Seventh")) - image);
	mprotect(memory + room, page, PROT_NONE);
	for (size_t bytes = 0; good && bytes <= all; bytes++) {
		at = memory + room - bytes;
		memcpy(at, image, bytes);
		if (file_too && bytes >= FILE_AT + 32 && large)
			put64(at + FILE_AT + 24, bytes - FILE_AT);
		else if (file_too && bytes >= FILE_AT + 32)
			put32(at + FILE_AT + 20, (uint32_t)(bytes - FILE_AT));
		volume_free(&v);
		volume_read(&v, at, bytes);
		good = v.count == (bytes == all);
	}
	munmap(memory, room + page);
	tap_ok(good && v.count == 1 && strcmp(v.all[0].name, "Seventh") == 0, name);
}

int main(void)
{
	struct pe_image parsed;

	make();
	memset(&v, 0x5a, sizeof(v));	/* whatever was there before */
	volume_read(&v, image, sizeof(image));
	tap_ok(v.count == 1 && strcmp(v.all[0].name, "IoMmuDxe") == 0, "a driver and its name");
	tap_ok(pe_parse(pe, sizeof(pe), &parsed) && volume_name(&v, parsed.hash) == v.all[0].name, "found by its headers");
	tap_ok(volume_name(&v, parsed.hash + 1) == NULL, "another is not");
	NOTHING(image[40] = 'x', "no volume");
	NOTHING(put16(image + 48, 0xffff), "a header longer than the volume");
	NOTHING(put16(image + 52, 0xffff), "an extension beyond its end");
	NOTHING(put64(image + 32, 100), "a volume that ends within its file");
	NOTHING(put32(image + FILE_AT + 20, 0xffffff), "a file longer than the volume");
	NOTHING(put32(image + FILE_AT + 20, 23), "one shorter than its header");
	NOTHING((image[FILE_AT + 19] = 1, put64(image + FILE_AT + 24, ~0ull)), "one of 16 EiB");
	NOTHING(put32(image + FILE_AT + 24, 0x10fffffe), "a section longer than its file");
	NOTHING(put32(image + FILE_AT + 24, 0x10ffffff), "one of 4 GiB");
	NOTHING(put32(image + FILE_AT + 24, 0x10000003), "a section shorter than its header");
	test_shapes();
	test_cut_off();
	test_names();
	test_nested();
	test_end();
	test_every_end(false, false, "an image that is cut off at each byte");
	test_every_end(true, false, "... of large sizes");
	test_every_end(false, true, "a file that is cut off at each byte");
	test_every_end(true, true, "... of large sizes as well");
	test_heap();
	test_offsets();
	compressed();
	volume_free(&v);
	return tap_done();
}
