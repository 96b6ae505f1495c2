/* SPDX-License-Identifier: MIT */
/* Many answers of the VMM against one guest (monitor/explore.h): what the command orders and what the monitor tells. */
#ifndef WIRE_EXPLORE_H
#define WIRE_EXPLORE_H

#include <stdint.h>

#include "td/explore.h"

struct monitor_explore {
	uint32_t depth;		/* answers chosen per sequence, at most TD_EXPLORE_DEPTH; 0: not explored */
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

/* How a sequence ended, and what its detail is. */
#define EXPLORE_ENDS(X) \
	X(END_PORT, "port", "port << 32 | value") \
	X(END_MAPGPA, "mapgpa", "R12 of a request for other memory, not answered") \
	X(END_STOPPED, "stopped", "enum td_stop; a triple fault is TD_RUNNING") \
	X(END_IDLE, "idle", "nothing could happen in it any more") \
	X(END_LIMIT, "limit", "it went on and on") \
	X(OVER, "over", "no end: there are no more, the guest goes on by itself")

#define EXPLORE_ENUM_END(id, name, detail) EXPLORE_##id,
enum explore_end { EXPLORE_ENDS(EXPLORE_ENUM_END) EXPLORE_END_KINDS };

#endif
