/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "abi/x86.h"
#include "cli/machine/klog.h"
#include "cli/machine/vmcoreinfo.h"
#include "image/bytes.h"

/* [linux:printk_ringbuffer.h]: a descriptor's state is in the upper two bits, its number in the others. */
#define STATE_SHIFT	62
#define NUMBER_MASK	((1ull << STATE_SHIFT) - 1)
enum { RESERVED, COMMITTED, FINALIZED, REUSABLE };
#define NO_TEXT		1u	/* in the place of a block: none */
#define EMPTY_LINE	3u	/* ... because the text is empty */
#define BLOCK_HEAD	8u	/* a block begins with its record's number */
#define MOST_COUNT_BITS	20u
#define MOST_SIZE_BITS	31u
#define MOST_BYTES	4096u	/* of a structure */

static const char *const members[KLOG_MEMBERS] = {
	[KLOG_DESC_RING] = "OFFSET(printk_ringbuffer.desc_ring)",
	[KLOG_TEXT_RING] = "OFFSET(printk_ringbuffer.text_data_ring)",
	[KLOG_COUNT_BITS] = "OFFSET(prb_desc_ring.count_bits)",
	[KLOG_DESCS] = "OFFSET(prb_desc_ring.descs)",
	[KLOG_INFOS] = "OFFSET(prb_desc_ring.infos)",
	[KLOG_HEAD] = "OFFSET(prb_desc_ring.head_id)",
	[KLOG_TAIL] = "OFFSET(prb_desc_ring.tail_id)",
	[KLOG_STATE] = "OFFSET(prb_desc.state_var)",
	[KLOG_BLOCK] = "OFFSET(prb_desc.text_blk_lpos)",
	[KLOG_BEGIN] = "OFFSET(prb_data_blk_lpos.begin)",
	[KLOG_NEXT] = "OFFSET(prb_data_blk_lpos.next)",
	[KLOG_TIME] = "OFFSET(printk_info.ts_nsec)",
	[KLOG_LENGTH] = "OFFSET(printk_info.text_len)",
	[KLOG_SIZE_BITS] = "OFFSET(prb_data_ring.size_bits)",
	[KLOG_DATA] = "OFFSET(prb_data_ring.data)",
	[KLOG_COUNTER] = "OFFSET(atomic_long_t.counter)",
	[KLOG_DESC_BYTES] = "SIZE(prb_desc)",
	[KLOG_INFO_BYTES] = "SIZE(printk_info)",
};

/*
 * SDM volume 3A, "4-Level Paging". S is part of an entry's address: what is shared is at no address of the guest's RAM.
 */
static bool translate(const struct ram *ram, uint64_t tables, uint64_t address, uint64_t *gpa)
{
	uint64_t table = tables & PTE_ADDRESS, entry, within;

	if ((uint64_t)((int64_t)(address << 16) >> 16) != address)
		return false;
	for (unsigned int shift = 39; shift >= 12; shift -= 9) {
		if (!ram_read_private(ram, table + (address >> shift & 511) * sizeof(entry), &entry, sizeof(entry)) ||
		    !(entry & PTE_PRESENT))
			return false;
		table = entry & PTE_ADDRESS;
		within = (1ull << shift) - 1;
		if (shift == 12 || (shift < 39 && (entry & PTE_LARGE))) {
			*gpa = (table & ~within) | (address & within);
			return true;
		}
	}
	return false;
}

static bool fetch(const struct klog *l, uint64_t address, void *data, size_t bytes)
{
	uint8_t *to = data;
	uint64_t gpa, part;

	for (; bytes; to += part, address += part, bytes -= part) {
		part = TDX_PAGE_SIZE - address % TDX_PAGE_SIZE;
		part = part < bytes ? part : bytes;
		if (!translate(l->ram, l->tables, address, &gpa) || !ram_read_private(l->ram, gpa, to, part))
			return false;
	}
	return true;
}

static bool fetch64(const struct klog *l, uint64_t address, uint64_t *value)
{
	return fetch(l, address, value, sizeof(*value));
}

/* The kernel is one that runs: a vCPU's page tables lead to it, and there where it says that it is. */
static bool lives(const struct ram *ram, uint64_t symbol, uint64_t gpa)
{
	volatile struct monitor_status *status = ram_status(ram);
	uint64_t found;

	for (unsigned int i = 0; status && i < TD_MAX_VCPUS; i++)
		if (status->vcpus[i].cr3 && translate(ram, status->vcpus[i].cr3, symbol, &found) && found == gpa)
			return true;
	return false;
}

static bool bits(const struct klog *l, uint64_t address, uint32_t most, uint64_t *size)
{
	uint32_t bits;

	if (!fetch(l, address, &bits, sizeof(bits)) || bits == 0 || bits > most)
		return false;
	*size = 1ull << bits;
	return true;
}

static bool read_layout(struct klog *l, const char *text)
{
	for (unsigned int i = 0; i < KLOG_MEMBERS; i++)
		if (!vmcoreinfo_number(text, members[i], 10, &l->at[i]) || l->at[i] > MOST_BYTES)
			return false;
	return l->at[KLOG_DESC_BYTES] && l->at[KLOG_INFO_BYTES];
}

static bool open_ring(struct klog *l, uint64_t symbol)
{
	uint64_t ring, descs, texts;

	if (!fetch64(l, symbol, &ring))
		return false;
	descs = ring + l->at[KLOG_DESC_RING];
	texts = ring + l->at[KLOG_TEXT_RING];
	l->head = descs + l->at[KLOG_HEAD] + l->at[KLOG_COUNTER];
	l->tail = descs + l->at[KLOG_TAIL] + l->at[KLOG_COUNTER];
	return bits(l, descs + l->at[KLOG_COUNT_BITS], MOST_COUNT_BITS, &l->desc_count) &&
	       bits(l, texts + l->at[KLOG_SIZE_BITS], MOST_SIZE_BITS, &l->data_bytes) &&
	       fetch64(l, descs + l->at[KLOG_DESCS], &l->descs) && fetch64(l, descs + l->at[KLOG_INFOS], &l->infos) &&
	       fetch64(l, texts + l->at[KLOG_DATA], &l->data) && fetch64(l, l->tail, &l->next);
}

bool klog_find(struct klog *log, const struct ram *ram)
{
	char text[TDX_PAGE_SIZE + 1];
	uint64_t base, tables, symbol;
	off_t at = 0;

	while (!ram->rebooted && vmcoreinfo_next(ram, &at, text)) {
		struct klog l = { .ram = ram };

		if (!vmcoreinfo_number(text, "NUMBER(phys_base)", 10, &base) ||
		    !vmcoreinfo_number(text, "SYMBOL(init_top_pgt)", 16, &tables) ||
		    !vmcoreinfo_number(text, "SYMBOL(prb)", 16, &symbol) || !read_layout(&l, text))
			continue;
		l.tables = tables - KERNEL_MAP + base;
		l.ring = symbol - KERNEL_MAP + base;
		if (!lives(ram, symbol, l.ring) || !open_ring(&l, symbol))
			continue;
		if (log->found && log->ring == l.ring)
			return false;
		l.found = true;
		*log = l;
		return true;
	}
	return false;
}

/* Where the text of a block lies, and how long it may be at most; false if there is none. */
static bool place(const struct klog *l, uint64_t begin, uint64_t next, uint64_t number, uint64_t *at, uint64_t *bytes)
{
	uint64_t size = l->data_bytes, id;

	if (begin / size == (next - 1) / size) {
		*at = begin % size;
		*bytes = next - begin;
	} else {	/* it did not fit behind the others */
		*at = 0;
		*bytes = next % size;
	}
	if (*bytes < BLOCK_HEAD || *bytes > size - *at || !fetch64(l, l->data + *at, &id) || id != number)
		return false;
	*at += BLOCK_HEAD;
	*bytes -= BLOCK_HEAD;
	return true;
}

static bool read_text(const struct klog *l, uint64_t number, struct klog_record *r)
{
	uint64_t block = l->descs + number % l->desc_count * l->at[KLOG_DESC_BYTES] + l->at[KLOG_BLOCK];
	uint64_t info = l->infos + number % l->desc_count * l->at[KLOG_INFO_BYTES], begin, next, at, bytes;
	uint16_t length;

	if (!fetch64(l, info + l->at[KLOG_TIME], &r->ns) || !fetch(l, info + l->at[KLOG_LENGTH], &length, sizeof(length)) ||
	    !fetch64(l, block + l->at[KLOG_BEGIN], &begin) || !fetch64(l, block + l->at[KLOG_NEXT], &next))
		return false;
	r->bytes = 0;
	if (begin & NO_TEXT)
		return begin == EMPTY_LINE && next == EMPTY_LINE;
	if (!place(l, begin, next, number, &at, &bytes))
		return false;
	r->bytes = length < bytes ? length : bytes;
	r->bytes = r->bytes < sizeof(r->text) ? r->bytes : sizeof(r->text);
	return fetch(l, l->data + at, r->text, r->bytes);
}

static bool read_state(const struct klog *l, uint64_t number, uint64_t *state)
{
	return fetch64(l, l->descs + number % l->desc_count * l->at[KLOG_DESC_BYTES] + l->at[KLOG_STATE] +
			  l->at[KLOG_COUNTER], state);
}

/* Numbers go round: what was overwritten is passed over. False if there is no more, or the ring makes no sense. */
static bool within(struct klog *l)
{
	uint64_t head, tail, behind;

	if (!l->found || !fetch64(l, l->head, &head) || !fetch64(l, l->tail, &tail) ||
	    ((head - tail) & NUMBER_MASK) >= l->desc_count)
		return false;
	behind = (tail - l->next) & NUMBER_MASK;
	if (behind && behind <= NUMBER_MASK / 2) {
		l->lost += behind;
		l->next = tail;
	}
	return ((head - l->next) & NUMBER_MASK) < l->desc_count;
}

bool klog_next(struct klog *l, bool ended, struct klog_record *r)
{
	uint64_t number, state, again;
	bool whole, text;

	while (within(l)) {
		number = l->next & NUMBER_MASK;
		if (!read_state(l, number, &state))
			return false;
		whole = (state & NUMBER_MASK) == number &&
			(state >> STATE_SHIFT == FINALIZED || (ended && state >> STATE_SHIFT == COMMITTED));
		if (!whole && !ended && state >> STATE_SHIFT != REUSABLE)
			return false;	/* it is being written */
		text = whole && read_text(l, number, r);
		if (!read_state(l, number, &again) || again != state)
			return false;	/* it was overwritten meanwhile: the ring has gone on */
		l->next++;
		if (text)
			return true;
	}
	return false;
}
