/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/ram.h"

#define OVERHEAD	(256ull << 20)	/* journal, td's page states, the guest's other bank in parts, QEMU itself */

/* A number in a file of the kernel's, behind key if there is one; UINT64_MAX if it is not there or says "max". */
static uint64_t number_in(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	uint64_t value = UINT64_MAX;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), "%" SCNu64, &value) == 1)
			break;
	if (file)
		fclose(file);
	return value;
}

static uint64_t left_of(uint64_t limit, uint64_t used)
{
	return limit == UINT64_MAX || used == UINT64_MAX ? UINT64_MAX : limit > used ? limit - used : 0;
}

/* Control group, version 2 or 1, as seen from inside a container: its own is at the root. */
uint64_t memory_free(void)
{
	uint64_t kib = number_in("/proc/meminfo", "MemAvailable:"), least = kib == UINT64_MAX ? kib : kib << 10;
	const uint64_t groups[] = {
		left_of(number_in("/sys/fs/cgroup/memory.max", ""), number_in("/sys/fs/cgroup/memory.current", "")),
		left_of(number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes", ""),
			number_in("/sys/fs/cgroup/memory/memory.usage_in_bytes", "")),
	};

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		least = groups[i] < least ? groups[i] : least;
	return least;
}

int memory_available(uint64_t guest_bytes)
{
	uint64_t have = memory_free(), need = guest_bytes + OVERHEAD;

	if (have >= need)
		return 0;
	return complain(STATUS_ENVIRONMENT,
			"not enough memory: a guest of %" PRIu64 " MiB needs about %" PRIu64 " MiB, and %" PRIu64
			" MiB are free: use a smaller --memory",
			guest_bytes >> 20, need >> 20, have >> 20);
}
