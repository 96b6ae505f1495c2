/* SPDX-License-Identifier: MIT */
/* splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): repeatable, not secret. */
#ifndef CLI_RANDOM_H
#define CLI_RANDOM_H

#include <stdint.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* What no other run has: of a process and a moment if the kernel has no random numbers to give. */
static inline uint64_t random_drawn(void)
{
	struct timespec now = { 0 };
	uint64_t drawn;

	if (getrandom(&drawn, sizeof(drawn), 0) == (ssize_t)sizeof(drawn))
		return drawn;
	clock_gettime(CLOCK_REALTIME, &now);
	drawn = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 16;
	return random_next(&drawn);
}

#endif
