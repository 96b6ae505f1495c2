/* SPDX-License-Identifier: MIT */
/* Offsets and rules: [linux:boot.rst]; every field below is named as there. */
#include "image/bzimage.h"
#include "image/bytes.h"
#include "image/text.h"

#define SETUP_SECTS		0x1f1
#define SYSSIZE			0x1f4
#define JUMP_DISTANCE		0x201	/* the header ends where the jump at 0x200 goes to */
#define MAGIC			0x202u
#define VERSION			0x206
#define KERNEL_VERSION		0x20e
#define LOADFLAGS		0x211
#define INITRD_ADDR_MAX		0x22c
#define XLOADFLAGS		0x236
#define CMDLINE_SIZE		0x238
#define PAYLOAD_OFFSET		0x248
#define PAYLOAD_LENGTH		0x24c
#define PREF_ADDRESS		0x258
#define INIT_SIZE		0x260

#define HDRS			0x53726448u	/* "HdrS" */
#define PROTOCOL_2_12		0x020cu
#define LOADED_HIGH		1u
#define XLF_KERNEL_64		1u
#define SECTOR			512u
#define SETUP_SECTS_DEFAULT	4u		/* what 0 stands for */
#define PARAGRAPH		16u
#define PAGE			4096u

static const char tdx_signature[] = "IntelTDX";	/* as CPUID leaf 0x21 gives it, EBX and EDX */

static void read_release(const uint8_t *head, size_t head_bytes, struct bzimage *image)
{
	size_t from = get16(head + KERNEL_VERSION), i;

	if (from == 0)
		return;
	from += SECTOR;
	for (i = 0; i + 1 < sizeof(image->release) && from + i < head_bytes && from + i < image->setup_bytes; i++) {
		/* "release (who@where) #build" ends at the first space; nothing unprintable gets through. */
		if (head[from + i] <= ' ' || head[from + i] > '~')
			break;
		image->release[i] = (char)head[from + i];
	}
	image->release[i] = '\0';
}

static void read_header(const uint8_t *head, size_t head_bytes, struct bzimage *image)
{
	uint32_t sectors = head[SETUP_SECTS] != 0 ? head[SETUP_SECTS] : SETUP_SECTS_DEFAULT;

	image->setup_bytes = (sectors + 1) * SECTOR;
	image->kernel_bytes = (uint64_t)get32(head + SYSSIZE) * PARAGRAPH;
	image->header_bytes = MAGIC + head[JUMP_DISTANCE] - BZIMAGE_HEADER_START;
	image->xloadflags = get16(head + XLOADFLAGS);
	image->initrd_max = get32(head + INITRD_ADDR_MAX);
	image->cmdline_max = get32(head + CMDLINE_SIZE);
	image->pref_address = get64(head + PREF_ADDRESS);
	image->init_size = get32(head + INIT_SIZE);
	read_release(head, head_bytes, image);
}

enum bzimage_error bzimage_parse(const void *data, size_t head_bytes, uint64_t file_bytes, struct bzimage *image)
{
	const uint8_t *head = data;

	*image = (struct bzimage){ 0 };
	if (file_bytes == 0)
		return BZIMAGE_EMPTY;
	if (head_bytes > file_bytes)
		head_bytes = (size_t)file_bytes;
	if (head_bytes < MAGIC + 4 || get32(head + MAGIC) != HDRS)
		return BZIMAGE_NOT_BZIMAGE;
	if (head_bytes < BZIMAGE_HEAD_BYTES) {
		image->setup_bytes = BZIMAGE_HEAD_BYTES;
		return BZIMAGE_TRUNCATED;
	}
	image->protocol = get16(head + VERSION);
	if (image->protocol < PROTOCOL_2_12)
		return BZIMAGE_TOO_OLD;
	read_header(head, head_bytes, image);
	if (!(head[LOADFLAGS] & LOADED_HIGH))
		return BZIMAGE_NOT_HIGH;
	if (!(image->xloadflags & XLF_KERNEL_64))
		return BZIMAGE_NO_64BIT;
	if (MAGIC + head[JUMP_DISTANCE] < BZIMAGE_HEAD_BYTES || image->kernel_bytes == 0 || image->cmdline_max == 0 ||
	    image->pref_address < 0x100000 || image->pref_address % PAGE != 0 || image->pref_address >> 32 != 0)
		return BZIMAGE_BAD_SETUP;
	if (!range_within(image->setup_bytes, image->kernel_bytes, file_bytes))
		return BZIMAGE_TRUNCATED;
	if (image->init_size < image->kernel_bytes)
		return BZIMAGE_BAD_SIZE;
	return BZIMAGE_OK;
}

const char *bzimage_error_text(enum bzimage_error error)
{
	static const char *const texts[] = {
#define BZIMAGE_ERROR(id, sentence) [BZIMAGE_##id] = sentence,
		BZIMAGE_ERRORS(BZIMAGE_ERROR)
#undef BZIMAGE_ERROR
	};

	return (unsigned int)error < BZIMAGE_ERROR_KINDS ? texts[error] : "unknown error";
}

void bzimage_explain(enum bzimage_error error, const struct bzimage *image, uint64_t file_bytes, char *data,
		     size_t text_bytes)
{
	struct text text = { data, 0, text_bytes };

	if (error == BZIMAGE_TRUNCATED) {
		text_string(&text, "truncated: its header promises ");
		text_number(&text, image->setup_bytes + image->kernel_bytes);
		text_string(&text, " bytes, the file has ");
		text_number(&text, file_bytes);
		return;
	}
	text_string(&text, bzimage_error_text(error));
	if (error == BZIMAGE_TOO_OLD) {
		text_string(&text, ", this is ");
		text_number(&text, image->protocol >> 8);
		text_string(&text, ".");
		text_number(&text, image->protocol & 0xff);
	} else if (error == BZIMAGE_BAD_SIZE) {
		text_string(&text, ": ");
		text_number(&text, image->init_size);
		text_string(&text, " and ");
		text_number(&text, image->kernel_bytes);
		text_string(&text, " bytes");
	}
}

static bool contains_signature(const uint8_t *data, uint64_t bytes)
{
	const size_t want = sizeof(tdx_signature) - 1;
	uint64_t i;

	for (i = 0; i + want <= bytes; i++)
		if (data[i] == (uint8_t)tdx_signature[0] && memcmp(data + i, tdx_signature, want) == 0)
			return true;
	return false;
}

bool bzimage_detects_tdx(const void *file, uint64_t file_bytes, const struct bzimage *image)
{
	const uint8_t *kernel = (const uint8_t *)file + image->setup_bytes;
	uint64_t skip, skip_bytes;

	if (file_bytes < BZIMAGE_HEAD_BYTES || !range_within(image->setup_bytes, image->kernel_bytes, file_bytes))
		return false;

	/* A compressed kernel may hold these eight bytes by chance: only the code around it counts. */
	skip = get32((const uint8_t *)file + PAYLOAD_OFFSET);
	skip_bytes = get32((const uint8_t *)file + PAYLOAD_LENGTH);
	if (!range_within(skip, skip_bytes, image->kernel_bytes))
		return false;
	return contains_signature(kernel, skip) ||
	       contains_signature(kernel + skip + skip_bytes, image->kernel_bytes - skip - skip_bytes);
}
