/* SPDX-License-Identifier: MIT */
/* Section numbers are those of "Virtual I/O Device (VIRTIO) Version 1.2", OASIS. Split rings, as QEMU offers them. */
#include "monitor/qemu/virtio.h"
#include "monitor/guest_memory.h"

#include "image/bytes.h"
#include "monitor/mem.h"
#include "monitor/qemu/pci.h"
#include "monitor/state.h"

#define FUNCTIONS	256u
#define VENDOR		0x1af4u		/* 4.1.2 */
#define PCI_STATUS_CAPS	(1u << 20)	/* PCI Local Bus 3.0, 6.2.3: in the dword at 4 */
#define PCI_BAR0	0x10u
#define PCI_CAPS	0x34u
#define CAPS_MOST	48u
#define CAP_VENDOR	9u
#define CONFIG_BYTES	(256ull << 20)

enum { CAP_COMMON = 1, CAP_NOTIFY = 2 };					/* 4.1.4 */
enum { STATUS = 20, QUEUE = 22, QUEUE_SIZE = 24, QUEUE_ENABLE = 28, QUEUE_DESC = 32, QUEUE_AVAIL = 40,
       QUEUE_USED = 48, COMMON_BYTES = 56 };					/* 4.1.4.3 */
enum { DESC_BYTES = 16, DESC_NEXT = 1, DESC_INDIRECT = 4, AVAIL_RING = 4 };	/* 2.7.5, 2.7.6 */

#define DEVICES		8u
#define QUEUES		16u
#define RING_MOST	32768u	/* 2.7 */

struct window {
	uint32_t bar, offset, bytes;	/* of the capability; bytes 0: there is none */
	uint64_t address;		/* where it is now; 0: nowhere */
};

struct queue {
	uint16_t seen;		/* entries of the available ring that were looked at */
	uint8_t told;		/* a bit for each MACHINE_DMA_*: said once, until the device is reset */
};

static struct device {
	uint32_t function;
	struct window common, notify;
	struct queue queues[QUEUES];
} devices[DEVICES];
static uint32_t ndevices;
static bool moved;
static uint64_t config_base;	/* of PCI's configuration space in memory, 0: nowhere */

static void read_capability(struct device *d, uint32_t at, uint32_t head)
{
	uint32_t kind = head >> 24;
	struct window *w = kind == CAP_COMMON ? &d->common : kind == CAP_NOTIFY ? &d->notify : NULL;

	if (w == NULL || w->bytes != 0)
		return;
	w->bar = pci_read(d->function, at + 4) & 0xff;
	w->offset = pci_read(d->function, at + 8);
	w->bytes = w->bar < 6 ? pci_read(d->function, at + 12) : 0;
}

static bool find(struct device *d)
{
	uint32_t at, head, n;

	if ((pci_read(d->function, 0) & 0xffff) != VENDOR || !(pci_read(d->function, 4) & PCI_STATUS_CAPS))
		return false;
	at = pci_read(d->function, PCI_CAPS) & 0xfc;
	for (n = 0; at != 0 && n < CAPS_MOST; n++, at = head >> 8 & 0xfc) {
		head = pci_read(d->function, at);
		if ((head & 0xff) == CAP_VENDOR)
			read_capability(d, at, head);
	}
	return d->common.bytes >= COMMON_BYTES && d->notify.bytes != 0;
}

void virtio_init(void)
{
	for (uint32_t function = 0; function < FUNCTIONS && ndevices < DEVICES; function++) {
		struct device *d = &devices[ndevices];

		memset(d, 0, sizeof(*d));
		d->function = function;
		if (find(d))
			ndevices++;
	}
	moved = true;
}

void virtio_moved(void)
{
	moved = true;
}

/* PCI Local Bus 3.0, 6.2.5.1: bits of a memory BAR. */
static void place(const struct device *d, struct window *w)
{
	uint32_t low = pci_read(d->function, PCI_BAR0 + 4 * w->bar);
	uint64_t base = low & ~0xfu;

	if (!(low & 1) && (low & 6) == 4)
		base |= (uint64_t)pci_read(d->function, PCI_BAR0 + 4 * w->bar + 4) << 32;
	w->address = (low & 1) || base == 0 ? 0 : base + w->offset;
}

static void look_again(void)
{
	moved = false;
	config_base = pci_config_base();
	for (uint32_t i = 0; i < ndevices; i++) {
		place(&devices[i], &devices[i].common);
		place(&devices[i], &devices[i].notify);
	}
}

static bool inside(const struct window *w, uint64_t address)
{
	return w->address != 0 && address >= w->address && address - w->address < w->bytes;
}

/* What a notification is about: one queue of one device. */
struct notice {
	struct device *device;
	struct queue *queue;
	uint16_t index, size;
	uint64_t desc, avail, used;
};

static bool use(const struct notice *n, unsigned int what, uint32_t descriptor, uint64_t gpa, uint64_t bytes)
{
	if (n->queue->told & 1u << what)
		return true;
	if (td_device(td, current->index, gpa, bytes, current->regs.rip,
		      MACHINE_DMA(n->device->function, what, n->index, descriptor)))
		return true;
	n->queue->told |= (uint8_t)(1u << what);
	return false;
}

static uint64_t read64(const struct device *d, uint32_t offset)
{
	uint64_t low = mem_device_read(d->common.address + offset, 4);

	return mem_device_read(d->common.address + offset + 4, 4) << 32 | low;
}

/* False: the device would do nothing. The register that selects a queue is the guest's, and is put back. */
static bool read_queue(struct notice *n)
{
	const struct device *d = n->device;
	uint64_t common = d->common.address, selected = mem_device_read(common + QUEUE, 2);
	bool enabled;

	mem_device_write(common + QUEUE, 2, n->index);
	n->size = (uint16_t)mem_device_read(common + QUEUE_SIZE, 2);
	enabled = mem_device_read(common + QUEUE_ENABLE, 2) != 0;
	n->desc = read64(d, QUEUE_DESC);
	n->avail = read64(d, QUEUE_AVAIL);
	n->used = read64(d, QUEUE_USED);
	mem_device_write(common + QUEUE, 2, selected);
	return enabled && n->size != 0 && n->size <= RING_MOST;
}

/* The table's n-th descriptor, as it is now: the guest may change it meanwhile. Returns its flags | next << 16. */
static uint32_t descriptor(const uint8_t *table, uint32_t i, uint64_t *gpa, uint32_t *bytes)
{
	*gpa = get64(table + i * DESC_BYTES);
	*bytes = get32(table + i * DESC_BYTES + 8);
	return get32(table + i * DESC_BYTES + 12);
}

/* Buffers of one chain within a table of so many descriptors; head is what the ring named, for the report. */
static void look_at_chain(const struct notice *n, const uint8_t *table, uint32_t entries, uint32_t i, uint32_t head)
{
	uint32_t flags = DESC_NEXT, bytes, count;
	const uint8_t *inner;
	uint64_t gpa;

	for (count = 0; (flags & DESC_NEXT) && i < entries && count < entries; count++, i = flags >> 16) {
		flags = descriptor(table, i, &gpa, &bytes);
		if (!(flags & DESC_INDIRECT)) {
			use(n, MACHINE_DMA_BUFFER, head == RING_MOST ? i : head, gpa, bytes);
			continue;
		}
		if (head != RING_MOST)		/* 2.7.5.3.1: no table within a table */
			return;
		use(n, MACHINE_DMA_INDIRECT, i, gpa, bytes);
		bytes /= DESC_BYTES;
		bytes = bytes < n->size ? bytes : n->size;
		inner = guest_memory_shared(gpa, bytes * DESC_BYTES);
		if (inner != NULL)
			look_at_chain(n, inner, bytes, 0, i);
		return;
	}
}

static void look_at_available(const struct notice *n)
{
	const uint8_t *table = guest_memory_shared(n->desc, (uint64_t)n->size * DESC_BYTES);
	const uint8_t *avail = guest_memory_shared(n->avail, AVAIL_RING + 2ull * n->size);
	uint16_t index;

	if (table == NULL || avail == NULL)
		return;
	index = get16(avail + 2);
	if ((uint16_t)(index - n->queue->seen) > n->size)	/* nothing that a device could follow */
		n->queue->seen = index;
	for (; n->queue->seen != index; n->queue->seen++)
		look_at_chain(n, table, n->size, get16(avail + AVAIL_RING + 2 * (n->queue->seen % n->size)), RING_MOST);
}

static void look_at_queue(struct device *d, uint16_t index)
{
	struct notice n = { .device = d, .index = index };

	if (index >= QUEUES || d->common.address == 0)
		return;
	n.queue = &d->queues[index];
	if (!read_queue(&n))
		return;
	use(&n, MACHINE_DMA_DESC, 0, n.desc, (uint64_t)n.size * DESC_BYTES);
	use(&n, MACHINE_DMA_AVAIL, 0, n.avail, AVAIL_RING + 2ull * n.size);
	use(&n, MACHINE_DMA_USED, 0, n.used, 4 + 8ull * n.size);
	look_at_available(&n);
}

void virtio_write(uint64_t address, unsigned int size, uint64_t value)
{
	if (config_base != 0 && address >= config_base && address - config_base < CONFIG_BYTES) {
		moved = true;
		return;
	}
	if (moved)
		look_again();
	for (uint32_t i = 0; i < ndevices; i++) {
		struct device *d = &devices[i];

		if (size >= 2 && inside(&d->notify, address))
			look_at_queue(d, (uint16_t)value);	/* 4.1.5.2: the queue's number */
		else if (inside(&d->common, address) && address - d->common.address == STATUS && (uint8_t)value == 0)
			memset(d->queues, 0, sizeof(d->queues));
	}
}
