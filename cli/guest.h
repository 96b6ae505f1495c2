/* SPDX-License-Identifier: MIT */
/* The file that is to be booted. */
#ifndef CLI_GUEST_H
#define CLI_GUEST_H

#include "cli/tdlab.h"
#include "monitor/bzimage.h"
#include "monitor/elf.h"

struct guest {
	const char *path;
	uint8_t *data;
	size_t bytes;
	bool linux_kernel;	/* else a payload */
	bool detects_tdx;	/* Linux only: it looks for TDX at all */
	struct bzimage bzimage;
	struct elf_image elf;
	char version[BZIMAGE_RELEASE_BYTES];	/* of Linux; empty if unknown */
};

/* Returns 0, or STATUS_INPUT after a complaint that says what is wrong with the file. */
int guest_read(struct guest *guest, const char *path);

/* Whether it fits in low_bytes of RAM with its initrd and command line; 0, or STATUS_INPUT after a complaint. */
int guest_fits(const struct guest *guest, uint64_t initrd_bytes, size_t cmdline_bytes, uint64_t low_bytes);

#endif
