/* SPDX-License-Identifier: MIT */
/* Other programs. None of them outlives the command, whatever ends it. */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/* A list of arguments, ended by NULL at any time; the texts are owned. */
struct words {
	char **all;
	size_t count;
};

void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
void words_free(struct words *words);

/*
 * Starts argv[0] (a path, or a name to be found in PATH) in a process group of its own, with these as its standard
 * descriptors; -1 is /dev/null. The kernel kills it when the command dies. Returns its pid, or -1.
 */
pid_t process_start(char *const argv[], int in, int out, int err);

/* Both return the status of waitpid(). */
int process_wait(pid_t pid);
int process_end(pid_t pid);	/* kills it first, if it still runs */

/*
 * Runs a program that reads `in` and keeps what it prints, at most limit bytes. Returns its bytes in *bytes, to be
 * freed, or NULL if it could not be started, failed or printed more.
 */
char *process_capture(char *const argv[], int in, size_t limit, size_t *bytes);

/* Path of a program in PATH, to be freed, or NULL: errno says why, if name is a path. */
char *process_find(const char *name);

#endif
