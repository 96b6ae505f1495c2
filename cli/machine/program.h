/* SPDX-License-Identifier: MIT */
/*
 * A command that our initrd runs in the guest, for tdlab run: what it needs goes behind the initrd, what it prints
 * comes by a serial port that nothing else writes to (wire/machine.h, MACHINE_OUTPUT_INDEX), and its exit status by the
 * port for evidence.
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include "cli/machine/cpio.h"
#include "cli/opt.h"
#include "cli/verdict/ktap.h"

/* What a shell says of a command that it cannot run; so do we, before anything is booted. */
#define PROGRAM_NOT_EXECUTABLE	126
#define PROGRAM_NOT_FOUND	127

struct program {
	char *const *words;		/* the command as typed, ended by NULL */
	const struct opt_list *files;	/* SRC[:DST] */
	const char *root;		/* a folder of this host in which it runs; NULL: in the initrd */
	uint64_t memory;		/* of the guest */
	int ends[2];			/* of what it prints: ours, and QEMU's */
	bool lost;			/* standard output cannot be written any more */
	struct ktap results;
};

/*
 * The command with what it needs, and the files, as an archive that goes behind the initrd at hand, of which nothing is
 * replaced. Returns 0, or a status after a complaint: PROGRAM_NOT_... too.
 */
int program_archive(const struct program *program, const uint8_t *initrd, size_t bytes, struct cpio *archive);

/* Returns 0, or STATUS_ENVIRONMENT after a complaint. */
int program_open(struct program *program);
void program_close(struct program *program);

/* What has come, to standard output. False when the other end is closed. */
bool program_output(struct program *program);

/* As a shell takes it; to be freed. */
char *program_text(const struct program *program);

#endif
