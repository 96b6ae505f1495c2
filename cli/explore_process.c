/* SPDX-License-Identifier: MIT */
/* A guest that is no kernel: tdlab-sim takes over, so that one command serves all. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/explore.h"

static bool is_option(const char *word, const char *name)
{
	size_t length = strlen(name);

	return strncmp(word, name, length) == 0 && (word[length] == '\0' || word[length] == '=');
}

bool explore_is_process(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_option(argv[i], "--guest") || is_option(argv[i], "--harness"))
			return true;
	return false;
}

int explore_in_process(char *const *argv, const char *const *more)
{
	char *program = installed_needed("tdlab-sim");
	const char *words[256] = { program };
	size_t n = 1;

	if (!program)
		return STATUS_ENVIRONMENT;
	for (; argv && *argv && n < ARRAY_SIZE(words) - 1; argv++)
		words[n++] = *argv;
	for (; more && *more && n < ARRAY_SIZE(words) - 1; more++)
		words[n++] = *more;
	if ((argv && *argv) || (more && *more))
		return complain(STATUS_INPUT, "too many words");
	execv(program, (char *const *)(uintptr_t)words);
	return complain(STATUS_ENVIRONMENT, "cannot start %s: %s", program, strerror(errno));
}
