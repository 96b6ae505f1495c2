/* SPDX-License-Identifier: MIT */
/* An embedder with bugs: what its page tables say is nonsense. Nothing is asked of the VMM for it, and it ends. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/fake.h"
#include "wire/tap.h"

static struct tdconv_extent extents[4];
static struct tdconv_lost entries[4];
static struct tdconv_set set;

static struct tdconv *fresh(void)
{
	set = (struct tdconv_set){ extents, 4, 0, { entries, 4, 0 }, 0, { 0 } };
	return fake_start();
}

static const struct {
	const char *name;
	struct tdconv_run run;
} translations[] = {
	{ "no bytes", { GPA(0), 0 } },
	{ "a part of a page", { GPA(0), 4095 } },
	{ "a page and a part", { GPA(0), 4097 } },
	{ "an address inside a page", { GPA(0) + 8, 8192 } },
	{ "an address that is S", { FAKE_S, 8192 } },
	{ "an address with S in it", { FAKE_S + GPA(0), 8192 } },
	{ "an address beyond S", { 1ull << 63, 8192 } },
	{ "a run that reaches S", { FAKE_S - 4096, 8192 } },
	{ "a run that wraps", { ~0xfffull, ~0xfffull } },
};

static void test_translate(void)
{
	for (size_t i = 0; i < sizeof(translations) / sizeof(translations[0]); i++) {
		for (int to = TDCONV_PRIVATE; to <= TDCONV_SHARED; to++) {
			struct tdconv *tdc = fresh();

			tap_case(to == TDCONV_PRIVATE ? "to private" : "to shared");
			fake.says = &translations[i].run;
			tap_is(tdconv_set_memory(tdc, VA(0), BYTES(2), (enum tdconv_to)to, 0, &set), TDCONV_E_TRANSLATE,
			       translations[i].name);
			tap_ok(fake.ncalls + fake.set_ptes + fake.flushes + fake.cache_flushes == 0 && set.count == 0 &&
			       set.failed == 0 && set.lost.count == 0 && fake_good(), "... nothing was touched");
		}
	}
	tap_case(NULL);
}

/* The same page behind every address is odd but whole: each is converted as if it were another one. */
static void test_alias(void)
{
	struct tdconv *tdc = fresh();
	struct tdconv_run run = { GPA(7), 4096 };

	fake.says = &run;
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(3), TDCONV_SHARED, 0, &set), TDCONV_OK, "one page behind three");
	tap_ok(set.count == 3 && fake.map_calls == 3 && fake_pages_in(FAKE_SHARED, 0, FAKE_PAGES) == 1,
	       "... are three extents and one page");
	tap_is(tdconv_set_memory(tdc, VA(0), BYTES(5), TDCONV_SHARED, 0, &set), TDCONV_E_EXTENTS, "five");
	tap_is(fake.map_calls, 3, "... have no room");
}

static const struct {
	const char *name;
	struct tdconv_extent extent;
} walks[] = {
	{ "nothing", { VA(4), GPA(4), 0, TDCONV_STATE_SHARED } },
	{ "a part of a page", { VA(4), GPA(4), 100, TDCONV_STATE_SHARED } },
	{ "an extent before the start", { VA(3), GPA(3), 8192, TDCONV_STATE_SHARED } },
	{ "an extent at the end", { VA(8), GPA(8), 4096, TDCONV_STATE_SHARED } },
	{ "an extent that goes beyond it", { VA(7), GPA(7), 8192, TDCONV_STATE_SHARED } },
	{ "an extent that wraps", { VA(4), GPA(4), ~0xfffull, TDCONV_STATE_SHARED } },
};

static void test_next_shared(void)
{
	struct tdconv_unshare res;

	for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
		struct tdconv *tdc = fresh();

		fake_share_all();
		fake.finds = &walks[i].extent;
		tap_is(tdconv_unshare_all(tdc, VA(4), VA(8), 4, &res), TDCONV_E_TRANSLATE, walks[i].name);
		tap_ok(fake.ncalls + fake.set_ptes + fake.flushes == 0 && res.extents == 0 && res.failed == 0 &&
		       res.expected_pages == 4, "... nothing was touched");
	}
}

/* Of what is no whole page below S nothing can be made private; it is reported, and the walk goes on behind it. */
static void test_no_memory(void)
{
	static const struct {
		const char *name;
		struct tdconv_extent extent;
	} bad[] = {
		{ "GPA inside a page", { VA(4), GPA(4) + 1, 4096, TDCONV_STATE_SHARED } },
		{ "GPA with S in it", { VA(4), FAKE_S + GPA(4), 4096, TDCONV_STATE_SHARED } },
		{ "GPA that reaches S", { VA(4), FAKE_S - 4096, 8192, TDCONV_STATE_SHARED } },
	};
	struct tdconv_unshare res;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tdconv *tdc = fresh();

		fake_share_all();
		fake.finds = &bad[i].extent;
		tap_is(tdconv_unshare_all(tdc, VA(4), VA(8), 4, &res), TDCONV_E_LEFT_SHARED, bad[i].name);
		tap_ok(res.failed == 1 && fake.left_shared == 1, "... is reported");
		tap_ok(res.extents == 2 && fake_pages_in(FAKE_MAPPED, 6, 2) == 2 && fake_good(), "... what follows is done");
	}
	tap_is(tdconv_unshare_all(fresh(), VA(8), VA(4), 0, &res), TDCONV_OK, "a range that ends before it starts");
	tap_ok(res.extents == 0 && fake.ncalls == 0, "... has nothing in it");
}

int main(void)
{
	test_translate();
	test_alias();
	test_next_shared();
	test_no_memory();
	return tap_done();
}
