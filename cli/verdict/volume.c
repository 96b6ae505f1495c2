/* SPDX-License-Identifier: MIT */
/*
 * Layouts: PI specification 1.8, volume 3, 3.2.1 (volume header), 3.2.3 (file), 3.2.4 (section);
 * [edk2:LzmaDecompress.h] for the GUID of compressed sections, whose data is what `xz` calls lzma.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/process.h"
#include "cli/tdlab.h"
#include "cli/verdict/volume.h"
#include "image/bytes.h"
#include "image/pe.h"

#define DEPTH		6		/* volumes in files in volumes */
#define UNPACKED_MAX	(64u << 20)
#define UNPACKED_SECTIONS 64		/* in all: sections that unpack to sections must come to an end */
#define FVH_AT		40
#define FV_BYTES	32		/* u64 */
#define FV_HEADER_BYTES	48		/* u16 */
#define FV_EXTENSION	52		/* u16; its length is 16 bytes into it */
#define FV_LEAST	56u
#define FILE_HEADER	24u
#define FILE_ATTRIBUTES	19
#define FILE_SIZE	20
#define FILE_LARGE	1u		/* attribute: 64 bits of size behind the header */
#define FILE_LARGE_HEADER 32u

enum { SECTION_GUIDED = 0x02, SECTION_PE32 = 0x10, SECTION_NAME = 0x15, SECTION_VOLUME = 0x17 };

/* ee4e5898-3914-4259-9d6e-dc7bd79403cf */
static const uint8_t lzma_guid[] = { 0x98, 0x58, 0x4e, 0xee, 0x14, 0x39, 0x59, 0x42,
				     0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf };

/* What one file's sections have turned up. */
struct found {
	bool image, named;
	struct pe_image pe;
	char name[VOLUME_NAME_BYTES];
};

static void walk_volume(struct volume *v, const uint8_t *data, size_t bytes, unsigned int depth);
static void walk_sections(struct volume *v, const uint8_t *data, size_t bytes, unsigned int depth, struct found *found);

static uint32_t get24(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

/* UTF-16, of which only ASCII is kept. */
static void keep_name(struct found *found, const uint8_t *data, size_t bytes)
{
	size_t i;

	for (i = 0; i + 1 < sizeof(found->name) && 2 * i + 1 < bytes && get16(data + 2 * i) != 0; i++)
		found->name[i] = data[2 * i] > ' ' && data[2 * i] <= '~' && data[2 * i + 1] == 0 ? (char)data[2 * i] : '?';
	found->name[i] = '\0';
	found->named = i != 0;
}

static void unpack(struct volume *v, const uint8_t *data, size_t bytes, unsigned int depth)
{
	char *const argv[] = { (char *)(uintptr_t)"xz", (char *)(uintptr_t)"--format=lzma", (char *)(uintptr_t)"-dcq", NULL };
	struct found inner = { 0 };
	size_t unpacked = 0;
	char *out;
	int in;

	if (v->unpacked++ >= UNPACKED_SECTIONS)
		return;
	in = file_from("tdlab-volume", data, bytes);
	if (in < 0)
		return;
	out = process_capture(argv, in, UNPACKED_MAX, &unpacked);
	close(in);
	if (out)
		walk_sections(v, (uint8_t *)out, unpacked, depth + 1, &inner);
	free(out);
}

static void parse_section(struct volume *v, const uint8_t *section, size_t header, size_t bytes, unsigned int depth,
			 struct found *found)
{
	const uint8_t *data = section + header;
	size_t left = bytes - header, offset;

	if (section[3] == SECTION_PE32) {
		found->image = pe_parse(data, left, &found->pe) || found->image;
	} else if (section[3] == SECTION_NAME) {
		keep_name(found, data, left);
	} else if (section[3] == SECTION_VOLUME) {
		walk_volume(v, data, left, depth + 1);
	} else if (section[3] == SECTION_GUIDED && left >= 20 && memcmp(data, lzma_guid, sizeof(lzma_guid)) == 0) {
		offset = get16(data + 16);	/* of the data, in the section */
		if (offset >= header + 20 && offset <= bytes)
			unpack(v, section + offset, bytes - offset, depth);
	}
}

static void walk_sections(struct volume *v, const uint8_t *data, size_t bytes, unsigned int depth, struct found *found)
{
	size_t at = 0, size, header;

	while (depth < DEPTH && at < bytes && bytes - at >= 4) {
		header = get24(data + at) == 0xffffff ? 8 : 4;
		if (bytes - at < header)
			return;
		size = header == 8 ? get32(data + at + 4) : get24(data + at);
		if (size < header || size > bytes - at)
			return;
		parse_section(v, data + at, header, size, depth, found);
		at += (size + 3) & ~(size_t)3;
	}
}

static void add(struct volume *v, const struct found *found)
{
	v->all = xrealloc(v->all, (v->count + 1) * sizeof(*v->all));
	v->all[v->count].hash = found->pe.hash;
	memcpy(v->all[v->count++].name, found->name, sizeof(found->name));
}

static void walk_volume(struct volume *v, const uint8_t *data, size_t bytes, unsigned int depth)
{
	size_t at, size, header;
	struct found found;

	if (bytes < FV_LEAST || memcmp(data + FVH_AT, "_FVH", 4) != 0)
		return;
	if (get64(data + FV_BYTES) < bytes)
		bytes = (size_t)get64(data + FV_BYTES);
	at = get16(data + FV_EXTENSION);
	if (at != 0)
		at = range_within(at, 20, bytes) ? (at + (size_t)get32(data + at + 16) + 7) & ~(size_t)7 : bytes;
	else
		at = get16(data + FV_HEADER_BYTES);
	while (at < bytes && bytes - at >= FILE_HEADER) {
		header = data[at + FILE_ATTRIBUTES] & FILE_LARGE ? FILE_LARGE_HEADER : FILE_HEADER;
		if (bytes - at < header)
			return;
		size = header == FILE_LARGE_HEADER ? (size_t)get64(data + at + FILE_HEADER) : get24(data + at + FILE_SIZE);
		if (size < header || size > bytes - at)
			return;
		found = (struct found){ 0 };
		walk_sections(v, data + at + header, size - header, depth, &found);
		if (found.image && found.named)
			add(v, &found);
		at += (size + 7) & ~(size_t)7;
	}
}

/* Volumes begin at pages of the image. */
void volume_read(struct volume *v, const uint8_t *image, size_t bytes)
{
	*v = (struct volume){ 0 };
	for (size_t at = 0; at + FV_LEAST <= bytes; at += 4096)
		walk_volume(v, image + at, bytes - at, 0);
}

void volume_free(struct volume *v)
{
	free(v->all);
	*v = (struct volume){ 0 };
}

const char *volume_name(const struct volume *v, uint64_t hash)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->all[i].hash == hash)
			return v->all[i].name;
	return NULL;
}
