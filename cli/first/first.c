/* SPDX-License-Identifier: MIT */
/*
 * The first program of a guest whose initrd is the user's own: says that user space was reached, as our own initrd does
 * (wire/evidence.h), and becomes that initrd's /init. The command puts it into the initrd and on the kernel's command
 * line; it leaves nothing behind. Linux hands words it does not know to this program as environment
 * ([linux:unknown_bootoption]).
 */
#include <stddef.h>
#include <sys/syscall.h>

#include "wire/evidence.h"
#include "wire/machine.h"

#define O_WRONLY	1
#define O_NOCTTY	0400
#define CHAR_DEVICE	0020600
#define KMSG_NUMBER	(1 << 8 | 11)	/* [linux:devices.txt]: char 1:11 */
#define UART_NUMBER	(4 << 8 | (64 + MACHINE_UART_INDEX))	/* the same: char 4:64 on, ttyS0 on */
#define NODE		"/tdlab-node"

void first_main(char **words);

/* The stack is as execve() left it: argc, then the words. */
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall first_main\n\thlt\n");

static long call(long number, const void *a, long b, long c)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

static size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static size_t append(char *line, size_t used, size_t room, const char *text)
{
	size_t n = length(text);

	for (size_t i = 0; i < n && used < room; i++)
		line[used++] = text[i];
	return used;
}

/* Without need of a mounted /dev. Closing waits until all of it has left the port. */
static void write_to(long number, const char *line, size_t bytes)
{
	long fd;

	call(SYS_mknod, NODE, CHAR_DEVICE, number);
	fd = call(SYS_open, NODE, O_WRONLY | O_NOCTTY, 0);
	call(SYS_unlink, NODE, 0, 0);
	call(SYS_write, (const void *)fd, (long)line, (long)bytes);
	call(SYS_close, (const void *)fd, 0, 0);
}

/* To the port for evidence, and through the kernel's log, which holds back what does not end in a newline. */
static void put_evidence(const char *what, const char *value)
{
	static const char level[] = "<1>";
	char line[128];
	size_t used = append(line, 0, sizeof(line), level);

	used = append(line, used, sizeof(line), EVIDENCE_PREFIX);
	used = append(line, used, sizeof(line), what);
	used = append(line, used, sizeof(line) - 1, value);
	used = append(line, used, sizeof(line), "\n");
	write_to(UART_NUMBER, line + sizeof(level) - 1, used - sizeof(level) + 1);
	write_to(KMSG_NUMBER, line, used);
}

static const char *value_of(char **environment, const char *name)
{
	size_t n = length(name), i;

	for (; *environment; environment++) {
		for (i = 0; i < n && (*environment)[i] == name[i]; i++)
			;
		if (i == n)
			return *environment + n;
	}
	return "none";
}

void first_main(char **words)
{
	long argc = *(long *)(void *)words;
	char **argv = words + 1, **environment = argv + argc + 1;
	static char init[] = "/init";

	call(SYS_unlink, argv[0], 0, 0);
	put_evidence(EVIDENCE_INIT, value_of(environment, EVIDENCE_FIRST_NONCE));
	argv[0] = init;
	call(SYS_execve, init, (long)argv, (long)environment);
	put_evidence(EVIDENCE_FAILED, "exec /init: is there one in the initrd?");
	call(SYS_exit, NULL, 1, 0);
}
