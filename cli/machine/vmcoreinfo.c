/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/machine/vmcoreinfo.h"

bool vmcoreinfo_next(const struct ram *ram, off_t *at, char text[TDX_PAGE_SIZE + 1])
{
	static const char begin[] = "OSRELEASE=";
	off_t end;

	while ((*at = lseek(ram->fd, *at, SEEK_DATA)) >= 0 && (end = lseek(ram->fd, *at, SEEK_HOLE)) > *at)
		for (*at &= ~(off_t)(TDX_PAGE_SIZE - 1); *at < end && (uint64_t)*at + TDX_PAGE_SIZE <= ram->bytes;) {
			const uint8_t *page = ram->data + *at;

			*at += TDX_PAGE_SIZE;
			if (memcmp(page, begin, sizeof(begin) - 1) == 0) {
				memcpy(text, page, TDX_PAGE_SIZE);
				text[TDX_PAGE_SIZE] = '\0';
				return true;
			}
		}
	return false;
}

bool vmcoreinfo_number(const char *text, const char *key, int base, uint64_t *value)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, key, length) == 0 && line[length] == '=') {
			*value = strtoull(line + length + 1, NULL, base);
			return true;
		}
	return false;
}
