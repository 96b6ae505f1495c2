/* SPDX-License-Identifier: MIT */
/* QEMU: which one, how old, and its command line. */
#ifndef CLI_QEMU_H
#define CLI_QEMU_H

#include "cli/machine/disk.h"
#include "cli/machine/snapshot.h"
#include "cli/opt.h"
#include "cli/process.h"
#include "cli/tdlab.h"
#include "wire/machine.h"

#define QEMU_NAME	"qemu-system-x86_64"
#define QEMU_WORDS	128	/* of --qemu-args */
#define QEMU_LEAST	70200u	/* 7.2.0, Debian 12's */
#define QEMU_CX16_GOOD	100000u	/* from 10.0 on cmpxchg16b leaves RFLAGS alone */

struct qemu {
	char *path;
	unsigned int version;	/* 7.2.22: 70222 */
	char text[32];		/* "7.2.22" */
};

/* wanted: --qemu, or NULL for the one in PATH. Returns 0, or STATUS_ENVIRONMENT after a complaint. */
int qemu_find(struct qemu *qemu, const char *wanted);

/* Number of a version as QEMU's -version prints it; 0 if there is none. */
unsigned int qemu_version(const char *text, char *shown, size_t bytes);

struct qemu_run {
	const struct qemu *qemu;
	const struct machine *machine;
	const char *monitor;		/* the monitor's image */
	const struct td_config *td;	/* vCPUs, cores and GPAW */
	bool seeded;
	uint64_t seed;
	int ask;			/* its end of what the monitor asks by (cli/machine/ask.h) */
	int output;			/* where a command's output goes (cli/machine/program.h); -1: there is none */
	int ram, config, firmware, kernel, initrd;	/* descriptors; -1 for none but of the first two */
	const struct disk *disks;
	unsigned int ndisks;
	const char *serial;		/* of the first disk, as far as the guest has firmware: where it finds the nonce */
	bool large_ring;
	const char *net;		/* NULL, or "user" and what QEMU's -netdev user is given besides */
	const struct opt_list *shares;	/* DIR:TAG */
	const char *more;		/* words for the end, as a shell would take them; NULL: none */
	const struct snapshot_link *link;	/* NULL: nothing is saved or continued */
	bool continued;
};

void qemu_arguments(const struct qemu_run *run, struct words *words);

#endif
