/* SPDX-License-Identifier: MIT */
/* The options of an exploration on which its results depend: replay and merge compare them. */
#include <stdio.h>

#include "cli/explore.h"

static void add_pair(struct result_options *to, const char *name, const char *value, bool *fits)
{
	if (value)
		*fits &= result_option_add(to, name) && result_option_add(to, value);
}

static void add_pairs(struct result_options *to, const char *name, const struct opt_list *values, bool *fits)
{
	for (unsigned int i = 0; i < values->count; i++)
		add_pair(to, name, values->items[i], fits);
}

int explore_conditions(const struct explore_options *o, struct result_options *to)
{
	const struct boot_options *b = &o->boot;
	bool fits = true;
	char text[32];

	add_pair(to, "--platform", b->platform, &fits);
	add_pairs(to, "--inject", &b->inject, &fits);
	if (!explore_is_code(o)) {
		snprintf(text, sizeof(text), "%luM", b->memory.value >> 20);
		add_pair(to, "--memory", text, &fits);
		snprintf(text, sizeof(text), "%lu", o->pages.value);
		add_pair(to, "--pages", text, &fits);
		add_pair(to, "--vmm", b->vmm, &fits);
		add_pair(to, "--initrd", b->initrd, &fits);
		add_pairs(to, "--module", &b->module, &fits);
		add_pair(to, "--append", b->append, &fits);
	}
	return fits ? 0 : complain(STATUS_INPUT, "more options than a result keeps: %zu bytes", sizeof(to->text));
}
