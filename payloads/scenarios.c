/* SPDX-License-Identifier: MIT */
/* All scenarios by their names. */
#include "payloads/scenario.h"

static bool same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return *a == *b;
}

static const struct scenario *find(const struct scenario *table, const char *name)
{
	for (; table->name; table++)
		if (same(table->name, name))
			return table;
	return 0;
}

const struct scenario *scenario_named(const char *name)
{
	static const struct scenario *const tables[] = { scenarios_broken, scenarios_sound, scenarios_vcpus,
							scenarios_hosts };
	const struct scenario *found = 0;

	for (unsigned int i = 0; i < sizeof(tables) / sizeof(tables[0]) && !found; i++)
		found = find(tables[i], name);
	return found;
}
