/* SPDX-License-Identifier: MIT */
/* Reads the disk through memory that was converted for it, as the test of the command wants it (wire/evidence.h). */
#include "payloads/builtin.h"
#include "payloads/lib/payload.h"
#include "payloads/lib/virtio_blk.h"
#include "wire/evidence.h"
#include "wire/sha256.h"

#define BUFFER		0x10000u	/* one request */
#define MOST		0x400000u	/* of the disk */
#define SHARED_BYTES	(BUFFER + VIRTIO_BLK_DMA_BYTES)

static void put_evidence(const char *what, const char *more)
{
	console_puts(EVIDENCE_PREFIX);
	console_puts(what);
	console_puts(more);
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
	sha256_end(&sha, NULL, 0, hex);
	return true;
}

/* A VMM may have called shared what is not. */
static bool usable(uint64_t gpa, uint64_t bytes)
{
	uint64_t value;

	for (uint64_t end = gpa + bytes; gpa < end; gpa += TDX_PAGE_SIZE)
		if (!guarded_load(paging_alias(gpa + payload_info.shared), &value))
			return false;
	return true;
}

static void read_disk(uint64_t gpa)
{
	uint64_t ring = gpa + BUFFER, bytes;
	struct virtio_blk disk;
	char hex[65];

	if (!virtio_blk_open(&disk, paging_alias(ring + payload_info.shared), ring)) {
		put_evidence(EVIDENCE_MISSING, "");
		return;
	}
	bytes = disk.sectors < MOST / VIRTIO_BLK_SECTOR ? disk.sectors * VIRTIO_BLK_SECTOR : MOST;
	if (!builtin_ok(read_all(&disk, gpa, bytes, hex), "the disk can be read through shared memory")) {
		put_evidence(EVIDENCE_FAILED, "the disk cannot be read");
		return;
	}
	virtio_blk_close(&disk);
	console_puts(EVIDENCE_PREFIX EVIDENCE_DEVICE "vda ");
	builtin_number(bytes);
	console_puts(" ");
	console_puts(hex);
	console_puts("\n");
}

void builtin_disk(struct worker *w, uint64_t gpa)
{
	struct tdconv_result res;

	if (tdconv_convert(&w->tdc, gpa, SHARED_BYTES, TDCONV_SHARED, &res) != TDCONV_OK) {
		builtin_contain(w, &res);
		put_evidence(EVIDENCE_FAILED, "buffers for the disk could not be shared");
		return;
	}
	if (usable(gpa, SHARED_BYTES))
		read_disk(gpa);
	else
		put_evidence(EVIDENCE_FAILED, "buffers for the disk are not shared");
	if (tdconv_convert(&w->tdc, gpa, SHARED_BYTES, TDCONV_PRIVATE, &res) == TDCONV_OK)
		put_evidence(EVIDENCE_REMOVED, "vda");
	else
		builtin_contain(w, &res);
}
