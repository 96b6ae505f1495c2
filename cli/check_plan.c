/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cli/check.h"
#include "cli/words.h"

/* The next of "a,b:k=v,k=v,c": a comma before a word with "=" and no ":" belongs to the parameters. *list moves on. */
static char *next_spec(const char **list)
{
	const char *start = *list, *end = start + strcspn(start, ",");
	size_t word;

	while (*end) {
		word = strcspn(end + 1, ",:=");
		if (end[1 + word] != '=')
			break;
		end += 1 + strcspn(end + 1, ",");
	}
	*list = *end ? end + 1 : end;
	return xprintf("%.*s", (int)(end - start), start);
}

static int add_row(struct check *c, const char *spec, char *guest)
{
	struct check_row *row;
	struct behaviour behaviour;
	int status = behaviour_load(&behaviour, spec, c->options.boot.behaviours);

	if (!status && (status = behaviour_inject(&behaviour, &c->options.boot.inject)))
		behaviour_free(&behaviour);
	if (status)
		return status;
	c->rows = xrealloc(c->rows, (c->nrows + 1) * sizeof(*c->rows));
	row = &c->rows[c->nrows++];
	*row = (struct check_row){ .behaviour = behaviour, .guest = guest };
	row->name = xprintf("%s%s%s", guest ? guest : "", guest ? " " : "", spec);
	return 0;
}

static int add_listed(struct check *c, const char *list, char *guest)
{
	int status = 0;

	while (!status && *list) {
		char *spec = next_spec(&list);

		status = *spec ? add_row(c, spec, guest) : complain(STATUS_INPUT, "--vmm: an empty name in the list");
		free(spec);
	}
	return status;
}

static int add_all(struct check *c, char *guest)
{
	const char *given = c->options.boot.behaviours;
	char *own = given ? NULL : installed_needed("behaviours"), **names;
	size_t count = 0;
	int status = 0;

	if (!given && !own)
		return STATUS_ENVIRONMENT;
	names = behaviour_names(given ? given : own, &count);
	if (!names)
		status = STATUS_INPUT;
	else if (!count)
		status = complain(STATUS_INPUT, "%s: no behaviour in there", given ? given : own);
	for (size_t i = 0; i < count; i++) {
		if (!status)
			status = add_row(c, names[i], guest);
		free(names[i]);
	}
	free(names);
	free(own);
	return status;
}

/* Results are written by other processes. */
static int share_results(struct check *c)
{
	struct check_result *results = mmap(NULL, c->nrows * sizeof(*results), PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (results == MAP_FAILED)
		return complain(STATUS_ENVIRONMENT, "no memory for the results");
	for (size_t i = 0; i < c->nrows; i++)
		c->rows[i].result = &results[i];
	return 0;
}

static int add_rows(struct check *c, char *guest)
{
	const char *list = c->options.boot.vmm;

	return list ? add_listed(c, list, guest) : add_all(c, guest);
}

int check_plan(struct check *c)
{
	bool sim = c->options.harness || c->options.guest;
	int status = sim ? check_sim_guests(c) : add_rows(c, NULL);

	for (size_t i = 0; i < c->nguests && !status; i++)
		status = add_rows(c, c->guests[i]);
	if (!status && !c->nrows)
		status = complain(STATUS_INPUT, "--vmm: no behaviour is named");
	return status ? status : share_results(c);
}

void check_plan_free(struct check *c)
{
	for (size_t i = 0; i < c->nrows; i++) {
		behaviour_free(&c->rows[i].behaviour);
		free(c->rows[i].name);
		free(c->rows[i].reproduce);
	}
	if (c->nrows && c->rows[0].result)
		munmap(c->rows[0].result, c->nrows * sizeof(*c->rows[0].result));
	free(c->rows);
	while (c->nguests)
		free(c->guests[--c->nguests]);
	free(c->guests);
	free(c->sim);
}
