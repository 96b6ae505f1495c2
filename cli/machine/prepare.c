/* SPDX-License-Identifier: MIT */
/* Before QEMU starts: looks at the user's input, draws seed and nonce, fills the monitor's configuration. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/boot.h"
#include "cli/file.h"
#include "cli/machine/random.h"
#include "cli/words.h"
#include "wire/evidence.h"

#define IDLE_MS		20000	/* of guest time without anything happening: nothing that boots pauses so long */
#define COMMAND_MS	86400000	/* with a command, or somebody who may call: only if nothing can wake it any more */
#define RUNAWAY_CALLS	10000	/* in a row that claim no page; a guest that takes R11 byte by byte needs 4096 */
#define DEFAULT_APPEND	"console=ttyS0 panic=-1 oops=panic"

static int check_numbers(struct boot *b)
{
	const struct boot_options *o = &b->options;

	if (o->cpus.value < 1 || o->cpus.value > TD_MAX_VCPUS)
		return complain(STATUS_INPUT, "--cpus %s: from 1 to %d", o->cpus.text, TD_MAX_VCPUS);
	if (o->timeout.value < 1 || o->timeout.value > 1000000)
		return complain(STATUS_INPUT, "--timeout %s: from 1 to 1000000 seconds", o->timeout.text);
	if (!machine_layout(&b->machine, o->memory.value, 0, NULL))
		return complain(STATUS_INPUT, "--memory %s: from %lluM to %lluG, in whole MiB", o->memory.text,
				MACHINE_MIN_GUEST >> 20, MACHINE_MAX_GUEST >> 30);
	if ((o->memory_split.given && o->memory_split.value == 0) ||
	    !machine_layout(&b->machine, o->memory.value, o->memory_split.value, NULL))
		return complain(STATUS_INPUT, "--memory-split %s: from %lluM to %lluM, in whole MiB", o->memory_split.text,
				MACHINE_MIN_SPLIT >> 20, MACHINE_MAX_SPLIT >> 20);
	if (o->cpus.value > 1 && boot_repeats(b))
		narrate("--seed %s: that the run is the same every time is promised with one vCPU only", o->seed.text);
	if ((o->net || o->share.count) && o->seed.given)
		narrate("%s answers when it does: --seed %s is for what the VMM leaves to chance only",
			o->net ? "--net: a network" : "--share: the host", o->seed.text);
	return 0;
}

/* What QEMU would refuse in its own words, of options that nobody gave it. */
static int check_devices(const struct boot_options *o)
{
	char *words[QEMU_WORDS], *more = xprintf("%s", o->qemu_args ? o->qemu_args : "");
	int count = split_words(more, words, QEMU_WORDS);
	struct stat st;

	free(more);
	if (count < 0 || count == QEMU_WORDS)
		return complain(STATUS_INPUT, "--qemu-args: %s", count < 0 ? "a quote is not closed" : "too many words");
	if (o->net && (strncmp(o->net, "user", 4) != 0 || (o->net[4] && o->net[4] != ',')))
		return complain(STATUS_INPUT, "--net %s: write user, or user,hostfwd=tcp:127.0.0.1:2222-:22", o->net);
	for (unsigned int i = 0; i < o->share.count; i++) {
		const char *share = o->share.items[i], *colon = strrchr(share, ':');
		char *folder = xprintf("%.*s", colon ? (int)(colon - share) : 0, share);
		bool is = colon && colon[1] && stat(folder, &st) == 0 && S_ISDIR(st.st_mode);

		free(folder);
		if (!is)
			return complain(STATUS_INPUT, "--share %s: write DIR:TAG, where DIR is a folder", share);
	}
	if (o->expect && (!*o->expect || strlen(o->expect) >= CONSOLE_EXPECT || strchr(o->expect, '\n')))
		return complain(STATUS_INPUT, "--expect: a text of one line, of at most %d bytes", CONSOLE_EXPECT - 1);
	return 0;
}

/* A seed makes the nonce repeatable too: it is in the guest's memory, and so in its journal. */
static void draw(struct boot *b)
{
	bool given = b->options.seed.given;
	uint64_t state;

	b->seed = given ? b->options.seed.value : (uint32_t)random_drawn();	/* short enough to be typed again */
	state = given ? b->seed : random_drawn();
	snprintf(b->nonce, sizeof(b->nonce), "%016" PRIx64, random_next(&state));
}

static int make_cmdline(struct boot *b)
{
	char *first = xprintf("%s", "");
	char *append = boot_append(b);
	int length;

	if (b->first) {
		free(first);
		first = xprintf(" rdinit=/%s %s%s", EVIDENCE_FIRST, EVIDENCE_FIRST_NONCE, b->nonce);
	}
	length = snprintf(b->config.cmdline, sizeof(b->config.cmdline), "%s %s%s%s%s%s", DEFAULT_APPEND,
			  EVIDENCE_NONCE, b->nonce, first, *append ? " " : "", append);
	if (b->options.seed.given && !b->options.many && strcmp(append, b->options.append ? b->options.append : "") != 0)
		narrate("--seed %s: the kernel is told to be quiet: one that was printed when it was not needs --console-live",
			b->options.seed.text);
	free(first);
	free(append);

	if (length < 0 || (size_t)length >= sizeof(b->config.cmdline))
		return complain(STATUS_INPUT, "--append: the command line has %d bytes, %zu are allowed", length,
				sizeof(b->config.cmdline) - 1);
	return 0;
}

static void fill_config(struct boot *b)
{
	struct monitor_config *c = &b->config;

	c->magic = MONITOR_CONFIG_MAGIC;
	c->bytes = sizeof(*c);
	c->idle_ms = b->program || (b->options.net && strstr(b->options.net, "hostfwd=")) ? COMMAND_MS : IDLE_MS;
	c->flags = b->options.trace_exits || boot_repeats(b) ? MONITOR_TRACE_EXITS : 0;
	if (b->qemu.version < QEMU_CX16_GOOD)
		c->flags |= MONITOR_HIDE_CX16;
#ifdef TDLAB_ALIAS_BANKS	/* the build that must not pass a single run: tests/alias.bats */
	c->flags |= MONITOR_ALIAS_BANKS;
#endif
	c->machine = b->machine;
	c->td.vcpus = (uint32_t)b->options.cpus.value;
	c->td.platform = b->platform.packed;
	c->td.seed = b->seed;
	c->td.runaway_calls = RUNAWAY_CALLS;
	machine_slots(&b->machine, &c->td);
}

/* Where the console and the journal go is opened before the guest runs: afterwards would be too late to say no. */
static int open_outputs(struct boot *b)
{
	const struct boot_options *o = &b->options;

	b->transcript.fd = STDERR_FILENO;
	if (o->console)
		b->transcript.fd = open(o->console, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (b->transcript.fd < 0)
		return complain(STATUS_INPUT, "--console %s: %s", o->console, strerror(errno));
	if (o->journal)
		b->records.copy = fopen(o->journal, "we");
	if (o->journal && !b->records.copy)
		return complain(STATUS_INPUT, "--journal %s: %s", o->journal, strerror(errno));
	if (o->eventlog)
		b->eventlog_fd = open(o->eventlog, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (o->eventlog && b->eventlog_fd < 0)
		return complain(STATUS_INPUT, "--eventlog %s: %s", o->eventlog, strerror(errno));
	if (o->report)
		b->report_fd = open(o->report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (o->report && b->report_fd < 0)
		return complain(STATUS_INPUT, "--report %s: %s", o->report, strerror(errno));
	return 0;
}

/* What the guest begins with, and what that may begin. */
static int read_guest(struct boot *b)
{
	const struct boot_options *o = &b->options;
	int status = 0;

	if (o->firmware) {
		status = guest_read_firmware(&b->guest, o->firmware);
		if (!status && machine_layout(&b->machine, o->memory.value, o->memory_split.value, &b->guest.tdvf))
			status = guest_firmware_fits(&b->guest, &b->machine);
	}
	if (!status && o->kernel)
		status = guest_read(&b->guest, o->kernel);
	if (status)
		return status;
	if (!o->kernel && (o->initrd || o->modules || o->module.count || o->append))
		return complain(STATUS_INPUT,
				"--initrd, --modules and --append are for a kernel that is named: the disk has its own");
	if (o->kernel && b->guest.kind != GUEST_LINUX && (o->initrd || o->modules || o->module.count))
		return complain(STATUS_INPUT, "%s is a payload: it takes no --initrd and no modules", b->guest.path);
	if (o->kernel && b->guest.kind != GUEST_LINUX && o->firmware)
		return complain(STATUS_INPUT, "%s is a payload: firmware can only start Linux", b->guest.path);
	return 0;
}

/* The user's files first, then the surroundings. */
static int check_input(struct boot *b)
{
	size_t initrd = 0;
	int status = check_numbers(b);

	if (!status)
		status = check_devices(&b->options);
	if (!status)
		status = behaviour_load(&b->behaviour, b->options.vmm, b->options.behaviours);
	if (!status)
		status = behaviour_inject(&b->behaviour, &b->options.inject);
	if (!status)
		status = platform_load(&b->platform, b->options.platform, NULL);
	if (!status)
		status = read_guest(b);
	if (!status)
		status = boot_disks(b);
	if (!status && b->guest.kind == GUEST_LINUX)
		status = boot_initrd(b, &initrd);
	if (!status)
		status = make_cmdline(b);
	if (!status && !b->options.firmware)	/* which finds room by itself */
		status = guest_fits(&b->guest, initrd, strlen(b->config.cmdline), b->machine.ram[0].bytes);
	return status;
}

/* What QEMU is given in files. */
static int make_files(struct boot *b)
{
	const struct guest *g = &b->guest;

	if (g->firmware && (b->firmware_fd = file_from("tdlab-firmware", g->firmware_data, g->firmware_bytes)) < 0)
		return STATUS_ENVIRONMENT;
	if (g->path && (b->kernel_fd = file_from("tdlab-kernel", g->data, g->bytes)) < 0)
		return STATUS_ENVIRONMENT;
	return 0;
}

int boot_prepare(struct boot *b)
{
	int status;

	b->firmware_fd = b->kernel_fd = b->initrd_fd = b->config_fd = b->ram.fd = -1;
	b->transcript.fd = b->eventlog_fd = b->report_fd = -1;
	draw(b);
	status = check_input(b);
	if (!status)
		status = qemu_find(&b->qemu, b->options.qemu);
	if (!status && !(b->monitor = installed_needed("monitor.elf")))
		status = STATUS_ENVIRONMENT;
	if (!status)
		status = memory_available(b->options.memory.value);
	if (status)
		return status;
	fill_config(b);
	return make_files(b);
}

int boot_arm(struct boot *b)
{
	int status;

	b->config.td.behaviour = b->behaviour.packed;
	b->config_fd = file_from("tdlab-config", &b->config, sizeof(b->config));
	if (b->config_fd < 0)
		return STATUS_ENVIRONMENT;
	status = ram_create(&b->ram, &b->machine);
	return status ? status : open_outputs(b);
}

static void close_all(struct boot *b)
{
	int *const fds[] = { &b->firmware_fd, &b->kernel_fd, &b->initrd_fd, &b->config_fd };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	if (b->transcript.fd > STDERR_FILENO)
		close(b->transcript.fd);
	for (unsigned int i = 0; i < b->ndisks; i++) {
		if (b->disks[i].fd >= 0)
			close(b->disks[i].fd);
		free(b->disks[i].path);
	}
	transcript_free(&b->transcript);
}

void boot_free(struct boot *b)
{
	close_all(b);
	ram_close(&b->ram);
	records_free(&b->records);
	if (b->eventlog_fd > STDERR_FILENO)
		close(b->eventlog_fd);
	if (b->report_fd > STDERR_FILENO)
		close(b->report_fd);
	measured_free(&b->console.eventlog);
	judge_free(&b->judgement);
	symbols_free(&b->symbols);
	behaviour_free(&b->behaviour);
	platform_free(&b->platform);
	free(b->guest.data);
	free(b->guest.firmware_data);
	free(b->qemu.path);
	free(b->monitor);
}
