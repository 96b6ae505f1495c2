/* SPDX-License-Identifier: MIT */
/*
 * The table in docs/retry.md of what comes of each script: run here, and equal to what is written there. With an
 * argument, prints the table.
 */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/scripts.h"
#include "tdconv_linux.h"
#include "wire/tap.h"

#define PAGE_OF_TABLE	"docs/retry.md"

static struct tdconv *start(const struct script *script, enum tdconv_to to)
{
	struct tdconv *tdc = fake_start();

	if (to == TDCONV_PRIVATE)
		fake_share_all();
	memcpy(fake.script, script->answers, sizeof(script->answers));
	return tdc;
}

/* The line of a script, to shared; false if to private is not the same. */
static bool row(const struct script *script, char *line, size_t size)
{
	struct tdconv_result res[2];
	struct tdconv_linux linux_res[2];
	bool good[2];

	for (int to = TDCONV_PRIVATE; to <= TDCONV_SHARED; to++) {
		tdconv_convert(start(script, (enum tdconv_to)to), GPA(0), BYTES(N), (enum tdconv_to)to, &res[to]);
		good[to] = tdconv_linux_convert(start(script, (enum tdconv_to)to), GPA(0), GPA(N), (enum tdconv_to)to,
						TDCONV_LINUX_TRIES, &linux_res[to]);
	}
	snprintf(line, size, "| %s | %s, %llu | %s, %llu |\n", script->name, tdconv_strstatus(res[1].status),
		 (unsigned long long)res[1].calls, good[1] ? "done" : "fails", (unsigned long long)linux_res[1].calls);
	return res[0].status == res[1].status && res[0].calls == res[1].calls && good[0] == good[1] &&
	       linux_res[0].calls == linux_res[1].calls;
}

static bool in_file(const char *line)
{
	FILE *file = fopen(PAGE_OF_TABLE, "r");
	char text[1024];
	bool found = false;

	while (file != NULL && !found && fgets(text, sizeof(text), file) != NULL)
		found = strcmp(text, line) == 0;
	if (file != NULL)
		fclose(file);
	return found;
}

int main(int argc, char **argv)
{
	char line[512];
	bool alike;

	(void)argv;
	for (size_t i = 0; i < SCRIPTS; i++) {
		if (scripts[i].linux_shared == 0)	/* Linux panics then; its rules here do not */
			continue;
		alike = row(&scripts[i], line, sizeof(line));
		if (argc > 1)
			fputs(line, stdout);
		else if (!tap_ok(alike && in_file(line), scripts[i].name))
			printf("# not in " PAGE_OF_TABLE ": %s", line);
	}
	return argc > 1 ? 0 : tap_done();
}
