/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/machine/qemu.h"
#include "cli/words.h"

unsigned int qemu_version(const char *text, char *shown, size_t bytes)
{
	unsigned int major = 0, minor = 0, micro = 0;
	const char *found = strstr(text, "version ");

	if (!found || sscanf(found, "version %u.%u.%u", &major, &minor, &micro) < 2 || minor > 99 || micro > 99)
		return 0;
	snprintf(shown, bytes, "%u.%u.%u", major, minor, micro);
	return major * 10000 + minor * 100 + micro;
}

int qemu_find(struct qemu *qemu, const char *wanted)
{
	char *argv[] = { NULL, (char *)(uintptr_t)"-version", NULL };
	size_t bytes;
	char *text;

	*qemu = (struct qemu){ .path = process_find(wanted ? wanted : QEMU_NAME) };
	if (!qemu->path && wanted && strchr(wanted, '/'))
		return complain(STATUS_ENVIRONMENT, "--qemu %s: %s", wanted,
				errno == EACCES ? "it is no program, or you may not execute it" : strerror(errno));
	if (!qemu->path && wanted)
		return complain(STATUS_ENVIRONMENT, "--qemu %s: no such program in PATH%s", wanted,
				access(wanted, F_OK) == 0 ? ": write ./ before a file of this folder" : "");
	if (!qemu->path)
		return complain(STATUS_ENVIRONMENT,
				"no " QEMU_NAME " in PATH: install the package qemu-system-x86, or use --qemu");
	argv[0] = qemu->path;
	text = process_capture(argv, -1, 65536, &bytes);
	if (text)
		qemu->version = qemu_version(text, qemu->text, sizeof(qemu->text));
	free(text);
	if (!qemu->version)
		return complain(STATUS_ENVIRONMENT, "%s: \"-version\" does not answer as QEMU's does", qemu->path);
	if (qemu->version < QEMU_LEAST)
		return complain(STATUS_ENVIRONMENT, "%s is QEMU %s: 7.2 or newer is needed", qemu->path, qemu->text);
	return 0;
}

static void add_file(struct words *w, const char *name, int fd)
{
	words_add(w, "-fw_cfg");
	words_add(w, "name=%s,file=/proc/self/fd/%d", name, fd);
}

/* In QEMU's lists a comma is two. To be freed. */
static char *quoted(const char *text)
{
	char *copy = xcalloc(1, 2 * strlen(text) + 1), *to = copy;

	for (; *text; *to++ = *text++)
		if (*text == ',')
			*to++ = ',';
	return copy;
}

/* By its descriptor, so that it is the file that was looked at; but an image that names others is found beside them. */
static void add_image(struct words *w, const struct disk *d, unsigned int i)
{
	const char *format = d->path ? "qcow2" : "raw";
	char *file = d->path ? quoted(d->path) : xprintf("/proc/self/fd/%d", d->fd);

	if (d->use == DISK_SNAPSHOT) {
		words_add(w, "-drive");
		words_add(w, "if=none,id=disk%u,format=%s,snapshot=on,file=%s", i, format, file);
	} else {
		words_add(w, "-blockdev");
		words_add(w, "driver=%s,node-name=disk%u,read-only=%s,file.driver=file,file.locking=%s,file.filename=%s",
			  format, i, d->use == DISK_READ_ONLY ? "on" : "off", d->use == DISK_WRITE ? "auto" : "off", file);
	}
	free(file);
}

static void add_disk(struct words *w, const struct qemu_run *run, unsigned int i)
{
	bool serial = i == 0 && run->firmware >= 0;

	add_image(w, &run->disks[i], i);
	words_add(w, "-device");
	/* A ring of 256 entries, QEMU's default, is 2 pages to Linux; one of 1024, QEMU's most, is 7. */
	words_add(w, "virtio-blk-pci,drive=disk%u,disable-legacy=on,iommu_platform=on%s%s%s%s", i,
		  run->large_ring ? ",queue-size=1024" : "", run->seeded ? ",ioeventfd=off,share-rw=on" : "",
		  serial ? ",serial=" : "", serial ? run->serial : "");
	if (!run->seeded || i)
		return;
	words_add(w, "-device");
	words_add(w, "virtio-blk-pci,drive=disk0,disable-modern=on,share-rw=on,multifunction=on,addr=%x.%x",
		  MACHINE_SETTLE_DEVICE, MACHINE_SETTLE_FUNCTION);
}

/* QEMU's own network, with a way out to nowhere; no ROM, which would have firmware boot from it. */
static void add_net(struct words *w, const char *net)
{
	words_add(w, "-netdev");
	words_add(w, "user,id=net,restrict=on%s", net + strcspn(net, ","));
	words_add(w, "-device");
	words_add(w, "virtio-net-pci,netdev=net,disable-legacy=on,iommu_platform=on,romfile=");
}

static void add_share(struct words *w, const char *share, unsigned int i)
{
	const char *colon = strrchr(share, ':');
	char *folder = xprintf("%.*s", (int)(colon - share), share), *path = quoted(folder), *tag = quoted(colon + 1);

	words_add(w, "-fsdev");
	words_add(w, "local,id=share%u,security_model=none,path=%s", i, path);
	words_add(w, "-device");
	words_add(w, "virtio-9p-pci,fsdev=share%u,disable-legacy=on,iommu_platform=on,mount_tag=%s", i, tag);
	free(folder);
	free(path);
	free(tag);
}

static void add_more(struct words *w, const char *more)
{
	char *text = xprintf("%s", more), *words[QEMU_WORDS];
	int count = split_words(text, words, QEMU_WORDS);

	for (int i = 0; i < count; i++)
		words_add(w, "%s", words[i]);
	free(text);
}

static void add_output(struct words *w, int fd)
{
	words_add(w, "-chardev");
	words_add(w, "file,id=output,path=/proc/self/fd/%d", fd);
	words_add(w, "-device");
	words_add(w, "isa-serial,chardev=output,index=%u", MACHINE_OUTPUT_INDEX);
}

static void add_link(struct words *w, const struct qemu_run *run)
{
	words_add(w, "-chardev");
	words_add(w, "socket,id=qmp,fd=%d", run->link->qmp[1]);
	words_add(w, "-mon");
	words_add(w, "chardev=qmp,mode=control");
	if (!run->continued)
		return;
	words_add(w, "-incoming");
	words_add(w, "defer");
}

/*
 * QEMU's CPU has no states but those of XFAM, so that it refuses the others to XSETBV, which QEMU 7.2 does not
 * intercept, and their instructions.
 */
static void add_cpu(struct words *w, const struct td_platform *p)
{
	words_add(w, "-cpu");
	words_add(w, "max,phys-bits=%u,la57=%s,mpx=off%s%s", p->gpaw, p->gpaw > 48 ? "on" : "off",	/* monitor/npt.h */
		  p->xfam & TD_XFAM_AVX ? "" : ",avx=off", p->xfam & TD_XFAM_PKRU ? "" : ",pku=off");
}

/*
 * The machine that monitor/ expects. One thread of TCG, since with more its SVM loses the guest now and then. QEMU
 * ends by isa-debug-exit: 1 says that the run is over, 3 that monitor_status has a message.
 */
void qemu_arguments(const struct qemu_run *run, struct words *w)
{
	static const char *const fixed[] = {
		"-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
		"-machine", "q35,memory-backend=ram,hpet=off,smm=off,vmport=off,i8042=on,usb=off",
		"-accel", "tcg,thread=single",

		/* Continued, it would look for its option ROM where firmware may be by now ([qemu:vapic_post_load]). */
		"-global", "apic-common.vapic=off",
		"-device", "isa-debug-exit,iobase=0xf4,iosize=4",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-chardev", "null,id=evidence",
	};

	const unsigned int cpus = run->td->vcpus, cores = run->td->platform.cores;
	const unsigned int packages = cores == 0 ? 1 : (cpus + cores - 1) / cores;

	words_add(w, "%s", run->qemu->path);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		words_add(w, "%s", fixed[i]);
	add_cpu(w, &run->td->platform);
	words_add(w, "-device");
	words_add(w, "isa-serial,chardev=evidence,index=%u", MACHINE_UART_INDEX);
	words_add(w, "-chardev");
	words_add(w, "socket,id=ask,fd=%d", run->ask);
	words_add(w, "-device");
	words_add(w, "isa-debugcon,chardev=ask,iobase=%#x", MACHINE_ASK_PORT);
	words_add(w, "-smp");
	if (cores == 0)
		words_add(w, "%u", cpus);
	else
		words_add(w, "cpus=%u,maxcpus=%u,sockets=%u,cores=%u,threads=1", cpus, packages * cores, packages,
			  cores);
	words_add(w, "-m");
	words_add(w, "%" PRIu64 "M", run->machine->ram_bytes >> 20);
	words_add(w, "-object");
	words_add(w, "memory-backend-file,id=ram,size=%" PRIu64 "M,mem-path=/proc/self/fd/%d,share=on",
		  run->machine->ram_bytes >> 20, run->ram);
	words_add(w, "-kernel");
	words_add(w, "%s", run->monitor);
	add_file(w, MACHINE_FILE_CONFIG, run->config);
	if (run->firmware >= 0)
		add_file(w, MACHINE_FILE_FIRMWARE, run->firmware);
	if (run->kernel >= 0)
		add_file(w, MACHINE_FILE_KERNEL, run->kernel);
	if (run->initrd >= 0)
		add_file(w, MACHINE_FILE_INITRD, run->initrd);
	for (unsigned int i = 0; i < run->ndisks; i++)
		add_disk(w, run, i);
	if (run->net)
		add_net(w, run->net);
	for (unsigned int i = 0; run->shares && i < run->shares->count; i++)
		add_share(w, run->shares->items[i], i);
	if (run->output >= 0)
		add_output(w, run->output);
	if (run->link)
		add_link(w, run);
	if (run->more)
		add_more(w, run->more);
	if (!run->seeded)
		return;

	/* Time is a count of instructions, and every source of chance has the seed: the same run again. */
	words_add(w, "-icount");
	words_add(w, "shift=0,sleep=off");
	words_add(w, "-rtc");
	words_add(w, "base=2024-01-01T00:00:00,clock=vm");
	words_add(w, "-seed");
	words_add(w, "%" PRIu64, run->seed);
}
