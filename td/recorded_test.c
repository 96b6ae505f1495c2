/* SPDX-License-Identifier: MIT */
/* Answers as they were recorded: given again in their order, moved with the request, and to nothing else. */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define S	FAKE_S
#define RETRY	TDVMCALL_RETRY
#define THERE	0x7000000ull	/* where the one who was recorded had its memory */
#define BYTES(n) ((uint64_t)(n) * TDX_PAGE_SIZE)

static void start(const struct td_recorded *all, uint32_t count, uint32_t before)
{
	struct td_config c = fake_config(64);

	for (uint32_t i = 0; i < count; i++)
		c.behaviour.recorded[i] = all[i];
	c.behaviour.nrecorded = count;
	c.behaviour.before = before;
	fake_start(&c);
}

#define START(before, ...) \
	start((const struct td_recorded[]){ __VA_ARGS__ }, \
	      sizeof((struct td_recorded[]){ __VA_ARGS__ }) / sizeof(struct td_recorded), before)
#define AS .pages = TD_AS_ANSWERED

/* By R10, R11 and what is shared then. */
static void given(struct fake_answer a, uint64_t r10, uint64_t r11, uint64_t shared, const char *name)
{
	if (!tap_ok(a.r10 == r10 && (r10 == 0 || a.r11 == r11) && fake_real_pages(TD_REAL_SHARED) == shared, name))
		printf("# R10 0x%lx R11 0x%lx, %lu shared\n", a.r10, a.r11, fake_real_pages(TD_REAL_SHARED));
}

static void test_order(void)
{
	START(0, { .r10 = RETRY, .r11 = FAKE_PAGE(3) | S, AS }, { .r10 = RETRY, .r11 = FAKE_PAGE(3) | S, AS },
	      { .r10 = TDVMCALL_GPA_INUSE, .r11 = FAKE_PAGE(5) | S, AS }, { .r10 = 0, AS });
	given(fake_share(0, 8), RETRY, FAKE_PAGE(3) | S, 3, "the first answer, and what it says is done");
	given(fake_share(3, 5), RETRY, FAKE_PAGE(3) | S, 3, "the second, of no progress");
	given(fake_share(3, 5), TDVMCALL_GPA_INUSE, FAKE_PAGE(5) | S, 5, "an error, after what R11 says");
	given(fake_share(5, 3), 0, 0, 8, "SUCCESS");
	given(fake_share(8, 8), 0, 0, 16, "and behind the last one a VMM that does it all");
	tap_is(fake_count(TD_EV_UNRECORDED), 0, "nothing else was asked");
	tap_ok(fake_consistent(), "the page tables agree");
}

static void test_converted(void)
{
	START(0, { .r10 = RETRY, .r11 = FAKE_PAGE(3) | S, .pages = 1 }, { .r10 = 0, .pages = 2, .gpa = FAKE_PAGE(3) | S,
	      .bytes = BYTES(5) }, { .r10 = RETRY, .keeps_r11 = 1, AS },
	      { .r10 = RETRY, .r11 = FAKE_PAGE(24) | S, .pages = 99 });
	given(fake_share(0, 8), RETRY, FAKE_PAGE(3) | S, 1, "less was done than was said");
	given(fake_share(3, 5), 0, 0, 3, "... in a SUCCESS, too");
	given(fake_share(8, 8), RETRY, GHCI_MAP_GPA, 3, "R11 that is not written is the guest's, and tells of nothing");
	given(fake_share(16, 8), RETRY, FAKE_PAGE(24) | S, 11, "never more than was asked for");
	START(0, { .r10 = RETRY, .r11 = (FAKE_PAGE(3) | S) + 8, AS });
	given(fake_share(0, 8), RETRY, (FAKE_PAGE(3) | S) + 8, 0, "an R11 within a page says nothing");
}

static void test_moved(void)
{
	START(0, { .r10 = RETRY, .r11 = (THERE + BYTES(2)) | S, .gpa = THERE | S, .bytes = BYTES(8), AS },
	      { .r10 = RETRY, .r11 = (THERE + BYTES(8)) | S, .gpa = (THERE + BYTES(2)) | S, .bytes = BYTES(6), AS },
	      { .r10 = RETRY, .r11 = 0, .gpa = THERE | S, .bytes = BYTES(4), AS });
	given(fake_share(16, 8), RETRY, FAKE_PAGE(18) | S, 2, "R11 moves along with the request");
	given(fake_share(18, 6), RETRY, FAKE_PAGE(24) | S, 8, "... up to its end");
	given(fake_share(30, 4), RETRY, 0, 8, "... and not, if it was no page of it");
	tap_is(fake_count(TD_EV_UNRECORDED), 0, "each was asked for as then");
}

static void unrecorded(struct fake_answer a, uint64_t answer, const char *name)
{
	tap_ok(a.r10 == 0 && fake_count(TD_EV_UNRECORDED) == 1 &&
	       fake_last(TD_EV_UNRECORDED)->unrecorded.answer == answer, name);
	tap_is(fake_share(40, 2).r10, 0, "... and nothing of it is answered any more");
	tap_is(fake_count(TD_EV_UNRECORDED), 1, "... which is said once");
}

static void test_unrecorded(void)
{
	const struct td_recorded known = { .r10 = RETRY, .r11 = THERE | S, .gpa = THERE | S, .bytes = BYTES(4), AS },
				 other = { .r10 = RETRY, .r11 = FAKE_PAGE(4) | S, AS };

	START(0, known, known);
	unrecorded(fake_share(0, 5), 1, "another size");
	START(0, known, known);
	unrecorded(fake_unshare(0, 4), 1, "the other direction");
	START(0, other, other);
	unrecorded(fake_share(5, 2), 1, "R11 below the request");
	START(0, other, other);
	unrecorded(fake_share(0, 3), 1, "R11 beyond the request");
	START(0, other, other);
	given(fake_share(0, 4), RETRY, FAKE_PAGE(4) | S, 4, "R11 at its end is of it");
	START(0, { .r10 = 0, AS }, other);
	fake_share(0, 2);
	unrecorded(fake_share(8, 2), 2, "the second answer");
}

/* What no VMM carries out. */
static void test_refused(void)
{
	const struct td_recorded invalid = { .r10 = TDVMCALL_INVALID_OPERAND, .r11 = FAKE_RAM | S | 8, AS };
	struct fake_answer a;

	START(0, invalid, { .r10 = TDVMCALL_GPA_INUSE, .r11 = FAKE_RAM | S, AS });
	a = fake_map_gpa(FAKE_RAM | S | 8, BYTES(1));
	given(a, TDVMCALL_INVALID_OPERAND, FAKE_RAM | S | 8, 0, "a request that is refused in any case, as recorded");
	given(fake_share(0, 1), TDVMCALL_GPA_INUSE, FAKE_RAM | S, 0, "... and it was one call");
	START(0, { .r10 = 0, AS });
	a = fake_map_gpa(FAKE_RAM | S | 8, BYTES(1));
	tap_ok(a.r10 == TDVMCALL_ALIGN_ERROR && fake_count(TD_EV_UNRECORDED) == 1, "that SUCCESS was said to another");
}

static void test_before(void)
{
	struct td_config c = fake_config(64);

	START(1, { .r10 = RETRY, .r11 = FAKE_PAGE(9) | S, AS });
	given(fake_share(0, 4), 0, 0, 4, "a call before the VMM behaved so counts for nothing");
	given(fake_share(8, 4), RETRY, FAKE_PAGE(9) | S, 5, "... and the first after it is the first");
	c.behaviour = (struct td_behaviour){ .before = 1, .nrules = 1, .rules = { { .first = 1, .last = 1, .complete = 2 } } };
	fake_start(&c);
	given(fake_share(0, 4), 0, 0, 4, "to a rule, too");
	given(fake_share(8, 4), RETRY, FAKE_PAGE(10) | S, 6, "... which is about call 1");
	c.behaviour.nrecorded = TD_MAX_RECORDED;
	tap_ok(fake_start(&c), "as many answers as there is room for");
	c.behaviour.nrecorded++;
	tap_ok(!fake_start(&c), "... and no more");
}

/* One fault on top of it. */
static void test_rule_first(void)
{
	struct td_config c = fake_config(64);

	c.behaviour = (struct td_behaviour){ .nrules = 1, .rules = { { .first = 2, .last = 2, .fail = TDVMCALL_GPA_INUSE } },
					     .nrecorded = 3 };
	for (uint32_t i = 0; i < 3; i++)
		c.behaviour.recorded[i] = (struct td_recorded){ .r10 = RETRY, .r11 = FAKE_PAGE(i + 1) | S, AS };
	fake_start(&c);
	given(fake_share(0, 8), RETRY, FAKE_PAGE(1) | S, 1, "no rule is about the first call");
	given(fake_share(1, 7), TDVMCALL_GPA_INUSE, FAKE_PAGE(1) | S, 1, "a rule is stronger than what was recorded");
	given(fake_share(2, 6), RETRY, FAKE_PAGE(3) | S, 2, "... and takes its place");
}

int main(void)
{
	test_order();
	test_converted();
	test_moved();
	test_unrecorded();
	test_refused();
	test_before();
	test_rule_first();
	return tap_done();
}
