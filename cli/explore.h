/* SPDX-License-Identifier: MIT */
/* Exploring a guest: what explore, replay, minimise and run have in common, be it a kernel or code in a process. */
#ifndef CLI_EXPLORE_H
#define CLI_EXPLORE_H

#include "cli/campaign/explored.h"
#include "cli/cases.h"

struct explore_options {
	struct boot_options boot;
	struct opt_number depth, at, pages, sequences, stalls, random;
	const char *model, *shard, *state, *finding;
	const char *guest, *harness;	/* not a kernel: code in a process */
	const char *junit;
	bool to_private, match, tap;
};

#define EXPLORE_FIELD(name) offsetof(struct explore_options, name)
#define EXPLORE_BOOT_FIELD(name) offsetof(struct explore_options, boot.name)

/* What the guest is, and what it is to convert. */
#define EXPLORE_GUEST_OPTIONS \
	{ "guest", OPT_TEXT | OPT_CODE, EXPLORE_FIELD(guest), "NAME", "code in a process: see tdlab list guests" }, \
	{ "harness", OPT_FILE | OPT_CODE, EXPLORE_FIELD(harness), "FILE", "code of your own in a process, a shared object" }, \
	{ "pages", OPT_NUMBER, EXPLORE_FIELD(pages), "N", \
	  "of the conversion [explore: several shapes; else 8]; a kernel: at its first MapGPA of at least so many [1]" }, \
	{ "at", OPT_NUMBER | OPT_CODE, EXPLORE_FIELD(at), "GPA", \
	  "where it starts [explore: several shapes; else 0x40008000]" }, \
	PLATFORM_OPTION(EXPLORE_BOOT_FIELD) \
	{ "to-private", OPT_FLAG, EXPLORE_FIELD(to_private), NULL, "a conversion to private [to shared]" }, \
	{ "seed", OPT_NUMBER, EXPLORE_BOOT_FIELD(seed), "N", "of all that is left to chance: the same run every time [1]" }, \
	{ "json", OPT_FLAG, EXPLORE_BOOT_FIELD(json), NULL, "report as JSON" },

/* The options that say how it is explored, and where. */
#define EXPLORE_OPTIONS \
	EXPLORE_GUEST_OPTIONS \
	{ "stalls", OPT_NUMBER | OPT_CODE, EXPLORE_FIELD(stalls), "N", \
	  "RETRYs without progress in a row that it has to live through [3]" }, \
	{ "model", OPT_TEXT | OPT_BOOT, EXPLORE_FIELD(model), "NAME", \
	  "compared with: linux, linux:N, libtdconv or none [linux]" }, \
	{ "vmm", OPT_BEHAVIOUR | OPT_BOOT, EXPLORE_BOOT_FIELD(vmm), "NAME[:K=V,...]", "VMM before and after [complete]" }, \
	BOOT_KERNEL_OPTIONS(EXPLORE_BOOT_FIELD, "86400") \
	{ "behaviours", OPT_FOLDER | OPT_BOOT, EXPLORE_BOOT_FIELD(behaviours), "DIR", "where behaviours are looked for" }, \
	{ "console", OPT_FILE | OPT_BOOT, EXPLORE_BOOT_FIELD(console), "FILE", "for the guest's console [stderr]" },

#define EXPLORE_JOURNAL_OPTION(guests) \
	{ "journal", OPT_FILE | (guests), EXPLORE_BOOT_FIELD(journal), "FILE", "keep the journal, for tdlab trace" },

/* Whether the options name guest code, to be run in a process. */
static inline bool explore_is_code(const struct explore_options *o)
{
	return o->guest || o->harness;
}

static inline uint64_t explore_seed(const struct explore_options *o)
{
	return o->boot.seed.given ? o->boot.seed.value : 1;
}

/* One command from its words to its end. */
struct explore {
	struct explore_options options;
	struct boot boot;
	struct explored explored;
	struct output junit;
	bool prepared;		/* the boot has to be freed */
	double saved;		/* when --state was last written */
	int status;		/* not 0: something went wrong meanwhile */
};

/* What a guest's requests may depend on beside its file: options that make it so. Returns 0, or STATUS_INPUT. */
int explore_conditions(const struct explore_options *options, struct result_options *to);

struct explore *explore_new(void);
void explore_free(struct explore *explore);

/* From options to a prepared boot, with explored.result.of filled in. Returns 0, or a status after a complaint. */
int explore_prepare(struct explore *explore, const char *kernel);

/* Boots and explores. Returns the exit status; the result is complete only if all came to its end. */
int explore_run(struct explore *explore);

#endif
