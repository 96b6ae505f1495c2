/* SPDX-License-Identifier: MIT */
/* The names that a firmware's file has for its drivers: images in memory do not carry them. */
#ifndef CLI_VOLUME_H
#define CLI_VOLUME_H

#include <stddef.h>
#include <stdint.h>

#define VOLUME_NAME_BYTES 48

struct volume_name {
	uint64_t hash;		/* of the driver's headers: image/pe.h */
	char name[VOLUME_NAME_BYTES];
};

struct volume {
	struct volume_name *all;
	size_t count;
	unsigned int unpacked;	/* sections, so far */
};

/*
 * Walks the firmware volumes of an image, compressed ones too (by xz, if that is installed). What it cannot read has no
 * name; nothing is a complaint.
 */
void volume_read(struct volume *volume, const uint8_t *image, size_t bytes);
void volume_free(struct volume *volume);

/* "IoMmuDxe", or NULL. */
const char *volume_name(const struct volume *volume, uint64_t hash);

#endif
