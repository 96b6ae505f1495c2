/* SPDX-License-Identifier: MIT */
/* The kept inputs of a libFuzzer target, one after the other, without libFuzzer: what was found stays fixed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

#define MOST	8192
#define SECONDS	30	/* one that hangs ends the program, and so the test */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

/* To the byte, so that a sanitizer sees the first one beyond. */
static void replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(MOST), *exact;
	size_t bytes;

	if (!file || !data) {
		tap_ok(false, path);
		free(data);
		return;
	}
	bytes = fread(data, 1, MOST, file);
	fclose(file);
	exact = realloc(data, bytes ? bytes : 1);
	printf("# %s\n", path);	/* so that it is named if it does not come back */
	fflush(stdout);
	alarm(SECONDS);
	LLVMFuzzerTestOneInput(exact, bytes);
	free(exact);
	tap_ok(true, path);
}

/* What a parser complains of is not wanted here; what a sanitizer has to say is. */
static void hush(void)
{
	int errors = dup(STDERR_FILENO);

	if (__sanitizer_set_report_fd)
		__sanitizer_set_report_fd((void *)(intptr_t)errors);
	if (!freopen("/dev/null", "w", stderr))
		exit(1);
}

static int wanted(const struct dirent *entry)
{
	return entry->d_type != DT_DIR;
}

int main(int argc, char **argv)
{
	struct dirent **list = NULL;
	int n = argc > 1 ? 0 : scandir(CORPUS, &list, wanted, alphasort);
	char path[sizeof(CORPUS) + 256];

	hush();
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), CORPUS "/%s", list[i]->d_name);
		replay(path);
		free(list[i]);
	}
	free(list);
	if (argc == 1)
		tap_ok(n >= 5, "there is a corpus");
	return tap_done();
}
