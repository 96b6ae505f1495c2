/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/verdict/symbols.h"

#define SLIDE_STEP	(2ull << 20)
#define LONGEST		(1ull << 20)	/* no function is longer: an address beyond is in none that is known */

static void add(struct symbols *s, uint64_t address, const char *name)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 65536;
		s->all = xrealloc(s->all, s->room * sizeof(*s->all));
	}
	s->all[s->count++] = (struct symbol){ address, name };
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = ((const struct symbol *)a)->address, y = ((const struct symbol *)b)->address;

	return x < y ? -1 : x > y;
}

static void sort(struct symbols *s)
{
	if (s->count)
		qsort(s->all, s->count, sizeof(*s->all), by_address);
}

/* Lines "ffffffff81000000 T _text". */
void symbols_parse_map(struct symbols *s, char *text)
{
	char *line = text, *next, type;
	uint64_t address;
	int at;

	s->text = text;
	for (; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		at = 0;
		if (sscanf(line, "%" SCNx64 " %c %n", &address, &type, &at) == 2 && at && strchr("tTwW", type))
			add(s, address, line + at);
	}
	sort(s);
}

static bool inside(uint64_t offset, uint64_t bytes, size_t file)
{
	return offset <= file && bytes <= file - offset;
}

/* Functions of an ELF symbol table. The file is the user's and may be anything: every offset is checked. */
static void parse_elf(struct symbols *s, char *data, size_t bytes)
{
	const Elf64_Ehdr *head = (const void *)data;
	const Elf64_Shdr *sections = (const void *)(data + head->e_shoff), *table, *strings;

	s->text = data;
	if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shentsize != sizeof(*sections) || head->e_shoff % 8 != 0 ||
	    !inside(head->e_shoff, (uint64_t)head->e_shnum * sizeof(*sections), bytes))
		return;
	for (table = sections; table < sections + head->e_shnum; table++) {
		if (table->sh_type != SHT_SYMTAB || table->sh_link >= head->e_shnum || table->sh_offset % 8 != 0)
			continue;
		strings = &sections[table->sh_link];
		if (!inside(table->sh_offset, table->sh_size, bytes) ||
		    !inside(strings->sh_offset, strings->sh_size, bytes) || strings->sh_size == 0 ||
		    data[strings->sh_offset + strings->sh_size - 1] != '\0')
			continue;
		for (uint64_t i = 0; i < table->sh_size / sizeof(Elf64_Sym); i++) {
			const Elf64_Sym *symbol = (const Elf64_Sym *)(const void *)(data + table->sh_offset) + i;

			if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_name < strings->sh_size)
				add(s, symbol->st_value, data + strings->sh_offset + symbol->st_name);
		}
	}
	sort(s);
}

static void load(struct symbols *s, char *path)
{
	uint8_t *data = NULL;
	size_t bytes;

	if (s->path || access(path, R_OK) != 0 || file_read(path, "symbols", &data, &bytes) != 0) {
		free(path);
		return;
	}
	data = xrealloc(data, bytes + 1);
	data[bytes] = '\0';
	if (bytes >= sizeof(Elf64_Ehdr) && memcmp(data, ELFMAG, SELFMAG) == 0)
		parse_elf(s, (char *)data, bytes);
	else
		symbols_parse_map(s, (char *)data);
	if (s->count > 1) {	/* Debian's System.map is a note that says where the real one is */
		s->path = path;
		return;
	}
	free(path);
	symbols_free(s);
}

void symbols_load_payload(struct symbols *s, const char *payload)
{
	*s = (struct symbols){ 0 };
	load(s, xprintf("%s", payload));
	s->placed = true;
}

void symbols_load(struct symbols *s, const char *kernel, const char *version)
{
	char *folder = folder_of(kernel), *tree = build_tree_of(kernel);

	*s = (struct symbols){ 0 };
	load(s, xprintf("%s/vmlinux", folder));
	load(s, xprintf("%s/System.map", folder));
	if (tree) {
		load(s, xprintf("%s/System.map", tree));
		load(s, xprintf("%s/vmlinux", tree));
	}
	if (*version) {
		load(s, xprintf("%s/System.map-%s", folder, version));
		load(s, xprintf("/usr/lib/debug/boot/vmlinux-%s", version));
	}
	free(tree);
	free(folder);
}

void symbols_add_image(struct symbols *s, uint64_t base, uint64_t bytes, const char *name)
{
	s->images = xrealloc(s->images, (s->nimages + 1) * sizeof(*s->images));
	s->images[s->nimages] = (struct symbol_image){ .base = base, .bytes = bytes };
	snprintf(s->images[s->nimages].name, sizeof(s->images[s->nimages].name), "%s", name);
	s->nimages++;
}

void symbols_free(struct symbols *s)
{
	free(s->images);
	free(s->all);
	free(s->text);
	free(s->path);
	*s = (struct symbols){ 0 };
}

static const struct symbol *find(const struct symbols *s, uint64_t address)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->all[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address - s->all[low - 1].address < LONGEST ? &s->all[low - 1] : NULL;
}

/* [linux:tdcall.S]; before 6.7 they had the other names. */
static bool is_stub(const char *name)
{
	return strncmp(name, "__tdcall", 8) == 0 || strcmp(name, "__tdx_hypercall") == 0 ||
	       strcmp(name, "__tdx_module_call") == 0;
}

void symbols_place(struct symbols *s, const struct records *records)
{
	uint64_t rip = 0;

	/* The decompressor makes hypercalls too, from low addresses; the last caller is the kernel itself. */
	for (size_t i = records->count; i > 0 && !rip; i--)
		if (records->all[i - 1].type == TD_EV_MAPGPA || records->all[i - 1].type == TD_EV_TDCALL)
			rip = records->all[i - 1].rip;
	for (size_t i = 0; i < s->count && rip && !s->placed; i++) {
		uint64_t start = s->all[i].address, end = i + 1 < s->count ? s->all[i + 1].address : start + 4096;
		uint64_t at = start + (rip - start) % SLIDE_STEP;

		if (is_stub(s->all[i].name) && at < end && rip >= at) {
			s->slide = rip - at;
			s->placed = true;
		}
	}
}

bool symbols_name(const struct symbols *s, uint64_t address, char *text, size_t bytes)
{
	const struct symbol *symbol = s->placed ? find(s, address - s->slide) : NULL;

	if (symbol) {
		snprintf(text, bytes, "%s+0x%" PRIx64, symbol->name, address - s->slide - symbol->address);
		return true;
	}
	for (size_t i = s->nimages; i > 0; i--) {
		const struct symbol_image *image = &s->images[i - 1];

		if (address - image->base < image->bytes) {
			snprintf(text, bytes, "%s+0x%" PRIx64, image->name, address - image->base);
			return true;
		}
	}
	snprintf(text, bytes, "0x%" PRIx64, address);
	return false;
}
