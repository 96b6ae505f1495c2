/* SPDX-License-Identifier: MIT */
/* Section numbers are those of "Virtual I/O Device (VIRTIO) Version 1.1", OASIS. */
#include "payloads/lib/payload.h"
#include "payloads/lib/pci.h"
#include "payloads/lib/virtio_blk.h"

enum { VENDOR = 0x1af4, MODERN = 0x1042, TRANSITIONAL = 0x1001 };			/* 4.1.2 */
enum { PCI_COMMAND = 4, PCI_CAPABILITIES = 0x34, CAP_VENDOR = 9, MEMORY_AND_MASTER = 6 };
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_DEVICE = 4, CAP_WINDOW = 5 };		/* 4.1.4 */
enum { FEATURE_SELECT = 0, FEATURES = 4, DRIVER_SELECT = 8, DRIVER_FEATURES = 12, STATUS = 20, QUEUE = 22,
       QUEUE_SIZE = 24, QUEUE_ENABLE = 28, QUEUE_DESC = 32, QUEUE_AVAIL = 40, QUEUE_USED = 48 };	/* 4.1.4.3 */
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };			/* 2.1 */
enum { VERSION_1 = 1u << 0, ACCESS_PLATFORM = 1u << 1 };				/* 6: bits 32 and 33 */
enum { DESC_NEXT = 1, DESC_WRITE = 2 };						/* 2.6.5 */
enum { RING = 8 };

/* The page that the device and we share. */
struct dma {
	struct {
		uint64_t address;
		uint32_t bytes;
		uint16_t flags, next;
	} desc[RING];
	struct {
		uint16_t flags, index, ring[RING], event;
	} avail;
	uint8_t gap[108];
	struct {
		uint16_t flags, index;
		struct {
			uint32_t id, bytes;
		} ring[RING];
		uint16_t event;
	} used __attribute__((aligned(4)));
	struct virtio_blk_request request __attribute__((aligned(16)));
	uint8_t status;
};

_Static_assert(sizeof(struct dma) <= VIRTIO_BLK_DMA_BYTES, "one page");

static void mmio_write(uint64_t gpa, unsigned int size, uint64_t value)
{
	if (vmcall_mmio(gpa, size, true, &value) != TDVMCALL_SUCCESS)
		payload_panic("the VMM refuses to write the device register at", gpa);
}

static uint64_t mmio_read(uint64_t gpa, unsigned int size)
{
	uint64_t value = 0;

	if (vmcall_mmio(gpa, size, false, &value) != TDVMCALL_SUCCESS)
		payload_panic("the VMM refuses to read the device register at", gpa);
	return value;
}

static bool find_registers(struct virtio_blk *disk)
{
	uint32_t device = pci_find(VENDOR, MODERN, TRANSITIONAL), head;
	unsigned int at;

	if (device == PCI_NONE)
		return false;
	disk->pci = device;
	pci_write(device, PCI_COMMAND, pci_read(device, PCI_COMMAND) | MEMORY_AND_MASTER);
	for (at = pci_read(device, PCI_CAPABILITIES) & 0xfc; at != 0; at = head >> 8 & 0xfc) {
		uint64_t address;

		head = pci_read(device, at);
		if ((head & 0xff) != CAP_VENDOR)
			continue;
		address = pci_bar(device, pci_read(device, at + 4) & 0xff) + pci_read(device, at + 8) +
			  payload_info.shared;
		if (head >> 24 == CAP_COMMON) {
			disk->common = address;
		} else if (head >> 24 == CAP_NOTIFY) {
			disk->notify = address;
			disk->notify_bar = pci_read(device, at + 4) & 0xff;
			disk->notify_offset = pci_read(device, at + 8);
		} else if (head >> 24 == CAP_DEVICE) {
			disk->device = address;
		} else if (head >> 24 == CAP_WINDOW) {
			disk->window = at;
		}
	}
	return disk->common != 0 && disk->notify != 0 && disk->device != 0;
}

/* 3.1.1. Only what a TD cannot do without: version 1, and addresses that go through the platform. */
static bool negotiate(const struct virtio_blk *disk)
{
	uint64_t common = disk->common;

	mmio_write(common + STATUS, 1, 0);
	mmio_write(common + STATUS, 1, ACKNOWLEDGE | DRIVER);
	mmio_write(common + FEATURE_SELECT, 4, 1);
	if (!(mmio_read(common + FEATURES, 4) & VERSION_1))
		return false;
	mmio_write(common + DRIVER_SELECT, 4, 0);
	mmio_write(common + DRIVER_FEATURES, 4, 0);
	mmio_write(common + DRIVER_SELECT, 4, 1);
	mmio_write(common + DRIVER_FEATURES, 4, mmio_read(common + FEATURES, 4) & (VERSION_1 | ACCESS_PLATFORM));
	mmio_write(common + STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	return mmio_read(common + STATUS, 1) & FEATURES_OK;
}

static void set_queue(const struct virtio_blk *disk)
{
	uint64_t common = disk->common, base = disk->dma_gpa;

	mmio_write(common + QUEUE, 2, 0);
	mmio_write(common + QUEUE_SIZE, 2, RING);
	for (unsigned int half = 0; half < 2; half++) {
		mmio_write(common + QUEUE_DESC + 4 * half, 4, (base + offsetof(struct dma, desc)) >> 32 * half);
		mmio_write(common + QUEUE_AVAIL + 4 * half, 4, (base + offsetof(struct dma, avail)) >> 32 * half);
		mmio_write(common + QUEUE_USED + 4 * half, 4, (base + offsetof(struct dma, used)) >> 32 * half);
	}
	mmio_write(common + QUEUE_ENABLE, 2, 1);
	mmio_write(common + STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

bool virtio_blk_open(struct virtio_blk *disk, volatile void *dma, uint64_t dma_gpa)
{
	*disk = (struct virtio_blk){
		.dma = dma, .dma_gpa = dma_gpa,
		.request = &((volatile struct dma *)dma)->request,
		.request_gpa = dma_gpa + offsetof(struct dma, request),
	};
	for (unsigned int i = 0; i < VIRTIO_BLK_DMA_BYTES; i++)
		disk->dma[i] = 0;
	if (!find_registers(disk) || !negotiate(disk))
		return false;
	disk->sectors = mmio_read(disk->device, 4) | mmio_read(disk->device + 4, 4) << 32;
	set_queue(disk);
	return true;
}

static void describe(volatile struct dma *dma, unsigned int n, uint64_t address, uint32_t bytes, uint16_t flags)
{
	dma->desc[n].address = address;
	dma->desc[n].bytes = bytes;
	dma->desc[n].flags = flags;
	dma->desc[n].next = (uint16_t)(n + 1);
}

/* Queue 0: its offset is 0 whatever the multiplier. */
static void notify(const struct virtio_blk *disk)
{
	if (!disk->windowed) {
		mmio_write(disk->notify, 2, 0);
		return;
	}
	pci_write(disk->pci, disk->window + 4, disk->notify_bar);
	pci_write(disk->pci, disk->window + 8, disk->notify_offset);
	pci_write(disk->pci, disk->window + 12, 2);
	pci_write(disk->pci, disk->window + 16, 0);
}

void virtio_blk_start(struct virtio_blk *disk, uint32_t type, uint64_t sector, uint64_t gpa, uint32_t bytes)
{
	volatile struct dma *dma = (volatile struct dma *)disk->dma;

	disk->request->type = type;
	disk->request->reserved = 0;
	disk->request->sector = sector;
	dma->status = 0xff;
	describe(dma, 0, disk->request_gpa, sizeof(*disk->request), DESC_NEXT);
	describe(dma, 1, gpa, bytes, type == VIRTIO_BLK_IN ? DESC_NEXT | DESC_WRITE : DESC_NEXT);
	describe(dma, 2, disk->dma_gpa + offsetof(struct dma, status), 1, DESC_WRITE);
	dma->avail.ring[disk->next % RING] = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	dma->avail.index = ++disk->next;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	notify(disk);
}

bool virtio_blk_wait(struct virtio_blk *disk)
{
	volatile struct dma *dma = (volatile struct dma *)disk->dma;

	while (dma->used.index != disk->next)	/* the command's own timeout ends a device that never answers */
		__builtin_ia32_pause();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return dma->status == 0;
}

bool virtio_blk_read(struct virtio_blk *disk, uint64_t sector, uint64_t gpa, uint32_t bytes)
{
	virtio_blk_start(disk, VIRTIO_BLK_IN, sector, gpa, bytes);
	return virtio_blk_wait(disk);
}

void virtio_blk_close(struct virtio_blk *disk)
{
	mmio_write(disk->common + STATUS, 1, 0);
	while (mmio_read(disk->common + STATUS, 1) != 0)
		__builtin_ia32_pause();
}
