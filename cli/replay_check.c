/* SPDX-License-Identifier: MIT */
/*
 * A row of tdlab check's result again. The row has the command that does it; a file may come from anywhere, so the
 * command is not a shell's, and can be nothing but a verb of tdlab that runs a guest once.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/replay_check.h"
#include "cli/tdlab.h"
#include "cli/words.h"

#define SCHEMA		"tdlab.check/1"
#define MOST_WORDS	64

static json_t *load(const char *path)
{
	json_t *o = NULL;
	uint8_t *data;
	size_t bytes;

	if (file_read(path, "result", &data, &bytes) == 0)
		o = json_loadb((const char *)data, bytes, JSON_REJECT_DUPLICATES, NULL);
	free(data);
	return o;
}

bool replay_is_check(const char *path)
{
	struct stat st;
	bool file = stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
	json_t *o = file ? load(path) : NULL;	/* whoever reads it next says what is wrong with another */
	const char *schema = json_string_value(json_object_get(o, "schema"));
	bool is = schema && strncmp(schema, "tdlab.check/", 12) == 0;

	json_decref(o);
	return is;
}

/* The row of that behaviour, or the first that failed. */
static const json_t *pick(const json_t *rows, const char *behaviour)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *name = json_string_value(json_object_get(row, "behaviour"));
		const char *verdict = json_string_value(json_object_get(row, "verdict"));

		if (behaviour ? name && strcmp(name, behaviour) == 0 : verdict && strcmp(verdict, "fail") == 0)
			return row;
	}
	return NULL;
}

/* Whatever program the line names, it is this one that runs it. */
static int start(const char *path, const char *command)
{
	char *copy = xprintf("%s", command), *words[MOST_WORDS + 1] = { NULL };
	int n = split_words(copy, words, MOST_WORDS);

	if (n < 2 || (strcmp(words[1], "boot") != 0 && strcmp(words[1], "check") != 0 && strcmp(words[1], "run") != 0)) {
		free(copy);
		return complain(STATUS_INPUT, "%s: \"reproduce\" is none of tdlab boot, check, nor run", path);
	}
	narrate("%s", command);
	words[0] = (char *)(uintptr_t)program_called;
	execv("/proc/self/exe", words);
	free(copy);
	return complain(STATUS_ENVIRONMENT, "tdlab cannot be started: %s", strerror(errno));
}

int replay_check(const char *path, const char *behaviour)
{
	json_t *o = load(path);
	const char *schema = json_string_value(json_object_get(o, "schema"));
	const char *version = json_string_value(json_object_get(o, "tdlab"));
	const char *command;
	const json_t *row;
	int status;

	if (!schema || strcmp(schema, SCHEMA) != 0 || !version || strcmp(version, TDLAB_VERSION) != 0) {
		status = complain(STATUS_INPUT, "%s: made by tdlab %s, schema %s; this is " TDLAB_VERSION ", " SCHEMA, path,
				  version ? version : "?", schema ? schema : "?");
	} else {
		row = pick(json_object_get(o, "rows"), behaviour);
		command = json_string_value(json_object_get(row, "reproduce"));
		if (!command)
			status = complain(STATUS_INPUT, "%s: no row %s%s", path, behaviour ? "of " : "that failed",
					  behaviour ? behaviour : "");
		else
			status = start(path, command);
	}
	json_decref(o);
	return status;
}
