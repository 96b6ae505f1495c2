/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/bzimage.h"
#include "image/samples.h"
#include "wire/tap.h"

#define SETUP		1024u	/* one setup sector and the boot sector */
#define KERNEL		4096u
#define FILE_BYTES	(SETUP + KERNEL)

static uint8_t file[FILE_BYTES];
static struct bzimage image;

/* The smallest bzImage that is in order, with a TDX decompressor. */
static void make(void)
{
	memset(file, 0, sizeof(file));
	sample_bzimage(file, KERNEL, 0x1000000, 0x10000);
	put16(file + 0x20e, 0x100);
	put32(file + 0x248, 0x100);
	put32(file + 0x24c, 0x800);
	memcpy(file + 0x300, "6.12.1-test (me@here) #1 SMP", 29);
	memcpy(file + SETUP + 0xa00, "IntelTDX    ", 12);
}

static enum bzimage_error parse(size_t head, uint64_t bytes)
{
	return bzimage_parse(file, head, bytes, &image);
}

static void good(void)
{
	make();
	tap_is(parse(FILE_BYTES, FILE_BYTES), BZIMAGE_OK, "a small bzImage is accepted");
	tap_is(image.setup_bytes, SETUP, "setup part: boot sector and one more");
	tap_is(image.kernel_bytes, KERNEL, "syssize counts paragraphs");
	tap_is(image.header_bytes, 0x26c - 0x1f1, "header ends where the jump goes");
	tap_ok(strcmp(image.release, "6.12.1-test") == 0, "release ends at the space");
	tap_is(parse(BZIMAGE_HEAD_BYTES, FILE_BYTES), BZIMAGE_OK, "the header alone is enough");
	tap_ok(image.release[0] == '\0', "release beyond the head is left empty");
	tap_is(parse(FILE_BYTES, FILE_BYTES + 4096), BZIMAGE_OK, "a signature behind the kernel is allowed");
	memset(file + 0x300, 'x', SETUP - 0x300);
	parse(FILE_BYTES, FILE_BYTES);
	tap_is(strlen(image.release), BZIMAGE_RELEASE_BYTES - 1, "an endless release is cut");
	put16(file + 0x20e, 0xffff);
	tap_is(parse(FILE_BYTES, FILE_BYTES), BZIMAGE_OK, "a release outside the setup part does not matter");
	tap_ok(image.release[0] == '\0', "and is not read");
	file[0x1f1] = 0;
	put32(file + 0x1f4, 1);
	parse(FILE_BYTES, FILE_BYTES);
	tap_is(image.setup_bytes, 5 * 512, "no setup sectors means four");
}

#define BAD(change, error, name) do { make(); change; tap_is(parse(FILE_BYTES, FILE_BYTES), error, name); } while (0)

static void bad(void)
{
	make();
	tap_is(parse(0, 0), BZIMAGE_EMPTY, "empty file");
	tap_is(parse(0x205, 0x205), BZIMAGE_NOT_BZIMAGE, "ends inside the magic");
	tap_is(parse(0x206, 0x206), BZIMAGE_TRUNCATED, "ends behind the magic");
	tap_is(parse(0x267, 0x267), BZIMAGE_TRUNCATED, "ends inside the header");
	tap_is(parse(FILE_BYTES - 1, FILE_BYTES - 1), BZIMAGE_TRUNCATED, "one byte of the kernel is missing");
	BAD(file[0x202] = 'h', BZIMAGE_NOT_BZIMAGE, "wrong magic");
	BAD(put16(file + 0x206, 0x20b), BZIMAGE_TOO_OLD, "protocol 2.11");
	BAD(file[0x211] = 0, BZIMAGE_NOT_HIGH, "zImage");
	BAD(put16(file + 0x236, 0x7e), BZIMAGE_NO_64BIT, "32-bit kernel");
	BAD(file[0x201] = 0x60, BZIMAGE_BAD_SETUP, "header ends before init_size");
	BAD(put32(file + 0x1f4, 0), BZIMAGE_BAD_SETUP, "no kernel");
	BAD(put32(file + 0x238, 0), BZIMAGE_BAD_SETUP, "no command line");
	BAD(put64(file + 0x258, 0x1000), BZIMAGE_BAD_SETUP, "wants to be below 1 MiB");
	BAD(put64(file + 0x258, 0x1000800), BZIMAGE_BAD_SETUP, "wants to be inside a page");
	BAD(put64(file + 0x258, 1ull << 32), BZIMAGE_BAD_SETUP, "wants to be above 4 GiB");
	BAD(put32(file + 0x260, KERNEL - 1), BZIMAGE_BAD_SIZE, "needs less memory than it has");
	BAD(put32(file + 0x1f4, 0xffffffff), BZIMAGE_TRUNCATED, "64 GiB promised");
}

static void texts(void)
{
	char text[200], tiny[8];
	int i;
	bool all = true;

	for (i = 0; i < BZIMAGE_ERROR_KINDS; i++)
		all = all && bzimage_error_text((enum bzimage_error)i)[0] != '\0';
	tap_ok(all, "every error has a sentence");
	tap_ok(strcmp(bzimage_error_text(BZIMAGE_ERROR_KINDS), "unknown error") == 0, "others are unknown");
	make();
	parse(FILE_BYTES - 1, FILE_BYTES - 1);
	bzimage_explain(BZIMAGE_TRUNCATED, &image, FILE_BYTES - 1, text, sizeof(text));
	tap_ok(strcmp(text, "truncated: its header promises 5120 bytes, the file has 5119") == 0, text);
	put16(file + 0x206, 0x204);
	bzimage_explain(parse(FILE_BYTES, FILE_BYTES), &image, FILE_BYTES, text, sizeof(text));
	tap_ok(strstr(text, "2.12") && strstr(text, "this is 2.4"), text);
	bzimage_explain(BZIMAGE_TOO_OLD, &image, 0, tiny, sizeof(tiny));
	tap_ok(strcmp(tiny, "too old") == 0, "a short buffer is not overrun");
}

static void signature(void)
{
	make();
	parse(FILE_BYTES, FILE_BYTES);
	tap_ok(bzimage_detects_tdx(file, FILE_BYTES, &image), "the decompressor's look for TDX is found");
	file[SETUP + 0xa00] = 'i';
	tap_ok(!bzimage_detects_tdx(file, FILE_BYTES, &image), "without it the kernel knows no TDX");
	memcpy(file + SETUP + 0x400, "IntelTDX", 8);
	tap_ok(!bzimage_detects_tdx(file, FILE_BYTES, &image), "the compressed kernel does not count");
	memcpy(file + SETUP + 0x100 - 8, "IntelTDX", 8);
	tap_ok(bzimage_detects_tdx(file, FILE_BYTES, &image), "code in front of it does");
	memset(file + SETUP, 0, KERNEL);
	memcpy(file + FILE_BYTES - 7, "IntelTD", 7);
	tap_ok(!bzimage_detects_tdx(file, FILE_BYTES, &image), "no look beyond the end");
	put32(file + 0x24c, 0xffffffff);
	tap_ok(!bzimage_detects_tdx(file, FILE_BYTES, &image), "a payload beyond the end proves nothing");
}

int main(void)
{
	good();
	bad();
	texts();
	signature();
	return tap_done();
}
