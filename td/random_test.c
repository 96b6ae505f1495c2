/* SPDX-License-Identifier: MIT */
/*
 * Seeded sequences of what a guest and a VMM can do, in any order: random_test [SEQUENCES [SEED]]. Each is a TD of its
 * own, whose page states must be sane at its end; a failure names its seed, and it is gone through again to find the
 * step. td/fuzz.c goes the same ways, as libFuzzer chooses them.
 */
#include <stdio.h>
#include <stdlib.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake_walk.h"
#include "wire/tap.h"

#define SEQUENCES	8000ull
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
	uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 0) : SEQUENCES;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1, steps = 0, taken = 1, n = 0;
	char name[96];

	for (; n < wanted && (taken = walk(first + n, false)) != 0; n++)
		steps += taken;
	if (taken == 0)
		walk(first + n, true);
	snprintf(name, sizeof(name), "%llu sequences, %llu steps, all sane at the end of each", (unsigned long long)n,
		 (unsigned long long)steps);
	tap_ok(taken != 0, name);
	return tap_done();
}
