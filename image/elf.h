/* SPDX-License-Identifier: MIT */
/* A payload: a static ELF64 executable for x86-64, linked to physical addresses (System V gABI, "Program Header"). */
#ifndef IMAGE_ELF_H
#define IMAGE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_SEGMENTS	8
#define ELF_LOWEST		0x100000ull	/* below lie the stack, the zero page and the command line */

struct elf_segment {
	uint64_t offset, file_bytes;	/* in the file */
	uint64_t gpa, memory_bytes;	/* p_paddr */
};

struct elf_image {
	uint64_t entry;
	uint64_t end;			/* of the highest segment */
	uint32_t nsegments;
	struct elf_segment segments[ELF_MAX_SEGMENTS];
};

/* ELF_ERROR(identifier, one sentence) */
#define ELF_ERRORS(ELF_ERROR) \
	ELF_ERROR(OK, "a static ELF64 executable") \
	ELF_ERROR(NOT_ELF, "not an ELF file") \
	ELF_ERROR(NOT_X86_64, "not an ELF64 executable for x86-64") \
	ELF_ERROR(NOT_STATIC, "not a static executable: link it with -static -no-pie") \
	ELF_ERROR(TRUNCATED, "truncated: a header or a segment lies beyond the end of the file") \
	ELF_ERROR(NO_SEGMENT, "no segment to load") \
	ELF_ERROR(TOO_MANY, "more than eight segments to load") \
	ELF_ERROR(BAD_SEGMENT, "a segment is longer in the file than in memory, or its end overflows") \
	ELF_ERROR(TOO_LOW, "a segment lies below 1 MiB") \
	ELF_ERROR(OVERLAP, "two segments overlap") \
	ELF_ERROR(BAD_ENTRY, "the entry point is in no segment")

enum elf_error {
#define ELF_ERROR(id, sentence) ELF_##id,
	ELF_ERRORS(ELF_ERROR)
#undef ELF_ERROR
	ELF_ERROR_KINDS
};

/* head: the first head_bytes of a file of file_bytes; the program headers must lie in it (4096 is plenty). */
enum elf_error elf_parse(const void *head, size_t head_bytes, uint64_t file_bytes, struct elf_image *image);

/* True if a file that begins like this means to be ELF. */
bool elf_is(const void *head, size_t head_bytes);

const char *elf_error_text(enum elf_error error);

#endif
