/* SPDX-License-Identifier: MIT */
/* Reads the disk through memory that was converted for it, as the test of the command wants it (cli/evidence.h). */
#include "payloads/lib/payload.h"
#include "payloads/lib/sha256.h"
#include "payloads/lib/virtio_blk.h"
#include "payloads/builtin.h"

#define BUFFER		0x10000u	/* one request */
#define SHARED_BYTES	(BUFFER + VIRTIO_BLK_DMA_BYTES)

static void say_none(const char *why)
{
	console_puts("tdlab: disk none ");
	console_puts(why);
	console_puts("\n");
}

static bool read_all(struct virtio_blk *disk, uint64_t buffer, uint64_t bytes, char hex[65])
{
	volatile void *data = paging_alias(buffer + payload_info.shared);
	struct sha256 sha;

	sha256_start(&sha);
	for (uint64_t done = 0; done < bytes; done += BUFFER) {
		uint32_t n = bytes - done < BUFFER ? (uint32_t)(bytes - done) : BUFFER;

		if (!virtio_blk_read(disk, done / VIRTIO_BLK_SECTOR, buffer, n))
			return false;
		sha256_add(&sha, data, n);
	}
	sha256_end(&sha, hex);
	return true;
}

static void read_disk(struct worker *w, uint64_t gpa, uint64_t bytes)
{
	uint64_t ring = gpa + BUFFER;
	struct virtio_blk disk;
	char hex[65];

	if (bytes % VIRTIO_BLK_SECTOR != 0) {
		say_none("its size is not a multiple of 512 bytes");
		return;
	}
	if (!virtio_blk_open(&disk, paging_alias(ring + payload_info.shared), ring) ||
	    !builtin_ok(read_all(&disk, gpa, bytes, hex), "the disk can be read through shared memory")) {
		say_none("the payload's driver failed");
		return;
	}
	virtio_blk_close(&disk);
	console_puts("tdlab: disk ");
	console_puts(hex);
	console_puts(" ");
	builtin_number(bytes);
	console_puts("\n");
	if (tdconv_convert(&w->tdc, gpa, SHARED_BYTES, TDCONV_PRIVATE, &w->last) == TDCONV_OK)
		console_puts("tdlab: removed virtio-blk\n");
}

void builtin_disk(struct worker *w, uint64_t gpa)
{
	uint64_t bytes = builtin_argument("tdlab.disk", 0);

	if (bytes == 0)
		return;
	if (tdconv_convert(&w->tdc, gpa, SHARED_BYTES, TDCONV_SHARED, &w->last) == TDCONV_OK) {
		read_disk(w, gpa, bytes);
		return;
	}
	builtin_contain(w, &w->last);
	say_none("its buffers could not be shared");
}
