/* SPDX-License-Identifier: MIT */
/* For unit tests of the command: TAP on stdout, and what was said on stderr. */
#ifndef CLI_TESTING_H
#define CLI_TESTING_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define tap_puts(text) fputs(text, stdout)
#include "tests/tap.h"

#define TESTING_UNUSED __attribute__((unused))

static char testing_said[2048];
static int testing_stderr;
static FILE *testing_file;

/* Everything written to stderr from here on is kept. */
TESTING_UNUSED static void listen(void)
{
	testing_file = tmpfile();
	testing_stderr = dup(STDERR_FILENO);
	fflush(stderr);
	dup2(fileno(testing_file), STDERR_FILENO);
}

/* Ends that; the text lives until the next time. */
TESTING_UNUSED static const char *said(void)
{
	size_t length;

	fflush(stderr);
	dup2(testing_stderr, STDERR_FILENO);
	close(testing_stderr);
	rewind(testing_file);
	length = fread(testing_said, 1, sizeof(testing_said) - 1, testing_file);
	testing_said[length] = '\0';
	fclose(testing_file);
	return testing_said;
}

static char testing_path[1024];

static void testing_clean(void)
{
	DIR *folder = chdir(testing_path) == 0 ? opendir(".") : NULL;
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlink(entry->d_name);
	if (folder)
		closedir(folder);
	rmdir(testing_path);
}

/* A new folder where temporary files belong; it goes with the files in it when the test ends. */
TESTING_UNUSED static const char *testing_folder(void)
{
	const char *where = getenv("TMPDIR");

	snprintf(testing_path, sizeof(testing_path), "%s/tdlab-XXXXXX", where && *where ? where : P_tmpdir);
	if (!mkdtemp(testing_path)) {
		perror(testing_path);
		exit(1);
	}
	atexit(testing_clean);
	return testing_path;
}

/* True if the text is there; shown when it is not. */
TESTING_UNUSED static bool tap_has(const char *text, const char *part, const char *name)
{
	if (tap_ok(strstr(text, part) != NULL, name))
		return true;
	printf("# \"%s\" is not in: %s\n", part, text);
	return false;
}

#endif
