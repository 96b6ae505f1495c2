/* SPDX-License-Identifier: MIT */
/* A log made by hand: in order, round the ring, under way, after a kexec, and damaged in each of its places. */
#include <sys/stat.h>

#include "cli/machine/klog_samples.h"
#include "cli/machine/klog.h"
#include "cli/testing.h"

#define BASE	0x2000000ull
#define VIRT	0xffffffff93400000ull	/* as KASLR may have it: phys_base is negative */

static struct machine machine;
static struct ram ram;
static struct klog l;
static struct klog_record r;
static struct ring ring;

static void fresh(void)
{
	ring_make(&ring, &ram, BASE, VIRT);
	ring_lives(&ring, 0, BASE | 0x18);	/* PCD and PWT are no address */
	l = (struct klog){ .ram = &ram };
}

static bool next_is(bool ended, const char *text)
{
	return klog_next(&l, ended, &r) && r.bytes == strlen(text) && memcmp(r.text, text, r.bytes) == 0;
}

static void test_order(void)
{
	char text[40];
	bool all = true;

	fresh();
	tap_ok(klog_find(&l, &ram) && !klog_next(&l, false, &r), "an empty log");
	ring_add(&ring, RING_FINALIZED, 1500, "one");
	ring_add(&ring, RING_FINALIZED, 2500, "");
	ring_add(&ring, RING_FINALIZED, 3500, "three\nlines\n");
	tap_ok(next_is(false, "one") && r.ns == 1500, "a record");
	tap_ok(next_is(false, "") && next_is(false, "three\nlines\n"), "an empty one, and one of several lines");
	tap_ok(!klog_next(&l, false, &r), "no more");
	for (int i = 0; i < 200; i++) {
		sprintf(text, "%.*s %d", i % 24, "a text of changing length", i);
		ring_add(&ring, RING_FINALIZED, (uint64_t)i, text);
		all &= next_is(false, text);
	}
	tap_ok(all && l.lost == 0, "round and round");
	for (int i = 0; i < 40; i++) {
		sprintf(text, "%d", i);
		ring_add(&ring, RING_FINALIZED, (uint64_t)i, text);
	}
	tap_ok(next_is(false, "24") && l.lost == 24, "what was overwritten is counted, the oldest that is there is next");
}

static void test_under_way(void)
{
	fresh();
	klog_find(&l, &ram);
	ring_add(&ring, RING_COMMITTED, 0, "it may become longer");
	ring_add(&ring, RING_FINALIZED, 0, "after it");
	tap_ok(!klog_next(&l, false, &r), "a record that may become longer is waited for");
	tap_ok(next_is(true, "it may become longer") && next_is(true, "after it"), "after the guest's end it does not");
	ring_add(&ring, RING_RESERVED, 0, "half");
	ring_add(&ring, RING_FINALIZED, 0, "whole");
	tap_ok(!klog_next(&l, false, &r) && next_is(true, "whole"), "one that is half written is passed over at the end");
	ring_add(&ring, RING_REUSABLE, 0, "gone");
	ring_add(&ring, RING_FINALIZED, 0, "here");
	tap_ok(next_is(false, "here"), "one whose room is free is passed over");
	ring_add(&ring, RING_FINALIZED, 0, "its text was given up");
	put64(ring_desc(&ring, ring.number) + 8, 1);
	put64(ring_desc(&ring, ring.number) + 16, 1);
	ring_add(&ring, RING_FINALIZED, 0, "empty");
	put64(ring_desc(&ring, ring.number) + 8, 3);
	put64(ring_desc(&ring, ring.number) + 16, 3);
	tap_ok(next_is(false, "") && !klog_next(&l, false, &r), "without text, and with an empty one");
}

/* The kernel that another has started has its own log, and what is left of the first is still there. */
static void test_kexec(void)
{
	struct ring second;
	uint64_t blocks;
	struct stat before, after;

	fresh();
	ring_add(&ring, RING_FINALIZED, 0, "the first kernel");
	tap_ok(klog_find(&l, &ram) && next_is(false, "the first kernel"), "the first kernel's");
	tap_ok(!klog_find(&l, &ram), "which is not found again");
	ring_make(&second, &ram, BASE + 0x1000000, VIRT);
	ring_add(&second, RING_FINALIZED, 0, "the second kernel");
	tap_ok(!klog_find(&l, &ram), "one that does not run is none");
	ring_lives(&ring, 0, 0);
	ring_lives(&ring, 3, BASE + 0x1000000);
	tap_ok(klog_find(&l, &ram) && next_is(false, "the second kernel"), "that of the kernel that runs");
	l.found = false;
	ring_lives(&ring, 3, 0x7000000);
	fstat(ram.fd, &before);
	blocks = (uint64_t)before.st_blocks;
	tap_ok(!klog_find(&l, &ram), "page tables where there are none");
	ring_lives(&ring, 3, BASE);
	put64(ring_at(&ring, RING_POINTER), VIRT + (RING_PAGES - 1) * TDX_PAGE_SIZE);
	put64(ring_at(&ring, RING_LOWER) + ((VIRT >> 12 & 511) + RING_PAGES - 1) * 8, 0x6000000 | 3);
	tap_ok(!klog_find(&l, &ram), "a ring in memory that was never touched");
	fstat(ram.fd, &after);
	tap_ok((uint64_t)after.st_blocks == blocks, "no hole was filled");
	memset(ring_at(&second, 0), 0, RING_PAGES * TDX_PAGE_SIZE);
	ring_lives(&ring, 3, 0);
	ring_lives(&ring, 0, BASE);
	fresh();
	ram.rebooted = true;
	tap_ok(!klog_find(&l, &ram), "after a reboot memory is the firmware's");
	ram.rebooted = false;
}

/* Of each line of VMCOREINFO that is needed: without it there is no log, and no crash with another number. */
static void test_vmcoreinfo(void)
{
	char lines[TDX_PAGE_SIZE], *line, *rest = lines, *value;
	unsigned int needed = 0, without = 0, others = 0;

	fresh();
	ring_add(&ring, RING_FINALIZED, 0, "text");
	strcpy(lines, (char *)ring_at(&ring, RING_INFO));
	while ((line = strsep(&rest, "\n")) && *line) {
		if (strncmp(line, "OSRELEASE", 9) == 0 || strncmp(line, "PAGESIZE", 8) == 0)
			continue;
		needed++;
		ring_vmcoreinfo(&ring);
		value = strstr((char *)ring_at(&ring, RING_INFO), line);
		*value = 'x';
		l = (struct klog){ .ram = &ram };
		without += !klog_find(&l, &ram);
		*value = *line;
		value = strchr(value, '=') + 1;
		*value = *value == '7' ? '6' : '7';
		l = (struct klog){ .ram = &ram };
		if (klog_find(&l, &ram))
			for (others++; klog_next(&l, true, &r);)
				;
	}
	tap_ok(needed >= 20, "VMCOREINFO has what is needed");
	tap_is(without, needed, "without a line of it there is no log");
	tap_ok(others > 0 && others < needed, "a wrong one is survived");
}

static void test_damage(void)
{
	static const struct {
		const char *what;
		unsigned int page, offset;
		uint64_t value;
		bool none;	/* no log at all */
	} damage[] = {
		{ "a ring that is nowhere", RING_POINTER, 0, 0x123456789abcull, true },
		{ "an address that is none", RING_POINTER, 0, 0x8000000000000000ull, true },
		{ "no records", RING_POINTER, 0x40, 0, true },
		{ "more records than there can be", RING_POINTER, 0x40, 31, true },
		{ "no text", RING_POINTER, 0x40 + 48, 0, true },
		{ "more text than there can be", RING_POINTER, 0x40 + 48, 63, true },
		{ "descriptors that are nowhere", RING_POINTER, 0x40 + 8, 0xffffffff00000000ull, false },
		{ "infos that are nowhere", RING_POINTER, 0x40 + 16, 0xffffffffffffffffull, false },
		{ "texts that are nowhere", RING_POINTER, 0x40 + 56, 0xffffffffffffff00ull, false },
		{ "a head before the tail", RING_POINTER, 0x40 + 24, RING_FIRST - 5, false },
		{ "a head too far", RING_POINTER, 0x40 + 24, RING_FIRST + RING_COUNT, false },
		{ "a tail that is none", RING_POINTER, 0x40 + 32, 77, false },
	};

	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		tap_case(damage[i].what);
		fresh();
		ring_add(&ring, RING_FINALIZED, 0, "text");
		put64(ring_at(&ring, damage[i].page) + damage[i].offset, damage[i].value);
		tap_ok(klog_find(&l, &ram) != damage[i].none && !klog_next(&l, true, &r), "nothing comes of it");
	}
	tap_case(NULL);
	fresh();
	ring_add(&ring, RING_FINALIZED, 0, "another's text");
	put64(ring_text(&ring), RING_FIRST + 2);
	tap_ok(klog_find(&l, &ram) && !klog_next(&l, true, &r), "a block of another record");
	fresh();
	ring_add(&ring, RING_FINALIZED, 0, "short");
	put16(ring_info(&ring, ring.number) + 16, 0xffff);
	klog_find(&l, &ram);
	tap_ok(klog_next(&l, true, &r) && r.bytes == 8, "a length beyond the block is the block's");
}

int main(void)
{
	if (!machine_layout(&machine, MACHINE_MIN_GUEST, 0, NULL) || ram_create(&ram, &machine))
		return 1;
	test_order();
	test_under_way();
	test_kexec();
	test_vmcoreinfo();
	test_damage();
	ram_close(&ram);
	return tap_done();
}
