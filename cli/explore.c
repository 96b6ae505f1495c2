/* SPDX-License-Identifier: MIT */
/*
 * tdlab explore KERNEL: every sequence of answers, up to a depth, against one running guest. The monitor takes the
 * guest back after each (monitor/explore.h); here each sequence is compared with the reference model and with td's
 * verdicts, and afterwards the guest is judged on what it does when it is left alone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/boot.h"
#include "cli/explored.h"

#define UNDO_STEPS	200000
#define FIELD(name)	offsetof(struct explore_options, name)

struct explore_options {
	struct boot_options boot;
	struct opt_number depth, pages, sequences, stalls;
	bool to_private;
};

static const struct opt options[] = {
	{ "depth", OPT_NUMBER, FIELD(depth), "N", "answers chosen in one sequence [5]" },
	{ "pages", OPT_NUMBER, FIELD(pages), "N", "at the first MapGPA of at least so many pages [1]" },
	{ "to-private", OPT_FLAG, FIELD(to_private), NULL, "at the first MapGPA to private [to shared]" },
	{ "sequences", OPT_NUMBER, FIELD(sequences), "N", "stop after so many [all]" },
	{ "model-stalls", OPT_NUMBER, FIELD(stalls), "N",
	  "RETRYs without progress that end the model's loop [3, as Linux]" },
	{ "vmm", OPT_BEHAVIOUR, FIELD(boot.vmm), "NAME[:K=V,...]", "the VMM before and after [complete]" },
	{ "behaviours", OPT_FOLDER, FIELD(boot.behaviours), "DIR", "where behaviours are looked for" },
	{ "initrd", OPT_FILE, FIELD(boot.initrd), "FILE", "initial RAM disk [tdlab's own]" },
	{ "append", OPT_TEXT, FIELD(boot.append), "STRING", "more words for the kernel command line" },
	{ "memory", OPT_SIZE, FIELD(boot.memory), "SIZE", "of the guest [1G]" },
	{ "modules", OPT_FOLDER, FIELD(boot.modules), "DIR", "the kernel's modules, for the disk's driver" },
	{ "seed", OPT_NUMBER, FIELD(boot.seed), "N", "the same run every time" },
	{ "timeout", OPT_SECONDS, FIELD(boot.timeout), "S", "seconds until the guest is given up [600]" },
	{ "console", OPT_FILE, FIELD(boot.console), "FILE", "for the guest's console [stderr]" },
	{ "journal", OPT_FILE, FIELD(boot.journal), "FILE", "keep the journal, for tdlab trace" },
	{ "qemu", OPT_FILE, FIELD(boot.qemu), "FILE", "QEMU to use [qemu-system-x86_64 in PATH]" },
	{ "json", OPT_FLAG, FIELD(boot.json), NULL, "report as JSON" },
	{ 0 },
};

static int explore_and_report(struct boot *b, uint32_t stalls)
{
	struct explored explored;
	int status = boot_run(b);

	if (status)
		return status;
	explored_read(&explored, &b->records, b->config.explore.depth, stalls);
	judge(&b->judgement, &b->records, &b->console, &b->behaviour.packed, &b->device, &b->end);
	if (b->options.json)
		explored_json(&explored, b);
	else
		explored_text(&explored, b);
	status = boot_close_journal(b);
	return status ? status : explored_status(&explored, b);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct boot *b = xcalloc(1, sizeof(*b));
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	struct explore_options o = {
		.boot = { .vmm = "complete", .memory.value = 1ull << 30, .cpus.value = 1, .timeout.value = 600 },
		.depth.value = 5, .pages.value = 1, .stalls.value = TDCONV_LINUX_TRIES,
	};
	int noperands, status = opt_parse(verb, argc, argv, &o, operands, &noperands);

	if (!status && noperands != 1)
		status = complain(STATUS_INPUT, "explore: %s: see tdlab explore --help",
				  noperands ? "more than one kernel" : "which kernel?");
	if (!status && (o.depth.value == 0 || o.depth.value > EXPLORE_MAX_DEPTH))
		status = complain(STATUS_INPUT, "--depth %lu: from 1 to %d", o.depth.value, EXPLORE_MAX_DEPTH);
	if (!status) {
		o.boot.kernel = operands[0];
		b->options = o.boot;
		b->config.explore = (struct monitor_explore){ (uint32_t)o.depth.value, !o.to_private, o.pages.value,
							      o.sequences.value };
		b->config.td.undo_steps = UNDO_STEPS;
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXFSZ, SIG_IGN);
		status = boot_prepare(b);
		if (!status)
			status = boot_arm(b);
		if (!status)
			status = explore_and_report(b, (uint32_t)o.stalls.value);
		boot_free(b);
	}
	free(operands);
	free(b);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_explore = { "explore", run, "KERNEL", "give one running kernel every answer a VMM can give",
				   options };
