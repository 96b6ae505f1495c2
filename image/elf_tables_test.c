/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/bytes.h"
#include "image/elf_tables.h"
#include "wire/tap.h"

#define HEADERS	0x100	/* of sections: none, their names, symbols, the symbols' names */
#define NAMES	0x200
#define SYMBOLS	0x240
#define TEXTS	0x2a0
#define BYTES	0x2c0

static uint8_t file[BYTES];
static struct elf_tables t;
static struct elf_section section;
static struct elf_symbol symbol;

static void header(unsigned int i, uint32_t name, uint32_t type, uint64_t offset, uint64_t bytes, uint32_t link)
{
	uint8_t *at = file + HEADERS + i * 64;

	put32(at, name);
	put32(at + 4, type);
	put64(at + 16, 0x1000 * i);
	put64(at + 24, offset);
	put64(at + 32, bytes);
	put32(at + 40, link);
}

/* Offsets as the gABI has them: Elf64_Ehdr, Elf64_Shdr, Elf64_Sym. */
static void make(void)
{
	memset(file, 0, sizeof(file));
	memcpy(file, "\177ELF\2\1\1", 7);
	put64(file + 40, HEADERS);
	put16(file + 58, 64);
	put16(file + 60, 4);
	put16(file + 62, 1);
	header(1, 1, 3, NAMES, 0x20, 0);
	header(2, 7, ELF_SYMTAB, SYMBOLS, 2 * 24, 3);
	header(3, 1, 3, TEXTS, 0x20, 0);
	memcpy(file + NAMES, "\0names\0symbols", 15);
	put32(file + SYMBOLS + 24, 1);
	file[SYMBOLS + 24 + 4] = ELF_GLOBAL << 4 | ELF_FUNCTION;
	put16(file + SYMBOLS + 24 + 6, 5);
	put64(file + SYMBOLS + 24 + 8, 0x1234);
	put64(file + SYMBOLS + 24 + 16, 0x56);
	memcpy(file + TEXTS, "\0main", 6);
}

#define REFUSED(change, name) do { make(); change; tap_ok(!elf_tables(file, BYTES, &t), name); } while (0)

static void test_file(void)
{
	make();
	tap_ok(elf_tables(file, BYTES, &t) && t.count == 4 && t.names == 1, "a file with four sections");
	REFUSED(file[0] = 0, "not ELF");
	REFUSED(file[4] = 1, "32 bits");
	REFUSED(put16(file + 58, 40), "section headers of another size");
	REFUSED(put64(file + 40, BYTES - 255), "the last header ends one byte behind the file");
	REFUSED(put64(file + 40, UINT64_MAX - 8), "headers whose end overflows");
	make();
	put64(file + 40, BYTES - 256);
	tap_ok(elf_tables(file, BYTES, &t), "headers that end with the file");
	tap_ok(!elf_tables(file, 63, &t), "less than a header");
}

static void test_sections(void)
{
	make();
	elf_tables(file, BYTES, &t);
	tap_ok(elf_section(&t, 2, &section) && section.type == ELF_SYMTAB && section.link == 3 && section.address == 0x2000 &&
	       section.offset == SYMBOLS && section.bytes == 48, "a section");
	tap_ok(strcmp(elf_text(&t, t.names, section.name), "symbols") == 0, "its name");
	tap_ok(!elf_section(&t, 4, &section), "no fifth one");
	tap_ok(elf_text(&t, 4, 0) == NULL && elf_text(&t, 1, 0x20) == NULL, "no text in no section, nor behind one");
	file[NAMES + 0x1f] = 'x';
	tap_ok(elf_text(&t, 1, 1) == NULL, "none in a section whose last text does not end");
	header(1, 1, 3, BYTES - 0x1f, 0x20, 0);
	tap_ok(elf_text(&t, 1, 1) == NULL, "none in a section that ends behind the file");
	header(1, 1, 3, NAMES, 0, 0);
	tap_ok(elf_text(&t, 1, 0) == NULL, "none in an empty one");
}

static void test_symbols(void)
{
	make();
	elf_tables(file, BYTES, &t);
	elf_section(&t, 2, &section);
	tap_ok(elf_symbol(&t, &section, 1, &symbol) && strcmp(symbol.name, "main") == 0 && symbol.binding == ELF_GLOBAL &&
	       symbol.type == ELF_FUNCTION && symbol.section == 5 && symbol.value == 0x1234 && symbol.bytes == 0x56,
	       "a symbol");
	tap_ok(elf_symbol(&t, &section, 0, &symbol) && *symbol.name == '\0', "one without a name");
	tap_ok(!elf_symbol(&t, &section, 2, &symbol), "no third one");
	section.bytes = 71;
	tap_ok(!elf_symbol(&t, &section, 2, &symbol), "nor a part of one");
	section.link = 9;
	tap_ok(elf_symbol(&t, &section, 1, &symbol) && *symbol.name == '\0', "names in a section that is not there");
	section.offset = BYTES - 47;
	section.bytes = 48;
	tap_ok(!elf_symbol(&t, &section, 0, &symbol), "a table that ends behind the file");
}

int main(void)
{
	test_file();
	test_sections();
	test_symbols();
	return tap_done();
}
