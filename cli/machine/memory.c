/* SPDX-License-Identifier: MIT */
/* How much memory a run may have here: of the guest, of its banks, and of copies side by side. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/machine/ram.h"

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

static uint64_t number_at(const char *folder, const char *file, const char *key)
{
	char *path = xprintf("%s/%s", folder, file);
	uint64_t value = number_in(path, key);

	free(path);
	return value;
}

uint64_t memory_left_in(const char *folder, const char *limit, const char *usage)
{
	uint64_t most = number_at(folder, limit, ""), used = number_at(folder, usage, ""), files = 0;
	static const char *const droppable[] = { "inactive_file ", "active_file " };

	if (most == UINT64_MAX || used == UINT64_MAX)
		return UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(droppable); i++) {
		uint64_t pages = number_at(folder, "memory.stat", droppable[i]);

		files += pages == UINT64_MAX ? 0 : pages;
	}
	used -= files < used ? files : used;
	return most > used ? most - used : 0;
}

/* Our control group and those above it. In a container its own is at the root, version 2 or 1. */
static uint64_t left_in_groups(void)
{
	uint64_t least = memory_left_in("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"), left;
	char group[512] = "", *folder, *slash = group;
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && fgets(group, sizeof(group), file) && strncmp(group, "0::", 3) != 0)
		group[0] = '\0';
	if (file)
		fclose(file);
	group[strcspn(group, "\n")] = '\0';
	for (; slash; slash = strrchr(group, '/')) {
		if (slash != group)
			*slash = '\0';
		folder = xprintf("/sys/fs/cgroup%s", strlen(group) > 3 ? group + 3 : "");
		left = memory_left_in(folder, "memory.max", "memory.current");
		least = left < least ? left : least;
		free(folder);
	}
	return least;
}

uint64_t memory_free(void)
{
	uint64_t kib = number_in("/proc/meminfo", "MemAvailable:"), groups = left_in_groups();
	uint64_t machine = kib == UINT64_MAX ? kib : kib << 10;

	return groups < machine ? groups : machine;
}

uint64_t memory_needed(uint64_t guest_bytes)
{
	return guest_bytes + OVERHEAD;
}

int memory_available(uint64_t guest_bytes)
{
	uint64_t have = memory_free(), need = memory_needed(guest_bytes);

	if (have >= need)
		return 0;
	return complain(STATUS_ENVIRONMENT,
			"not enough memory: a guest of %" PRIu64 " MiB needs about %" PRIu64 " MiB, and %" PRIu64
			" MiB are free: use a smaller --memory",
			guest_bytes >> 20, need >> 20, have >> 20);
}
