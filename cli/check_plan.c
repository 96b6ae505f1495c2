/* SPDX-License-Identifier: MIT */
/* Which rows check will run: --vmm's list, classes and patterns, or all behaviours. */
#include <fnmatch.h>
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

static int add_row(struct check *c, const char *spec, const struct check_row *like)
{
	struct check_row *row;
	struct behaviour behaviour;
	int status = behaviour_load(&behaviour, spec, c->options.boot.behaviours);

	if (!status && behaviour.packed.nrecorded && !template_at_start(&c->at)) {
		behaviour_free(&behaviour);
		status = complain(STATUS_INPUT, "--template-at: what was recorded begins with the first MapGPA: leave it out");
	}
	if (!status && (status = behaviour_inject(&behaviour, &c->options.boot.inject)))
		behaviour_free(&behaviour);
	if (status)
		return status;
	c->rows = xrealloc(c->rows, (c->nrows + 1) * sizeof(*c->rows));
	row = &c->rows[c->nrows++];
	*row = *like;
	row->behaviour = behaviour;
	row->name = xprintf("%s%s%s%s%s", row->guest ? row->guest : "", row->guest ? " " : "", spec,
			    check_platforms(c) > 1 ? "@" : "", check_platforms(c) > 1 ? row->platform : "");
	return 0;
}

/* The behaviours that there are, sorted: to be freed one by one. NULL after a complaint. */
static char **all_names(const struct check *c, size_t *count, int *status)
{
	const char *given = c->options.boot.behaviours;
	char *own = given ? NULL : installed_needed("behaviours"), **names = NULL;

	*count = 0;
	if (given || own)
		names = behaviour_names(given ? given : own, count);
	*status = names ? 0 : given || own ? STATUS_INPUT : STATUS_ENVIRONMENT;
	if (names && !*count)
		*status = complain(STATUS_INPUT, "%s: no behaviour in there", given ? given : own);
	free(own);
	return names;
}

/* A word of --vmm that selects among all behaviours: by class, or by a pattern for the name. */
static bool is_selection(const char *word)
{
	return strcmp(word, "permitted") == 0 || strcmp(word, "hostile") == 0 || strpbrk(word, "*?[");
}

static bool is_selected(const struct check_row *row, const char *word)
{
	const char *name = row->behaviour.spec;

	if (strcmp(word, row->behaviour.packed.hostile ? "hostile" : "permitted") == 0)
		return true;
	return fnmatch(word, name, 0) == 0;
}

static void free_row(struct check_row *row)
{
	behaviour_free(&row->behaviour);
	free(row->name);
}

/* Takes the rows from first on that match, or do not match, the word out again. Returns how many there were. */
static size_t remove_rows(struct check *c, size_t first, const char *word, bool matching)
{
	size_t kept = first, before = c->nrows;

	for (size_t i = first; i < c->nrows; i++) {
		if (is_selected(&c->rows[i], word) == matching)
			free_row(&c->rows[i]);
		else
			c->rows[kept++] = c->rows[i];
	}
	c->nrows = kept;
	return before - kept;
}

static int add_all(struct check *c, const struct check_row *like)
{
	size_t count;
	int status;
	char **names = all_names(c, &count, &status);

	for (size_t i = 0; i < count; i++) {
		if (!status)
			status = add_row(c, names[i], like);
		free(names[i]);
	}
	free(names);
	return status;
}

static int select_rows(struct check *c, size_t first, const char *word, const struct check_row *like)
{
	size_t before = c->nrows;
	int status = 0;

	if (*word == '!' && before == first)	/* all but these */
		status = add_all(c, like);
	if (!status && *word == '!')
		return remove_rows(c, first, word + 1, true) ? 0 : complain(STATUS_INPUT, "--vmm: nothing to take out: %s", word);
	status = add_all(c, like);
	if (!status)
		remove_rows(c, before, word, false);
	if (!status && c->nrows == before)
		status = complain(STATUS_INPUT, "--vmm %s: no behaviour is called so", word);
	return status;
}

static int add_listed(struct check *c, const char *list, const struct check_row *like)
{
	size_t first = c->nrows;
	int status = 0;

	while (!status && *list) {
		char *spec = next_spec(&list);

		if (!*spec)
			status = complain(STATUS_INPUT, "--vmm: an empty name in the list");
		else if (*spec == '!' || is_selection(spec))
			status = select_rows(c, first, spec, like);
		else
			status = add_row(c, spec, like);
		free(spec);
	}
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

static int add_rows(struct check *c, const struct check_row *like)
{
	const char *list = c->options.boot.vmm;

	return list ? add_listed(c, list, like) : add_all(c, like);
}

/* Rows of one platform after those of the other, of one guest after those of the other. */
int check_plan(struct check *c)
{
	int status = check_is_code(c) ? check_code_guests(c) : 0;

	if (!check_is_code(c)) {
		c->nboots = check_platforms(c);
		c->boots = xcalloc(c->nboots, sizeof(*c->boots));
	}
	for (unsigned int i = 0; i < c->nboots && !status; i++)
		status = add_rows(c, &(struct check_row){ .on = &c->boots[i], .platform = check_platform(c, i) });
	for (size_t i = 0; i < c->ncodes && !status; i++)
		status = add_rows(c, &(struct check_row){ .code = &c->codes[i], .guest = c->codes[i].guest->name,
							  .platform = c->codes[i].options->boot.platform });
	if (!status && !c->nrows)
		status = complain(STATUS_INPUT, "--vmm: no behaviour is named");
	return status ? status : share_results(c);
}

void check_plan_free(struct check *c)
{
	for (size_t i = 0; i < c->nrows; i++) {
		free_row(&c->rows[i]);
		free(c->rows[i].reproduce);
	}
	if (c->nrows && c->rows[0].result)
		munmap(c->rows[0].result, c->nrows * sizeof(*c->rows[0].result));
	free(c->rows);
	free(c->codes);
	free(c->code_options);
}
