/* SPDX-License-Identifier: MIT */
/*
 * Linux's log, read out of the guest's memory while it runs and after its end: VMCOREINFO says where the ring of
 * records is and how it is laid out ([linux:printk_ringbuffer.c]; 5.10 and later). The memory may hold anything, and is
 * not changed; no hole of the RAM file is filled.
 */
#ifndef CLI_KLOG_H
#define CLI_KLOG_H

#include "cli/machine/ram.h"

#define KLOG_TEXT	4096	/* of a record; what is longer is cut */

enum klog_member {
	KLOG_DESC_RING, KLOG_TEXT_RING,			/* of the ring buffer */
	KLOG_COUNT_BITS, KLOG_DESCS, KLOG_INFOS, KLOG_HEAD, KLOG_TAIL,
	KLOG_STATE, KLOG_BLOCK, KLOG_BEGIN, KLOG_NEXT,	/* of a descriptor */
	KLOG_TIME, KLOG_LENGTH,				/* of what is known of a record */
	KLOG_SIZE_BITS, KLOG_DATA, KLOG_COUNTER, KLOG_DESC_BYTES, KLOG_INFO_BYTES, KLOG_MEMBERS
};

struct klog {
	const struct ram *ram;
	bool found;
	uint64_t tables;		/* GPA of the kernel's own page tables */
	uint64_t ring;			/* GPA of the pointer to it, by which one kernel's is told from another's */
	uint64_t at[KLOG_MEMBERS];	/* offsets and sizes */
	uint64_t descs, infos, data;
	uint64_t desc_count, data_bytes;
	uint64_t head, tail;		/* addresses of the counters */
	uint64_t next;			/* the record that is read next */
	uint64_t lost;			/* so many were overwritten before they were read */
};

struct klog_record {
	uint64_t ns;
	size_t bytes;
	char text[KLOG_TEXT];
};

/*
 * Looks for it: of several kernels that started one another it is that whose page tables a vCPU uses. *log is left as
 * it is if there is none, or if it is that of *log. True if there is one, whose records are to come from the first on.
 */
bool klog_find(struct klog *log, const struct ram *ram);

/*
 * The next record, if there is one. ended: the guest does not run any more, so that a record that it was in the middle
 * of is passed over.
 */
bool klog_next(struct klog *log, bool ended, struct klog_record *record);

#endif
