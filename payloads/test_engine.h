/* SPDX-License-Identifier: MIT */
/* The TD core and the hooks of a scenario in one process: memory is two arrays, a device is a function call. */
#ifndef PAYLOADS_TEST_ENGINE_H
#define PAYLOADS_TEST_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "td/td.h"
#include "payloads/scenario.h"

#define ENGINE_CPUS		2
#define ENGINE_VIOLATIONS	8

/* What a run came to. */
struct engine_result {
	int status;			/* the scenario's own */
	enum td_violation violations[ENGINE_VIOLATIONS];	/* each name once, in order of appearance */
	unsigned int nviolations;
	uint64_t mapgpa_calls, retries, stalls, accepts_4k, accepts_2m;
	uint64_t to_shared_pages, to_private_pages, abandoned_pages;
	uint64_t completed;		/* conversions */
	uint64_t most[2];		/* pages that one came to: to private, to shared */
	bool stopped;			/* the TD was ended before the scenario */
	bool untracked;			/* inconclusive: more was open than td can follow */
};

/* Test only: both aliases of a page are the same memory, as in a broken engine. Every test must then see red. */
extern bool engine_alias_banks;

/* Test only: this verdict is not heard. What rests on it must fail. */
extern enum td_violation engine_deaf_to;

/*
 * engine_begin(): a TD whose only RAM are the first pages of the window; its scenes, one a vCPU, for whoever calls the
 * hooks from one thread. NULL: there is none. engine_over(): the TD was ended. engine_end() judges what is still open.
 */
struct scene *engine_begin(uint64_t pages, unsigned int cpus, const struct td_behaviour *behaviour,
			   struct engine_result *result);
bool engine_over(void);
void engine_end(void);

/* What the TDs are created with; all zero: td_platform_kvm(). */
extern struct td_platform engine_platform;

bool engine_run(const struct scenario *scenario, const struct td_behaviour *behaviour, struct engine_result *result);

#endif
