/* SPDX-License-Identifier: MIT */
/* Exploring a kernel: what explore, replay and minimise have in common. */
#ifndef CLI_EXPLORE_H
#define CLI_EXPLORE_H

#include "cli/campaign/explored.h"

struct explore_options {
	struct boot_options boot;
	struct opt_number depth, pages, sequences, stalls, random, draw;
	const char *shard, *state, *finding;
	const char *guest, *harness;	/* not a kernel: tdlab-sim's */
	bool to_private;
};

#define EXPLORE_FIELD(name) offsetof(struct explore_options, name)
#define EXPLORE_BOOT_FIELD(name) offsetof(struct explore_options, boot.name)

/* The options that say what is explored, and where. */
#define EXPLORE_OPTIONS \
	{ "guest", OPT_TEXT, EXPLORE_FIELD(guest), "NAME", "no kernel: a guest in a process; options as tdlab-sim(1)" }, \
	{ "harness", OPT_FILE, EXPLORE_FIELD(harness), "FILE", "no kernel: guest code of your own in a process" }, \
	{ "pages", OPT_NUMBER, EXPLORE_FIELD(pages), "N", "at the first MapGPA of at least so many pages [1]" }, \
	{ "to-private", OPT_FLAG, EXPLORE_FIELD(to_private), NULL, "at the first MapGPA to private [to shared]" }, \
	{ "model-stalls", OPT_NUMBER, EXPLORE_FIELD(stalls), "N", \
	  "RETRYs without progress that end the model's loop [3, as Linux]" }, \
	{ "vmm", OPT_BEHAVIOUR, EXPLORE_FIELD(boot.vmm), "NAME[:K=V,...]", "the VMM before and after [complete]" }, \
	{ "inject", OPT_LIST, EXPLORE_FIELD(boot.inject), "CALL:KEY=VALUE...", "a fault on top of it" }, \
	{ "behaviours", OPT_FOLDER, EXPLORE_FIELD(boot.behaviours), "DIR", "where behaviours are looked for" }, \
	{ "initrd", OPT_FILE, EXPLORE_FIELD(boot.initrd), "FILE", "initial RAM disk [tdlab's own]" }, \
	{ "append", OPT_TEXT, EXPLORE_FIELD(boot.append), "STRING", "more words for the kernel command line" }, \
	{ "memory", OPT_SIZE, EXPLORE_FIELD(boot.memory), "SIZE", "of the guest [1G]" }, \
	{ "modules", OPT_FOLDER, EXPLORE_FIELD(boot.modules), "DIR", "the kernel's modules, for the disk's driver" }, \
	{ "seed", OPT_NUMBER, EXPLORE_FIELD(boot.seed), "N", "the same run every time" }, \
	{ "timeout", OPT_SECONDS, EXPLORE_FIELD(boot.timeout), "S", "seconds until the guest is given up [86400]" }, \
	{ "console", OPT_FILE, EXPLORE_FIELD(boot.console), "FILE", "for the guest's console [stderr]" }, \
	{ "journal", OPT_FILE, EXPLORE_FIELD(boot.journal), "FILE", "keep the journal, for tdlab trace" }, \
	{ "qemu", OPT_FILE, EXPLORE_FIELD(boot.qemu), "FILE", "QEMU to use [qemu-system-x86_64 in PATH]" }, \
	KNOWN_OPTIONS(EXPLORE_BOOT_FIELD) \
	{ "json", OPT_FLAG, EXPLORE_FIELD(boot.json), NULL, "report as JSON" }

/* One command from its words to its end. */
struct explore {
	struct explore_options options;
	struct boot boot;
	struct explored explored;
	bool prepared;		/* the boot has to be freed */
	double saved;		/* when --state was last written */
	int status;		/* not 0: something went wrong meanwhile */
};

/* Defaults for opt_parse(). */
struct explore *explore_new(void);
void explore_free(struct explore *explore);

/* From options to a prepared boot, with explored.result.of filled in. Returns 0, or a status after a complaint. */
int explore_prepare(struct explore *explore, const char *kernel);

/* Boots and explores. Returns the exit status; the result is complete only if all came to its end. */
int explore_run(struct explore *explore);

/* If one of argv's options is for tdlab-sim, that takes over and this does not return; more are further words of it. */
int explore_in_process(char *const *argv, const char *const *more);
bool explore_is_process(int argc, char *const *argv);

#endif
