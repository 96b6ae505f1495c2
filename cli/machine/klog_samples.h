/* SPDX-License-Identifier: MIT */
/*
 * A kernel's log made by hand in a guest's memory, for the tests and the fuzzer of its reader: VMCOREINFO, page tables
 * and a ring buffer laid out as [linux:printk_ringbuffer.h] has it on x86-64 since 5.10.
 */
#ifndef CLI_KLOG_SAMPLES_H
#define CLI_KLOG_SAMPLES_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/machine/vmcoreinfo.h"
#include "image/bytes.h"

#define RING_COUNT_BITS	4u
#define RING_COUNT	(1u << RING_COUNT_BITS)
#define RING_SIZE_BITS	9u
#define RING_SIZE	(1u << RING_SIZE_BITS)
#define RING_DESC_BYTES	24u
#define RING_INFO_BYTES	88u
#define RING_FIRST	((1ull << 62) - RING_COUNT - 1)	/* DESC0_ID: numbers go round soon */

/* In a kernel's own 2 MiB: a page of tables each, then these. */
enum { RING_TOP, RING_UPPER, RING_MIDDLE, RING_LOWER, RING_INFO = 4, RING_POINTER, RING_DATA, RING_PAGES = 16 };

struct ring {
	struct ram *ram;
	uint64_t base, virt;	/* GPA of the 2 MiB; where the kernel sees them */
	uint64_t next_text;	/* logical position */
	uint64_t number;	/* of the newest record */
};

static uint8_t *ring_gpa(const struct ring *r, uint64_t gpa)
{
	return r->ram->data + machine_file_offset(r->ram->machine, r->ram->machine->ram[0].bank + gpa);
}

/* The ring buffer's page: the pointer to it at 0, itself at 0x40; descriptors, infos and texts in their own. */
static uint8_t *ring_at(const struct ring *r, unsigned int page)
{
	return ring_gpa(r, r->base + page * TDX_PAGE_SIZE);
}

static uint8_t *ring_desc(const struct ring *r, uint64_t number)
{
	return ring_at(r, RING_DATA) + number % RING_COUNT * RING_DESC_BYTES;
}

static uint8_t *ring_info(const struct ring *r, uint64_t number)
{
	return ring_at(r, RING_DATA) + 0x400 + number % RING_COUNT * RING_INFO_BYTES;
}

static uint8_t *ring_text(const struct ring *r)
{
	return ring_at(r, RING_DATA + 1) + 0xf00;	/* over the end of a page */
}

static void ring_vmcoreinfo(const struct ring *r)
{
	char *text = (char *)ring_at(r, RING_INFO);
	int used = sprintf(text, "OSRELEASE=6.12\nPAGESIZE=4096\nSYMBOL(init_top_pgt)=%" PRIx64 "\nSYMBOL(prb)=%" PRIx64
			   "\nNUMBER(phys_base)=%" PRId64 "\n", r->virt, (uint64_t)(r->virt + RING_POINTER * TDX_PAGE_SIZE),
			   (int64_t)(r->base - (r->virt - KERNEL_MAP)));

	sprintf(text + used, "OFFSET(printk_ringbuffer.desc_ring)=0\nOFFSET(printk_ringbuffer.text_data_ring)=48\n"
		"OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=8\nOFFSET(prb_desc_ring.infos)=16\n"
		"OFFSET(prb_desc_ring.head_id)=24\nOFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=%u\n"
		"OFFSET(prb_desc.state_var)=0\nOFFSET(prb_desc.text_blk_lpos)=8\nOFFSET(prb_data_blk_lpos.begin)=0\n"
		"OFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=%u\nOFFSET(printk_info.ts_nsec)=8\n"
		"OFFSET(printk_info.text_len)=16\nOFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n"
		"OFFSET(atomic_long_t.counter)=0\n", RING_DESC_BYTES, RING_INFO_BYTES);
}

static void ring_tables(const struct ring *r)
{
	for (unsigned int level = RING_TOP; level < RING_LOWER; level++)
		put64(ring_at(r, level) + (r->virt >> (39 - 9 * level) & 511) * 8, (r->base + (level + 1) * TDX_PAGE_SIZE) | 3);
	for (unsigned int i = 0; i < RING_PAGES; i++)
		put64(ring_at(r, RING_LOWER) + ((r->virt >> 12 & 511) + i) * 8, (r->base + i * TDX_PAGE_SIZE) | 3);
}

/* Empty, as Linux has it at first: the newest and the oldest record are one that never was. */
static void ring_make(struct ring *r, struct ram *ram, uint64_t base, uint64_t virt)
{
	uint8_t *ring;
	uint64_t data;

	*r = (struct ring){ .ram = ram, .base = base, .virt = virt, .number = RING_FIRST };
	memset(ring_at(r, 0), 0, RING_PAGES * TDX_PAGE_SIZE);
	ring_vmcoreinfo(r);
	ring_tables(r);
	ring = ring_at(r, RING_POINTER) + 0x40;
	data = virt + RING_DATA * TDX_PAGE_SIZE;
	put64(ring_at(r, RING_POINTER), virt + RING_POINTER * TDX_PAGE_SIZE + 0x40);
	put32(ring, RING_COUNT_BITS);
	put64(ring + 8, data);
	put64(ring + 16, data + 0x400);
	put64(ring + 24, r->number);
	put64(ring + 32, r->number);
	put32(ring + 48, RING_SIZE_BITS);
	put64(ring + 56, data + TDX_PAGE_SIZE + 0xf00);
	put64(ring_desc(r, r->number), 3ull << 62 | r->number);
}

enum { RING_RESERVED, RING_COMMITTED, RING_FINALIZED, RING_REUSABLE };

/* [linux:printk_ringbuffer.c], data_alloc(): a block that does not fit behind the others is at the start. */
static void ring_add(struct ring *r, uint64_t state, uint64_t ns, const char *text)
{
	uint64_t length = strlen(text), bytes = (8 + length + 7) & ~7ull, begin = r->next_text, at, next = begin + bytes;
	uint8_t *ring = ring_at(r, RING_POINTER) + 0x40;

	if (begin / RING_SIZE != next / RING_SIZE)
		next = next / RING_SIZE * RING_SIZE + bytes;
	at = begin / RING_SIZE == next / RING_SIZE ? begin % RING_SIZE : 0;
	r->next_text = next;
	r->number = (r->number + 1) & ((1ull << 62) - 1);
	put64(ring_text(r) + at, r->number);
	memcpy(ring_text(r) + at + 8, text, length);
	put64(ring_desc(r, r->number), state << 62 | r->number);
	put64(ring_desc(r, r->number) + 8, begin);
	put64(ring_desc(r, r->number) + 16, next);
	put64(ring_info(r, r->number) + 8, ns);
	put16(ring_info(r, r->number) + 16, (uint16_t)length);
	put64(ring + 24, r->number);
	if (((r->number - get64(ring + 32)) & ((1ull << 62) - 1)) >= RING_COUNT)
		put64(ring + 32, (r->number - RING_COUNT + 1) & ((1ull << 62) - 1));
}

/* A vCPU that runs with these page tables. */
static void ring_lives(const struct ring *r, unsigned int vcpu, uint64_t cr3)
{
	struct monitor_status *status = (void *)(r->ram->data +
						 machine_file_offset(r->ram->machine, r->ram->machine->reserve));

	status->magic = MONITOR_STATUS_MAGIC;
	status->vcpus[vcpu].cr3 = cr3;
}

#endif
