/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/boot.h"
#include "cli/evidence.h"
#include "cli/file.h"
#include "cli/machine/random.h"
#include "cli/machine/sha256.h"

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
	struct stat st;
	void *data;

	b->disk_fd = open(path, O_RDONLY);
	if (b->disk_fd < 0)
		return complain(STATUS_INPUT, "disk %s: %s", path, strerror(errno));
	if (fstat(b->disk_fd, &st) || !S_ISREG(st.st_mode) || st.st_size == 0)
		return complain(STATUS_INPUT, "disk %s: not an image: it must be a file that is not empty", path);
	if (st.st_size % SECTOR != 0)
		return complain(STATUS_INPUT, "disk %s: %jd bytes are not whole sectors of %d", path,
				(intmax_t)st.st_size, SECTOR);
	b->device.bytes = (uint64_t)st.st_size;
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
	uint64_t state = b->seed ^ DISK ^ (uint64_t)getpid() << 32;

	if (b->disk_fd >= 0)
		close(b->disk_fd);
	getrandom(&state, sizeof(state), 0);
	return own_disk(b, state);
}
