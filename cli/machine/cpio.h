/* SPDX-License-Identifier: MIT */
/*
 * Writes an archive that Linux unpacks into its initial root ([linux:buffer-format.rst],
 * "newc"). Times and owners are zero, so that the same files make the same bytes.
 */
#ifndef CLI_CPIO_H
#define CLI_CPIO_H

#include <fts.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpio {
	uint8_t *data;
	size_t bytes;
	uint32_t entries;
};

void cpio_folder(struct cpio *cpio, const char *path);
void cpio_folder_with(struct cpio *cpio, const char *path, uint32_t permissions);
void cpio_file(struct cpio *cpio, const char *path, uint32_t permissions, const void *data, size_t bytes);
void cpio_link(struct cpio *cpio, const char *path, const char *target);
void cpio_parents(struct cpio *cpio, const char *path);	/* every folder that path lies in */
void cpio_end(struct cpio *cpio);	/* trailer; nothing can be added afterwards */

/* What an archive has there, up to the first that is not one of this format. */
bool cpio_find(const uint8_t *data, size_t bytes, const char *path, const uint8_t **found, size_t *length);

/* For fts_open(): by name, so that the same files make the same archive. */
int cpio_order(const FTSENT **a, const FTSENT **b);

#endif
