/* SPDX-License-Identifier: MIT */
/*
 * What the guest says on its console, and what the command makes of it.
 *
 * The protocol, between the command, our initrd and our payloads. The command puts on the kernel's command line
 *
 *	tdlab.nonce=HEX		16 lower-case hex digits, different in every run that is not seeded
 *	tdlab.disk=BYTES	only when a disk is attached: how much of it the guest is to read, a multiple of 64 KiB,
 *				or all of it when the image is smaller; never more than 4 MiB
 *
 * and adds to the initrd, when modules are needed, an archive with
 *
 *	/tdlab/modules		one file name in /tdlab per line, in the order in which they are to be inserted
 *	/tdlab/NAME.ko		the modules, not compressed
 *
 * User space prints whole lines that begin with "tdlab: ":
 *
 *	tdlab: user HEX			user space runs; HEX is the nonce. Printed first.
 *	tdlab: disk SHA256 BYTES	that many bytes were read from the disk with O_DIRECT; their SHA-256 in hex
 *	tdlab: disk none WHY		the device test could not run; WHY is shown to the user
 *	tdlab: removed DRIVER		the disk's driver is gone (module removed, or device unbound): DMA memory was freed
 *	tdlab: power-off		last line, just before the guest powers off
 *
 * A payload may print the same lines. One that cannot read its command line need not: its end with status 0
 * (TD_MARK_SHUTDOWN), which comes through the journal, is evidence enough.
 */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVIDENCE_NOTES 8	/* console lines worth quoting, at most */

struct evidence {
	char nonce[17];			/* expected */
	bool user;			/* the nonce came back */
	bool power_off;
	bool removed;
	char driver[32];
	bool disk;			/* a disk line came */
	char disk_sha256[65];
	uint64_t disk_bytes;
	char disk_why[80];		/* not empty: "disk none" came */
	char version[96];		/* of Linux, as it says itself */
	bool panicked;			/* "Kernel panic" was seen */
	char notes[EVIDENCE_NOTES][120];	/* panic, Oops and the like; evidence, never a verdict */
	unsigned int nnotes;
	double user_seconds;		/* since the start of the run */
	char line[512];			/* the line under way */
	size_t length;
};

void evidence_init(struct evidence *evidence, const char *nonce);

/* Takes console output as it comes; now is in seconds since the start of the run. */
void evidence_feed(struct evidence *evidence, const char *data, size_t bytes, double now);

#endif
