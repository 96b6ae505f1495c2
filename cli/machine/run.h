/* SPDX-License-Identifier: MIT */
/* QEMU while it runs: its console, the journal, the clock and the user's Ctrl-C. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/machine/program.h"
#include "cli/machine/ram.h"
#include "cli/machine/snapshot.h"
#include "cli/machine/transcript.h"
#include "cli/process.h"
#include "cli/verdict/console.h"
#include "cli/verdict/judge.h"

/*
 * CPU seconds of QEMU without a single exit after which a guest is given up: not even a timer ticks in it. EDK2's does
 * every 0.4 seconds. Of virtual time, a nanosecond per instruction, that can take a spinning CPU more than 10.
 */
#define RUN_HUNG_S		10
#define RUN_HUNG_VIRTUAL_S	30

struct run {
	const struct ram *ram;
	struct records *records;
	struct console *console;
	struct transcript *transcript;	/* where its console goes */
	bool progress;		/* one line on stderr that is written over */
	bool virtual_time;	/* guest time has nothing to do with ours */
	uint64_t timeout;	/* seconds */
	struct snapshot *save;	/* where the machine goes when the monitor waits for orders; NULL: it never does */
	const struct snapshot *from;	/* what it is continued from; NULL: it begins */
	struct snapshot_link *link;	/* if either is not NULL */
	int *ask;		/* two ends: cli/machine/ask.h */
	struct program *program;	/* whose output is to be taken; NULL: there is none */
	double wall;		/* seconds that it took */
	bool no_log;		/* the kernel's was not found in its memory, where it should be */

	/*
	 * If there: is shown what has come, and the seconds of CPU that QEMU has used so far. What it returns is for the
	 * progress line, or NULL.
	 */
	const char *(*look)(void *arg, double cpu);
	void *look_arg;
};

/*
 * Returns 0 with *end filled in (end->saved: the machine is in *run->save), or STATUS_ENVIRONMENT after a complaint.
 * QEMU is gone in either case.
 */
int run_qemu(struct run *run, const struct words *arguments, struct run_end *end);

#endif
