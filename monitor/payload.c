/* SPDX-License-Identifier: MIT */
#include "monitor/bytes.h"
#include "monitor/load_parts.h"

enum load_error load_plan_payload(const struct elf_image *image, uint64_t low_bytes, struct load_plan *plan)
{
	*plan = (struct load_plan){ .kernel = ELF_LOWEST, .kernel_end = image->end };
	plan->needed = image->end > UINT64_MAX - LOAD_AREA_BYTES ? UINT64_MAX : image->end + LOAD_AREA_BYTES;
	if (low_bytes < plan->needed)
		return LOAD_NO_ROOM_KERNEL;
	plan->area = low_bytes - LOAD_AREA_BYTES;
	return LOAD_OK;
}

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
		uint8_t *to = load_at(&in->ram, segment->gpa, segment->memory_bytes);

		if (to == NULL)
			return LOAD_NO_ROOM_KERNEL;
		load_read(in, LOAD_KERNEL, segment->offset, to, segment->file_bytes);
		memset(to + segment->file_bytes, 0, segment->memory_bytes - segment->file_bytes);
	}
	start->rip = image.entry;
	start->rsp = LOAD_STACK_TOP;
	return LOAD_OK;
}
