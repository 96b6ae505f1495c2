/* SPDX-License-Identifier: MIT */
/* The file that is to be booted. */
#ifndef CLI_GUEST_H
#define CLI_GUEST_H

#include "cli/tdlab.h"
#include "image/bzimage.h"
#include "image/elf.h"
#include "wire/machine.h"

enum guest_kind { GUEST_NONE, GUEST_PAYLOAD, GUEST_LINUX };

/* A kernel or payload, or firmware, or firmware with a kernel that it is to start. */
struct guest {
	const char *path;	/* of the kernel or payload; NULL: none */
	uint8_t *data;
	size_t bytes;
	enum guest_kind kind;	/* of the file at path */
	bool detects_tdx;	/* Linux only: it looks for TDX at all */
	struct bzimage bzimage;
	struct elf_image elf;
	char version[BZIMAGE_RELEASE_BYTES];	/* of Linux; empty if unknown */
	const char *firmware;	/* path; NULL: none */
	uint8_t *firmware_data;
	size_t firmware_bytes;
	struct tdvf_image tdvf;
};

/* Returns 0, or STATUS_INPUT after a complaint that says what is wrong with the file. */
int guest_read(struct guest *guest, const char *path);

/* The same of firmware. Leaves the rest of *guest as it is. */
int guest_read_firmware(struct guest *guest, const char *path);

/* Whether the machine, laid out for it, has the memory that the firmware begins with; 0, or STATUS_INPUT likewise. */
int guest_firmware_fits(const struct guest *guest, const struct machine *machine);

/* Whether it fits in low_bytes of RAM with its initrd and command line; 0, or STATUS_INPUT after a complaint. */
int guest_fits(const struct guest *guest, uint64_t initrd_bytes, size_t cmdline_bytes, uint64_t low_bytes);

#endif
