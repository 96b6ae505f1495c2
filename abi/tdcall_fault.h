/* SPDX-License-Identifier: MIT */
/*
 * How a Linux process outside a TD is told that it executed TDCALL. A CPU without TDX raises #UD (SIGILL); a CPU with
 * TDX raises #GP at CPL 3 (SIGSEGV), as seen in VMs on Intel family 6 model 207. For programs that play the TDX module.
 * Sources: [linux:handle_invalid_op], [linux:exc_general_protection]; both set trap_nr.
 */
#ifndef ABI_TDCALL_FAULT_H
#define ABI_TDCALL_FAULT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "abi/tdx.h"

enum { TDCALL_TRAP_UD = 6, TDCALL_TRAP_GP = 13 };

/* The signals that both come as. */
static const int tdcall_signals[] = { SIGILL, SIGSEGV };

/*
 * Copies code without a fault of its own: the page behind it may not be there, and memory may be executable and not
 * readable. Only /proc/self/mem reads the latter. False if not all of it can be had.
 */
static inline bool tdcall_read_code(uint64_t rip, void *bytes, size_t count)
{
	static __thread uint64_t readable;	/* a page that was read before: so is code that has just run there */
	struct iovec to = { bytes, count }, from = { (void *)(uintptr_t)rip, count };
	uint64_t page = rip / TDX_PAGE_SIZE;
	bool got = page == readable && (rip + count - 1) / TDX_PAGE_SIZE == page;
	int fd = -1;

	if (got) {
		memcpy(bytes, from.iov_base, count);
		return true;
	}
	got = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)count;
	if (got)
		readable = page;
	else
		fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = pread(fd, bytes, count, (off_t)rip) == (ssize_t)count;
		close(fd);
	}
	return got;
}

/*
 * Whether a signal is the fault of a TDCALL; safe in its handler. Everything else is what it would be without: another
 * instruction, a signal that somebody sent (si_code is not positive then, and trapno is that of an older fault).
 */
static inline bool tdcall_fault(int number, const siginfo_t *info, const void *context)
{
	static const unsigned char tdcall[TDCALL_LENGTH] = TDCALL_BYTES;
	const greg_t *gregs = ((const ucontext_t *)context)->uc_mcontext.gregs;
	unsigned char code[TDCALL_LENGTH];
	int trap = (int)gregs[REG_TRAPNO], saved = errno;
	bool expected = (number == SIGILL && trap == TDCALL_TRAP_UD) || (number == SIGSEGV && trap == TDCALL_TRAP_GP);
	bool is = expected && info->si_code > 0 && tdcall_read_code((uint64_t)gregs[REG_RIP], code, sizeof(code)) &&
		  memcmp(code, tdcall, sizeof(code)) == 0;

	errno = saved;
	return is;
}

#endif
