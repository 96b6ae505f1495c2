/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/verdict/symbols.h"
#include "image/elf_tables.h"

#define SLIDE_STEP	(2ull << 20)
#define KERNEL_MAP	0xffffffff80000000ull	/* of Linux: kernel text ([linux:mm.rst]) */
#define KERNEL_MAP_BYTES (1ull << 30)
#define LONGEST		(1ull << 20)	/* no function is longer: an address beyond is in none that is known */

static char *keep(struct symbols *s, char *text)
{
	s->texts = xrealloc(s->texts, (s->ntexts + 1) * sizeof(*s->texts));
	return s->texts[s->ntexts++] = text;
}

static void add(struct symbols *s, uint64_t address, const char *name, const char *module)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 65536;
		s->all = xrealloc(s->all, s->room * sizeof(*s->all));
	}
	s->all[s->count++] = (struct symbol){ address, name, module };
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
	char *line = keep(s, text), *next, type;
	uint64_t address;
	int at;

	for (; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (sscanf(line, "%" SCNx64 " %c %n", &address, &type, &at) == 2 && strchr("tTwW", type))
			add(s, address, line + at, NULL);
	}
	sort(s);
}

/* Functions of its symbol tables: of that section, which lies at base, or, if section is 0, of all. */
static void add_functions(struct symbols *s, const struct elf_tables *elf, unsigned int section, uint64_t base,
			  const char *module)
{
	struct elf_section table;
	struct elf_symbol symbol;

	for (uint32_t i = 0; elf_section(elf, i, &table); i++)
		for (uint64_t k = 0; table.type == ELF_SYMTAB && elf_symbol(elf, &table, k, &symbol); k++)
			if (symbol.type == ELF_FUNCTION && *symbol.name && (!section || symbol.section == section))
				add(s, base + symbol.value, symbol.name, module);
	sort(s);
}

/* What cannot be read has no names. Returns 0, or a status after a complaint: it is no file. */
static int load(struct symbols *s, char *path)
{
	uint8_t *data = NULL;
	struct elf_tables elf;
	size_t bytes;
	int status = 0;

	if (s->path || access(path, R_OK) != 0 || (status = file_read(path, "symbols", &data, &bytes))) {
		free(path);
		return status;
	}
	data = xrealloc(data, bytes + 1);
	data[bytes] = '\0';
	if (elf_tables(data, bytes, &elf)) {
		keep(s, (char *)data);
		add_functions(s, &elf, 0, 0, NULL);
	} else {
		symbols_parse_map(s, (char *)data);
	}
	if (s->count > 1) {	/* Debian's System.map is a note that says where the real one is */
		s->path = path;
		return 0;
	}
	free(path);
	symbols_free(s);
	return 0;
}

void symbols_load_payload(struct symbols *s, const char *payload)
{
	*s = (struct symbols){ 0 };
	load(s, xprintf("%s", payload));
	s->placed = true;
}

int symbols_load_file(struct symbols *s, const char *path)
{
	int status;

	*s = (struct symbols){ 0 };
	if (access(path, R_OK))
		return complain(STATUS_INPUT, "--symbols %s: %s", path, strerror(errno));
	status = load(s, xprintf("%s", path));
	if (status)
		return status;
	if (!s->count)
		return complain(STATUS_INPUT, "--symbols %s: no names of functions in it", path);
	s->placed = s->all[0].address < KERNEL_MAP;	/* a kernel may have moved */
	return 0;
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

void symbols_add_module(struct symbols *s, const char *path, const char *name, uint64_t address)
{
	uint8_t *data = NULL;
	struct elf_tables elf;
	struct elf_section section;
	size_t bytes;

	if (file_read(path, "module", &data, &bytes) != 0)
		return;
	keep(s, (char *)data);
	name = keep(s, xprintf("%s", name));
	address -= s->slide;
	if (!elf_tables(data, bytes, &elf))
		return;
	for (uint32_t i = 0; elf_section(&elf, i, &section); i++) {
		const char *called = elf_text(&elf, elf.names, section.name);

		if (!called || strcmp(called, ".text") != 0)
			continue;
		add(s, address + section.bytes, NULL, NULL);
		add_functions(s, &elf, i, address - section.address, name);
		break;
	}
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
	for (size_t i = 0; i < s->ntexts; i++)
		free(s->texts[i]);
	free(s->texts);
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
	return low && address - s->all[low - 1].address < LONGEST && s->all[low - 1].name ? &s->all[low - 1] : NULL;
}

/* [linux:tdcall.S]; before 6.7 they had the other names. The last one is libtdconv's. */
bool symbols_is_stub(const char *name)
{
	static const char *const stubs[] = { "__tdx_hypercall", "__tdx_module_call", "tdconv_os_tdcall" };
	size_t length = strcspn(name, " ");

	for (size_t i = 0; i < ARRAY_SIZE(stubs); i++)
		if (length == strlen(stubs[i]) && memcmp(name, stubs[i], length) == 0)
			return true;
	return strncmp(name, "__tdcall", 8) == 0;
}

void symbols_place(struct symbols *s, const struct records *records)
{
	uint64_t rip = 0;

	/* The decompressor makes hypercalls too, from low addresses, and modules may, from higher ones. */
	for (size_t i = records->count; i > 0 && !rip; i--)
		if ((records->all[i - 1].type == TD_EV_MAPGPA || records->all[i - 1].type == TD_EV_TDCALL) &&
		    records->all[i - 1].rip - KERNEL_MAP < KERNEL_MAP_BYTES)
			rip = records->all[i - 1].rip;
	for (size_t i = 0; i < s->count && rip && !s->placed; i++) {
		uint64_t start = s->all[i].address, end = i + 1 < s->count ? s->all[i + 1].address : start + 4096;
		uint64_t at = start + (rip - start) % SLIDE_STEP;

		if (symbols_is_stub(s->all[i].name) && at < end && rip >= at) {
			s->slide = rip - at;
			s->placed = true;
		}
	}
}

bool symbols_name(const struct symbols *s, uint64_t address, char *text, size_t bytes)
{
	const struct symbol *symbol = s->placed ? find(s, address - s->slide) : NULL;

	if (symbol) {
		snprintf(text, bytes, "%s+0x%" PRIx64 "%s%s%s", symbol->name, address - s->slide - symbol->address,
			 symbol->module ? " [" : "", symbol->module ? symbol->module : "", symbol->module ? "]" : "");
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
