/* SPDX-License-Identifier: MIT */
/* Many answers of the VMM against one guest (monitor/explore.h): what the command orders and what the monitor tells. */
#ifndef WIRE_EXPLORE_H
#define WIRE_EXPLORE_H

#include <stdint.h>

#include "td/explore.h"

struct monitor_explore {
	uint32_t depth;		/* answers chosen per sequence, at most EXPLORE_MAX_DEPTH; 0: not explored */
	uint32_t to_shared;	/* the first MapGPA of this direction ... */
	uint64_t min_pages;	/* ... and at least this size is where it happens */
	uint64_t sequences;	/* stop after so many; 0: all of them */
	uint32_t shard, shards;	/* td_explore_shard(); shards 0: the whole */
	uint64_t seed, random;	/* so many sequences drawn; 0: all there are */

	/* A sequence that was run before: it is run once more, and then what comes after it. */
	uint32_t resumed, depth_then;
	uint8_t taken[TD_EXPLORE_DEPTH];
	uint64_t dealt, number;
	uint32_t ours;

	uint32_t ordered;	/* the first sequence is in order; 1: and each other when the command has written it */
	struct monitor_order {
		uint64_t number;	/* 1, 2, 3 ... */
		uint32_t count;		/* 0: no more */
		uint8_t answers[TD_EXPLORE_DEPTH];
	} order;
};

/*
 * TD_EV_SEQUENCE, at the end of each. a[0]: the choices taken, in EXPLORE_ANSWER_BITS each, the first lowest; a[3]: the
 * answers, in the same way. a[1]: enum explore_end, whether it is ours in bit 8, states of pages so far from bit 16 on.
 * a[2]: detail of the end. a[4]: how many answers, how many were cut from bit 8 on, dealt or number from bit 32 on.
 */
#define EXPLORE_ANSWER_BITS	5
#define EXPLORE_MAX_DEPTH	12

enum explore_end {
	EXPLORE_BEGIN,		/* no end: the guest was remembered; R12 and pages of the request in a[2] and a[3]. ours: 0 */
	EXPLORE_END_PORT,	/* port << 32 | value */
	EXPLORE_END_MAPGPA,	/* R12 of a request for other memory, not answered */
	EXPLORE_END_STOPPED,	/* enum td_stop; a triple fault is TD_RUNNING */
	EXPLORE_END_IDLE,	/* nothing could happen in it any more */
	EXPLORE_END_LIMIT,	/* it went on and on */
	EXPLORE_OVER,		/* no end: there are no more, the guest goes on by itself */
};

#endif
