/* SPDX-License-Identifier: MIT */
/* Guest code runs in a process of its own: it may crash, hang, print and exit. */
#ifndef SIM_CHILD_H
#define SIM_CHILD_H

#include <stdint.h>

enum child_end {
	CHILD_BACK,	/* fn came back; *status is what it returned */
	CHILD_DIED,	/* *status is that of waitpid() */
	CHILD_HUNG,	/* *beat did not change for 5 seconds, and it was killed */
	CHILD_NONE,	/* there is no process to be had */
	CHILD_INTERRUPTED,	/* a signal asks the command to end; it was killed */
};

/* From now on SIGINT, SIGTERM and SIGHUP end a child, and not the command, which has to report what was seen. */
void child_catch_signals(void);

/* The last of those that came, 0: none. A child that is started afterwards is ended by the next one only. */
int child_signal(void);

/*
 * Runs fn(arg) in a child whose standard output is ours for errors; nothing that it started outlives it, unless it left
 * the child's process group. beat is in memory that both see. tick, if there, is
 * called in the parent while it waits.
 */
enum child_end child_run(int (*fn)(void *), void *arg, const volatile uint64_t *beat, void (*tick)(void *),
			 int *status);

#endif
