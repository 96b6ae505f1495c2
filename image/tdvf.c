/* SPDX-License-Identifier: MIT */
/*
 * Layouts: TDVF Design Guide 344991-004, 11.2 ("TDVF Descriptor"); the GUIDed table as
 * [edk2:ResetVectorVtf0] lays it out: entries of {data, u16 length with header, GUID}, walked
 * backwards from a footer that ends 32 bytes before the end of the image.
 */
#include "image/tdvf.h"
#include "image/bytes.h"
#include "image/text.h"

#define PAGE			4096u
#define FOOTER_FROM_END		32u
#define GUID_BYTES		16u
#define ENTRY_BYTES		(2u + GUID_BYTES)	/* length and GUID; data in front */
#define DESCRIPTOR_BYTES	16u
#define SECTION_BYTES		32u
#define SIGNATURE		0x46564454u		/* "TDVF" */
#define VERSION			1u

/* 96b582de-1fb2-45f7-baea-a366c55a082d: footer; e47a6535-984a-4798-865e-4685a7bf8ec2: offset of the descriptor. */
static const uint8_t footer_guid[GUID_BYTES] = { 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
						 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d };
static const uint8_t metadata_guid[GUID_BYTES] = { 0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
						   0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2 };

/*
 * PI specification 1.8, volume 3, 3.2.1: header of a firmware volume. fff12b8d-7696-4c8b-a985-2747075b4f50: of
 * variables, with which a whole image begins ([edk2:VarStore.fdf.inc]); all other volumes hold code.
 */
#define VOLUME_GUID		16u
#define VOLUME_SIGNATURE	40u

static const uint8_t variables_guid[GUID_BYTES] = { 0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
						    0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50 };

/* *from_end: distance of the descriptor from the end of the file. */
static enum tdvf_error find_descriptor(const uint8_t *data, uint32_t bytes, uint32_t *from_end)
{
	uint32_t end, left, length;	/* end of the entry that is looked at, and what is left of the table before it */

	if (bytes < FOOTER_FROM_END + ENTRY_BYTES)
		return TDVF_NO_TABLE;
	end = bytes - FOOTER_FROM_END;
	if (memcmp(data + end - GUID_BYTES, footer_guid, GUID_BYTES) != 0)
		return TDVF_NO_TABLE;
	left = get16(data + end - ENTRY_BYTES);
	if (left < ENTRY_BYTES || left > end)
		return TDVF_BAD_TABLE;
	end -= ENTRY_BYTES;
	left -= ENTRY_BYTES;
	for (; left >= ENTRY_BYTES; left -= length, end -= length) {
		length = get16(data + end - ENTRY_BYTES);
		if (length < ENTRY_BYTES || length > left)
			return TDVF_BAD_TABLE;
		if (memcmp(data + end - GUID_BYTES, metadata_guid, GUID_BYTES) != 0)
			continue;
		if (length < ENTRY_BYTES + 4)
			return TDVF_BAD_TABLE;
		*from_end = get32(data + end - ENTRY_BYTES - 4);
		return TDVF_OK;
	}
	return TDVF_NO_DESCRIPTOR;
}

static struct tdvf_section read_section(const uint8_t *at)
{
	return (struct tdvf_section){ get32(at), get32(at + 4), get64(at + 8), get64(at + 16), get32(at + 24),
				      get32(at + 28), 0 };
}

static enum tdvf_error check_section(const struct tdvf_section *s, uint32_t image_bytes)
{
	uint64_t window = TDVF_TOP - image_bytes;

	if (s->type >= TDVF_TYPES)
		return TDVF_TYPE;
	if (s->gpa % PAGE != 0 || s->bytes % PAGE != 0)
		return TDVF_ALIGN;
	if (!range_within(s->offset, s->file_bytes, image_bytes))
		return TDVF_DATA;
	if (s->bytes == 0 || s->file_bytes > s->bytes || (s->file_bytes == 0) == tdvf_in_image(s))
		return TDVF_SIZE;
	if (tdvf_in_image(s))
		return s->gpa >= window && range_within(s->gpa, s->bytes, TDVF_TOP) ? TDVF_OK : TDVF_PLACE;
	return range_within(s->gpa, s->bytes, window) ? TDVF_OK : TDVF_PLACE;
}

/* By address, so that neighbours are all that has to be looked at. */
static enum tdvf_error insert(struct tdvf_image *image, struct tdvf_section section)
{
	uint32_t at = image->count;

	for (; at > 0 && image->sections[at - 1].gpa > section.gpa; at--)
		image->sections[at] = image->sections[at - 1];
	image->sections[at] = section;
	image->count++;
	if (at > 0 && image->sections[at - 1].gpa + image->sections[at - 1].bytes > section.gpa)
		return TDVF_OVERLAP;
	if (at + 1 < image->count && section.gpa + section.bytes > image->sections[at + 1].gpa)
		return TDVF_OVERLAP;
	return TDVF_OK;
}

static enum tdvf_error check_whole(struct tdvf_image *image)
{
	const struct tdvf_section *last = &image->sections[image->count - 1];

	image->hob = image->count;
	for (uint32_t i = 0; i < image->count; i++)
		if (image->sections[i].type == TDVF_TD_HOB)
			image->hob = i;
	if (image->hob == image->count)
		return TDVF_NO_HOB;
	return tdvf_in_image(last) && last->gpa + last->bytes == TDVF_TOP ? TDVF_OK : TDVF_NO_RESET;
}

static enum tdvf_error read_sections(const uint8_t *at, uint32_t count, struct tdvf_image *image)
{
	bool hob = false;

	for (uint32_t i = 0; i < count; i++) {
		struct tdvf_section section = read_section(at + i * SECTION_BYTES);
		enum tdvf_error error = check_section(&section, image->bytes);

		image->bad = section.number = i;
		if (error == TDVF_OK && hob && section.type == TDVF_TD_HOB)
			error = TDVF_SECOND_HOB;
		if (error == TDVF_OK)
			error = insert(image, section);
		if (error != TDVF_OK)
			return error;
		hob = hob || section.type == TDVF_TD_HOB;
	}
	return check_whole(image);
}

/* Distributions split an image in two files. What is wrong with a half is that it is one. */
static enum tdvf_error name_half(const uint8_t *data, enum tdvf_error error)
{
	if (memcmp(data + VOLUME_SIGNATURE, "_FVH", 4) != 0)
		return error;
	if (memcmp(data + VOLUME_GUID, variables_guid, GUID_BYTES) == 0)
		return error == TDVF_NO_TABLE ? TDVF_VARIABLES_HALF : error;
	if (error == TDVF_NO_DESCRIPTOR)
		return TDVF_PLAIN_CODE_HALF;
	return error == TDVF_DATA || error == TDVF_PLACE ? TDVF_CODE_HALF : error;
}

static enum tdvf_error parse(const uint8_t *data, uint64_t bytes, struct tdvf_image *image)
{
	uint32_t from_end = 0, length, count;
	const uint8_t *descriptor;
	enum tdvf_error error;

	image->bytes = (uint32_t)bytes;
	error = find_descriptor(data, image->bytes, &from_end);
	if (error != TDVF_OK)
		return error;
	if (from_end < DESCRIPTOR_BYTES || from_end > bytes)
		return TDVF_BAD_DESCRIPTOR;
	descriptor = data + bytes - from_end;
	length = get32(descriptor + 4);
	count = get32(descriptor + 12);
	if (get32(descriptor) != SIGNATURE || length > from_end)
		return TDVF_BAD_DESCRIPTOR;
	if (get32(descriptor + 8) != VERSION)
		return TDVF_BAD_VERSION;
	if (count == 0 || count > TDVF_MAX_SECTIONS || length < DESCRIPTOR_BYTES + count * SECTION_BYTES)
		return TDVF_BAD_COUNT;
	return read_sections(descriptor + DESCRIPTOR_BYTES, count, image);
}

enum tdvf_error tdvf_parse(const uint8_t *data, uint64_t bytes, struct tdvf_image *image)
{
	enum tdvf_error error;

	*image = (struct tdvf_image){ 0 };
	if (bytes == 0 || bytes % PAGE != 0 || bytes > TDVF_MAX_BYTES)
		return TDVF_BAD_SIZE;
	error = parse(data, bytes, image);
	return error == TDVF_OK ? TDVF_OK : name_half(data, error);
}

void tdvf_explain(enum tdvf_error error, const struct tdvf_image *image, char *text, size_t text_bytes)
{
	static const char *const sentences[] = {
#define TDVF_ERROR(id, sentence) [TDVF_##id] = sentence,
		TDVF_ERRORS(TDVF_ERROR)
#undef TDVF_ERROR
	};
	struct text out = { text, 0, text_bytes };

	if (error >= TDVF_TYPE && error <= TDVF_SECOND_HOB) {
		text_string(&out, "damaged: section ");
		text_number(&out, image->bad);
		text_string(&out, " of the TDX metadata ");
	}
	text_string(&out, (unsigned int)error < TDVF_ERROR_KINDS ? sentences[error] : "unknown error");
}

uint64_t tdvf_ram_end(const struct tdvf_image *image)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < image->count; i++)
		if (!tdvf_in_image(&image->sections[i]))
			end = image->sections[i].gpa + image->sections[i].bytes;
	return end;
}
