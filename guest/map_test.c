/* SPDX-License-Identifier: MIT */
/* The MapGPA loop against every answer that a VMM may give. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/scripts.h"
#include "wire/tap.h"

static struct tdconv_result res;

static enum tdconv_status convert_one(struct tdconv *tdc, enum tdconv_to to)
{
	return tdconv_convert(tdc, GPA(0), BYTES(N), to, &res);
}

/* What must hold after any conversion, whatever the VMM said. */
static void test_results(const char *name, enum tdconv_to to)
{
	uint32_t proven = fake_pages_in(FAKE_MAPPED, 0, N);
	bool good = fake_good() && res.calls == fake.map_calls && res.retries <= res.calls && res.stalls <= res.retries &&
		    res.claimed.bytes <= BYTES(N) && res.accepts == fake.accepts;

	if (to == TDCONV_PRIVATE)
		good &= res.proven.bytes == BYTES(proven);
	good &= res.status == TDCONV_OK ? res.head == BYTES(N) : res.head == res.proven.bytes;
	if (!tap_ok(good, name))
		printf("# calls %u, claimed %#llx, proven %#llx of %u pages, accepts %u, bad %u\n", fake.map_calls,
		       (unsigned long long)res.claimed.bytes, (unsigned long long)res.proven.bytes, proven, fake.accepts,
		       fake.bad_requests);
}

static void test_scripts(void)
{
	for (size_t i = 0; i < SCRIPTS; i++) {
		for (int to = TDCONV_PRIVATE; to <= TDCONV_SHARED; to++) {
			struct tdconv *tdc = fake_start();
			enum tdconv_status want = to == TDCONV_SHARED ? scripts[i].shared : scripts[i].private;
			char name[80];

			if (to == TDCONV_PRIVATE)
				fake_share_all();
			memcpy(fake.script, scripts[i].answers, sizeof(scripts[i].answers));
			snprintf(name, sizeof(name), "%s, to %s", scripts[i].name, to ? "shared" : "private");
			tap_is(convert_one(tdc, (enum tdconv_to)to), want, name);
			test_results("... the result says what happened", (enum tdconv_to)to);
			if (scripts[i].calls)
				tap_is(res.calls, scripts[i].calls, "... calls");
			if (want == TDCONV_OK)
				tap_ok(fake_pages_in(to ? FAKE_SHARED : FAKE_MAPPED, 0, N) == N, "... all of it");
			else
				tap_ok(res.rest_state == TDCONV_STATE_UNKNOWN, "... the rest is unknown");
		}
	}
}

static void test_lenient(void)
{
	struct tdconv *tdc = fake_start();

	tdc->policy.lenient_s = true;
	fake.script[0] = (struct fake_answer){ 3, RETRY, 2, FROM_START, 2, 0, S_FLIP, 0 };
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_OK, "lenient: S stripped from R11 is survived");
	tap_is(res.s_mismatches, 3, "... and counted");
	tap_is(fake_pages_in(FAKE_SHARED, 0, N), N, "... and the direction did not turn");
	tdc = fake_start();
	fake_share_all();
	tdc->policy.lenient_s = true;
	fake.script[0] = (struct fake_answer){ 3, RETRY, 2, FROM_START, 2, 0, S_FLIP, 0 };
	tap_is(convert_one(tdc, TDCONV_PRIVATE), TDCONV_OK, "lenient: S set in R11 is survived");
	tap_is(fake_pages_in(FAKE_MAPPED, 0, N), N, "... and the direction did not turn");
	tdc = fake_start();
	tdc->policy.lenient_s = true;
	fake.script[0] = (struct fake_answer){ FOREVER, RETRY, 0, FROM_START, 9, 0, S_FLIP, 0 };
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_E_R11_BEYOND, "lenient: the address must be right all the same");
}

static void test_budgets(void)
{
	struct tdconv *tdc = fake_start();

	tdc->policy.work.stalls = 5;
	fake.script[0] = (struct fake_answer){ 5, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_OK, "as many stalls as the budget allows");
	tap_is(res.longest_stall, 5, "... longest run");
	tap_is(fake.longest_pause, 5, "... a pause after each, told how many there were");

	tdc = fake_start();
	tdc->policy.work.stalls = 5;
	fake.script[0] = (struct fake_answer){ 6, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_E_STALLED, "one more is too many");
	tap_is(res.calls, 6, "... calls");
	tap_is(res.claimed.bytes, 0, "... claimed");

	tdc = fake_start();
	tdc->policy.work.stalls = 2;
	fake.script[0] = (struct fake_answer){ 2, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
	fake.script[1] = (struct fake_answer){ 1, RETRY, 1, FROM_START, 1, 0, S_ECHO, 0 };
	fake.script[2] = (struct fake_answer){ 2, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_OK, "progress starts the count of stalls again");
	tap_is(res.stalls, 4, "... all are counted");
	tap_is(res.longest_stall, 2, "... longest run");

	tdc = fake_start();
	tdc->policy.work.calls_per_page = 0;
	tdc->policy.work.calls_extra = 7;
	fake.script[0] = (struct fake_answer){ FOREVER, RETRY, 1, FROM_START, 1, 0, S_ECHO, 0 };
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_E_CALLS, "a VMM too slow for the budget of calls");
	tap_is(res.calls, 7, "... exactly so many");
	tap_is(res.claimed.bytes, BYTES(7), "... claimed");

	tdc = fake_start();
	tdc->policy.work.calls_per_page = 1;
	tdc->policy.work.calls_extra = 0;
	fake.script[0] = (struct fake_answer){ 7, RETRY, 1, FROM_START, 1, 0, S_ECHO, 0 };
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_OK, "a call per page is enough for a page per call");

	tdc = fake_start();
	fake.pauses_allowed = 3;
	fake.script[0] = (struct fake_answer){ FOREVER, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_E_GIVEN_UP, "the embedder's pause gives up");
	tap_is(res.calls, 4, "... calls");
}

static void test_chunks(void)
{
	struct tdconv *tdc = fake_start();

	tdc->policy.chunk = TDCONV_2M;
	tap_is(tdconv_convert(tdc, GPA(100), BYTES(1500), TDCONV_SHARED, &res), TDCONV_OK, "chunks of 2 MiB");
	tap_ok(res.calls == 4 && fake.calls[0].size == BYTES(412) && fake.calls[1].size == TDCONV_2M &&
	       fake.calls[2].size == TDCONV_2M && fake.calls[3].size == BYTES(64), "... end on multiples of the size");
	tap_is(fake_pages_in(FAKE_SHARED, 100, 1500), 1500, "... all of it");
	tap_is(fake_pages_in(FAKE_SHARED, 0, FAKE_PAGES), 1500, "... and nothing else");

	fake.order[0] = '\0';
	tap_is(tdconv_convert(tdc, GPA(100), BYTES(1500), TDCONV_PRIVATE, &res), TDCONV_OK, "... back");
	tap_ok(strcmp(fake.order, "MAMAMAMA") == 0, "... each accepted before the next is asked for");

	tdc = fake_start();
	tdc->policy.chunk = BYTES(3);
	fake.script[0] = (struct fake_answer){ 1, RETRY, 1, FROM_START, 1, 0, S_ECHO, 0 };
	fake.script[1] = (struct fake_answer){ 1, RETRY, 2, FROM_START, 2, 0, S_ECHO, 0 };
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_E_R11_BEYOND, "R11 beyond the chunk is beyond the request");
	tdc = fake_start();
	tdc->policy.chunk = 100;
	tap_is(convert_one(tdc, TDCONV_SHARED), TDCONV_E_ARGUMENT, "a chunk of half a page is none");
	tap_is(fake.map_calls, 0, "... and nothing was done");
}

static void test_arguments(void)
{
	static const struct { const char *name; uint64_t gpa, bytes; int to; } bad[] = {
		{ "no bytes", GPA(0), 0, 1 }, { "half a page", GPA(0), 100, 1 }, { "unaligned", GPA(0) + 1, 4096, 1 },
		{ "S in the address", GPA(0) + FAKE_S, 4096, 1 }, { "reaches S", FAKE_S - 4096, 8192, 1 },
		{ "wraps", GPA(0), 0 - GPA(0), 1 }, { "wraps beyond 0", GPA(0), UINT64_MAX - 4095, 1 },
		{ "no direction", GPA(0), 4096, 2 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tdconv *tdc = fake_start();

		tap_is(tdconv_convert(tdc, bad[i].gpa, bad[i].bytes, (enum tdconv_to)bad[i].to, &res), TDCONV_E_ARGUMENT,
		       bad[i].name);
		tap_ok(fake.ncalls == 0 && res.rest_state == TDCONV_STATE_UNTOUCHED && res.head == 0,
		       "... and nothing was done");
	}
}

int main(void)
{
	test_scripts();
	test_lenient();
	test_budgets();
	test_chunks();
	test_arguments();
	return tap_done();
}
