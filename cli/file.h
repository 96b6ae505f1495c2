/* SPDX-License-Identifier: MIT */
/* Files in memory: what QEMU is given as /proc/self/fd/N, so that no path and no temporary file is involved. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * An input, opened for reading; *bytes is its size. A folder, a pipe or a device is refused: none has a size, and a
 * pipe may never say anything. what: "kernel", for complaints. -1 after a complaint.
 */
int file_open(const char *path, const char *what, uint64_t *bytes);
int file_open_write(const char *path, const char *what, uint64_t *bytes);	/* and for writing */

/* A file's contents. what: "kernel", for complaints. Returns 0 or a status after a complaint; data is to be freed. */
int file_read(const char *path, const char *what, uint8_t **data, size_t *bytes);

/* A memory file that children inherit. -1 after a complaint. */
int file_memory(const char *name, uint64_t bytes);

/* The same with contents. */
int file_from(const char *name, const void *data, size_t bytes);

#endif
