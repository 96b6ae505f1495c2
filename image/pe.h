/* SPDX-License-Identifier: MIT */
/*
 * EFI images in memory: whose code is it (Microsoft PE format specification; [shim:SBAT.md];
 * [linux:header.S]). Pure and bounds-checked: the monitor reads them from the guest's memory, the command from a
 * firmware's file.
 */
#ifndef IMAGE_PE_H
#define IMAGE_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What TD_EV_IMAGE calls them. */
#define PE_KINDS(X) \
	X(UNKNOWN, "no image", "code that no image is found around") \
	X(ROM, "ROM", "the firmware's own image, where it starts") \
	X(DRIVER, "driver", "an image without marks: a driver of the firmware's") \
	X(LOADER, "loader", "one with a .sbat section: shim, grub, systemd-boot or its stub") \
	X(LINUX, "Linux", "a kernel that is its own loader")

#define PE_ENUM_KIND(id, name, meaning) PE_##id,
enum pe_kind { PE_KINDS(PE_ENUM_KIND) PE_IMAGE_KINDS };

#define PE_HEAD_BYTES	4096u	/* as much as pe_parse() ever looks at */

struct pe_image {
	uint32_t bytes;		/* that it takes in memory */
	uint32_t sbat, sbat_bytes;	/* from its start on; LOADER only */
	enum pe_kind kind;
	uint64_t hash;		/* of what loading does not change in its headers */
};

/* head: the first bytes of the image. False if it is none for x86-64. */
bool pe_parse(const uint8_t *head, size_t bytes, struct pe_image *image);

/* The component that a .sbat section is about, its second line: up to 8 characters, filled up with zeroes. */
uint64_t pe_sbat_name(const uint8_t *sbat, size_t bytes);

#endif
