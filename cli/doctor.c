/* SPDX-License-Identifier: MIT */
/* tdlab doctor: what of this machine tdlab needs, and whether it is there. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/tdcall_fault.h"
#include "cli/file.h"
#include "cli/json.h"
#include "cli/machine/engine.h"
#include "cli/machine/qemu.h"
#include "cli/machine/ram.h"
#include "cli/opt.h"
#include "cli/vmm/find.h"
#include "wire/evidence.h"

struct doctor_options {
	const char *qemu;
	bool json;
};

static const struct opt options[] = {
	{ "qemu", OPT_FILE, offsetof(struct doctor_options, qemu), "FILE",
	  "QEMU to look at [qemu-system-x86_64 in PATH]" },
	{ "json", OPT_FLAG, offsetof(struct doctor_options, json), NULL, "as JSON" },
	{ 0 },
};

enum state { GOOD, MISSING, OPTIONAL };

struct examination {
	json_t *json;		/* or NULL: text */
	unsigned int missing;
};

static void tell(struct examination *x, enum state state, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void tell(struct examination *x, enum state state, const char *what, const char *format, ...)
{
	static const char *const words[] = { "ok", "missing", "optional" };
	char text[512];
	json_t *row;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	x->missing += state == MISSING;
	if (!x->json) {
		printf("%-9s %-11s %s\n", words[state], what, text);
		return;
	}
	row = json_add_object(x->json, NULL);
	json_add_text(row, "what", what);
	json_add_text(row, "state", words[state]);
	json_add_text(row, "text", text);
}

static void look_at_qemu(struct examination *x, const char *wanted)
{
	struct qemu qemu;

	if (qemu_find(&qemu, wanted))
		tell(x, MISSING, "qemu", "%s of 7.2 or newer: install the package qemu-system-x86", QEMU_NAME);
	else if (qemu.version < QEMU_CX16_GOOD)
		tell(x, GOOD, "qemu", "%s, version %s; cmpxchg16b is hidden from guests, it is broken before 10.0",
		     qemu.path, qemu.text);
	else
		tell(x, GOOD, "qemu", "%s, version %s", qemu.path, qemu.text);
	free(qemu.path);
}

/* What lies beside tdlab, and a word that must be in it: half a file is no part. */
static const struct part {
	const char *what, *file, *has;
} parts[] = {
	{ "monitor", "monitor.elf", "\x7f" "ELF" },
	{ "payload", "payloads/builtin", "\x7f" "ELF" },
	{ "first", EVIDENCE_FIRST, "\x7f" "ELF" },
	{ "initrd", "initrd.cpio", "bin/busybox" },
};

static void look_for(struct examination *x, const struct part *part)
{
	char *path = installed(part->file);
	uint8_t *data = NULL;
	size_t bytes = 0;

	if (!path)
		tell(x, MISSING, part->what, "%s beside tdlab or in ../share/tdlab: run make, or install all of tdlab",
		     part->file);
	else if (file_read(path, part->what, &data, &bytes) || !memmem(data, bytes, part->has, strlen(part->has)))
		tell(x, MISSING, part->what, "%s is damaged: run make, or install tdlab again", path);
	else
		tell(x, GOOD, part->what, "%s", path);
	free(data);
	free(path);
}

/* what: "behaviour" or "platform". */
static void look_at_texts(struct examination *x, const char *what, const char *folder, const char *suffix)
{
	char *path = installed(folder), **names = NULL;
	size_t count = 0;

	if (path)
		names = text_names(what, path, &count);
	if (count)
		tell(x, GOOD, folder, "%s, %zu of them", path, count);
	else
		tell(x, MISSING, folder, "a folder %s with NAME%s, beside tdlab or in ../share/tdlab", folder, suffix);
	while (count)
		free(names[--count]);
	free(names);
	free(path);
}

static void look_at_memory(struct examination *x)
{
	uint64_t have = memory_free();
	char path[64];
	int fd = memfd_create("tdlab-doctor", MFD_CLOEXEC), again = -1;

	if (have == UINT64_MAX)
		tell(x, GOOD, "memory", "the kernel does not say how much is free");
	else if (have < (1280ull << 20))
		tell(x, OPTIONAL, "memory",
		     "%" PRIu64 " MiB free, 1280 MiB are wanted for the default guest: use --memory", have >> 20);
	else
		tell(x, GOOD, "memory", "%" PRIu64 " MiB free", have >> 20);
	if (fd >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		again = open(path, O_RDWR | O_CLOEXEC);
	}
	if (again >= 0)
		tell(x, GOOD, "memfd", "memory files can be opened through /proc");
	else
		tell(x, MISSING, "memfd", "memory files that can be opened through /proc: is /proc mounted?");
	close(again);
	close(fd);
}

static void look_at_programs(struct examination *x)
{
	static const char *const names[] = { "xz", "zstd", "gzip" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = process_find(names[i]);

		if (path)
			tell(x, GOOD, names[i], "%s", path);
		else
			tell(x, OPTIONAL, names[i], "needed for kernels whose modules are compressed with it");
		free(path);
	}
}

static void look_at_holes(struct examination *x)
{
	if (engine_holes_are_pages())
		tell(x, GOOD, "holes", "memory files have no huge pages: what a device reads of private memory is seen");
	else
		tell(x, OPTIONAL, "holes", "this host gives memory files huge pages (shmem_enabled): what a device reads of "
		     "private memory is seen only where it was notified; write never there");
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	_exit(tdcall_fault(number, info, context) ? (int)((ucontext_t *)context)->uc_mcontext.gregs[REG_TRAPNO] : 0);
}

static _Noreturn void execute_tdcall(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	for (size_t i = 0; i < ARRAY_SIZE(tdcall_signals); i++)
		sigaction(tdcall_signals[i], &action, NULL);
	__asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
			 : : "a"(0), "c"(0) : "rdx", "r8", "r9", "r10", "r11", "memory");
	_exit(0);
}

/* Guest code in a process executes TDCALL, and how the CPU answers that outside a TD depends on it. */
static void look_at_tdcall(struct examination *x)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		execute_tdcall();
	if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == TDCALL_TRAP_UD)
		tell(x, GOOD, "tdcall", "this CPU raises #UD (SIGILL): guest code in a process may execute it");
	else if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == TDCALL_TRAP_GP)
		tell(x, GOOD, "tdcall", "this CPU raises #GP (SIGSEGV): guest code in a process may execute it");
	else
		tell(x, OPTIONAL, "tdcall", "raises neither #UD nor #GP here: a harness has to call tdlab_tdcall()");
}

static int run_doctor(const struct verb *verb, int argc, char **argv)
{
	struct doctor_options o = { 0 };
	struct examination x = { 0 };
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	int noperands, status = opt_parse(verb, argc, argv, &o, operands, &noperands);

	if (!status && noperands)
		status = complain(STATUS_INPUT, "doctor: takes no \"%s\"", operands[0]);
	free(operands);
	if (status)
		return status < 0 ? STATUS_PASS : status;
	x.json = o.json ? json_array() : NULL;
	look_at_qemu(&x, o.qemu);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		look_for(&x, &parts[i]);
	look_at_texts(&x, "behaviour", "behaviours", ".vmm");
	look_at_texts(&x, "platform", "platforms", ".platform");
	look_at_memory(&x);
	look_at_holes(&x);
	look_at_tdcall(&x);
	look_at_programs(&x);
	if (o.json)
		json_print(x.json, stdout);
	return x.missing ? STATUS_ENVIRONMENT : STATUS_PASS;
}

const struct verb verb_doctor = { "doctor", run_doctor, "", "say what tdlab needs and whether it is there", options };
