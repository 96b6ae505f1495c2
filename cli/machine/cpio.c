/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/machine/cpio.h"
#include "cli/tdlab.h"

#define MAGIC		"070701"
#define MAGIC_BYTES	6
#define HEADER_BYTES	110

enum { FIELD_SIZE = 6, FIELD_NAME = 11 };

static void append(struct cpio *cpio, const void *data, size_t bytes)
{
	size_t padded = (cpio->bytes + bytes + 3) & ~(size_t)3;

	if (padded == 0)
		return;
	cpio->data = xrealloc(cpio->data, padded);
	if (bytes)
		memcpy(cpio->data + cpio->bytes, data, bytes);
	memset(cpio->data + cpio->bytes + bytes, 0, padded - cpio->bytes - bytes);
	cpio->bytes = padded;
}

static void entry(struct cpio *cpio, const char *path, uint32_t inode, uint32_t mode, const void *data, size_t bytes)
{
	/* inode, mode, uid, gid, links, mtime, size, device (2), of a device file (2), name's length, checksum */
	uint32_t fields[] = { inode, mode, 0, 0, 1, 0, (uint32_t)bytes, 0, 0, 0, 0, (uint32_t)strlen(path) + 1, 0 };
	char *head = xcalloc(1, HEADER_BYTES + strlen(path) + 1), *p = head + MAGIC_BYTES;

	memcpy(head, MAGIC, MAGIC_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++, p += 8)
		snprintf(p, 9, "%08X", fields[i]);
	memcpy(p, path, strlen(path) + 1);
	append(cpio, head, HEADER_BYTES + strlen(path) + 1);
	append(cpio, data, bytes);
	free(head);
}

void cpio_folder_with(struct cpio *cpio, const char *path, uint32_t permissions)
{
	entry(cpio, path, ++cpio->entries, S_IFDIR | permissions, NULL, 0);
}

void cpio_folder(struct cpio *cpio, const char *path)
{
	cpio_folder_with(cpio, path, 0755);
}

void cpio_file(struct cpio *cpio, const char *path, uint32_t permissions, const void *data, size_t bytes)
{
	entry(cpio, path, ++cpio->entries, S_IFREG | permissions, data, bytes);
}

void cpio_link(struct cpio *cpio, const char *path, const char *target)
{
	entry(cpio, path, ++cpio->entries, S_IFLNK | 0777, target, strlen(target));
}

void cpio_parents(struct cpio *cpio, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *parent = xprintf("%.*s", (int)(slash - path), path);

		cpio_folder(cpio, parent);
		free(parent);
	}
}

static size_t field(const uint8_t *head, unsigned int number)
{
	char text[9] = "";

	memcpy(text, head + MAGIC_BYTES + 8 * number, 8);
	return strtoul(text, NULL, 16);
}

bool cpio_find(const uint8_t *data, size_t bytes, const char *path, const uint8_t **found, size_t *length)
{
	for (size_t at = 0, name, size; bytes - at >= HEADER_BYTES && memcmp(data + at, MAGIC, MAGIC_BYTES) == 0;) {
		size = field(data + at, FIELD_SIZE);
		name = field(data + at, FIELD_NAME);
		if (name == 0 || name > bytes - at - HEADER_BYTES)
			break;
		*found = data + ((at + HEADER_BYTES + name + 3) & ~(size_t)3);
		*length = size;
		if (*found > data + bytes || size > (size_t)(data + bytes - *found))
			break;
		if (strlen(path) + 1 == name && memcmp(data + at + HEADER_BYTES, path, name) == 0)
			return true;
		at = (size_t)(*found - data) + ((size + 3) & ~(size_t)3);
		if (at > bytes)
			break;
	}
	return false;
}

void cpio_end(struct cpio *cpio)
{
	entry(cpio, "TRAILER!!!", 0, 0, NULL, 0);
}

int cpio_order(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}
