/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/suggest.h"
#include "cli/vmm/find.h"

static const char *suffix_of(const char *what)
{
	return strcmp(what, "platform") == 0 ? ".platform" : ".vmm";
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **text_names(const char *what, const char *folder, size_t *count)
{
	const char *suffix = suffix_of(what);
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char **names = NULL;
	size_t length;

	*count = 0;
	if (!dir) {
		complain(STATUS_INPUT, "%s: %s", folder, strerror(errno));
		return NULL;
	}
	while ((entry = readdir(dir))) {
		length = strlen(entry->d_name);
		if (length <= strlen(suffix) || strcmp(entry->d_name + length - strlen(suffix), suffix) != 0)
			continue;
		names = xrealloc(names, (*count + 1) * sizeof(*names));
		names[(*count)++] = xprintf("%.*s", (int)(length - strlen(suffix)), entry->d_name);
	}
	closedir(dir);
	if (*count)
		qsort(names, *count, sizeof(*names), by_name);
	return names ? names : xcalloc(1, sizeof(*names));
}

static int no_such(const char *what, const char *name, const char *folder)
{
	size_t count;
	char **names = text_names(what, folder, &count);
	const char *near;
	int status;

	if (!names)
		return STATUS_INPUT;
	near = suggest(name, (const char *const *)names, count);
	if (near)
		status = complain(STATUS_INPUT, "no %s \"%s\": did you mean \"%s\"?", what, name, near);
	else
		status = complain(STATUS_INPUT, "no %s \"%s\": see tdlab list %ss", what, name, what);
	while (count)
		free(names[--count]);
	free(names);
	return status;
}

int text_find(const char *what, const char *spec, size_t length, const char *folder, char name[BEHAVIOUR_NAME],
	      char **path)
{
	const char *suffix = suffix_of(what);
	char *given = xprintf("%.*s", (int)length, spec), *plural = xprintf("%ss", what);
	char *own = NULL, *slash = strrchr(given, '/');
	const char *base = slash ? slash + 1 : given;
	size_t base_length = strlen(base);
	int status = 0;

	if (!folder && !slash)
		folder = own = installed_needed(plural);
	if (slash)
		*path = xprintf("%s", given);
	else if (folder)
		*path = xprintf("%s/%s%s", folder, given, suffix);
	if (base_length > strlen(suffix) && strcmp(base + base_length - strlen(suffix), suffix) == 0)
		base_length -= strlen(suffix);
	snprintf(name, BEHAVIOUR_NAME, "%.*s", (int)base_length, base);
	if (!*path)
		status = STATUS_ENVIRONMENT;
	else if (!slash && access(*path, F_OK) != 0)
		status = no_such(what, given, folder);
	free(given);
	free(plural);
	free(own);
	return status;
}
