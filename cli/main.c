/* SPDX-License-Identifier: MIT */
/* tdlab: finds the verb and runs it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/suggest.h"
#include "cli/tdlab.h"

const struct verb *const verbs[] = {
	&verb_boot, &verb_check, &verb_explore, &verb_replay, &verb_minimise, &verb_run, &verb_merge,
	&verb_list, &verb_explain,
	&verb_trace, &verb_measure, &verb_doctor, &verb_completion,
	NULL,
};

static void usage(FILE *out)
{
	fputs("usage: tdlab VERB [argument...]\n"
	      "The page-conversion system of an Intel TDX guest, tried from both ends.\n\n", out);
	for (const struct verb *const *verb = verbs; *verb; verb++)
		fprintf(out, "  %-12s %s\n", (*verb)->name, (*verb)->help);
	fputs("\ntdlab VERB --help tells about a verb; tdlab(1) about everything.\n", out);
}

static int unknown(const char *name)
{
	const char *names[ARRAY_SIZE(verbs)], *near;
	size_t count = 0;

	for (const struct verb *const *verb = verbs; *verb; verb++)
		names[count++] = (*verb)->name;
	near = suggest(name, names, count);
	if (near)
		return complain(STATUS_INPUT, "no verb \"%s\": did you mean \"%s\"?", name, near);
	return complain(STATUS_INPUT, "no verb \"%s\": see tdlab --help", name);
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return STATUS_INPUT;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return STATUS_PASS;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("tdlab " TDLAB_VERSION TDLAB_COMMIT);
		return STATUS_PASS;
	}
	for (const struct verb *const *verb = verbs; *verb; verb++)
		if (strcmp((*verb)->name, argv[1]) == 0)
			return (*verb)->run(*verb, argc - 1, argv + 1);
	return unknown(argv[1]);
}

int main(int argc, char **argv)
{
	if (argc > 0 && *argv[0])
		program_called = argv[0];
	descriptors_fill();
	signal(SIGCHLD, SIG_DFL);	/* whoever started this may have ignored it: no process could be waited for */
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	return delivered(dispatch(argc, argv));
}
