/* SPDX-License-Identifier: MIT */
/*
 * A Linux bzImage as the boot protocol describes it ([linux:boot.rst], "The Real-Mode Kernel
 * Header"). Pure and bounds-checked: the command refuses a bad file with this before QEMU starts, the monitor loads
 * with it.
 */
#ifndef IMAGE_BZIMAGE_H
#define IMAGE_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BZIMAGE_HEADER_START	0x1f1u
#define BZIMAGE_HEAD_BYTES	0x268u	/* least that bzimage_parse() wants, unless the file is shorter */
#define BZIMAGE_HEAD_MAX	33280u	/* with this much the release is found too: 64 setup sectors and one more */
#define BZIMAGE_RELEASE_BYTES	128

struct bzimage {
	uint16_t protocol;		/* 0x020f is 2.15 */
	uint16_t xloadflags;
	uint32_t setup_bytes;		/* real-mode part in front of the kernel */
	uint32_t header_bytes;		/* of struct setup_header, from BZIMAGE_HEADER_START on */
	uint64_t kernel_bytes;		/* protected-mode part */
	uint64_t pref_address;		/* where it wants to be */
	uint64_t init_size;		/* memory from there on that it needs until it manages memory itself */
	uint64_t initrd_max;		/* highest address of an initrd's last byte */
	uint32_t cmdline_max;		/* without the terminating 0 */
	char release[BZIMAGE_RELEASE_BYTES];	/* "6.12.95+deb12-cloud-amd64"; empty: the head was too short */
};

/* BZIMAGE_ERROR(identifier, one sentence) */
#define BZIMAGE_ERRORS(BZIMAGE_ERROR) \
	BZIMAGE_ERROR(OK, "a bzImage with a 64-bit entry") \
	BZIMAGE_ERROR(EMPTY, "the file is empty") \
	BZIMAGE_ERROR(NOT_BZIMAGE, "not a bzImage: there is no \"HdrS\" at offset 0x202") \
	BZIMAGE_ERROR(TRUNCATED, "truncated: the file ends before the kernel does") \
	BZIMAGE_ERROR(TOO_OLD, "too old: boot protocol 2.12 (Linux 3.8) or newer is needed") \
	BZIMAGE_ERROR(NOT_HIGH, "a zImage, not a bzImage: it wants to be loaded below 1 MiB") \
	BZIMAGE_ERROR(NO_64BIT, "no 64-bit entry: a kernel for 32-bit machines") \
	BZIMAGE_ERROR(BAD_SETUP, "damaged: the setup header contradicts itself") \
	BZIMAGE_ERROR(BAD_SIZE, "damaged: the kernel says that it needs less memory than it is long")

enum bzimage_error {
#define BZIMAGE_ERROR(id, sentence) BZIMAGE_##id,
	BZIMAGE_ERRORS(BZIMAGE_ERROR)
#undef BZIMAGE_ERROR
	BZIMAGE_ERROR_KINDS
};

/*
 * head: the first head_bytes of a file of file_bytes. *image is filled in as far as it was read, also on error (for
 * bzimage_explain()).
 */
enum bzimage_error bzimage_parse(const void *head, size_t head_bytes, uint64_t file_bytes, struct bzimage *image);

const char *bzimage_error_text(enum bzimage_error error);

/* The same with the numbers of this file: "truncated: the header promises 13234176 bytes, the file has 4096". */
void bzimage_explain(enum bzimage_error error, const struct bzimage *image, uint64_t file_bytes, char *text,
		     size_t text_bytes);

/*
 * True if the decompressor in front of the compressed kernel looks for the TDX signature of CPUID leaf 0x21, as one
 * with CONFIG_INTEL_TDX_GUEST does ([linux:early_tdx_detect]). file: the whole file.
 */
bool bzimage_detects_tdx(const void *file, uint64_t file_bytes, const struct bzimage *image);

#endif
