/* SPDX-License-Identifier: MIT */
/*
 * A guest and a VMM that do anything: every choice is taken from a stream of bytes, so that a fuzzer, or a seeded
 * generator, can steer. RAM of every kind is small and near, so that steps meet. Host only.
 */
#ifndef TD_FAKE_WALK_H
#define TD_FAKE_WALK_H

#include "td/fake.h"

struct fake_walk {
	const uint8_t *data;
	size_t left;
	uint64_t next, end;	/* where a loop would go on, with S */
	const char *step;	/* the last one, for whoever has to say what failed */
};

/* A TD with slots of all kinds and whatever else the stream says, and an undo log of that size. */
void fake_walk_start(struct fake_walk *w, const uint8_t *data, size_t bytes, uint32_t undo_steps);

/* One step. False if td did what it may never do; the states are the caller's to check (fake_consistent()). */
bool fake_walk_step(struct fake_walk *w);

#endif
