/* SPDX-License-Identifier: MIT */
/*
 * The metadata of a TDVF image: what the VMM has to put into a TD before its first instruction (Intel TDX Virtual
 * Firmware Design Guide 344991, chapter 11; [edk2:IntelTdxMetadata.nasm.inc]). Pure and
 * bounds-checked: the command refuses a bad image with this before QEMU starts, the monitor loads what it found.
 *
 * The image as a whole ends at 4 GiB, where the first instruction is, 16 bytes below.
 */
#ifndef IMAGE_TDVF_H
#define IMAGE_TDVF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TDVF_MAX_SECTIONS	16
#define TDVF_MAX_BYTES		(16u << 20)	/* the window that PCs have for firmware below 4 GiB */
#define TDVF_TOP		0x100000000ull
#define TDVF_RESET_VECTOR	0xfffffff0u
#define TDVF_EXTENDMR		1u		/* attribute: measured into MRTD */

/* Section types. */
enum tdvf_type { TDVF_BFV, TDVF_CFV, TDVF_TD_HOB, TDVF_TEMP_MEM, TDVF_TYPES };

struct tdvf_section {
	uint32_t offset, file_bytes;	/* in the image; 0 bytes: zeroes */
	uint64_t gpa, bytes;
	uint32_t type, attributes;
	uint32_t number;		/* place in the file: a VMM adds pages in that order, which MRTD depends on */
};

struct tdvf_image {
	uint32_t bytes;			/* of the file */
	uint32_t count;
	struct tdvf_section sections[TDVF_MAX_SECTIONS];	/* by address */
	uint32_t hob;			/* index of the TD HOB's */
	uint32_t bad;			/* number of the section in the file that an error is about */
};

/* TDVF_ERROR(identifier, one sentence); the section's number is put in front of those from TYPE on. */
#define TDVF_ERRORS(TDVF_ERROR) \
	TDVF_ERROR(OK, "a TDVF image") \
	TDVF_ERROR(BAD_SIZE, "not a firmware image: not a multiple of 4 KiB, up to 16 MiB") \
	TDVF_ERROR(NO_TABLE, "not a TDVF image: there is no table of GUIDs 32 bytes before its end") \
	TDVF_ERROR(BAD_TABLE, "damaged: the table of GUIDs contradicts itself") \
	TDVF_ERROR(CODE_HALF, "the code half of a split image (OVMF_CODE), without its variable store: give the whole " \
			      "image, OVMF_VARS and OVMF_CODE in one file in this order") \
	TDVF_ERROR(PLAIN_CODE_HALF, "the code half of a split image (OVMF_CODE), without TDX metadata: give the whole " \
				    "image of an OVMF built for TDX, such as OVMF.inteltdx.fd") \
	TDVF_ERROR(VARIABLES_HALF, "the variable store of a split image (OVMF_VARS), without code: give the whole image, " \
				   "OVMF_VARS and OVMF_CODE in one file in this order") \
	TDVF_ERROR(NO_DESCRIPTOR, "firmware without TDX metadata: an OVMF built for TDX is needed") \
	TDVF_ERROR(BAD_DESCRIPTOR, "damaged: the TDX metadata is not where the table of GUIDs says") \
	TDVF_ERROR(BAD_VERSION, "TDX metadata of an unknown version: only 1 is known") \
	TDVF_ERROR(BAD_COUNT, "damaged: the TDX metadata has no section, or more than 16, or more than it is long") \
	TDVF_ERROR(TYPE, "has an unknown type: payloads of td-shim, say, are not supported") \
	TDVF_ERROR(ALIGN, "is not made of whole pages of 4 KiB") \
	TDVF_ERROR(DATA, "takes data from beyond the end of the image") \
	TDVF_ERROR(SIZE, "has more data than memory, or no memory, or data that its type must not have") \
	TDVF_ERROR(PLACE, "lies where it cannot: code and variables within the image's place below 4 GiB, memory " \
			  "below that") \
	TDVF_ERROR(OVERLAP, "overlaps another section") \
	TDVF_ERROR(SECOND_HOB, "is a second TD HOB") \
	TDVF_ERROR(NO_HOB, "damaged: the TDX metadata has no section for the TD HOB") \
	TDVF_ERROR(NO_RESET, "damaged: no section holds the first instruction, at 4 GiB - 16")

enum tdvf_error {
#define TDVF_ERROR(id, sentence) TDVF_##id,
	TDVF_ERRORS(TDVF_ERROR)
#undef TDVF_ERROR
	TDVF_ERROR_KINDS
};

/* data: the whole file. Nothing is promised about *image on error, except for tdvf_explain(). */
enum tdvf_error tdvf_parse(const uint8_t *data, uint64_t bytes, struct tdvf_image *image);

/* "section 3 overlaps another section" */
void tdvf_explain(enum tdvf_error error, const struct tdvf_image *image, char *text, size_t text_bytes);

/* Whether a section is part of the image's place below 4 GiB; the others are the guest's RAM. */
static inline bool tdvf_in_image(const struct tdvf_section *section)
{
	return section->type == TDVF_BFV || section->type == TDVF_CFV;
}

/* The RAM that the sections need: one byte beyond the last of them. */
uint64_t tdvf_ram_end(const struct tdvf_image *image);

#endif
