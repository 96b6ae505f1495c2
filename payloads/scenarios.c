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
	const struct scenario *found = find(scenarios_broken, name);

	return found ? found : find(scenarios_sound, name);
}
