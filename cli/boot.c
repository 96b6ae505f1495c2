/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/boot.h"
#include "cli/run.h"

#define FIELD(name) offsetof(struct boot_options, name)
#define OWN_MEMORY  (1280ull << 20) /* of the built-in payload, which converts 1 GiB */

static const struct opt options[] = {
	{ "vmm", OPT_BEHAVIOUR, FIELD(vmm), "NAME[:K=V,...]", "how the VMM behaves, or a file ./NAME.vmm [complete]" },
	{ "behaviours", OPT_FOLDER, FIELD(behaviours), "DIR", "where behaviours are looked for" },
	{ "initrd", OPT_FILE, FIELD(initrd), "FILE", "initial RAM disk [tdlab's own]" },
	{ "append", OPT_TEXT, FIELD(append), "STRING", "more words for the kernel command line" },
	{ "memory", OPT_SIZE, FIELD(memory), "SIZE", "of the guest [1G]" },
	{ "cpus", OPT_NUMBER, FIELD(cpus), "N", "vCPUs of the guest [1]" },
	{ "disk", OPT_FILE, FIELD(disk), "FILE", "raw image, read only, or none [4 MiB of random data]" },
	{ "modules", OPT_FOLDER, FIELD(modules), "DIR", "the kernel's modules, for the disk's driver" },
	{ "seed", OPT_NUMBER, FIELD(seed), "N", "the same run every time, every exit in the journal" },
	{ "timeout", OPT_SECONDS, FIELD(timeout), "S", "seconds until the guest is given up [300]" },
	{ "console", OPT_FILE, FIELD(console), "FILE", "for the guest's console [stderr]" },
	{ "journal", OPT_FILE, FIELD(journal), "FILE", "keep the journal, for tdlab trace" },
	{ "trace-exits", OPT_FLAG, FIELD(trace_exits), NULL, "put every exit of the guest in the journal" },
	{ "qemu", OPT_FILE, FIELD(qemu), "FILE", "QEMU to use [qemu-system-x86_64 in PATH]" },
	{ "json", OPT_FLAG, FIELD(json), NULL, "report as JSON" },
	{ 0 },
};

int boot_run(struct boot *b)
{
	struct words words = { 0 };
	struct qemu_run q = {
		.qemu = &b->qemu, .machine = &b->machine, .monitor = b->monitor, .cpus = b->config.td.vcpus,
		.seeded = b->options.seed.given, .seed = b->seed, .ram = b->ram.fd, .config = b->config_fd,
		.kernel = b->kernel_fd, .initrd = b->initrd_fd, .disk = b->disk_fd,
		.disk_read_only = b->options.disk != NULL,
	};
	struct run run = {
		.ram = &b->ram, .records = &b->records, .console = &b->console, .console_fd = b->console_fd,
		.progress = b->options.console && isatty(STDERR_FILENO), .virtual_time = q.seeded,
		.timeout = b->options.timeout.value,
	};
	int status;

	console_begin(&b->console, b->nonce);
	qemu_arguments(&q, &words);
	status = run_qemu(&run, &words, &b->end);
	words_free(&words);
	b->wall = run.wall;
	b->end.no_tdx = b->guest.linux_kernel && !b->guest.detects_tdx;
	if (status)
		return status;
	return ram_finish(&b->ram, &b->config.td, b->end.timed_out || b->end.hung || b->end.signal,
			  b->end.hung ? RUN_HUNG_S * 1000 : 0, &b->records);
}

int boot_close_journal(struct boot *b)
{
	FILE *copy = b->records.copy;

	b->records.copy = NULL;
	if (!copy || !(ferror(copy) | fclose(copy)))
		return 0;
	return complain(STATUS_ENVIRONMENT, "--journal %s: %s", b->options.journal, strerror(errno));
}

static int run_and_report(struct boot *b)
{
	int status = boot_run(b);

	if (status)
		return status;
	judge(&b->judgement, &b->records, &b->console, &b->behaviour.packed, &b->device, &b->end);
	if (b->guest.linux_kernel) {
		symbols_load(&b->symbols, b->options.kernel, b->guest.version);
		symbols_place(&b->symbols, &b->records);
	} else {
		symbols_load_payload(&b->symbols, b->options.kernel);
	}
	if (b->options.json)
		report_json(b);
	else
		report_text(b);
	if (b->judgement.status == STATUS_ENVIRONMENT)
		complain(0, "%s", b->judgement.why);
	status = boot_close_journal(b);
	return status ? status : b->judgement.status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct boot *b = xcalloc(1, sizeof(*b));
	char **operands = xcalloc((size_t)argc, sizeof(*operands)), *own = NULL;
	int noperands, status;

	b->options = (struct boot_options){
		.vmm = "complete", .memory.value = 1ull << 30, .cpus.value = 1, .timeout.value = 300,
	};
	status = opt_parse(verb, argc, argv, &b->options, operands, &noperands);
	if (!status && noperands > 1)
		status = complain(STATUS_INPUT, "boot: more than one kernel: %s, %s", operands[0], operands[1]);
	if (!status && !noperands && !(own = installed("payloads/builtin")))
		status = complain(STATUS_INPUT,
				  "boot: which kernel? (the built-in payload is not beside tdlab: run make)");
	if (!status) {
		b->options.kernel = noperands ? operands[0] : own;
		if (!noperands && !b->options.memory.given)
			b->options.memory.value = OWN_MEMORY;
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXFSZ, SIG_IGN);	/* ulimit -f: an error to be told, not a death */
		status = boot_prepare(b);
		if (!status)
			status = run_and_report(b);
		boot_free(b);
	}
	free(operands);
	free(own);
	free(b);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_boot = { "boot", run, "[KERNEL]", "boot a kernel or payload as a TD and judge its conversions",
				options };
