/* SPDX-License-Identifier: MIT */
/* What the guest says on its console, and what of it is evidence (the lines of wire/evidence.h). */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/verdict/measured.h"

#define CONSOLE_NOTES		6
#define CONSOLE_NOTE_BYTES	140
#define CONSOLE_MODULES		16
#define CONSOLE_EXPECT		128

struct console {
	char nonce[33];			/* expected back */
	bool init;			/* user space was reached in this very run */
	bool done;
	bool removed;
	bool no_device;			/* no disk, and no driver for it */
	bool missing;			/* no disk, although the driver is there */
	bool device;			/* a checksum came */
	bool device_failed;		/* ... or it could not be read */
	uint64_t device_bytes;
	char device_sha256[65];
	char version[96];		/* of Linux, as it calls itself */
	bool panicked;
	bool halted;			/* Linux's last words before it halts ([linux:kernel_halt]) */
	bool no_boot;			/* firmware found nothing that it could start, and waits for a key */
	char failed[CONSOLE_NOTE_BYTES];	/* the first step that our initrd could not do */
	char notes[CONSOLE_NOTES][CONSOLE_NOTE_BYTES];	/* panic, Oops and their like, word for word */
	unsigned int nnotes;
	bool net;			/* the network card was used */
	bool exited;			/* the user's command came to its end, with: */
	unsigned int exit_status;
	bool kexec;			/* what the kernel started by kexec spoke: it had given all its memory back before */
	struct {
		bool done;
		uint64_t before, after;	/* KiB of unaccepted memory */
		unsigned int files, wrong;
	} stress;
	struct {
		char name[56];
		uint64_t text;		/* where the code of that module lies */
	} modules[CONSOLE_MODULES];
	unsigned int nmodules;
	double init_seconds;
	const char *expect;		/* text that is waited for, shorter than CONSOLE_EXPECT; NULL: none */
	bool expected;			/* it came */
	char tail[CONSOLE_EXPECT];	/* what came last on the wire, of which it may be the end */
	size_t ntail;
	struct measured_log eventlog;	/* measured_free() */
	struct console_line {
		char text[512];		/* under way */
		size_t length;
		unsigned int escape;	/* within a sequence that moves a cursor or sets a colour */
	} line, evidence;
};

void console_begin(struct console *console, const char *nonce);

/* Takes output as it comes. seconds: when, for the times in the report. */
void console_feed(struct console *console, const char *data, size_t bytes, double seconds);

/* Output as it comes on the wire, a prompt among it that has no end of line: for the text that is waited for. */
void console_expect(struct console *console, const char *data, size_t bytes);

/* The same for the serial port that is there for evidence alone (TD_EV_TEXT). */
void console_evidence(struct console *console, const char *data, size_t bytes, double seconds);

#endif
