/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/elf.h"
#include "image/samples.h"
#include "wire/tap.h"

#define FILE_BYTES	4096u

static uint8_t file[FILE_BYTES];
static struct elf_image image;

/* Text at 1 MiB, data and bss at 2 MiB, and a note that is not loaded. */
static void make(void)
{
	memset(file, 0, sizeof(file));
	sample_elf(file, 0x100010);
	sample_segment(file, 0, 1, 0x400, 0x100, 0x100000, 0x100);
	sample_segment(file, 1, 1, 0x500, 0x100, 0x200000, 0x5000);
	sample_segment(file, 2, 4, 0, 0x10, 0, 0x10);
}

#define BAD(change, error, name) \
	do { make(); change; tap_is(elf_parse(file, FILE_BYTES, FILE_BYTES, &image), error, name); } while (0)

static void bad_headers(void)
{
	make();
	tap_is(elf_parse(file, 0, 0, &image), ELF_NOT_ELF, "empty file");
	tap_is(elf_parse(file, 3, 3, &image), ELF_NOT_ELF, "ends inside the magic");
	tap_is(elf_parse(file, 63, 63, &image), ELF_TRUNCATED, "ends inside the header");
	tap_is(elf_parse(file, 64 + 3 * 56 - 1, FILE_BYTES, &image), ELF_TRUNCATED, "ends inside the program headers");
	tap_is(elf_parse(file, 0x5ff, 0x5ff, &image), ELF_TRUNCATED, "one byte of a segment is missing");
	BAD(file[0] = 'M', ELF_NOT_ELF, "wrong magic");
	BAD(file[4] = 1, ELF_NOT_X86_64, "ELF32");
	BAD(file[5] = 2, ELF_NOT_X86_64, "big endian");
	BAD(put16(file + 18, 183), ELF_NOT_X86_64, "for another machine");
	BAD(put16(file + 16, 1), ELF_NOT_X86_64, "an object file");
	BAD(put16(file + 54, 32), ELF_NOT_X86_64, "odd program headers");
	BAD(put16(file + 16, 3), ELF_NOT_STATIC, "position independent");
	BAD(put64(file + 32, UINT64_MAX - 8), ELF_TRUNCATED, "program headers at the end of the world");
	BAD(put16(file + 56, 0), ELF_NO_SEGMENT, "no program headers");
}

static void bad_segments(void)
{
	unsigned int i;

	BAD(sample_segment(file, 2, 3, 0, 1, 0, 1), ELF_NOT_STATIC, "wants an interpreter");
	BAD(sample_segment(file, 2, 2, 0, 1, 0, 1), ELF_NOT_STATIC, "wants a dynamic linker");
	BAD(sample_segment(file, 1, 1, 0x500, 0x100, 0x200000, 0xff), ELF_BAD_SEGMENT, "longer in the file than in memory");
	BAD(sample_segment(file, 1, 1, 0x500, 0x100, UINT64_MAX - 0x80, 0x100), ELF_BAD_SEGMENT, "end overflows");
	BAD(sample_segment(file, 1, 1, UINT64_MAX - 1, 0x100, 0x200000, 0x100), ELF_TRUNCATED, "offset overflows");
	BAD(sample_segment(file, 1, 1, 0x500, UINT64_MAX, 0x200000, UINT64_MAX), ELF_TRUNCATED, "size overflows");
	BAD(sample_segment(file, 1, 1, 0x500, 0x100, 0xff000, 0x5000), ELF_TOO_LOW, "reaches below 1 MiB");
	BAD(sample_segment(file, 1, 1, 0x500, 0x100, 0x1000ff, 0x100), ELF_OVERLAP, "overlaps by one byte");
	BAD(put64(file + 24, 0x100100), ELF_BAD_ENTRY, "entry behind the text");
	BAD(put64(file + 24, 0x201000), ELF_BAD_ENTRY, "entry in bss");
	make();
	for (i = 2; i < 9; i++)
		sample_segment(file, i, 1, 0, 16, 0x1000000 + 0x1000 * i, 16);
	tap_is(elf_parse(file, FILE_BYTES, FILE_BYTES, &image), ELF_TOO_MANY, "nine segments");
}

int main(void)
{
	bool all = true;
	int i;

	make();
	tap_is(elf_parse(file, FILE_BYTES, FILE_BYTES, &image), ELF_OK, "a small payload is accepted");
	tap_is(image.nsegments, 2, "a note is not loaded");
	tap_is(image.entry, 0x100010, "entry");
	tap_is(image.end, 0x205000, "end includes bss");
	tap_is(image.segments[1].offset, 0x500, "offset of the second segment");
	sample_segment(file, 1, 1, 0x500, 0x100, 0x100100, 0x100);
	tap_is(elf_parse(file, FILE_BYTES, FILE_BYTES, &image), ELF_OK, "segments may touch");
	sample_segment(file, 1, 1, 0x500, 0, 0x1000, 0);
	tap_is(elf_parse(file, FILE_BYTES, FILE_BYTES, &image), ELF_OK, "an empty segment is nothing");
	bad_headers();
	bad_segments();
	for (i = 0; i < ELF_ERROR_KINDS; i++)
		all = all && elf_error_text((enum elf_error)i)[0] != '\0';
	tap_ok(all, "every error has a sentence");
	return tap_done();
}
