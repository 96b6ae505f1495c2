/* SPDX-License-Identifier: MIT */
/* A virtio device made here, and a guest that tells it what it likes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/bytes.h"
#include "monitor/guest_memory.h"
#include "monitor/mem.h"
#include "monitor/qemu/pci.h"
#include "monitor/qemu/virtio.h"
#include "monitor/state.h"
#include "wire/machine.h"
#include "wire/tap.h"

#define FUNCTION	0x28u		/* 00:05.0 */
#define BAR4		0x7000000000ull
#define COMMON		BAR4
#define NOTIFY		(BAR4 + 0x3000)
#define SIZE		8u
#define PAGES		16u		/* of guest memory from 0 on, each shared or not */
#define DESC		0x1000u
#define AVAIL		0x2000u
#define USED		0x3000u
#define DATA		0x4000u
#define TABLE		0x5000u
#define PRIVATE		0x6000u		/* the first that is not shared */

struct td *td;
struct vcpu *current, *vcpus;
struct monitor_config config;

static uint8_t memory[PAGES * 4096];
static uint32_t pci[64];
static uint64_t bar = BAR4;
static uint16_t selected = 3, size = SIZE, enabled = 1;
static uint64_t desc = DESC, avail = AVAIL, used = USED, asked;
static unsigned int nfound;
static struct {
	uint64_t gpa, detail;
} findings[8];

uint32_t pci_read(uint32_t function, uint32_t offset)
{
	if (function != FUNCTION)
		return PCI_NO_DEVICE;
	return offset == 0x20 ? (uint32_t)bar | 4 : offset == 0x24 ? (uint32_t)(bar >> 32) : pci[offset / 4];
}

uint64_t pci_config_base(void)
{
	return 0xb0000000;
}

uint64_t mem_device_read(uint64_t address, unsigned int bytes)
{
	uint64_t registers[] = { [0] = desc, [1] = avail, [2] = used };

	(void)bytes;
	switch (address - bar) {
	case 22:
		return selected;
	case 24:
		return selected == 0 ? size : 0;
	case 28:
		return selected == 0 ? enabled : 0;
	default:
		if (address - bar < 32 || address - bar >= 56)
			abort();
		return (uint32_t)(registers[(address - bar - 32) / 8] >> (address % 8 ? 32 : 0));
	}
}

void mem_device_write(uint64_t address, unsigned int bytes, uint64_t value)
{
	if (address != bar + 22 || bytes != 2)
		abort();
	selected = (uint16_t)value;
}

void *guest_memory_shared(uint64_t gpa, uint64_t bytes)
{
	return gpa <= PRIVATE && bytes <= PRIVATE - gpa ? memory + gpa : NULL;
}

bool td_device(struct td *of, unsigned int vcpu, uint64_t gpa, uint64_t bytes, uint64_t rip, uint64_t detail)
{
	(void)of, (void)vcpu, (void)rip;
	asked++;
	if (bytes == 0 || (gpa < PRIVATE && bytes <= PRIVATE - gpa))
		return true;
	if (nfound == 8)
		abort();
	findings[nfound].gpa = gpa;
	findings[nfound++].detail = detail;
	return false;
}

/* Capabilities as QEMU's are: common in BAR 4 at 0, notify at 0x3000. */
static void make_device(void)
{
	pci[0] = 0x10421af4;
	pci[1] = 1u << 20;
	pci[0x34 / 4] = 0x40;
	pci[0x40 / 4] = 9 | 0x50 << 8 | 16 << 16 | 1u << 24;
	pci[0x44 / 4] = 4;
	pci[0x48 / 4] = 0;
	pci[0x4c / 4] = 0x1000;
	pci[0x50 / 4] = 9 | 0x40 << 8 | 20 << 16 | 2u << 24;	/* and round again: a list without an end */
	pci[0x54 / 4] = 4;
	pci[0x58 / 4] = 0x3000;
	pci[0x5c / 4] = 0x1000;
	virtio_init();
}

static void describe(uint32_t at, uint64_t gpa, uint32_t bytes, uint16_t flags, uint16_t next)
{
	put64(memory + at, gpa);
	put32(memory + at + 8, bytes);
	put16(memory + at + 12, flags);
	put16(memory + at + 14, next);
}

static uint16_t idx;

static void offer(uint16_t head)
{
	put16(memory + AVAIL + 4 + 2 * (idx % SIZE), head);
	put16(memory + AVAIL + 2, ++idx);
}

/* The device is reset, which forgets what was said. */
static void begin(void)
{
	virtio_write(bar + 20, 1, 0);
	memset(memory, 0, sizeof(memory));
	idx = 0;
	nfound = 0;
	asked = 0;
	desc = DESC, avail = AVAIL, used = USED, size = SIZE, enabled = 1;
	describe(DESC, DATA, 512, 1, 1);
	describe(DESC + 16, DATA + 512, 512, 0, 0);
	offer(0);
}

static void notify(uint16_t queue)
{
	virtio_write(bar + 0x3000, 2, queue);
}

static bool one(unsigned int what, uint32_t descriptor, uint64_t gpa)
{
	return nfound == 1 && findings[0].gpa == gpa &&
	       findings[0].detail == MACHINE_DMA(FUNCTION, what, 0, descriptor);
}

static void test_found(void)
{
	begin();
	notify(0);
	tap_ok(nfound == 0 && asked == 5, "three parts of a ring and two buffers are looked at, and are shared");
	tap_is(selected, 3, "the guest's choice of a queue stands");
	notify(0);
	tap_is(asked, 8, "buffers once");
	describe(DESC + 16, PRIVATE, 512, 0, 0);
	offer(0);
	notify(0);
	tap_ok(one(MACHINE_DMA_BUFFER, 1, PRIVATE), "a private buffer is found, with its place");
	offer(0);
	notify(0);
	tap_is(nfound, 1, "and told of once");
	begin();
	describe(DESC + 16, PRIVATE, 512, 0, 0);
	notify(0);
	tap_is(nfound, 1, "until the device is reset");
	begin();
	describe(DESC, PRIVATE - 1, 2, 0, 0);
	notify(0);
	tap_ok(one(MACHINE_DMA_BUFFER, 0, PRIVATE - 1), "a buffer that reaches over");
	begin();
	used = PRIVATE;
	notify(0);
	tap_ok(one(MACHINE_DMA_USED, 0, PRIVATE), "a private used ring");
	begin();
	desc = PRIVATE;
	notify(0);
	tap_ok(one(MACHINE_DMA_DESC, 0, PRIVATE), "private descriptors are not followed");
}

static void test_indirect(void)
{
	begin();
	describe(DESC, TABLE, 32, 4, 0);
	describe(TABLE, DATA, 16, 1, 1);
	describe(TABLE + 16, PRIVATE, 16, 0, 0);
	notify(0);
	tap_ok(one(MACHINE_DMA_BUFFER, 0, PRIVATE), "a private buffer in an indirect table");
	begin();
	describe(DESC, PRIVATE, 32, 4, 0);
	notify(0);
	tap_ok(one(MACHINE_DMA_INDIRECT, 0, PRIVATE), "a private table");
	begin();
	describe(DESC, TABLE, 32, 4, 0);
	describe(TABLE, TABLE, 32, 4, 0);
	notify(0);
	tap_ok(nfound == 0 && asked == 4, "a table within a table is not followed");
}

static void test_hostile(void)
{
	begin();
	describe(DESC, DATA, 16, 1, 0);
	notify(0);
	tap_is(asked, 3 + SIZE, "a chain that bites its tail ends");
	begin();
	describe(DESC, DATA, 16, 1, 9);
	offer(200);
	notify(0);
	tap_is(asked, 4, "descriptors that there are not are not looked at");
	begin();
	put16(memory + AVAIL + 2, 5000);
	notify(0);
	tap_is(asked, 3, "nor more entries than the ring has");
	begin();
	describe(DESC, TABLE, 0xffffffff, 4, 0);
	notify(0);
	tap_ok(one(MACHINE_DMA_INDIRECT, 0, TABLE), "a table of 4 GiB is told of, and not walked beyond the ring's size");
	begin();
	size = 0;
	notify(0);
	enabled = 0, size = SIZE;
	notify(0);
	notify(1);
	notify(9000);
	tap_is(asked, 0, "queues that are not there or not enabled");
}

static void test_moved(void)
{
	begin();
	bar = 0xc000000000;
	notify(0);
	tap_is(asked, 0, "registers that have moved are not found ...");
	virtio_moved();
	notify(0);
	tap_is(asked, 5, "... until the configuration space was written");
	bar = BAR4;
	virtio_write(0xb0000000 + 0x28024, 4, 0);
	begin();
	notify(0);
	tap_is(asked, 5, "in memory, too");
}

int main(void)
{
	static struct vcpu vcpu;

	current = &vcpu;
	make_device();
	test_found();
	test_indirect();
	test_hostile();
	test_moved();
	return tap_done();
}
