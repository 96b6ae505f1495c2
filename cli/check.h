/* SPDX-License-Identifier: MIT */
/*
 * tdlab check: one guest under every behaviour, a row each. A row is worked on in a process of its own, which leaves
 * its result in memory that the command shares.
 */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "cli/boot.h"
#include "cli/cases.h"
#include "cli/code/code.h"
#include "cli/output.h"
#include "cli/machine/template.h"
#include "cli/verdict/known.h"

struct check_options {
	struct boot_options boot;	/* vmm: a list */
	struct opt_list platforms;	/* none: the default */
	const char *harness, *guest, *junit, *keep;
	const char *at;		/* --template-at */
	struct opt_number jobs, pages, start;	/* start: --at */
	bool full, tap;
};

struct check_result {
	bool done;
	enum verdict verdict;
	int status;		/* what tdlab boot, or tdlab run, would end with */
	char why[256];
	char outcome[24];
	struct totals totals;
	uint64_t violations;
	uint32_t found[TD_CAUSES];	/* a bit for each enum td_violation */
	bool all_named;			/* nothing but those makes it fail */
	const char *unfinished;		/* of a boot: see judge_all_known() */
	double seconds;
	bool exercised[2];	/* [to_shared]: of a boot */
	bool init;		/* user space was reached, and ... */
	bool device_equal;	/* ... the disk's data came through shared memory as it is */
	const char *not_applicable;	/* of code in a process: the direction that it does not have, or NULL */
	bool worse_is_private;	/* of code in a process: which direction the verdict is from */
};

/* The guest that is booted, as one platform creates it. */
struct check_boot {
	struct boot boot;
	struct template *template;	/* what rows are copies of; NULL: every row boots */
};

struct check_row {
	struct behaviour behaviour;
	const struct code *code;	/* in a process; NULL: the guest that is booted */
	struct check_boot *on;		/* which that is, or NULL */
	const char *platform;		/* NULL: the default */
	const char *guest;	/* its name, or NULL */
	char *name;		/* of the row */
	char *reproduce;	/* the command that runs it again, once there is a verdict */
	struct check_result *result;
	double cpu;		/* seconds, of its process and all that it started */
	pid_t pid;		/* 0: not running */
};

struct check {
	struct check_options options;
	struct check_boot *boots;	/* one for each platform, or ... */
	size_t nboots;
	struct template_at at;
	struct explore_options *code_options;	/* one for each platform, of ... */
	struct code *codes;			/* guests in a process */
	size_t ncodes;
	struct check_row *rows;
	size_t nrows;
	unsigned int jobs;
	int signal;			/* that ended it early, or 0 */
	double seconds, cpu;		/* of all */
	struct output junit;
	struct known known;
};

/* check_plan.c: the rows, behaviours loaded. Returns 0, or a status after a complaint. */
int check_plan(struct check *check);
void check_plan_free(struct check *check);

/* check_pool.c: runs every row, `jobs` at a time, and reports each in its turn. */
void check_run(struct check *check);

static inline bool check_is_code(const struct check *check)
{
	return check->options.guest || check->options.harness;
}

/* How many kinds of TD there are rows for, and the i-th; NULL: the default. */
static inline unsigned int check_platforms(const struct check *check)
{
	return check->options.platforms.count ? check->options.platforms.count : 1;
}

static inline const char *check_platform(const struct check *check, unsigned int i)
{
	return check->options.platforms.items[i];
}

/*
 * check_code.c: finds out which guest code is meant, that it is there, and makes one of it for each platform. 0, or a
 * status after a complaint.
 */
int check_code_guests(struct check *check);
char *check_code_command(const struct check_row *row);	/* that runs it again, to be freed */

/* What a row's process does: check_boot.c, check_code.c. The row's result is complete afterwards. */
void check_boot_row(struct check *check, struct check_row *row);
void check_code_row(const struct check *check, struct check_row *row);

/* A file of a row's for --keep, to be freed. */
char *check_kept(const struct check *check, const struct check_row *row, const char *suffix);

/* Whether what a row found is known; once, before it is reported. */
void check_look_up(struct check *check, struct check_row *row);

#define CHECK_LABEL	32

/* A row as CI has it; label is room for what stands beside its name. */
void check_case(const struct check_row *row, char label[static CHECK_LABEL], struct test_case *one);

/* check_report.c and check_export.c: what is to be said. */
void check_report_begin(const struct check *check);
void check_report_row(const struct check *check, size_t row);
void check_report_end(const struct check *check);
void check_json(const struct check *check);
int check_junit(struct check *check);	/* 0, or a status after a complaint */

/* Rows by verdict; rows that never came to one are in none. */
struct check_tally {
	size_t of[VERDICT_KINDS], missing;
};
struct check_tally check_count(const struct check *check);

/* The exit status that tdlab-check(1) promises. */
int check_status(const struct check *check);

#endif
