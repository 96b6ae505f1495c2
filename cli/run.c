/* SPDX-License-Identifier: MIT */
/*
 * tdlab run: a command in a kernel that is booted as a TD, or guest code in a process, once, under one behaviour. It is
 * one verb as check, explore and replay are one each: the guest is the kernel that is named, or what --guest and
 * --harness say; and a boot has a command behind "--".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/code/code.h"

#define OTHER_STATUS	100	/* added to tdlab's own, so that it is none that programs usually end with */

static const struct opt options[] = {
	EXPLORE_GUEST_OPTIONS
	EXPLORE_JOURNAL_OPTION(0)
	{ "vmm", OPT_BEHAVIOUR, EXPLORE_BOOT_FIELD(vmm), "NAME[:K=V,...]", "how the VMM behaves [complete]" },
	{ "file", OPT_FILE | OPT_MANY | OPT_BOOT, EXPLORE_BOOT_FIELD(file), "SRC[:DST]",
	  "put this file or folder into the guest, there [where it is here]" },
	{ "root", OPT_FOLDER | OPT_BOOT, EXPLORE_BOOT_FIELD(root), "DIR", "run it in a copy of this folder [tdlab's initrd]" },
	{ "report", OPT_FILE | OPT_BOOT, EXPLORE_BOOT_FIELD(report), "FILE", "where the report on a boot goes [stderr]" },
	{ "console", OPT_FILE | OPT_BOOT, EXPLORE_BOOT_FIELD(console), "FILE", "for the guest's console [nowhere]" },
	BOOT_DEVICE_OPTIONS(EXPLORE_BOOT_FIELD)
	BOOT_GUEST_OPTIONS(EXPLORE_BOOT_FIELD)
	KNOWN_OPTIONS(EXPLORE_BOOT_FIELD, OPT_BOOT)
	{ 0 },
};

/* The kernel that this machine runs, which a distribution's user may read or not. */
static int host_kernel(char **kernel)
{
	struct utsname name;

	uname(&name);
	*kernel = xprintf("/boot/vmlinuz-%s", name.release);
	if (access(*kernel, R_OK) == 0)
		return 0;
	return complain(STATUS_INPUT, "run: which kernel? %s, this machine's, cannot be read: name one before the --",
			*kernel);
}

static int check_options(const struct explore_options *o, int noperands)
{
	if (noperands > 1)
		return complain(STATUS_INPUT, "run: more than one kernel");
	if (o->pages.given || o->to_private)
		return complain(STATUS_INPUT, "run: --pages and --to-private are about guest code in a process: not with a boot");
	if (o->boot.initrd)
		return complain(STATUS_INPUT, "run: --initrd %s: the command is run by tdlab's own: tdlab boot takes yours",
				o->boot.initrd);
	if (o->boot.root && o->boot.file.count)
		return complain(STATUS_INPUT, "run: --file %s: not with --root: put it into %s", o->boot.file.items[0],
				o->boot.root);
	return 0;
}

/* A kernel with a command. What it prints is all that there is on standard output. */
static int run_command(const struct verb *verb, struct explore_options *o, char *const *operands, int noperands,
		       char *const *words)
{
	struct boot *b = xcalloc(1, sizeof(*b));
	struct program program = { .words = words, .files = &b->options.file, .ends = { -1, -1 } };
	char *own = NULL, *kernel[] = { noperands ? operands[0] : NULL };
	int status = check_options(o, noperands);

	if (!status && !noperands)
		status = host_kernel(&kernel[0]);
	b->options = o->boot;
	if (!status)
		status = boot_guest(&b->options, kernel, 1, verb->name, &own);
	program.root = b->options.root;
	program.memory = b->options.memory.value;
	if (!b->options.console)
		b->options.console = "/dev/null";
	b->program = &program;
	if (!status)
		status = program_open(&program);
	if (!status) {
		status = boot_once(b);
		if (status == STATUS_PASS)
			status = program.lost ? OTHER_STATUS + STATUS_ENVIRONMENT : (int)b->console.exit_status;
		else if (status < PROGRAM_NOT_EXECUTABLE)
			status += OTHER_STATUS;
		boot_free(b);
	} else {
		status += OTHER_STATUS;
	}
	program_close(&program);
	if (!noperands)
		free(kernel[0]);
	free(b);
	return status;
}

static int run_code(const struct explore_options *o, char *const *operands, int noperands)
{
	if (explore_is_code(o) && noperands)
		return complain(STATUS_INPUT, "run: %s: --guest and --harness are guest code in a process, without a kernel",
				operands[0]);
	if (noperands)
		return complain(STATUS_INPUT, "run: what is to be run in %s? Write -- COMMAND behind it; without a command it is "
				"tdlab boot", operands[0]);
	if (!explore_is_code(o))
		return complain(STATUS_INPUT, "run: which guest? KERNEL -- COMMAND, --guest NAME or --harness FILE");
	return code_run_reported(o);
}

/* Where "--" is. One that is an option's argument is taken for it too, and then the option has none, which is said. */
static int split(int argc, char **argv)
{
	int at = 1;

	while (at < argc && strcmp(argv[at], "--") != 0)
		at++;
	return at;
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
	struct explore_options o = { .boot.vmm = "complete" };
	char **operands = xcalloc((size_t)argc, sizeof(*operands)), *none = NULL;
	int noperands, at = split(argc, argv), status;
	bool command = at < argc;

	if (command)
		argv[at] = none;	/* the end of what is tdlab's */
	status = opt_parse(verb, at, argv, &o, operands, &noperands);
	if (!status && command && explore_is_code(&o))
		status = complain(STATUS_INPUT, "run: guest code in a process runs no command: leave out -- and what follows");
	if (!status && command && at + 1 == argc)
		status = complain(STATUS_INPUT, "run: no command behind --");
	if (!status)
		status = opt_suits(verb, at, argv, !command);
	if (status > 0 && command)
		status += OTHER_STATUS;
	else if (!status)
		status = command ? run_command(verb, &o, operands, noperands, argv + at + 1) : run_code(&o, operands, noperands);
	free(operands);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_run = { "run", run_verb, "[KERNEL] -- COMMAND [ARG...]",
			       "run a command in a kernel that is a TD, or guest code in a process", options };
