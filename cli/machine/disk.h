/* SPDX-License-Identifier: MIT */
/* A disk as QEMU is given it. */
#ifndef CLI_DISK_H
#define CLI_DISK_H

#include <stdbool.h>

enum disk_use {
	DISK_READ_ONLY,
	DISK_SNAPSHOT,	/* what the guest writes is thrown away */
	DISK_WRITE,
	DISK_OWN,	/* likewise, and several runs of one guest have it: nobody locks it */
};

struct disk {
	int fd;		/* of the file; -1: it is closed */
	char *path;	/* of a qcow2 image, which may name others beside it; to be freed */
	enum disk_use use;
};

#endif
