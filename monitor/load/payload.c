/* SPDX-License-Identifier: MIT */
/* A payload: a static ELF64 executable, which starts in 64-bit mode with its own page tables to make. */
#include "image/bytes.h"
#include "monitor/load/parts.h"

enum load_error load_payload(const struct load_input *in, const uint8_t *head, size_t head_bytes, uint64_t area,
			     struct load_start *start)
{
	struct elf_image image;
	struct load_plan plan;
	enum load_error error;
	uint32_t i;

	if (elf_parse(head, head_bytes, in->kernel_bytes, &image) != ELF_OK)
		return LOAD_BAD_KERNEL;
	error = load_plan_payload(&image, area + LOAD_AREA_BYTES, &plan);
	if (error != LOAD_OK)
		return error;
	for (i = 0; i < image.nsegments; i++) {
		const struct elf_segment *segment = &image.segments[i];
		uint8_t *to = mem_window_at(&in->ram, segment->gpa, segment->memory_bytes);

		if (to == NULL)
			return LOAD_NO_ROOM_KERNEL;
		in->read(in, LOAD_KERNEL, segment->offset, to, segment->file_bytes);
		memset(to + segment->file_bytes, 0, segment->memory_bytes - segment->file_bytes);
	}
	start->rip = image.entry;
	start->rsp = LOAD_STACK_TOP;
	return LOAD_OK;
}
