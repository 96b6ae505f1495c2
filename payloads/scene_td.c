/* SPDX-License-Identifier: MIT */
/* The hooks of scenario.h in a TD. */
#include "payloads/lib/payload.h"
#include "payloads/lib/virtio_blk.h"
#include "payloads/scenario.h"

static volatile unsigned int arrived;
static uint8_t dma_page[4096] __attribute__((aligned(4096)));

void scene_tdcall(struct scene *s, uint64_t gpr[GPRS])
{
	(void)s;
	tdcall(gpr);
}

bool scene_load(struct scene *s, uint64_t gpa, uint64_t *value)
{
	(void)s;
	return guarded_load(paging_alias(gpa), value);
}

bool scene_store(struct scene *s, uint64_t gpa, uint64_t value)
{
	(void)s;
	return guarded_store(paging_alias(gpa), value);
}

bool scene_load_split(struct scene *s, uint64_t first, uint64_t second)
{
	uint64_t value;

	paging_patch_set(2 * s->cpu, first);
	paging_patch_set(2 * s->cpu + 1, second);
	return guarded_load((const char *)paging_patch(2 * s->cpu + 1) - 4, &value);
}

/*
 * The disk, opened on first use: most scenarios need none, and its ring page is a conversion of its own. A VMM that
 * says that the ring is shared may lie.
 */
static bool open_disk(struct scene *s, struct virtio_blk *disk)
{
	uint64_t ring = (uint64_t)(uintptr_t)dma_page;

	return scene_share(s, ring, 1) && scene_store(s, ring + s->shared, 0) &&
	       virtio_blk_open(disk, paging_alias(ring + s->shared), ring);
}

bool scene_device(struct scene *s, uint64_t gpa, enum device_use use)
{
	static struct virtio_blk disk;
	static bool tried, open;
	uint64_t ring = (uint64_t)(uintptr_t)dma_page, data = gpa;

	if (use == DEVICE_RING) {	/* it sees none of the request, so it does not answer */
		if (!virtio_blk_open(&disk, paging_alias(gpa), gpa))
			return false;
		virtio_blk_start(&disk, VIRTIO_BLK_IN, 0, gpa, VIRTIO_BLK_SECTOR);
		virtio_blk_close(&disk);
		return true;
	}
	open = tried ? open : open_disk(s, &disk);
	tried = true;
	if (!open)
		return false;
	disk.windowed = use == DEVICE_UNSEEN;
	if (use == DEVICE_HEADER) {
		disk.request = paging_alias(gpa);
		disk.request_gpa = gpa & ~s->shared;
		data = ring + VIRTIO_BLK_DMA_BYTES - VIRTIO_BLK_SECTOR;
	}
	virtio_blk_start(&disk, use == DEVICE_WRITES || use == DEVICE_HEADER ? VIRTIO_BLK_IN : VIRTIO_BLK_OUT, 0, data,
			 VIRTIO_BLK_SECTOR);
	return virtio_blk_wait(&disk);
}

void scene_meet(struct scene *s)
{
	unsigned int target = (__atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL) / s->cpus + 1) * s->cpus;

	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < target)
		__builtin_ia32_pause();
}

void scene_note(struct scene *s, const char *text)
{
	(void)s;
	console_puts("scenario: ");
	console_puts(text);
	console_puts("\n");
}
