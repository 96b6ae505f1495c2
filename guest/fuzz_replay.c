/* SPDX-License-Identifier: MIT */
/* The kept inputs of the fuzz target, once each, as a test: build/guest/fuzz_replay [FILE...] */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/fuzz.h"
#include "wire/tap.h"

#define CORPUS	"guest/corpus"
#define SECONDS	10

/* In a child: a broken promise ends the process. */
static void replay(const char *path)
{
	static uint8_t data[4096];
	FILE *file = fopen(path, "rb");
	size_t bytes;
	int status = -1;

	if (!file) {
		tap_ok(false, path);
		return;
	}
	bytes = fread(data, 1, sizeof(data), file);
	fclose(file);
	fflush(stdout);
	if (fork() == 0) {
		alarm(SECONDS);
		_exit(fuzz_one(data, bytes));
	}
	wait(&status);
	tap_ok(status == 0, path);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGABRT) {
		tap_note("it hung or crashed; so may the others");
		exit(1);
	}
}

static int wanted(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **list;
	int n = argc > 1 ? 0 : scandir(CORPUS, &list, wanted, alphasort);

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	for (int i = 0; i < n; i++) {
		char path[sizeof(CORPUS) + 256];

		snprintf(path, sizeof(path), CORPUS "/%s", list[i]->d_name);
		replay(path);
		free(list[i]);
	}
	if (n >= 0 && argc == 1)
		free(list);
	if (argc == 1)
		tap_ok(n > 10, "there is a corpus");
	return tap_done();
}
