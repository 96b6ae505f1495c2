/* SPDX-License-Identifier: MIT */
/* A guest under test: code that converts. */
#ifndef SIM_GUEST_H
#define SIM_GUEST_H

#include "sim/sim.h"

/* What it does with the memory after a conversion failed and was not undone. */
enum sim_after_error {
	SIM_LEAKS,	/* nobody uses it again */
	SIM_USES_OLD,	/* it is used as before */
	SIM_USES_NEW,	/* it is used as if it had been converted */
};

struct sim_guest {
	const char *name;
	const char *what;	/* one line */

	/* gpa without S. 0: success. to private: accepted too, unless accept is there for that. */
	int (*convert)(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared);
	int (*accept)(struct sim *sim, uint64_t gpa, uint64_t size);

	/* After convert() failed: tries to get the memory back as private. 0: all of it is. NULL: does not. */
	int (*undo)(struct sim *sim, uint64_t gpa, uint64_t size);

	/*
	 * What it does from a MapGPA on depends on no more of the past than match.h says. Read off its code, and checked by
	 * match_test.c; nothing of the kind is known of a harness.
	 */
	bool matchable;

	/*
	 * It converts no less than so many bytes at a time, aligned: an entry of its page table, a pool. 0: a page. What it
	 * does to memory around the request within them is not its fault alone.
	 */
	uint64_t unit;

	uint64_t align;		/* it takes ranges that begin and end at a multiple of this; 0: of a page */
	uint32_t gpaw;		/* 0: 48 */
	bool one_way, to_shared;	/* one_way: it has that direction only */
	bool remembers;		/* stopped within a call, it cannot be called again in the same process */
	enum sim_after_error after_error;
};

/* Whether it converts in that direction. */
static inline bool sim_guest_has(const struct sim_guest *guest, bool to_shared)
{
	return !guest->one_way || guest->to_shared == to_shared;
}

extern const struct sim_guest sim_library;	/* libtdconv */
extern const struct sim_guest sim_linux;	/* its model of Linux 6.12 */
extern const struct sim_guest *const sim_guests[];	/* those two and the toys; NULL at the end */
extern const struct sim_guest *const sim_broken[];	/* each breaks one rule; found by name, not listed */

#endif
