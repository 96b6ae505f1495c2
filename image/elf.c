/* SPDX-License-Identifier: MIT */
/* Layout: System V gABI, "ELF Header" and "Program Header"; machine number: x86-64 psABI. Everything is distrusted. */
#include "image/elf.h"
#include "image/bytes.h"

#define EHDR_BYTES	64u
#define E_CLASS		4
#define E_DATA		5
#define E_TYPE		16
#define E_MACHINE	18
#define E_ENTRY		24
#define E_PHOFF		32
#define E_PHENTSIZE	54
#define E_PHNUM		56

#define PHDR_BYTES	56u
#define P_TYPE		0
#define P_OFFSET	8
#define P_PADDR		24
#define P_FILESZ	32
#define P_MEMSZ		40

#define CLASS_64	2
#define DATA_LITTLE	1
#define ET_EXEC		2
#define ET_DYN		3
#define EM_X86_64	62
#define PT_LOAD		1
#define PT_DYNAMIC	2
#define PT_INTERP	3

bool elf_is(const void *head, size_t head_bytes)
{
	return head_bytes >= 4 && memcmp(head, "\177ELF", 4) == 0;
}

static enum elf_error check_segment(const struct elf_image *image, const struct elf_segment *new, uint64_t file_bytes)
{
	uint32_t i;

	if (!range_within(new->offset, new->file_bytes, file_bytes))
		return ELF_TRUNCATED;
	if (new->file_bytes > new->memory_bytes || new->memory_bytes > UINT64_MAX - new->gpa)
		return ELF_BAD_SEGMENT;
	if (new->gpa < ELF_LOWEST)
		return ELF_TOO_LOW;
	for (i = 0; i < image->nsegments; i++) {
		const struct elf_segment *old = &image->segments[i];

		if (new->gpa < old->gpa + old->memory_bytes && old->gpa < new->gpa + new->memory_bytes)
			return ELF_OVERLAP;
	}
	return ELF_OK;
}

static enum elf_error add_segment(struct elf_image *image, const uint8_t *phdr, uint64_t file_bytes)
{
	uint32_t type = get32(phdr + P_TYPE);
	struct elf_segment new = {
		.offset = get64(phdr + P_OFFSET),
		.file_bytes = get64(phdr + P_FILESZ),
		.gpa = get64(phdr + P_PADDR),
		.memory_bytes = get64(phdr + P_MEMSZ),
	};
	enum elf_error error;

	if (type == PT_DYNAMIC || type == PT_INTERP)
		return ELF_NOT_STATIC;
	if (type != PT_LOAD || new.memory_bytes == 0)
		return ELF_OK;
	if (image->nsegments == ELF_MAX_SEGMENTS)
		return ELF_TOO_MANY;
	error = check_segment(image, &new, file_bytes);
	if (error != ELF_OK)
		return error;
	image->segments[image->nsegments++] = new;
	if (new.gpa + new.memory_bytes > image->end)
		image->end = new.gpa + new.memory_bytes;
	return ELF_OK;
}

static bool entry_inside(const struct elf_image *image)
{
	uint32_t i;

	for (i = 0; i < image->nsegments; i++)
		if (image->entry >= image->segments[i].gpa &&
		    image->entry - image->segments[i].gpa < image->segments[i].file_bytes)
			return true;
	return false;
}

enum elf_error elf_parse(const void *data, size_t head_bytes, uint64_t file_bytes, struct elf_image *image)
{
	const uint8_t *head = data;
	uint32_t i, count;
	uint64_t table;
	enum elf_error error;

	*image = (struct elf_image){ 0 };
	if (head_bytes > file_bytes)
		head_bytes = (size_t)file_bytes;
	if (!elf_is(head, head_bytes))
		return ELF_NOT_ELF;
	if (head_bytes < EHDR_BYTES)
		return ELF_TRUNCATED;
	if (head[E_CLASS] != CLASS_64 || head[E_DATA] != DATA_LITTLE || get16(head + E_MACHINE) != EM_X86_64)
		return ELF_NOT_X86_64;
	if (get16(head + E_TYPE) == ET_DYN)
		return ELF_NOT_STATIC;
	if (get16(head + E_TYPE) != ET_EXEC || get16(head + E_PHENTSIZE) != PHDR_BYTES)
		return ELF_NOT_X86_64;
	image->entry = get64(head + E_ENTRY);
	table = get64(head + E_PHOFF);
	count = get16(head + E_PHNUM);
	if (!range_within(table, (uint64_t)count * PHDR_BYTES, head_bytes))
		return ELF_TRUNCATED;
	for (i = 0; i < count; i++) {
		error = add_segment(image, head + table + (uint64_t)i * PHDR_BYTES, file_bytes);
		if (error != ELF_OK)
			return error;
	}
	if (image->nsegments == 0)
		return ELF_NO_SEGMENT;
	return entry_inside(image) ? ELF_OK : ELF_BAD_ENTRY;
}

const char *elf_error_text(enum elf_error error)
{
	static const char *const texts[] = {
#define ELF_ERROR(id, sentence) [ELF_##id] = sentence,
		ELF_ERRORS(ELF_ERROR)
#undef ELF_ERROR
	};

	return (unsigned int)error < ELF_ERROR_KINDS ? texts[error] : "unknown error";
}
