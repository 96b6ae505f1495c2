/* SPDX-License-Identifier: MIT */
/* What every file of the command shares. */
#ifndef CLI_TDLAB_H
#define CLI_TDLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TDLAB_VERSION	"0.1"
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Exit statuses, the same for every verb; tdlab(1) explains them. 128 + N: ended by signal N. */
enum status {
	STATUS_PASS,
	STATUS_FAIL,		/* a violation, or a missed expectation */
	STATUS_INPUT,		/* usage, or a file that is no good */
	STATUS_ENVIRONMENT,	/* something that the run needs is missing, or tdlab itself failed */
	STATUS_UNFINISHED,	/* the guest did not come to its end, and no violation was seen */
	STATUS_INCONCLUSIVE,
	STATUS_SIGNAL = 128,
};

/* How it was called, as typed; main() sets it. What is printed to be typed again begins so. */
extern const char *program_called;

/* One line on stderr, the program's name in front. Returns status, so that an error reads "return complain(...)". */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * How a program ends: status, if all that it printed got out. Results that did not reach their file must not look like
 * ones that did: that is one line on stderr and STATUS_ENVIRONMENT.
 */
int delivered(int status);

/* Narration on stderr, the program's name in front. */
void narrate(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* In place, and returned: what is no printable ASCII becomes "?". A guest's text may be made for a terminal to obey. */
char *printable(char *text);

/* Seconds on a clock that only ever goes forward. */
double seconds_now(void);

/*
 * First of all: standard descriptors that are closed, as a daemon may leave them, become /dev/null. Otherwise the next
 * file that is opened would get their numbers, and what is printed with it.
 */
void descriptors_fill(void);

/* Whether standard output takes colours (https://no-color.org: NO_COLOR set and not empty forbids them). */
bool colours(void);

/*
 * A line on stderr in place of the one before, cut to the terminal's width. Nothing where there is no terminal that
 * does so: progress_wanted() says.
 */
bool progress_wanted(void);
void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
void progress_clear(void);

/* Columns of the terminal that stdout is, or of COLUMNS; 80 where neither says. */
int width_of_output(void);

/* Prints text from that column on, within so many: a line ends where a word does, and the next is indented. */
void fold(const char *text, int column, int columns);

/*
 * Ends a line that has come to that column. On a terminal, what does not fit has lines of its own; a program reads one.
 */
void fold_on_terminal(const char *text, int column);

/* Memory that is not to be had ends the command with STATUS_ENVIRONMENT. */
void *xrealloc(void *old, size_t bytes);
void *xcalloc(size_t count, size_t bytes);
char *xprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Folder of a path, to be freed: "." if it names none. */
char *folder_of(const char *path);

/* Top of the build tree if the kernel is its arch/x86/boot/bzImage, whatever way leads there; to be freed, or NULL. */
char *build_tree_of(const char *kernel);

/*
 * A part of tdlab, found from where the program itself lies: beside it or above it in the build tree, or in
 * ../share/tdlab. NULL if it is nowhere; the second complains then, the environment's fault.
 */
char *installed(const char *name);
char *installed_needed(const char *name);

struct opt;

/* A verb: its options end with an entry without a name. */
struct verb {
	const char *name;
	int (*run)(const struct verb *verb, int argc, char **argv);
	const char *operands;	/* as in the usage line, "" for none */
	const char *help;	/* one line */
	const struct opt *options;
};

extern const struct verb verb_boot, verb_check, verb_explore, verb_replay, verb_minimise, verb_run, verb_merge,
	verb_list, verb_explain,
	verb_trace, verb_measure, verb_doctor,
	verb_completion;

/* The table of verbs; ends with NULL. */
extern const struct verb *const verbs[];

#endif
