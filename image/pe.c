/* SPDX-License-Identifier: MIT */
#include "image/pe.h"
#include "image/bytes.h"

#define LINUX_MAGIC_AT		0x38	/* [linux:header.S]: LINUX_PE_MAGIC */
#define LINUX_MAGIC		0x818223cdu
#define PE_OFFSET_AT		0x3c
#define PE_SIGNATURE		0x00004550u	/* "PE\0\0" */
#define COFF_BYTES		20u
#define MACHINE_X86_64		0x8664
#define COFF_SECTIONS		2	/* of the COFF header, behind the signature */
#define COFF_OPTIONAL_BYTES	16
#define PE32_PLUS		0x20b
#define OPTIONAL_BASE		24	/* from here on 8 bytes are the address it is loaded at */
#define OPTIONAL_IMAGE_BYTES	56
#define OPTIONAL_LEAST		112
#define SECTION_BYTES		40u
#define SECTION_MEMORY_BYTES	8
#define SECTION_ADDRESS		12

/* FNV-1a, 64 bits (RFC 9923). */
#define FNV_START		0xcbf29ce484222325ull
#define FNV_PRIME		0x100000001b3ull

static uint64_t hash(uint64_t so_far, const uint8_t *data, size_t bytes)
{
	while (bytes-- != 0)
		so_far = (so_far ^ *data++) * FNV_PRIME;
	return so_far;
}

/* The first that lies in the image: one that does not is no section of it, whatever else there is. */
static void look_for_sbat(const uint8_t *sections, uint32_t count, struct pe_image *image)
{
	for (uint32_t i = 0; i < count && image->kind != PE_LOADER; i++) {
		const uint8_t *section = sections + i * SECTION_BYTES;
		uint32_t at = get32(section + SECTION_ADDRESS), bytes = get32(section + SECTION_MEMORY_BYTES);

		if (memcmp(section, ".sbat\0\0", 8) != 0 || !range_within(at, bytes, image->bytes))
			continue;
		image->sbat = at;
		image->sbat_bytes = bytes;
		image->kind = PE_LOADER;
	}
}

bool pe_parse(const uint8_t *head, size_t bytes, struct pe_image *image)
{
	uint32_t at, optional_bytes, sections;
	const uint8_t *coff, *optional;

	if (bytes > PE_HEAD_BYTES)
		bytes = PE_HEAD_BYTES;
	if (bytes < 64 || head[0] != 'M' || head[1] != 'Z')
		return false;
	at = get32(head + PE_OFFSET_AT);
	if (!range_within(at, 4 + COFF_BYTES + OPTIONAL_LEAST, bytes) || get32(head + at) != PE_SIGNATURE)
		return false;
	coff = head + at + 4;
	optional = coff + COFF_BYTES;
	optional_bytes = get16(coff + COFF_OPTIONAL_BYTES);
	sections = get16(coff + COFF_SECTIONS);
	if (get16(coff) != MACHINE_X86_64 || get16(optional) != PE32_PLUS || optional_bytes < OPTIONAL_LEAST ||
	    !range_within(at + 4 + COFF_BYTES + optional_bytes, (uint64_t)sections * SECTION_BYTES, bytes))
		return false;
	*image = (struct pe_image){ .bytes = get32(optional + OPTIONAL_IMAGE_BYTES), .kind = PE_DRIVER };
	image->hash = hash(FNV_START, coff, COFF_BYTES);
	image->hash = hash(image->hash, optional, OPTIONAL_BASE);
	image->hash = hash(image->hash, optional + optional_bytes, sections * SECTION_BYTES);
	look_for_sbat(optional + optional_bytes, sections, image);
	if (get32(head + LINUX_MAGIC_AT) == LINUX_MAGIC)
		image->kind = PE_LINUX;
	return true;
}

uint64_t pe_sbat_name(const uint8_t *sbat, size_t bytes)
{
	uint64_t name = 0;
	size_t at = 0, i;

	while (at < bytes && sbat[at] != '\n' && sbat[at] != '\0')
		at++;
	for (i = 0, at++; i < 8 && at < bytes && sbat[at] > ' ' && sbat[at] <= '~' && sbat[at] != ','; i++, at++)
		name |= (uint64_t)sbat[at] << 8 * i;
	return name;
}
