/* SPDX-License-Identifier: MIT */
/* The disks that a guest gets: its own with data that only this run has, or the user's. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
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
	b->disks[0] = (struct disk){ .fd = file_from("tdlab-disk", words, sizeof(words)), .use = DISK_OWN };
	b->ndisks = 1;
	b->device.bytes = sizeof(words);
	sha256_hex(words, sizeof(words), b->device.sha256);
	return b->disks[0].fd < 0 ? STATUS_ENVIRONMENT : 0;
}

/* Takes one word off the end of "FILE,WORD,WORD" that is one of ours. */
static bool last_word(char *name, struct disk *d, bool *qcow2)
{
	static const char *const words[] = { "ro", "snapshot", "rw", "raw", "qcow2" };	/* the first three: enum disk_use */
	char *comma = strrchr(name, ',');

	for (unsigned int i = 0; comma && i < ARRAY_SIZE(words); i++) {
		if (strcmp(comma + 1, words[i]) != 0)
			continue;
		if (i <= DISK_WRITE)
			d->use = (enum disk_use)i;
		*qcow2 |= i == 4;
		*comma = '\0';
		return true;
	}
	return false;
}

/* Only taken when our initrd is going to read what it covers, and where the file's bytes are the disk's. */
static int checksum(struct boot *b, int fd, const char *name)
{
	void *data;

	if (b->device.bytes > EVIDENCE_DEVICE_BYTES)
		b->device.bytes = EVIDENCE_DEVICE_BYTES;
	if (b->options.initrd)
		return 0;
	data = mmap(NULL, b->device.bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return complain(STATUS_INPUT, "disk %s: %s", name, strerror(errno));
	sha256_hex(data, b->device.bytes, b->device.sha256);
	munmap(data, b->device.bytes);
	return 0;
}

/* A guest can make any format of a raw image: what a file looks like does not decide what it is, but is asked about. */
static int check_format(const char *name, int fd, uint64_t bytes, bool qcow2)
{
	char magic[4] = "";
	bool looks = pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && memcmp(magic, "QFI\xfb", sizeof(magic)) == 0;

	if (bytes == 0)
		return complain(STATUS_INPUT, "disk %s: the file is empty", name);
	if (qcow2 && !looks)
		return complain(STATUS_INPUT, "disk %s: this is no qcow2 image", name);
	if (!qcow2 && looks)
		return complain(STATUS_INPUT, "disk %s: this is a qcow2 image: write %s,qcow2", name, name);
	if (!qcow2 && bytes % SECTOR != 0)
		return complain(STATUS_INPUT, "disk %s: %" PRIu64 " bytes are not whole sectors of %d", name, bytes, SECTOR);
	return 0;
}

static int users_disk(struct boot *b, const char *text)
{
	struct disk *d = &b->disks[b->ndisks++];
	char *name = xprintf("%s", text);
	bool qcow2 = false, first = b->ndisks == 1;
	uint64_t bytes = 0;
	int status;

	while (access(name, F_OK) != 0 && last_word(name, d, &qcow2))
		;
	d->fd = d->use == DISK_WRITE ? file_open_write(name, "disk", &bytes) : file_open(name, "disk", &bytes);
	status = d->fd < 0 || fcntl(d->fd, F_SETFD, 0) ? STATUS_INPUT : check_format(name, d->fd, bytes, qcow2);
	if (!status && d->use != DISK_READ_ONLY && b->options.many)
		status = complain(STATUS_INPUT, "disk %s: many runs share it: it can only be read", name);
	if (!status && qcow2)
		d->path = realpath(name, NULL);
	b->device.bytes = first ? bytes : b->device.bytes;
	if (!status && first && !qcow2)
		status = checksum(b, d->fd, name);
	free(name);
	return status;
}

int boot_disks(struct boot *b)
{
	const struct opt_list *disks = &b->options.disk;
	int status = 0;

	b->ndisks = 0;
	if (disks->count == 1 && strcmp(disks->items[0], "none") == 0)
		return 0;
	b->device.attached = true;
	if (disks->count == 0)
		return own_disk(b, b->seed ^ DISK);
	for (unsigned int i = 0; i < disks->count && !status; i++)
		status = users_disk(b, disks->items[i]);
	return status;
}

int boot_new_disk(struct boot *b)
{
	if (b->ndisks)
		close(b->disks[0].fd);
	return own_disk(b, random_drawn());
}
