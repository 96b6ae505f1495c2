/* SPDX-License-Identifier: MIT */
/* Memory that a device is told to use, in each state that the guest may know it to be in. */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define DETAIL	0x8000000000000005ull
#define PAGES	16u

static bool use(uint64_t first, uint64_t offset, uint64_t bytes)
{
	return td_device(fake.td, 0, FAKE_PAGE(first) + offset, bytes, 0x1234, DETAIL);
}

/* What the VMM does with page 8, and what is found when a device is handed it then: a class, or none. */
static void expect(const struct td_rule *rule, bool share, enum td_class class, const char *name)
{
	fake_start_rule(PAGES, rule);
	if (share)
		fake_share(8, 1);
	else
		fake_unshare(8, 1);
	tap_ok(use(8, 0, 512) == (class == TD_CLASS_OK) && fake_class(class) == (class != TD_CLASS_OK) &&
		       fake_violations(TD_V_DMA_TO_PRIVATE) == (class == TD_CLASS_VIOLATION), name);
}

static void test_states(void)
{
	static const struct td_rule done = { .complete = UINT64_MAX }, lies = { .lie = 1 }, stalls = { .stalls = 100 },
		refuses = { .complete = UINT64_MAX, .fail = TDVMCALL_INVALID_OPERAND };

	fake_start_rule(PAGES, &done);
	tap_ok(!use(8, 0, 512) && fake_violations(TD_V_DMA_TO_PRIVATE) == 1, "memory that was never shared");
	tap_ok(fake_last(TD_EV_VERDICT)->verdict.detail == DETAIL && fake_last(TD_EV_VERDICT)->rip == 0x1234,
	       "is told with its place");
	expect(&done, true, TD_CLASS_OK, "memory that is shared");
	expect(&done, false, TD_CLASS_VIOLATION, "memory that was asked back");
	expect(&stalls, true, TD_CLASS_VIOLATION, "memory of which the VMM has not said that it is shared");
	expect(&refuses, true, TD_CLASS_VIOLATION, "memory that it refused to share, although it did");
	expect(&lies, true, TD_CLASS_VMM_CAUSED, "memory that it said is shared, and is not, is its fault");
}

static void test_ranges(void)
{
	static const struct td_rule done = { .complete = UINT64_MAX };

	fake_start_rule(PAGES, &done);
	fake_share(4, 2);
	tap_ok(use(4, 0, 8192) && use(4, 100, 8092), "as far as it is shared");
	tap_ok(!use(4, 100, 8093) && fake_violations(TD_V_DMA_TO_PRIVATE) == 1, "and one byte more");
	tap_ok(!use(3, 4095, 2), "and one byte before");
	tap_ok(use(9, 0, 0), "nothing at all is no use");
	tap_ok(use(PAGES + 100, 0, 4096) && td_device(fake.td, 0, UINT64_MAX - 5, UINT64_MAX, 0, 1),
	       "what is no RAM is not the judge's");
	tap_ok(!td_device(fake.td, 0, 0, UINT64_MAX, 0, 1), "a range without end ends");
}

int main(void)
{
	test_states();
	test_ranges();
	return tap_done();
}
