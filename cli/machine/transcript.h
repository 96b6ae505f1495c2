/* SPDX-License-Identifier: MIT */
/*
 * All that a guest says, as one text: what comes by its console, and its kernel's log out of its memory (klog.h). A
 * line of the kernel's that comes by both stands there once, where the log has it.
 *
 * A kernel's line on the console, which begins with its time, waits for the log: it shows where it belongs, and what
 * was said before it. What else comes by the console, firmware and user space, is passed on at once.
 */
#ifndef CLI_TRANSCRIPT_H
#define CLI_TRANSCRIPT_H

#include "cli/machine/klog.h"
#include "cli/verdict/console.h"

#define TRANSCRIPT_LINE		1536	/* of the kernel's that waits; a longer one is passed on */
#define TRANSCRIPT_RECENT	16384	/* lines of the log that may still come by the console */

struct transcript {
	struct console *console;	/* takes all that is written */
	int fd;
	bool lost;			/* fd cannot be written any more */
	bool with_log;
	double next_look;
	struct klog log;

	char line[TRANSCRIPT_LINE];	/* under way, and only if it may be the kernel's */
	size_t length;

	struct transcript_held {
		uint64_t key;
		size_t bytes;
		char *text;
	} *held;			/* came by the console, not yet from the log */
	size_t nheld, room;
	uint64_t recent[TRANSCRIPT_RECENT];	/* the other way round: what tells a line from others, 0: none */
	size_t nrecent;
};

/* fd is set. with_log: the kernel was told to be quiet on its console, so the rest is to come out of its memory. */
void transcript_begin(struct transcript *transcript, struct console *console, bool with_log);
void transcript_free(struct transcript *transcript);

/* What has come by the console. seconds: of guest time, for the evidence in it. May change data. */
void transcript_console(struct transcript *transcript, const struct ram *ram, char *data, size_t bytes, double seconds);

/* From time to time while the guest runs, now being on our clock. */
void transcript_look(struct transcript *transcript, const struct ram *ram, double now, double seconds);

/* After its end: what is left. False if there should have been a log, and it was not found. */
bool transcript_end(struct transcript *transcript, const struct ram *ram, double seconds);

#endif
