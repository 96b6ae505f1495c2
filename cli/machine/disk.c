/* SPDX-License-Identifier: MIT */
/* The disk that a guest gets: its own with data that only this run has, or the user's. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/boot.h"
#include "cli/file.h"
#include "cli/machine/random.h"
#include "wire/evidence.h"
#include "wire/sha256.h"

#define SECTOR 512

#define OWN_BYTES	(4u << 20)
#define DISK		0x6469736b	/* "disk": not the sequence that the nonce is from */

/* Data that nobody can have seen before, unless the run is seeded. */
static int own_disk(struct boot *b, uint64_t state)
{
	static uint64_t words[OWN_BYTES / sizeof(uint64_t)];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = random_next(&state);
	b->disk_fd = file_from("tdlab-disk", words, sizeof(words));
	b->device.bytes = sizeof(words);
	sha256_hex(words, sizeof(words), b->device.sha256);
	return b->disk_fd < 0 ? STATUS_ENVIRONMENT : 0;
}

/* The user's image is never written. Its checksum is only taken when our initrd is going to read what it covers. */
static int users_disk(struct boot *b, const char *path)
{
	void *data;

	b->disk_fd = file_open(path, "disk", &b->device.bytes);
	if (b->disk_fd < 0 || fcntl(b->disk_fd, F_SETFD, 0))	/* QEMU inherits it */
		return STATUS_INPUT;
	if (b->device.bytes == 0)
		return complain(STATUS_INPUT, "disk %s: the file is empty", path);
	if (b->device.bytes % SECTOR != 0)
		return complain(STATUS_INPUT, "disk %s: %" PRIu64 " bytes are not whole sectors of %d", path,
				b->device.bytes, SECTOR);
	if (b->device.bytes > EVIDENCE_DEVICE_BYTES)
		b->device.bytes = EVIDENCE_DEVICE_BYTES;
	if (b->options.initrd)
		return 0;
	data = mmap(NULL, b->device.bytes, PROT_READ, MAP_PRIVATE, b->disk_fd, 0);
	if (data == MAP_FAILED)
		return complain(STATUS_INPUT, "disk %s: %s", path, strerror(errno));
	sha256_hex(data, b->device.bytes, b->device.sha256);
	munmap(data, b->device.bytes);
	return 0;
}

int boot_disk(struct boot *b)
{
	const char *disk = b->options.disk;

	b->disk_fd = -1;
	if (disk && strcmp(disk, "none") == 0)
		return 0;
	b->device.attached = true;
	return disk ? users_disk(b, disk) : own_disk(b, b->seed ^ DISK);
}

int boot_new_disk(struct boot *b)
{
	if (b->disk_fd >= 0)
		close(b->disk_fd);
	return own_disk(b, random_drawn());
}
