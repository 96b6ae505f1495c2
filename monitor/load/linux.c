/* SPDX-License-Identifier: MIT */
/* A bzImage at its 64-bit entry: [linux:boot.rst], "64-bit BOOT PROTOCOL". */
#include "image/bytes.h"
#include "monitor/load/parts.h"

#define ENTRY_64		0x200u
#define ZP_VID_MODE		0x1fa
#define ZP_TYPE_OF_LOADER	0x210
#define ZP_RAMDISK_IMAGE	0x218
#define ZP_RAMDISK_SIZE		0x21c
#define ZP_HEADER_END		0x290u	/* what follows in the zero page is not the kernel file's to fill */
#define VID_MODE_NORMAL		0xffffu
#define LOADER_UNKNOWN		0xffu

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
	kernel = mem_window_at(&in->ram, plan.kernel, image.kernel_bytes);
	if (kernel == NULL)
		return LOAD_NO_ROOM_KERNEL;
	in->read(in, LOAD_KERNEL, image.setup_bytes, kernel, image.kernel_bytes);
	if (in->initrd_bytes != 0) {
		initrd = mem_window_at(&in->ram, plan.initrd, in->initrd_bytes);
		if (initrd == NULL)
			return LOAD_NO_ROOM_INITRD;
		in->read(in, LOAD_INITRD, 0, initrd, in->initrd_bytes);
	}
	fill_zero_page(zero_page, head, &image, &plan, in->initrd_bytes);
	start->rip = plan.kernel + ENTRY_64;
	return LOAD_OK;
}
