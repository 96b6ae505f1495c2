/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/boot.h"
#include "cli/machine/ask.h"
#include "cli/machine/kallsyms.h"
#include "cli/machine/modules.h"
#include "cli/machine/run.h"

#define FIELD(name) offsetof(struct boot_options, name)
#define OWN_MEMORY  (1280ull << 20) /* of the built-in payload, which converts 1 GiB */

static const struct opt options[] = {
	{ "vmm", OPT_BEHAVIOUR, FIELD(vmm), "NAME[:K=V,...]", "how the VMM behaves, or a file ./NAME.vmm [complete]" },
	BOOT_GUEST_OPTIONS(FIELD)
	PLATFORM_OPTION(FIELD)
	KNOWN_OPTIONS(FIELD, 0)
	{ "seed", OPT_NUMBER, FIELD(seed), "N", "the same run every time, every exit in the journal" },
	{ "console", OPT_FILE, FIELD(console), "FILE", "for the guest's console [stderr]" },
	{ "journal", OPT_FILE, FIELD(journal), "FILE", "keep the journal, for tdlab trace" },
	{ "eventlog", OPT_FILE, FIELD(eventlog), "FILE", "keep the event log of the firmware, for tdlab measure" },
	BOOT_DEVICE_OPTIONS(FIELD)
	{ "expect", OPT_TEXT, FIELD(expect), "TEXT", "end when the guest prints it, and pass only then [power-off]" },
	{ "trace-exits", OPT_FLAG, FIELD(trace_exits), NULL, "put every exit of the guest in the journal" },
	{ "json", OPT_FLAG, FIELD(json), NULL, "report as JSON" },
	{ 0 },
};

static int run_machine(struct boot *b, struct snapshot_link *link)
{
	struct words words = { 0 };
	int ask[2], status = ask_open(ask);
	struct qemu_run q = {
		.qemu = &b->qemu, .machine = &b->machine, .monitor = b->monitor, .td = &b->config.td,
		.seeded = boot_repeats(b), .seed = b->seed, .ram = b->ram.fd, .config = b->config_fd,
		.firmware = b->firmware_fd, .serial = b->nonce,
		.kernel = b->kernel_fd, .initrd = b->initrd_fd, .disks = b->disks, .ndisks = b->ndisks,
		.large_ring = b->options.large_ring, .net = b->options.net, .shares = &b->options.share,
		.more = b->options.qemu_args,
		.link = link, .continued = b->from != NULL, .ask = ask[1],
		.output = b->program ? b->program->ends[1] : -1,
	};
	struct run run = {
		.ram = &b->ram, .records = &b->records, .console = &b->console, .transcript = &b->transcript,
		.progress = b->options.console && !b->options.many && !b->program && progress_wanted(),
		.virtual_time = q.seeded,
		.timeout = b->options.timeout.value, .save = b->save, .from = b->from, .link = link,
		.program = b->program, .ask = ask, .look = b->look, .look_arg = b->look_arg,
	};

	if (!b->from) {
		console_begin(&b->console, b->nonce);
		b->console.expect = b->options.expect;
		transcript_begin(&b->transcript, &b->console, boot_quiet(b) && !b->options.unheard);
	}
	qemu_arguments(&q, &words);
	if (!status)
		status = run_qemu(&run, &words, &b->end);
	words_free(&words);
	ask_close(ask);
	b->wall = run.wall;
	if (!status && run.no_log && b->records.count)
		narrate("the kernel's log was not found in its memory: --console-live shows it as it comes");
	b->end.nonce_due = b->guest.kind == GUEST_LINUX && !initrd_other(b);
	b->end.no_tdx = b->guest.kind == GUEST_LINUX && !b->guest.detects_tdx;
	return status;
}

/* The guest did not come to its end by itself: the journal has none. */
static bool was_cut_off(const struct run_end *end)
{
	return end->timed_out || end->hung_ms || end->no_boot || end->expected || end->signal || end->misdeed;
}

int boot_run(struct boot *b)
{
	struct snapshot_link link;
	struct td td;
	int status;

	if (b->save || b->from) {
		status = snapshot_link_open(&link);
		if (!status)
			status = run_machine(b, &link);
		snapshot_link_close(&link);
	} else {
		status = run_machine(b, NULL);
	}
	if (status || b->end.saved)
		return status;
	measured_compare(&b->measured, ram_td(&b->ram, &b->config.td, &td) ? &td : NULL, &b->console.eventlog);
	b->end.log_differs = b->measured.known && b->measured.logged && !b->measured.equal;
	b->ram.rebooted = b->end.misdeed;
	return ram_finish(&b->ram, &b->config.td, was_cut_off(&b->end), b->end.hung_ms, &b->records);
}

int boot_close_journal(struct boot *b)
{
	FILE *copy = b->records.copy;

	b->records.copy = NULL;
	if (!copy || !(ferror(copy) | fclose(copy)))
		return 0;
	return complain(STATUS_ENVIRONMENT, "--journal %s: %s", b->options.journal, strerror(errno));
}

int boot_judged(struct boot *b)
{
	int status = boot_run(b);

	if (!status)
		judge(&b->judgement, &b->records, &b->console, &b->behaviour.packed, &b->config.td, &b->device, &b->end);
	return status;
}

static void read_phases(struct boot *b)
{
	struct volume volume;

	volume_read(&volume, b->guest.firmware_data, b->guest.firmware_bytes);
	phases_read(&b->phases, &b->judgement, &b->records, &volume, &b->symbols);
	volume_free(&volume);
}

/* Of a kernel from its own memory, if no file beside it has them. */
static void read_kernel_symbols(struct boot *b)
{
	struct symbols *s = &b->symbols;
	off_t from = 0;
	char *text;

	if (b->guest.kind == GUEST_LINUX)
		symbols_load(s, b->options.kernel, b->guest.version);
	symbols_place(s, &b->records);
	while (!s->placed && (text = kallsyms_text(&b->ram, &from))) {
		symbols_free(s);
		symbols_parse_map(s, text);
		symbols_place(s, &b->records);
		s->placed &= s->slide == 0;
	}
}

/* Of the user's modules, where their files are as they were built. */
static void read_module_symbols(struct boot *b)
{
	for (unsigned int i = 0; i < b->options.module.count; i++)
		for (unsigned int j = 0; j < b->console.nmodules; j++)
			if (modules_same_name(b->options.module.items[i], b->console.modules[j].name))
				symbols_add_module(&b->symbols, b->options.module.items[i], b->console.modules[j].name,
						   b->console.modules[j].text);
}

static void read_symbols(struct boot *b)
{
	if (b->guest.kind == GUEST_PAYLOAD) {
		symbols_load_payload(&b->symbols, b->options.kernel);
		return;
	}
	read_kernel_symbols(b);
	read_module_symbols(b);
}

static int keep_eventlog(struct boot *b)
{
	const struct measured_log *log = &b->console.eventlog;
	const char *path = b->options.eventlog;

	if (!path)
		return 0;
	if (!log->data || log->broken)
		return complain(b->judgement.status, "--eventlog %s: the guest sent %s", path,
				log->broken ? "a log that came damaged" : "none");
	if (write(b->eventlog_fd, log->data, log->bytes) != (ssize_t)log->bytes)
		return complain(STATUS_ENVIRONMENT, "--eventlog %s: %s", path, strerror(errno));
	return 0;
}

/*
 * That a guest comes to a good end says nothing of a command in it that did not. What the command prints has standard
 * output, so the report goes elsewhere.
 */
static int program_ended(struct boot *b)
{
	struct judgement *j = &b->judgement;
	bool redirected;

	ktap_end(&b->program->results);
	if (j->status == STATUS_PASS && !b->console.exited) {
		j->verdict = VERDICT_INCONCLUSIVE;
		j->status = STATUS_INCONCLUSIVE;
		snprintf(j->why, sizeof(j->why), "the guest came to its end, and the command did not: no exit status came");
	}
	redirected = fflush(stdout) == 0 && dup2(b->report_fd >= 0 ? b->report_fd : STDERR_FILENO, STDOUT_FILENO) >= 0;
	return redirected ? 0 : complain(STATUS_ENVIRONMENT, "the report cannot be written: %s", strerror(errno));
}

static int run_and_report(struct boot *b)
{
	int status = boot_judged(b);

	if (status)
		return status;
	judge_known(&b->judgement, &b->known, boot_guest_name(b), b->behaviour.spec);
	if (b->program)
		status = program_ended(b);
	if (status)
		return status;
	read_symbols(b);
	if (b->guest.firmware)
		read_phases(b);
	if (b->options.json)
		report_json(b);
	else
		report_text(b);
	known_vanished(&b->known);
	if (b->judgement.status == STATUS_ENVIRONMENT)
		complain(0, "%s", b->judgement.why);
	status = boot_close_journal(b);
	if (!status)
		status = keep_eventlog(b);
	return status ? status : b->judgement.status;
}

const char *boot_guest_name(const struct boot *b)
{
	const char *version = *b->guest.version ? b->guest.version : b->console.version;
	const char *path = b->guest.path ? b->guest.path : b->guest.firmware ? b->guest.firmware : "";
	const char *slash = strrchr(path, '/');

	return *version ? version : slash ? slash + 1 : path;
}

int boot_guest(struct boot_options *o, char *const *operands, int noperands, const char *verb, char **own)
{
	if (noperands > 1)
		return complain(STATUS_INPUT, "%s: more than one kernel: %s, %s", verb, operands[0], operands[1]);
	if (!noperands && o->firmware && (!o->disk.count || strcmp(o->disk.items[0], "none") == 0))
		return complain(STATUS_INPUT, "%s: what is the firmware to boot? Name a kernel, or a disk with --disk", verb);
	if (!noperands && !o->firmware && !(*own = installed_needed("payloads/builtin")))
		return STATUS_ENVIRONMENT;
	o->kernel = noperands ? operands[0] : *own;
	o->builtin = *own != NULL;
	if (!o->memory.given)
		o->memory.value = *own ? OWN_MEMORY : 1ull << 30;
	if (!o->cpus.given)
		o->cpus.value = 1;
	if (!o->timeout.given)
		o->timeout.value = 300;
	return 0;
}

int boot_once(struct boot *b)
{
	int status;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* ulimit -f: an error to be told, not a death */
	status = known_open(&b->known, b->options.known, b->options.write_known);
	if (!status)
		status = boot_prepare(b);
	if (!status)
		status = boot_arm(b);
	if (!status)
		status = run_and_report(b);
	if (known_close(&b->known) && !status)
		status = STATUS_ENVIRONMENT;
	return status;
}

static int run_boot(const struct verb *verb, int argc, char **argv)
{
	struct boot *b = xcalloc(1, sizeof(*b));
	char **operands = xcalloc((size_t)argc, sizeof(*operands)), *own = NULL;
	int noperands, status;

	b->options.vmm = "complete";
	status = opt_parse(verb, argc, argv, &b->options, operands, &noperands);
	if (!status)
		status = boot_guest(&b->options, operands, noperands, verb->name, &own);
	if (!status) {
		status = boot_once(b);
		boot_free(b);
	}
	free(operands);
	free(own);
	free(b);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_boot = { "boot", run_boot, "[KERNEL]",
				"boot a kernel or payload as a TD and judge its conversions",
				options };
