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

int file_read(const char *path, const char *what, uint8_t **data, size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), status = 0;
	struct stat st;
	size_t done = 0;
	ssize_t got = 1;

	*data = NULL;
	if (fd < 0)
		return complain(STATUS_INPUT, "%s %s: %s", what, path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		status = complain(STATUS_INPUT, "%s %s: not a file", what, path);
	else if ((uint64_t)st.st_size > LARGEST)
		status = complain(STATUS_INPUT, "%s %s: larger than 2 GiB", what, path);
	if (!status) {
		*data = xrealloc(NULL, (size_t)st.st_size);
		while (done < (size_t)st.st_size && got > 0)
			done += (got = read(fd, *data + done, (size_t)st.st_size - done)) > 0 ? (size_t)got : 0;
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
