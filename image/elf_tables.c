/* SPDX-License-Identifier: MIT */
#include "image/elf_tables.h"
#include "image/bytes.h"
#include "image/elf.h"

#define EHDR_BYTES	64u
#define E_CLASS		4
#define E_SHOFF		40
#define E_SHENTSIZE	58
#define E_SHNUM		60
#define E_SHSTRNDX	62
#define CLASS_64	2

#define SHDR_BYTES	64u
#define SH_TYPE		4
#define SH_ADDR		16
#define SH_OFFSET	24
#define SH_SIZE		32
#define SH_LINK		40

#define SYM_BYTES	24u
#define ST_INFO		4
#define ST_SHNDX	6
#define ST_VALUE	8
#define ST_SIZE		16

bool elf_tables(const void *data, uint64_t bytes, struct elf_tables *t)
{
	const uint8_t *head = data;

	if (bytes < EHDR_BYTES || !elf_is(data, EHDR_BYTES) || head[E_CLASS] != CLASS_64 ||
	    get16(head + E_SHENTSIZE) != SHDR_BYTES)
		return false;
	*t = (struct elf_tables){ head, bytes, get64(head + E_SHOFF), get16(head + E_SHNUM), get16(head + E_SHSTRNDX) };
	return range_within(t->headers, (uint64_t)t->count * SHDR_BYTES, bytes);
}

bool elf_section(const struct elf_tables *t, uint32_t i, struct elf_section *s)
{
	const uint8_t *at;

	if (i >= t->count)
		return false;
	at = t->data + t->headers + (uint64_t)i * SHDR_BYTES;
	*s = (struct elf_section){ get32(at), get32(at + SH_TYPE), get32(at + SH_LINK), get64(at + SH_ADDR),
				   get64(at + SH_OFFSET), get64(at + SH_SIZE) };
	return true;
}

const char *elf_text(const struct elf_tables *t, uint32_t i, uint64_t offset)
{
	struct elf_section s;

	if (!elf_section(t, i, &s) || !range_within(s.offset, s.bytes, t->bytes) || offset >= s.bytes ||
	    t->data[s.offset + s.bytes - 1] != '\0')
		return NULL;
	return (const char *)t->data + s.offset + offset;
}

bool elf_symbol(const struct elf_tables *t, const struct elf_section *table, uint64_t i, struct elf_symbol *symbol)
{
	const uint8_t *at;

	if (i >= table->bytes / SYM_BYTES || !range_within(table->offset, table->bytes, t->bytes))
		return false;
	at = t->data + table->offset + i * SYM_BYTES;
	*symbol = (struct elf_symbol){ elf_text(t, table->link, get32(at)), at[ST_INFO] >> 4, at[ST_INFO] & 0xf,
				       get16(at + ST_SHNDX), get64(at + ST_VALUE), get64(at + ST_SIZE) };
	if (symbol->name == NULL)
		symbol->name = "";
	return true;
}
