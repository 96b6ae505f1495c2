/* SPDX-License-Identifier: MIT */
/*
 * The least of a virtio 1.0 block driver over PCI: one request at a time, polled. It exists because a disk is the
 * simplest device that every machine of tdlab can have and that writes to any address it is told.
 */
#ifndef PAYLOADS_LIB_VIRTIO_BLK_H
#define PAYLOADS_LIB_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_BLK_DMA_BYTES	4096u
#define VIRTIO_BLK_SECTOR	512u

struct virtio_blk {
	uint64_t common, notify, device;	/* GPA, with S, of the register blocks */
	volatile uint8_t *dma;			/* shared mapping of the page with the rings */
	uint64_t dma_gpa;			/* the same, as the device sees it */
	uint16_t next;				/* index of the next request */
	uint64_t sectors;
	volatile struct virtio_blk_request *request;	/* in the page with the rings, unless it is put elsewhere */
	uint64_t request_gpa;
	uint32_t pci;				/* the device, and its window into the registers (4.1.4.9) */
	unsigned int window, notify_bar, notify_offset;
	bool windowed;				/* notify it through that */
};

struct virtio_blk_request {
	uint32_t type, reserved;
	uint64_t sector;
};

enum { VIRTIO_BLK_IN = 0, VIRTIO_BLK_OUT = 1 };	/* 5.2.6: the device writes memory, or reads it */

/* False: there is no such device, or it does not follow the specification. dma: one page, shared already. */
bool virtio_blk_open(struct virtio_blk *disk, volatile void *dma, uint64_t dma_gpa);

/* Reads bytes from the sector on into memory at a GPA that is handed to the device as it is. */
bool virtio_blk_read(struct virtio_blk *disk, uint64_t sector, uint64_t gpa, uint32_t bytes);

/* The same in two steps, in either direction: what the device does not get to see it never answers. */
void virtio_blk_start(struct virtio_blk *disk, uint32_t type, uint64_t sector, uint64_t gpa, uint32_t bytes);
bool virtio_blk_wait(struct virtio_blk *disk);

/* The device forgets everything: it writes nowhere any more. */
void virtio_blk_close(struct virtio_blk *disk);

#endif
