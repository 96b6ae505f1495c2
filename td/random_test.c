/* SPDX-License-Identifier: MIT */
/*
 * Seeded walks of a guest and a VMM that do anything: random_test [STEPS [SEED]]. Every walk is a TD of its own; a
 * failure names the walk's seed, and that walk is gone through again to find the step.
 */
#include <stdio.h>
#include <stdlib.h>

#define tap_puts(s) fputs(s, stdout)
#include "tests/tap.h"
#include "td/fake_walk.h"

#define STEPS	200000ull
#define WALK	64ull		/* steps at most */
#define BYTES	(WALK * 16)

static uint8_t bytes[BYTES];

static void fill(uint64_t seed)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;

	for (size_t i = 0; i < BYTES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[i] = (uint8_t)(x >> 32);
	}
}

/* Steps taken; 0 if one went wrong. Looking at all pages after each step is for finding it. */
static uint64_t walk(uint64_t seed, bool look)
{
	struct fake_walk w;
	uint64_t steps = 0;

	fill(seed);
	fake_walk_start(&w, bytes, BYTES, 16);
	for (; steps < WALK && w.left > 0; steps++) {
		if (fake_walk_step(&w) && (!look || fake_consistent()))
			continue;
		printf("# seed %llu, step %llu: %s\n", (unsigned long long)seed, (unsigned long long)steps, w.step);
		return 0;
	}
	td_finish(fake.td);
	return fake_consistent() ? steps : 0;
}

int main(int argc, char **argv)
{
	uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 0) : STEPS;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1, taken = 0, n = 1;
	char name[80];

	while (taken < wanted && (n = walk(seed, false)) != 0) {
		taken += n;
		seed++;
	}
	if (n == 0)
		walk(seed, true);
	snprintf(name, sizeof(name), "%llu steps, all sane at the end of each walk", (unsigned long long)wanted);
	tap_ok(n != 0, name);
	return tap_done();
}
