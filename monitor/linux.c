/* SPDX-License-Identifier: MIT */
/* A bzImage at its 64-bit entry: linux Documentation/arch/x86/boot.rst, "64-bit BOOT PROTOCOL". */
#include "monitor/bytes.h"
#include "monitor/load_parts.h"

#define ENTRY_64		0x200u
#define ZP_VID_MODE		0x1fa
#define ZP_TYPE_OF_LOADER	0x210
#define ZP_RAMDISK_IMAGE	0x218
#define ZP_RAMDISK_SIZE		0x21c
#define ZP_HEADER_END		0x290u	/* what follows in the zero page is not the kernel file's to fill */
#define VID_MODE_NORMAL		0xffffu
#define LOADER_UNKNOWN		0xffu

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

static void fill_zero_page(uint8_t *zero_page, const uint8_t *head, const struct bzimage *image,
			   const struct load_plan *plan, uint64_t initrd_bytes)
{
	uint32_t end = BZIMAGE_HEADER_START + image->header_bytes;

	if (end > ZP_HEADER_END)
		end = ZP_HEADER_END;
	memcpy(zero_page + BZIMAGE_HEADER_START, head + BZIMAGE_HEADER_START, end - BZIMAGE_HEADER_START);
	put16(zero_page + ZP_VID_MODE, VID_MODE_NORMAL);
	zero_page[ZP_TYPE_OF_LOADER] = LOADER_UNKNOWN;
	put32(zero_page + ZP_RAMDISK_IMAGE, (uint32_t)plan->initrd);
	put32(zero_page + ZP_RAMDISK_SIZE, (uint32_t)initrd_bytes);
}

enum load_error load_linux(const struct load_input *in, const uint8_t *head, size_t head_bytes, uint64_t area,
			   uint8_t *zero_page, struct load_start *start)
{
	struct bzimage image;
	struct load_plan plan;
	enum load_error error;
	void *kernel, *initrd;

	if (bzimage_parse(head, head_bytes, in->kernel_bytes, &image) != BZIMAGE_OK)
		return LOAD_BAD_KERNEL;
	error = load_plan_linux(&image, in->initrd_bytes, strlen(in->cmdline), area + LOAD_AREA_BYTES, &plan);
	if (error != LOAD_OK)
		return error;
	kernel = load_at(&in->ram, plan.kernel, image.kernel_bytes);
	if (kernel == NULL)
		return LOAD_NO_ROOM_KERNEL;
	load_read(in, LOAD_KERNEL, image.setup_bytes, kernel, image.kernel_bytes);
	if (in->initrd_bytes != 0) {
		initrd = load_at(&in->ram, plan.initrd, in->initrd_bytes);
		if (initrd == NULL)
			return LOAD_NO_ROOM_INITRD;
		load_read(in, LOAD_INITRD, 0, initrd, in->initrd_bytes);
	}
	fill_zero_page(zero_page, head, &image, &plan, in->initrd_bytes);
	start->rip = plan.kernel + ENTRY_64;
	return LOAD_OK;
}
