/* SPDX-License-Identifier: MIT */
#include "wire/plan.h"

#include "abi/tdx.h"

const char *load_error_text(enum load_error error)
{
	static const char *const texts[] = {
#define LOAD_ERROR(id, sentence) [LOAD_##id] = sentence,
		LOAD_ERRORS(LOAD_ERROR)
#undef LOAD_ERROR
	};

	return (unsigned int)error < LOAD_ERROR_KINDS ? texts[error] : "unknown error";
}

static uint64_t page_up(uint64_t value)
{
	return (value + TDX_PAGE_SIZE - 1) / TDX_PAGE_SIZE * TDX_PAGE_SIZE;
}

enum load_error load_plan_linux(const struct bzimage *image, uint64_t initrd_bytes, size_t cmdline_bytes,
				uint64_t low_bytes, struct load_plan *plan)
{
	uint64_t top;

	*plan = (struct load_plan){ .kernel = image->pref_address };
	plan->kernel_end = page_up(image->pref_address + image->init_size);
	if (cmdline_bytes > image->cmdline_max || cmdline_bytes >= LOAD_CMDLINE_BYTES)
		return LOAD_CMDLINE_TOO_LONG;
	plan->needed = plan->kernel_end + LOAD_AREA_BYTES;
	if (low_bytes < plan->needed)
		return LOAD_NO_ROOM_KERNEL;
	plan->area = low_bytes - LOAD_AREA_BYTES;
	if (initrd_bytes == 0)
		return LOAD_OK;

	/* As high as the kernel allows: its decompressor and its own allocations grow from below. */
	top = plan->area;
	if (image->initrd_max + 1 < top)
		top = (image->initrd_max + 1) / TDX_PAGE_SIZE * TDX_PAGE_SIZE;
	if (initrd_bytes >> 32 != 0 || page_up(initrd_bytes) > top || top - page_up(initrd_bytes) < plan->kernel_end) {
		plan->needed += initrd_bytes >> 32 != 0 ? initrd_bytes : page_up(initrd_bytes);
		return LOAD_NO_ROOM_INITRD;
	}
	plan->needed += page_up(initrd_bytes);
	plan->initrd = top - page_up(initrd_bytes);
	return LOAD_OK;
}

enum load_error load_plan_payload(const struct elf_image *image, uint64_t low_bytes, struct load_plan *plan)
{
	*plan = (struct load_plan){ .kernel = ELF_LOWEST, .kernel_end = image->end };
	plan->needed = image->end > UINT64_MAX - LOAD_AREA_BYTES ? UINT64_MAX : image->end + LOAD_AREA_BYTES;
	if (low_bytes < plan->needed)
		return LOAD_NO_ROOM_KERNEL;
	plan->area = low_bytes - LOAD_AREA_BYTES;
	return LOAD_OK;
}
