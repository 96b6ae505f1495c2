/* SPDX-License-Identifier: MIT */
/*
 * Sections and symbols of any ELF64 file: a kernel's, a module's, a shared object's (System V gABI, "Sections" and
 * "Symbol Table"). The file is somebody's and may be anything: what lies beyond its end is not there.
 */
#ifndef IMAGE_ELF_TABLES_H
#define IMAGE_ELF_TABLES_H

#include <stdbool.h>
#include <stdint.h>

enum { ELF_SYMTAB = 2, ELF_DYNSYM = 11 };	/* sh_type */
enum { ELF_GLOBAL = 1 };			/* st_info, upper half */
enum { ELF_FUNCTION = 2 };			/* st_info, lower half */

struct elf_tables {
	const uint8_t *data;
	uint64_t bytes;
	uint64_t headers;	/* of sections: where they lie */
	uint32_t count;
	uint32_t names;		/* the section with their names */
};

struct elf_section {
	uint32_t name;		/* for elf_text() in section tables->names */
	uint32_t type, link;
	uint64_t address, offset, bytes;
};

struct elf_symbol {
	const char *name;	/* in the file */
	uint8_t binding, type;
	uint16_t section;	/* 0: it is not defined here */
	uint64_t value, bytes;
};

/* False: it is no ELF64 file, or its section headers are not all there. data has to live as long as *tables is used. */
bool elf_tables(const void *data, uint64_t bytes, struct elf_tables *tables);

/* Section i; false if there is none. What it says of offset and bytes is the file's word. */
bool elf_section(const struct elf_tables *tables, uint32_t i, struct elf_section *section);

/* The text at offset of section i; NULL if none that ends is there. */
const char *elf_text(const struct elf_tables *tables, uint32_t i, uint64_t offset);

/* Symbol i of a table, from 0 on; false behind the last. One without a name that ends has "". */
bool elf_symbol(const struct elf_tables *tables, const struct elf_section *table, uint64_t i,
		struct elf_symbol *symbol);

#endif
