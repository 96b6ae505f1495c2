/* SPDX-License-Identifier: MIT */
/*
 * A file of results. It is opened before there are any, so that a path that cannot be written is refused then; and what
 * was there before stays until all of the new one is written, whenever the command is ended.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *out;		/* to be written; NULL: nothing is open */
	const char *given;	/* the path as it was given, which is the caller's */
	char *path, *beside;	/* beside: the file that will replace path; NULL: path itself is written */
	bool in_place;		/* a file whose folder takes no other: the rest of what was there is cut off at the end */
};

/* Devices, pipes and where standard output leads are written as they are. Return 0, or an errno. */
int output_open(struct output *output, const char *path);
int output_close(struct output *output);

/* Nothing is to be written after all. */
void output_drop(struct output *output);

#endif
