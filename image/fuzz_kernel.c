/* SPDX-License-Identifier: MIT */
/* libFuzzer harness of what is read from a kernel's or a payload's file. The first byte chooses. */
#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "image/bzimage.h"
#include "image/elf.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void fuzz_bzimage(const uint8_t *data, size_t bytes)
{
	struct bzimage image;
	char text[64];
	enum bzimage_error error = bzimage_parse(data, bytes, bytes, &image);

	bzimage_explain(error, &image, bytes, text, sizeof(text));
	CHECK(strnlen(text, sizeof(text)) < sizeof(text));
	CHECK(strnlen(image.release, sizeof(image.release)) < sizeof(image.release));
	bzimage_detects_tdx(data, bytes, &image);
	CHECK(error != BZIMAGE_OK || image.setup_bytes + image.kernel_bytes <= bytes);
}

static void fuzz_elf(const uint8_t *data, size_t bytes)
{
	struct elf_image image;
	uint32_t i;

	if (elf_parse(data, bytes, bytes, &image) != ELF_OK)
		return;
	for (i = 0; i < image.nsegments; i++) {
		const struct elf_segment *s = &image.segments[i];

		CHECK(range_within(s->offset, s->file_bytes, bytes) && s->file_bytes <= s->memory_bytes);
		CHECK(s->gpa >= ELF_LOWEST && s->gpa + s->memory_bytes <= image.end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *copy;

	if (bytes == 0)
		return 0;
	copy = malloc(bytes - 1 + (bytes == 1));
	memcpy(copy, data + 1, bytes - 1);
	if (data[0] % 2 == 0)
		fuzz_bzimage(copy, bytes - 1);
	else
		fuzz_elf(copy, bytes - 1);
	free(copy);
	return 0;
}
