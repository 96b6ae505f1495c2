/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer harness of the reader of Linux's log. A byte says where the rest lies in a guest's memory: on VMCOREINFO,
 * on the kernel's page tables, or on the ring buffer, over a log that is sound. What is read ends.
 */
#include <stdlib.h>

#include "cli/machine/klog.h"
#include "cli/machine/klog_samples.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void sound(struct ring *ring, struct ram *ram)
{
	ring_make(ring, ram, 0x2000000, 0xffffffff81000000ull);
	ring_lives(ring, 0, ring->base);
	for (int i = 0; i < 20; i++)
		ring_add(ring, i % 5 == 4 ? RING_COMMITTED : RING_FINALIZED, (uint64_t)i, "a record\nof two lines");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const unsigned int places[] = { RING_INFO, RING_TOP, RING_MIDDLE, RING_LOWER, RING_POINTER, RING_DATA };
	static struct machine machine;
	static struct klog_record r;
	static struct ram ram;
	struct klog l = { 0 };
	struct ring ring;
	size_t room;

	if (!ram.data)
		CHECK(machine_layout(&machine, MACHINE_MIN_GUEST, 0, NULL) && ram_create(&ram, &machine) == 0);
	sound(&ring, &ram);
	if (bytes > 0) {
		unsigned int place = places[data[0] % ARRAY_SIZE(places)];

		room = (RING_PAGES - place) * TDX_PAGE_SIZE;
		memcpy(ring_at(&ring, place), data + 1, bytes - 1 < room ? bytes - 1 : room);
	}
	if (!klog_find(&l, &ram))
		return 0;
	for (uint64_t n = 0; klog_next(&l, data[0] & 0x80, &r); n++)
		CHECK(n < l.desc_count && r.bytes <= sizeof(r.text));
	return 0;
}
