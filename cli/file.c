/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/tdlab.h"

#define LARGEST (2ull << 30)	/* that anything but a disk may be; fw_cfg files have 32-bit sizes */

static const char *kind(mode_t mode)
{
	return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

/* O_NONBLOCK: a pipe without a writer does not hold us up. To a regular file it means nothing. */
static int open_as(const char *path, int access, const char *what, uint64_t *bytes)
{
	int fd = open(path, access | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st = { 0 };

	if (fd < 0 || fstat(fd, &st))
		complain(STATUS_INPUT, "%s %s: %s", what, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		complain(STATUS_INPUT, "%s %s: not a file but %s", what, path, kind(st.st_mode));
	if (fd >= 0 && !S_ISREG(st.st_mode)) {
		close(fd);
		fd = -1;
	}
	*bytes = (uint64_t)st.st_size;
	return fd;
}

int file_open(const char *path, const char *what, uint64_t *bytes)
{
	return open_as(path, O_RDONLY, what, bytes);
}

int file_open_write(const char *path, const char *what, uint64_t *bytes)
{
	return open_as(path, O_RDWR, what, bytes);
}

int file_read(const char *path, const char *what, uint8_t **data, size_t *bytes)
{
	uint64_t size;
	int fd = file_open(path, what, &size), status = 0;
	size_t done = 0;
	ssize_t got = 1;

	*data = NULL;
	*bytes = 0;
	if (fd < 0)
		return STATUS_INPUT;
	if (size > LARGEST)
		status = complain(STATUS_INPUT, "%s %s: larger than 2 GiB", what, path);
	if (!status) {
		*data = xrealloc(NULL, (size_t)size);
		while (done < (size_t)size && got > 0)
			done += (got = read(fd, *data + done, (size_t)size - done)) > 0 ? (size_t)got : 0;
		if (got < 0)
			status = complain(STATUS_INPUT, "%s %s: %s", what, path, strerror(errno));
	}
	close(fd);
	*bytes = done;
	if (status) {
		free(*data);
		*data = NULL;
	}
	return status;
}

int file_memory(const char *name, uint64_t bytes)
{
	int fd = memfd_create(name, 0);

	if (fd < 0) {
		complain(STATUS_ENVIRONMENT, "cannot make a memory file: %s", strerror(errno));
	} else if (ftruncate(fd, (off_t)bytes)) {
		complain(STATUS_ENVIRONMENT, "cannot make a memory file of %llu MiB: %s%s",
			 (unsigned long long)bytes >> 20, strerror(errno), errno == EFBIG ? " (ulimit -f)" : "");
		close(fd);
		fd = -1;
	}
	return fd;
}

int file_from(const char *name, const void *data, size_t bytes)
{
	int fd = file_memory(name, bytes);
	size_t done = 0;
	ssize_t put;

	while (fd >= 0 && done < bytes) {
		put = pwrite(fd, (const char *)data + done, bytes - done, (off_t)done);
		if (put <= 0) {
			complain(STATUS_ENVIRONMENT, "cannot fill a memory file: %s", strerror(errno));
			close(fd);
			fd = -1;
		} else {
			done += (size_t)put;
		}
	}
	return fd;
}
