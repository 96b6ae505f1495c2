/* SPDX-License-Identifier: MIT */
/* The policy of Linux 6.12 does what Linux does, also where that is not what libtdconv does. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "tests/tap.h"
#include "guest/fake.h"
#include "tdconv_linux.h"

#define RETRY	TDVMCALL_RETRY
#define FOREVER	UINT32_MAX
#define N	8

/* The scripts A to N, and what a model of Linux's loop makes of them: calls negative means that it fails. */
static const struct row {
	const char *name;
	struct fake_answer script[3];
	int64_t shared, private;
} rows[] = {
	{ "A willing", { { 0 } }, 1, 1 },
	{ "B two pages a call", { { 3, RETRY, 2, FROM_START, 2, 0, S_ECHO, 0 } }, 4, 4 },
	{ "C S wrong in R11", { { 3, RETRY, 2, FROM_START, 2, 0, S_FLIP, 0 } }, -1, -1 },
	{ "D never any progress", { { FOREVER, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 } }, -3, -3 },
	{ "E no progress twice", { { 2, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 } }, 3, 3 },
	{ "F no progress three times", { { 3, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 } }, -3, -3 },
	{ "G a page a call", { { 7, RETRY, 1, FROM_START, 1, 0, S_ECHO, 0 } }, 8, 8 },
	{ "H a byte a call", { { 32767, RETRY, 8, FROM_START, 0, 1, S_ECHO, 0 } }, 32768, 32768 },
	{ "I RETRY at the end", { { FOREVER, RETRY, 8, FROM_END, 0, 0, S_ECHO, 0 } }, -1, -1 },
	{ "J RETRY past the end", { { 1, RETRY, 8, FROM_END, 4, 0, S_ECHO, 0 } }, -1, -1 },
	{ "K backwards", { { FOREVER, RETRY, 0, FROM_START, -1, 0, S_ECHO, 0 } }, -1, -1 },
	{ "M four pages, then INVALID_OPERAND", { { 1, RETRY, 4, FROM_START, 4, 0, S_ECHO, 0 },
	  { 1, TDVMCALL_INVALID_OPERAND, 0, FROM_START, 0, 0, S_ECHO, 0 } }, -2, -2 },
	{ "N R11 is 0", { { 1, RETRY, 0, FROM_ZERO, 0, 0, S_ECHO, 0 } }, -1, -1 },
};

static bool convert(struct tdconv *tdc, uint64_t start, uint64_t end, enum tdconv_to to, struct tdconv_linux *res)
{
	return tdconv_linux_convert(tdc, start, end, to, TDCONV_LINUX_TRIES, res);
}

static void test_scripts(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int to = TDCONV_PRIVATE; to <= TDCONV_SHARED; to++) {
			struct tdconv *tdc = fake_start();
			int64_t want = to == TDCONV_SHARED ? rows[i].shared : rows[i].private;
			struct tdconv_linux res;
			char name[80];

			if (to == TDCONV_PRIVATE)
				fake_share_all();
			memcpy(fake.script, rows[i].script, sizeof(rows[i].script));
			snprintf(name, sizeof(name), "%s, to %s", rows[i].name, to ? "shared" : "private");
			tap_is(convert(tdc, GPA(0), GPA(N), (enum tdconv_to)to, &res), want > 0, name);
			tap_is(res.calls, want > 0 ? want : -want, "... calls");
		}
	}
}

static void test_accept(void)
{
	struct tdconv *tdc = fake_start();
	struct tdconv_linux res;

	fake_share_all();
	tap_ok(convert(tdc, GPA(0), GPA(1024), TDCONV_PRIVATE, &res) && res.accepts == 2, "2 MiB each");
	fake_share_all();
	fake.host_4k = true;
	tap_ok(convert(tdc, GPA(0), GPA(1024), TDCONV_PRIVATE, &res), "a VMM that maps 4 KiB only");
	tap_is(res.accepts, 1024 + 2, "... 2 MiB is tried in vain in every unit");
	fake.page_times[5] = 1;
	fake.page_status[5] = 0x8000020000000001;
	fake_share_all();
	tap_ok(!convert(tdc, GPA(0), GPA(8), TDCONV_PRIVATE, &res) && res.accepts == 6, "busy is a failure");
	tap_ok(!convert(tdc, GPA(0), GPA(0), TDCONV_PRIVATE, &res) && res.calls == 0, "nothing to do is refused");
	tap_ok(!convert(tdc, GPA(0), FAKE_S + 4096, TDCONV_PRIVATE, &res) && res.calls == 0, "beyond S is, too");
}

int main(void)
{
	test_scripts();
	test_accept();
	return tap_done();
}
