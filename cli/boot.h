/* SPDX-License-Identifier: MIT */
/* One `tdlab boot` from its options to its report. */
#ifndef CLI_BOOT_H
#define CLI_BOOT_H

#include <string.h>

#include "cli/machine/guest.h"
#include "cli/machine/program.h"
#include "cli/machine/qemu.h"
#include "cli/machine/ram.h"
#include "cli/machine/snapshot.h"
#include "cli/machine/transcript.h"
#include "cli/opt.h"
#include "cli/verdict/judge.h"
#include "cli/verdict/known.h"
#include "cli/verdict/measured.h"
#include "cli/verdict/phases.h"
#include "cli/verdict/symbols.h"
#include "cli/vmm/behaviour.h"
#include "cli/vmm/inject.h"
#include "cli/vmm/platform.h"
#include "wire/config.h"

struct boot_options {
	const char *kernel;	/* NULL: what the firmware finds on the disk */
	bool builtin;		/* it is the built-in payload, which nobody named */
	const char *firmware;
	const char *known, *write_known;
	const char *vmm, *platform, *behaviours, *initrd, *append, *modules, *console, *journal, *eventlog, *qemu,
		*report, *net, *qemu_args, *expect, *root;
	struct opt_number memory, memory_split, cpus, seed, timeout;
	struct opt_list inject, module, file, disk, share;
	bool trace_exits, json;
	bool in_check;	/* it gives all memory back before it ends: not an option of boot */
	bool console_live;	/* the kernel is not told to be quiet on its console */
	bool unheard;	/* nobody reads what the guest says: not an option of boot */
	bool large_ring;	/* the disk's driver asks for pages enough to be converted in parts: not an option of boot */
	bool many;	/* one of several: no progress line, and --seed is for what the VMM leaves to chance only */
};

struct boot {
	struct boot_options options;

	/* prepare.c */
	struct behaviour behaviour;
	struct platform platform;
	struct guest guest;
	struct machine machine;
	struct monitor_config config;
	struct qemu qemu;
	char *monitor;			/* path of its image */
	uint64_t seed;			/* given or drawn */
	char nonce[17];
	struct device_facts device;
	bool first;			/* it was given cli/first/ */
	int firmware_fd, kernel_fd, initrd_fd, config_fd;
	struct disk disks[OPT_LIST_MOST];
	unsigned int ndisks;
	int eventlog_fd, report_fd;

	/* cli/machine/template.h: where the machine is saved to, or what it is continued from */
	struct snapshot *save;
	const struct snapshot *from;

	struct program *program;	/* that is run in it: tdlab run; NULL: there is none */

	/* whoever follows the run: see struct run */
	const char *(*look)(void *arg, double cpu);
	void *look_arg;

	/* run.c and judge.c */
	struct ram ram;
	struct records records;
	struct console console;
	struct transcript transcript;
	struct run_end end;
	double wall;
	struct measured measured;
	struct judgement judgement;
	struct known known;
	struct symbols symbols;
	struct phases phases;		/* of a guest with firmware */
};

/* What the TD is created with, for every verb that runs a guest. */
#define PLATFORM_OPTION(FIELD) \
	{ "platform", OPT_PLATFORM, FIELD(platform), "NAME[:K=V,...]", \
	  "what the TD is created with, or K=V,... alone [kvm]" }, \

/* What is known of the guest, for every verb that judges one. guests: 0, or those alone of which that verb asks it. */
#define KNOWN_OPTIONS(FIELD, guests) \
	{ "known", OPT_FILE | (guests), FIELD(known), "FILE", "findings that are known and explained are expected" }, \
	{ "write-known", OPT_FILE | (guests), FIELD(write_known), "FILE", "write what was found, to be explained" },

/* What a guest is given that starts at its kernel, for every verb that boots one. patience: --timeout's default. */
#define BOOT_KERNEL_OPTIONS(FIELD, patience) \
	{ "inject", OPT_TEXT | OPT_MANY, FIELD(inject), "CALL:KEY=VALUE...", \
	  "a fault on top of it, such as mapgpa:retry:when=2" }, \
	{ "initrd", OPT_FILE | OPT_BOOT, FIELD(initrd), "FILE", "initial RAM disk [tdlab's own]" }, \
	{ "append", OPT_TEXT | OPT_BOOT, FIELD(append), "STRING", "more words for the kernel command line" }, \
	{ "memory", OPT_SIZE | OPT_BOOT, FIELD(memory), "SIZE", "of the guest [1G]" }, \
	{ "modules", OPT_FOLDER | OPT_BOOT, FIELD(modules), "DIR", "the kernel's modules, for the disk's driver" }, \
	{ "module", OPT_FILE | OPT_MANY | OPT_BOOT, FIELD(module), "FILE", "load this one too" }, \
	{ "timeout", OPT_SECONDS | OPT_BOOT, FIELD(timeout), "S", "seconds until the guest is given up [" patience "]" }, \
	{ "qemu", OPT_FILE | OPT_BOOT, FIELD(qemu), "FILE", "QEMU to use [qemu-system-x86_64 in PATH]" },

/* And what it is given besides, where it may have firmware, more vCPUs and a disk. */
#define BOOT_GUEST_OPTIONS(FIELD) \
	BOOT_KERNEL_OPTIONS(FIELD, "300") \
	{ "behaviours", OPT_FOLDER, FIELD(behaviours), "DIR", "where behaviours are looked for" }, \
	{ "firmware", OPT_FILE | OPT_BOOT, FIELD(firmware), "FILE", "TDVF image that the guest starts with" }, \
	{ "console-live", OPT_FLAG | OPT_BOOT, FIELD(console_live), NULL, "the kernel's log as it comes, slowly; no quiet" }, \
	{ "memory-split", OPT_SIZE | OPT_BOOT, FIELD(memory_split), "SIZE", "how much of it is below 4 GiB" }, \
	{ "cpus", OPT_NUMBER | OPT_BOOT, FIELD(cpus), "N", "vCPUs of the guest [1]" }, \
	{ "disk", OPT_FILE | OPT_MANY | OPT_BOOT, FIELD(disk), "FILE[,WORD...]", \
	  "image, raw or qcow2, ro, snapshot or rw, or none [raw,ro; without: 4 MiB of random data]" },

/* What a guest is connected to, for every verb that boots one once. */
#define BOOT_DEVICE_OPTIONS(FIELD) \
	{ "net", OPT_TEXT | OPT_BOOT, FIELD(net), "user[,WORD...]", \
	  "a network card, on a network that leads nowhere but by hostfwd=...; words as QEMU's -netdev user has them" }, \
	{ "share", OPT_TEXT | OPT_MANY | OPT_BOOT, FIELD(share), "DIR:TAG", "a folder, to be mounted as 9p" }, \
	{ "qemu-args", OPT_TEXT | OPT_BOOT, FIELD(qemu_args), "STRING", "more words for QEMU's command line" },

/* From options to the report, as tdlab boot does it. Returns the exit status. */
int boot_once(struct boot *boot);

/* Their defaults, and the built-in payload if no kernel is named. *own is to be freed. Returns 0, or STATUS_INPUT. */
int boot_guest(struct boot_options *options, char *const *operands, int noperands, const char *verb, char **own);

/*
 * Checks everything that can be checked before QEMU starts, and makes what does not depend on the behaviour. Returns 0,
 * or a status after a complaint.
 */
int boot_prepare(struct boot *boot);
void boot_free(struct boot *boot);

/* What one run has for itself: configuration, memory, outputs. Returns 0, or a status after a complaint. */
int boot_arm(struct boot *boot);

/* Runs QEMU to its end and has td judge what was still open then. Returns 0, or a status after a complaint. */
int boot_run(struct boot *boot);

/* The same, and the judgement of it all. */
int boot_judged(struct boot *boot);

/* The copy that --journal asked for is complete, or a complaint is made and a status returned. */
int boot_close_journal(struct boot *boot);

/* The disks: the user's images, or 4 MiB of this run's own. */
int boot_disks(struct boot *boot);

/* For one of many runs: 4 MiB that no other run has seen, in place of those that were prepared. */
int boot_new_disk(struct boot *boot);

/* The user has chosen what runs first in user space: nobody speaks for tdlab. */
static inline bool initrd_other(const struct boot *boot)
{
	return boot->options.append && strstr(boot->options.append, "rdinit=");
}

/* Our initrd with the modules behind it, or the user's with what makes it speak to us; *bytes is its size. */
int boot_initrd(struct boot *boot, size_t *bytes);

/* The command line that would boot the same again, to be freed. */
char *boot_command(const struct boot *boot);
char *boot_command_with(const struct boot *boot, const char *command);

/*
 * What stands behind the nonce on the kernel's command line, to be freed: "quiet", what check adds and boot does not,
 * and what the user appends. That is --append of a command that runs the same again: no word is put before words that
 * have it.
 */
char *boot_append(const struct boot *boot);

/* Its log is to come out of its memory, and not character by character. */
bool boot_quiet(const struct boot *boot);

/* The same run every time, to the last instruction; a network would be another's time. */
static inline bool boot_repeats(const struct boot *boot)
{
	return boot->options.seed.given && !boot->options.many && !boot->options.net && !boot->options.share.count;
}

/* What it is called in a file of known findings: a kernel's version, or the file's name. */
const char *boot_guest_name(const struct boot *boot);

void report_guest(const struct boot *boot);	/* its first line */
void report_text(const struct boot *boot);
void report_json(const struct boot *boot);
void report_exercised(json_t *json, const bool exercised[2]);	/* "exercised", a list of directions */

#endif
