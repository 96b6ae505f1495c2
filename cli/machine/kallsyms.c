/* SPDX-License-Identifier: MIT */
/* VMCOREINFO says where the symbol table is. How it is to be read: [linux:kallsyms.c]. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/machine/kallsyms.h"
#include "cli/machine/vmcoreinfo.h"
#include "cli/tdlab.h"

#define MOST_SYMBOLS	(4u << 20)
#define NAME_BYTES	512			/* KSYM_NAME_LEN */
#define TOKENS		256

struct table {
	const struct ram *ram;
	uint64_t phys_base;
	const uint16_t *index;		/* of TOKENS tokens, in: */
	const char *tokens;
	size_t token_bytes;
	const uint8_t *names;
	size_t name_bytes;		/* up to the end of the memory that it lies in, at most */
	const int32_t *offsets;
	uint64_t offsets_at, base;
	bool has_base;
	uint32_t count;
};

/* Private memory from that GPA on, and how much of it there is; NULL if there is none. */
static const void *private_at(const struct ram *ram, uint64_t gpa, size_t *bytes)
{
	for (uint32_t i = 0; i < ram->machine->nram; i++) {
		const struct machine_ram *r = &ram->machine->ram[i];
		uint64_t offset = machine_file_offset(ram->machine, r->bank);

		if (gpa - r->gpa >= r->bytes || offset > ram->bytes || ram->bytes - offset < r->bytes)
			continue;
		*bytes = r->bytes - (gpa - r->gpa);
		return ram->data + offset + (gpa - r->gpa);
	}
	return NULL;
}

/* Of the kernel's image; so much of it at least. */
static const void *kernel_at(const struct table *t, uint64_t address, size_t least, size_t *bytes)
{
	const void *at = private_at(t->ram, address - KERNEL_MAP + t->phys_base, bytes);

	return at && *bytes >= least && (uintptr_t)at % sizeof(uint32_t) == 0 ? at : NULL;
}

static const void *part(const struct table *t, const char *text, const char *key, size_t least, size_t *bytes)
{
	uint64_t address;

	return vmcoreinfo_number(text, key, 16, &address) ? kernel_at(t, address, least, bytes) : NULL;
}

static bool find_table(struct table *t, const char *text)
{
	const uint32_t *count;
	const void *base;
	size_t bytes;

	if (!vmcoreinfo_number(text, "NUMBER(phys_base)", 10, &t->phys_base) ||
	    !vmcoreinfo_number(text, "SYMBOL(kallsyms_offsets)", 16, &t->offsets_at))
		return false;
	count = part(t, text, "SYMBOL(kallsyms_num_syms)", sizeof(*count), &bytes);
	t->count = count ? *count : 0;
	base = part(t, text, "SYMBOL(kallsyms_relative_base)", sizeof(t->base), &bytes);
	t->has_base = base;
	if (base)
		memcpy(&t->base, base, sizeof(t->base));
	t->names = part(t, text, "SYMBOL(kallsyms_names)", 1, &t->name_bytes);
	t->tokens = part(t, text, "SYMBOL(kallsyms_token_table)", 1, &t->token_bytes);
	t->index = part(t, text, "SYMBOL(kallsyms_token_index)", TOKENS * sizeof(*t->index), &bytes);
	t->offsets = kernel_at(t, t->offsets_at, (size_t)t->count * sizeof(*t->offsets), &bytes);
	return t->count && t->count < MOST_SYMBOLS && t->names && t->tokens && t->index && t->offsets;
}

/* Its offset is from the base on; in older kernels only what is negative, downwards; or, since 7, from itself. */
static uint64_t address_of(const struct table *t, uint32_t i, bool downwards)
{
	int64_t offset = t->offsets[i];

	if (!t->has_base)
		return t->offsets_at + i * sizeof(*t->offsets) + (uint64_t)offset;
	if (!downwards)
		return t->base + (uint32_t)offset;
	return offset < 0 ? t->base - 1 - (uint64_t)offset : (uint64_t)offset;
}

/* The next name, its type first. Returns the bytes that it takes in the table, 0 if it is none. */
static size_t expand(const struct table *t, size_t at, char name[NAME_BYTES])
{
	size_t used = at, length, put = 0;

	if (used + 2 > t->name_bytes)
		return 0;
	length = t->names[used++];
	if (length & 0x80)	/* a long one: two bytes, 7 bits each */
		length = (length & 0x7f) | (size_t)t->names[used++] << 7;
	if (!length || length > t->name_bytes - used)
		return 0;
	for (; length; length--) {
		size_t token = t->index[t->names[used++]];

		for (; token < t->token_bytes && t->tokens[token] && put < NAME_BYTES - 1; token++)
			name[put++] = t->tokens[token];
	}
	name[put] = '\0';
	return used - at;
}

char *kallsyms_text(const struct ram *ram, off_t *from)
{
	char vmcoreinfo[TDX_PAGE_SIZE + 1], name[NAME_BYTES], *text = NULL;
	struct table t = { .ram = ram };
	size_t bytes, at = 0, used;
	bool downwards = false;
	FILE *out;

	do {
		if (ram->rebooted || !vmcoreinfo_next(ram, from, vmcoreinfo))
			return NULL;
	} while (!find_table(&t, vmcoreinfo));
	out = open_memstream(&text, &bytes);
	if (!out)
		return NULL;
	for (uint32_t i = 0; i < t.count; i++)
		downwards |= t.offsets[i] < 0;
	for (uint32_t i = 0; i < t.count && (used = expand(&t, at, name)) != 0; i++, at += used)
		fprintf(out, "%016" PRIx64 " %c %s\n", address_of(&t, i, downwards), name[0], name + 1);
	fclose(out);
	return text;
}
