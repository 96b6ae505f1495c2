/* SPDX-License-Identifier: MIT */
/* Options: one table per verb yields parsing, --help and completion. */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include "cli/tdlab.h"

enum opt_kind {
	OPT_FLAG,	/* bool */
	OPT_TEXT,	/* const char * */
	OPT_FILE,	/* const char *; completes to files */
	OPT_FOLDER,	/* const char *; completes to folders */
	OPT_BEHAVIOUR,	/* const char *; completes to behaviours */
	OPT_PLATFORM,	/* const char *; completes to platforms */
	OPT_NUMBER,	/* struct opt_number; decimal or 0x */
	OPT_SIZE,	/* struct opt_number; bytes, with K, M or G */
	OPT_SECONDS,	/* struct opt_number */
	OPT_JOBS,	/* struct opt_number; the one option that has a letter as well, as make has: -j N */
};

/* An option that makes no sense for every guest says so beside its kind. */
#define OPT_BOOT	0x100u	/* for one that is booted */
#define OPT_CODE	0x200u	/* for guest code in a process */
#define OPT_MANY	0x400u	/* may be given several times: struct opt_list in place of const char * */
#define OPT_KIND(opt)	((enum opt_kind)((opt)->kind & 0xff))

struct opt_number {
	uint64_t value;
	bool given;
	const char *text;	/* as typed, for complaints */
};

#define OPT_LIST_MOST 8

struct opt_list {
	const char *items[OPT_LIST_MOST];
	unsigned int count;
};

struct opt {
	const char *name;	/* without the dashes */
	unsigned int kind;	/* enum opt_kind, and for which guests */
	size_t offset;		/* in the verb's structure */
	const char *arg;	/* shown in --help */
	const char *help;
};

/*
 * Reads options into values. What remains, options and operands being allowed in any order, is *operands in its
 * order. Returns 0 to go on, -1 when --help was printed, else an exit status after a complaint.
 */
int opt_parse(const struct verb *verb, int argc, char **argv, void *values, char **operands, int *noperands);

/*
 * Refuses, in one line, the first option that is not for the guest at hand, which is one that is booted or code in a
 * process. After opt_parse(). Returns 0, or a status after a complaint.
 */
int opt_suits(const struct verb *verb, int argc, char **argv, bool code);

/* Text to number; false unless all of it is one. */
bool opt_number(const char *text, uint64_t *value);
bool opt_size(const char *text, uint64_t *bytes);

#endif
