/* SPDX-License-Identifier: MIT */
/* For unit tests of the command: TAP on stdout, and what was said on stderr. */
#ifndef CLI_TESTING_H
#define CLI_TESTING_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define tap_puts(text) fputs(text, stdout)
#include "td/event.h"
#include "wire/tap.h"

/* A record: EVENT(OPEN, open, 1, GPA, 16). */
#define EVENT(TYPE, member, ...) ((struct td_event){ .type = TD_EV_##TYPE, .member = { __VA_ARGS__ } })

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
	DIR *folder = opendir(testing_path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(testing_path);
}

/* A new folder beside the test itself; it goes with the files in it when the test ends, or before it runs again. */
TESTING_UNUSED static const char *testing_folder(void)
{
	static const char suffix[] = ".files";
	ssize_t length = readlink("/proc/self/exe", testing_path, sizeof(testing_path) - sizeof(suffix));

	memcpy(testing_path + (length > 0 ? length : 0), suffix, sizeof(suffix));
	testing_clean();
	if (mkdir(testing_path, 0700)) {
		perror(testing_path);
		exit(1);
	}
	atexit(testing_clean);
	return testing_path;
}

/* True if the text is there; shown when it is not. */
TESTING_UNUSED static bool testing_has(const char *text, const char *part, const char *name, struct tap_place at)
{
	if (tap_check(strstr(text, part) != NULL, name, "a text is there", at))
		return true;
	printf("# \"%s\" is not in: %s\n", part, text);
	return false;
}

#define tap_has(text, part, name) testing_has(text, part, name, TAP_HERE)

#endif
