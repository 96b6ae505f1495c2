/* SPDX-License-Identifier: MIT */
/*
 * The `linux` policy does what Linux 6.12 does: its two source files, built whole and run as a process, took exactly so
 * many calls under these scripts and came to these ends (docs/retry.md).
 */
#include <stdio.h>

#include "abi/tdx.h"
#include "tdconv_linux.h"

#define tap_puts(text) fputs(text, stdout)
#include "tests/tap.h"

#define S	(1ull << 51)
#define P	4096ull
#define BASE	0x100000ull
#define GIB	0x40000000ull

/* A script answers R12 and R13 of call n, counted from 1: returns R10 and sets R11. */
typedef uint64_t script(uint64_t n, uint64_t g, uint64_t size, uint64_t *r11);

struct host {
	script *vmm;
	uint64_t calls, accepts[3];
	uint64_t largest;	/* ACCEPT level that the host maps */
};

void tdconv_linux_tdcall(void *os, struct tdconv_regs *regs)
{
	struct host *host = os;
	uint64_t r11 = 0, level = regs->rcx & 7;

	if (regs->rax == TDG_VP_VMCALL) {
		regs->rax = 0;
		regs->r10 = host->vmm(++host->calls, regs->r12, regs->r13, &r11);
		regs->r11 = r11;
		return;
	}
	host->accepts[level]++;
	regs->rax = level <= host->largest ? 0 : tdx_status(level == 2 ? TDX_OPERAND_INVALID : TDX_PAGE_SIZE_MISMATCH, 1);
}

static uint64_t full(uint64_t n, uint64_t g, uint64_t size, uint64_t *r11)
{
	(void)n, (void)g, (void)size, (void)r11;
	return 0;
}

#define RETRY(where) (*r11 = (where), TDVMCALL_RETRY)
#define SCRIPT(name, answer) \
	static uint64_t name(uint64_t n, uint64_t g, uint64_t size, uint64_t *r11) \
	{ \
		(void)n, (void)g, (void)size; \
		return answer; \
	}

SCRIPT(two_pages, size <= 2 * P ? 0 : RETRY(g + 2 * P))
SCRIPT(stripped, size <= 2 * P ? 0 : RETRY((g + 2 * P) & ~S))
SCRIPT(never, RETRY(g))
SCRIPT(twice, n <= 2 ? RETRY(g) : 0)
SCRIPT(thrice, n <= 3 ? RETRY(g) : 0)
SCRIPT(byte, size <= 1 ? 0 : RETRY(g + 1))
SCRIPT(at_end, RETRY(g + size))
SCRIPT(beyond, n == 1 ? RETRY(g + size + 4 * P) : 0)
SCRIPT(backwards, RETRY(g - P))
SCRIPT(zigzag, RETRY((BASE | (g & S)) + P * (1 + n % 2)))
SCRIPT(then_error, n == 1 ? RETRY(g + 4 * P) : (*r11 = g, TDVMCALL_INVALID_OPERAND))
SCRIPT(zero, n == 1 ? RETRY(0) : 0)

static const struct {
	const char *name;
	script *vmm;
	bool shared_good, private_good;
	uint64_t shared_calls, private_calls;
} rows[] = {
	{ "A full success", full, true, true, 1, 1 },
	{ "B two pages a call", two_pages, true, true, 4, 4 },
	{ "C S stripped", stripped, false, true, 1, 4 },
	{ "D no progress for ever", never, false, false, 3, 3 },
	{ "E no progress twice", twice, true, true, 3, 3 },
	{ "F no progress three times", thrice, false, false, 3, 3 },
	{ "H one byte a call", byte, true, true, 32768, 32768 },
	{ "I R11 = end for ever", at_end, false, false, 1, 1 },
	{ "J R11 beyond the end", beyond, false, false, 1, 1 },
	{ "K backwards", backwards, false, false, 1, 1 },
	{ "L zig-zag", zigzag, false, false, 2, 2 },
	{ "M four pages, then an error", then_error, false, false, 2, 2 },
	{ "N R11 = 0", zero, false, false, 1, 1 },
};

static void run(const char *name, script *vmm, enum tdconv_to to, bool good, uint64_t calls)
{
	struct host host = { .vmm = vmm };
	struct tdconv_linux out;
	char text[80];

	snprintf(text, sizeof(text), "%s, to %s", name, to == TDCONV_SHARED ? "shared" : "private");
	tdconv_linux_convert(&host, S, BASE, 8 * P, to, TDCONV_LINUX_STALLS, &out);
	tap_is(out.good, good, text);
	tap_is(out.calls, calls, "  calls");
	tap_is(host.calls, calls, "  and as the VMM counts them");
}

static void accept(uint64_t largest, uint64_t tried_4k, uint64_t tried_2m, uint64_t tried_1g)
{
	struct host host = { .vmm = full, .largest = largest };
	struct tdconv_linux out;

	tap_ok(tdconv_linux_convert(&host, S, GIB, GIB, TDCONV_PRIVATE, TDCONV_LINUX_STALLS, &out), "1 GiB to private");
	tap_is(host.accepts[0], tried_4k, "  ACCEPT of 4 KiB");
	tap_is(host.accepts[1], tried_2m, "  ACCEPT of 2 MiB");
	tap_is(host.accepts[2], tried_1g, "  ACCEPT of 1 GiB");
	tap_is(out.reached, 2 * GIB, "  all of it");
}

int main(void)
{
	struct host host = { .vmm = thrice };
	struct tdconv_linux out;

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run(rows[i].name, rows[i].vmm, TDCONV_SHARED, rows[i].shared_good, rows[i].shared_calls);
		run(rows[i].name, rows[i].vmm, TDCONV_PRIVATE, rows[i].private_good, rows[i].private_calls);
	}
	accept(1, 0, 512, 1);
	accept(0, 262144, 512, 1);
	tap_ok(tdconv_linux_convert(&host, S, BASE, P, TDCONV_SHARED, 4, &out), "with another budget three stalls are survived");
	return tap_done();
}
