/* SPDX-License-Identifier: MIT */
/* The policy of Linux 6.12 does what Linux does, also where that is not what libtdconv does. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/scripts.h"
#include "tdconv_linux.h"
#include "wire/tap.h"

static bool convert(struct tdconv *tdc, uint64_t start, uint64_t end, enum tdconv_to to, struct tdconv_linux *res)
{
	return tdconv_linux_convert(tdc, start, end, to, TDCONV_LINUX_TRIES, res);
}

static void test_scripts(void)
{
	for (size_t i = 0; i < SCRIPTS; i++) {
		for (int to = TDCONV_PRIVATE; to <= TDCONV_SHARED; to++) {
			struct tdconv *tdc = fake_start();
			int64_t want = to == TDCONV_SHARED ? scripts[i].linux_shared : scripts[i].linux_private;
			struct tdconv_linux res;
			char name[80];

			if (want == 0)
				continue;
			if (to == TDCONV_PRIVATE)
				fake_share_all();
			memcpy(fake.script, scripts[i].answers, sizeof(scripts[i].answers));
			snprintf(name, sizeof(name), "%s, to %s", scripts[i].name, to ? "shared" : "private");
			tap_is(convert(tdc, GPA(0), GPA(N), (enum tdconv_to)to, &res), want > 0, name);
			tap_is(res.calls, want > 0 ? want : -want, "... calls");
		}
	}
}

static bool asked(uint32_t call, uint64_t address, uint64_t size)
{
	return fake.ncalls > call && fake.calls[call].leaf == TDG_VP_VMCALL && fake.calls[call].address == address &&
	       fake.calls[call].size == size;
}

/* Two stalls, progress, two stalls again, then a refusal: progress sets the count of tries back. */
static void test_requests(enum tdconv_to to)
{
	struct tdconv *tdc = fake_start();
	uint64_t s = to == TDCONV_SHARED ? FAKE_S : 0;
	struct tdconv_linux res;

	memset(&res, 0xa5, sizeof(res));
	fake.script[0] = (struct fake_answer){ 2, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
	fake.script[1] = (struct fake_answer){ 1, RETRY, 3, FROM_START, 3, 0, S_ECHO, 0 };
	fake.script[2] = (struct fake_answer){ 2, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
	fake.script[3] = (struct fake_answer){ 1, TDVMCALL_GPA_INUSE, 0, FROM_START, 1, 0, S_ECHO, 0 };
	tap_ok(!convert(tdc, GPA(0), GPA(N), to, &res) && res.calls == 6, to ? "to shared" : "to private");
	tap_ok(asked(0, s + GPA(0), BYTES(N)) && asked(2, s + GPA(0), BYTES(N)), "... first the whole range");
	tap_ok(asked(3, s + GPA(3), BYTES(N - 3)) && asked(5, s + GPA(3), BYTES(N - 3)), "... then what is left");
	tap_ok(res.r10 == TDVMCALL_GPA_INUSE && res.r11 == s + GPA(4), "... and the last answer is kept");
	tap_ok(res.accepts == 0 && fake_good(), "... every request was a good one");
}

/* The limit is the caller's: with another one it is another guest. */
static void test_tries(void)
{
	for (uint32_t tries = 1; tries < 5; tries++) {
		struct tdconv *tdc = fake_start();
		struct tdconv_linux res;

		tap_case_number("limit", tries);
		fake.script[0] = (struct fake_answer){ 3, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
		tap_is(tdconv_linux_convert(tdc, GPA(0), GPA(N), TDCONV_SHARED, tries, &res), tries > 3, "three stalls");
		tap_is(res.calls, tries > 3 ? 4 : tries, "... calls");
	}
	tap_case(NULL);
}

static bool accepted(uint32_t call, uint64_t rcx)
{
	return fake.ncalls > call && fake.calls[call].leaf == TDG_MEM_PAGE_ACCEPT && fake.calls[call].address == rcx;
}

/* ACCEPT of 1 GiB is tried where it fits, and nowhere else. */
static void test_1g(void)
{
	uint64_t gib = 0x40000000;
	struct tdconv *tdc = fake_start();
	struct tdconv_linux res;

	fake_share_all();
	tap_ok(!convert(tdc, GPA(0), GPA(0) + gib, TDCONV_PRIVATE, &res), "1 GiB, of which there are 16 MiB");
	tap_ok(accepted(1, GPA(0) + 2) && accepted(2, GPA(0) + 1) && accepted(3, GPA(512) + 1),
	       "... 1 GiB is tried, 2 MiB instead, and from there on 1 GiB does not fit");
	tap_is(res.accepts, 1 + FAKE_PAGES / 512 + 2, "... up to the memory's end");

	tdc = fake_start();
	fake_share_all();
	tap_ok(!convert(tdc, GPA(0), GPA(0) + gib - 4096, TDCONV_PRIVATE, &res), "a page less");
	tap_ok(accepted(1, GPA(0) + 1), "... 1 GiB is not tried");

	tdc = fake_start();
	fake.takes_1g = true;
	tap_ok(convert(tdc, GPA(0), GPA(0) + gib, TDCONV_PRIVATE, &res) && res.accepts == 1, "a module that takes 1 GiB");
}

static void test_bounds(void)
{
	struct tdconv *tdc = fake_start();
	struct tdconv_linux res;

	memset(&res, 0xa5, sizeof(res));
	tap_ok(!convert(tdc, GPA(1), GPA(0), TDCONV_PRIVATE, &res), "the end before the start");
	tap_ok(res.calls == 0 && res.accepts == 0 && res.r10 == 0 && res.r11 == 0 && fake.ncalls == 0,
	       "... nothing is asked, and the result says so");
	fake_share_all();
	tap_ok(!convert(tdc, GPA(0), GPA(2) + 100, TDCONV_PRIVATE, &res) && res.accepts == 2, "an end inside a page");
	tdc = fake_start();
	fake_share_all();
	tdc->td.shared_bit = GPA(FAKE_PAGES);
	tap_ok(convert(tdc, GPA(FAKE_PAGES - 2), GPA(FAKE_PAGES), TDCONV_PRIVATE, &res), "the last page below S");
	tap_ok(!convert(tdc, GPA(FAKE_PAGES - 2), GPA(FAKE_PAGES) + 1, TDCONV_PRIVATE, &res), "... and a byte more");
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
	test_requests(TDCONV_SHARED);
	test_requests(TDCONV_PRIVATE);
	test_tries();
	test_1g();
	test_bounds();
	test_accept();
	return tap_done();
}
