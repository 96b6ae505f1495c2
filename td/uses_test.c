/* SPDX-License-Identifier: MIT */
/*
 * Uses of memory through its shared alias that the guest had no completed answer for, and of PENDING memory where that
 * is a #VE: which of them turn out well, and that the others are reported, however the conversion ends.
 */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "td/state.h"
#include "wire/tap.h"

#define S	FAKE_S
#define RETRY	TDVMCALL_RETRY
#define INVALID	TDVMCALL_INVALID_OPERAND
#define ALL	UINT64_MAX
#define STORE	TD_ACCESS_WRITE

static struct td_config config(struct td_rule rule)
{
	struct td_config c = fake_config(64);

	c.vcpus = 2;
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = rule;
	return c;
}

static void start(struct td_rule rule)
{
	struct td_config c = config(rule);

	fake_start(&c);
}

static void start_converting(struct td_rule rule)
{
	struct td_config c = config(rule);

	c.behaviour.implicit = TD_IMPLICIT_CONVERT;
	fake_start(&c);
}

/* By a vCPU, with what its #VE leaves behind read as a handler does. */
static enum td_action touch(unsigned int vcpu, uint64_t gpa, uint32_t flags)
{
	struct td_access a = { .gpa = gpa, .rip = 0x1000 + vcpu, .flags = flags };
	struct td_regs regs = { 0 };
	enum td_action action = td_mapped(fake.td, gpa) ? TD_NEXT : td_access(fake.td, vcpu, &a);

	if (action == TD_VE)
		fake_tdcall(vcpu, TDG_VP_VEINFO_GET, 0, &regs);
	return action;
}

static uint64_t shared(uint64_t page)
{
	return FAKE_PAGE(page) | S;
}

static bool reported(uint64_t gpa, uint64_t rip)
{
	const struct td_event *e = fake_last(TD_EV_VERDICT);
	enum td_violation of_alias = gpa & S ? TD_V_SHARED_ALIAS_OF_PRIVATE : TD_V_PENDING_ACCESS;

	return fake_all_violations() == 1 && fake_violations(of_alias) == 1 &&
	       e->verdict.class == TD_CLASS_VIOLATION && e->verdict.gpa == gpa && e->verdict.pages == 1 && e->rip == rip &&
	       fake_consistent();
}

static bool clean(void)
{
	return fake_all_violations() == 0 && fake_consistent();
}

/* RETRY taken for success: a store that was refused, and then the conversion ends in one way or another. */
static void test_however_it_ends(void)
{
	static const struct {
		const char *name;
		struct td_rule rule;
	} vmms[] = {
		{ "stall",	 { .complete = 0, .last = 1 } },
		{ "hyperv",	 { .complete = 2, .last = 1 } },
		{ "claim-end",	 { .complete = 0, .last = 1, .fail = RETRY, .claim_base = TD_CLAIM_END } },
		{ "claim-beyond", { .complete = 0, .last = 1, .fail = RETRY, .claim_base = TD_CLAIM_END, .claim_pages = 4 } },
		{ "claim-zero",	 { .complete = 0, .last = 1, .fail = RETRY, .claim_base = TD_CLAIM_ZERO } },
		{ "unaligned",	 { .complete = 0, .last = 1, .fail = RETRY, .claim_bytes = 1 } },
	};

	for (size_t i = 0; i < sizeof(vmms) / sizeof(vmms[0]); i++) {
		tap_case(vmms[i].name);
		start(vmms[i].rule);
		fake_share(0, 8);
		touch(0, shared(5), STORE);
		tap_is(fake_all_violations(), 0, "while the conversion is open, a use is none yet");
		fake_unshare(0, 8);
		tap_ok(reported(shared(5), 0x1000), "... given back");
		start(vmms[i].rule);
		fake_share(0, 8);
		touch(0, shared(5), STORE);
		fake_share(0, 8);
		tap_ok(clean(), "... a next request does not clear it");
		fake_unshare(0, 8);
		tap_ok(reported(shared(5), 0x1000), "... nor is it forgotten when that completes");
		fake_share(0, 8);
		fake_power_off();
		tap_is(fake_all_violations(), 1, "... and shared again later it is told once");
	}
	tap_case(NULL);
	start((struct td_rule){ .complete = 0, .last = 1 });
	fake_share(0, 8);
	touch(0, shared(5), STORE);
	fake_share(0, 8);
	fake_power_off();
	tap_ok(reported(shared(5), 0x1000), "completed, and never repeated: at the end");
	start((struct td_rule){ .complete = 0, .last = 2 });
	fake_share(0, 8);
	touch(0, shared(5), STORE);
	fake_share(12, 4);
	fake_share(0, 16);
	fake_unshare(0, 16);
	tap_ok(reported(shared(5), 0x1000), "taken into a larger one");
	start((struct td_rule){ .complete = 0, .last = 1 });
	fake.td->mem->config.behaviour.rules[1] = (struct td_rule){ .complete = 0, .fail = INVALID };
	fake.td->mem->config.behaviour.nrules = 2;
	fake_share(0, 8);
	touch(1, shared(5), 0);
	fake_share(0, 8);
	tap_ok(reported(shared(5), 0x1001), "refused: at once, a load as well");
	start((struct td_rule){ .complete = 0, .last = 1 });
	fake_share(0, 8);
	touch(0, shared(5), STORE);
	td_finish(fake.td);
	tap_ok(clean(), "cut off: nobody knows what would have come");
}

/* What makes it good: the access again, once the page is claimed. */
static void test_repeated(void)
{
	start((struct td_rule){ .complete = 2 });
	fake_share(0, 4);
	tap_is(touch(0, shared(2) + 8, STORE), TD_VE, "a store that is refused");
	tap_is(touch(0, shared(2) + 8, STORE), TD_VE, "... and again");
	fake_share(2, 2);
	tap_is(fake_touch(shared(3), 0), TD_NEXT, "claimed: the page beside it is there at once");
	tap_is(touch(0, shared(2) + 8, STORE), TD_AGAIN, "... the repetition is seen");
	tap_is(touch(0, shared(2), 0), TD_NEXT, "... and no more is looked at");
	fake_unshare(0, 2);
	fake_unshare(2, 2);
	fake_power_off();
	tap_ok(clean(), "... and all is well");
	start((struct td_rule){ .complete = 2 });
	fake_share(0, 4);
	touch(0, shared(2) + 8, STORE);
	fake_share(2, 2);
	tap_is(touch(0, shared(2) + 8, 0), TD_AGAIN, "a load is no repetition of a store");
	tap_ok(reported(shared(2) + 8, 0x1000), "... which was lost");
	start((struct td_rule){ .complete = 2 });
	fake_share(0, 4);
	touch(0, shared(2) + 8, STORE);
	fake_share(2, 2);
	touch(0, shared(2) + 16, STORE);
	tap_ok(reported(shared(2) + 16, 0x1000), "nor is a store to another place");
	start((struct td_rule){ .complete = 2 });
	fake_share(0, 4);
	touch(0, shared(2) + 8, STORE);
	fake_share(2, 2);
	touch(1, shared(2), 0);
	fake_power_off();
	tap_ok(clean(), "another vCPU that comes first hides it: believed");
	start((struct td_rule){ .complete = 2 });
	fake_share(0, 4);
	touch(0, shared(2) + 8, 0);
	touch(0, shared(3) + 8, 0);
	fake_share(2, 2);
	touch(0, shared(2), STORE);
	fake_power_off();
	tap_ok(reported(shared(3) + 8, 0x1000), "each page by itself");
	start((struct td_rule){ .complete = 2 });
	fake_share(0, 4);
	touch(0, shared(2), 0);
	touch(1, shared(2) + 8, STORE);
	fake_share(2, 2);
	touch(0, shared(2), 0);
	fake_power_off();
	tap_ok(clean(), "two at once: the first that comes back hides the other");
	start((struct td_rule){ .complete = 2 });
	fake_share(0, 4);
	touch(0, shared(2), STORE);
	fake_share(2, 2);
	tap_is(touch(0, shared(2), TD_ACCESS_SPLIT), TD_AGAIN, "so does a load that only strayed there");
	fake_power_off();
	tap_ok(clean(), "... and is nobody's fault");
	start((struct td_rule){ .complete = 0, .lie = 1, .first = 2 });
	fake.td->mem->config.behaviour.rules[1] = (struct td_rule){ .complete = 2, .last = 1 };
	fake.td->mem->config.behaviour.nrules = 2;
	fake_share(0, 4);
	touch(0, shared(2), STORE);
	fake_share(2, 2);
	tap_is(touch(0, shared(2), STORE), TD_VE, "claimed by a liar: refused again");
	fake_power_off();
	tap_ok(clean() && fake_class(TD_CLASS_VMM_CAUSED) == 1, "... through the VMM's fault");
}

/* Where nothing was refused nothing can be repeated. */
static void test_not_refused(void)
{
	start_converting((struct td_rule){ .complete = 0, .last = 1 });
	fake_share(0, 8);
	tap_is(touch(0, shared(5), STORE), TD_AGAIN, "a VMM that converts silently");
	tap_ok(reported(shared(5), 0x1000), "... makes a store no better");
	fake_share(0, 8);
	touch(0, shared(5), STORE);
	fake_unshare(0, 8);
	fake_power_off();
	tap_is(fake_all_violations(), 1, "... nor worse");
	start((struct td_rule){ .complete = ALL, .fail = RETRY, .claim_base = TD_CLAIM_START, .last = 1 });
	fake_share(0, 8);
	tap_is(fake_real_pages(TD_REAL_SHARED), 8, "a VMM that has done more than it says");
	tap_is(touch(0, shared(5), STORE), TD_AGAIN, "... does not make a use right");
	tap_ok(reported(shared(5), 0x1000), "... of what it had not claimed");
	start((struct td_rule){ .complete = 4, .last = 1 });
	fake.td->mem->config.behaviour.rules[1] = (struct td_rule){ .complete = 0 };
	fake.td->mem->config.behaviour.nrules = 2;
	fake_share(0, 8);
	fake_share(0, 8);
	tap_is(fake_touch(shared(2), STORE), TD_NEXT, "what was claimed once may be used while it is asked for again");
	tap_ok(clean(), "... and is");
}

/* After a refusal nobody knows what the VMM has done: the use is one whatever it has done. */
static void test_unknown(void)
{
	start((struct td_rule){ .complete = ALL, .fail = INVALID, .last = 1 });
	fake_share(0, 8);
	tap_is(fake_real_pages(TD_REAL_SHARED), 8, "refused, and done all the same");
	tap_is(touch(0, shared(3), TD_ACCESS_SPLIT), TD_AGAIN, "a load that strayed into it is no use");
	tap_ok(clean(), "... and no violation");
	tap_is(touch(0, shared(4), 0), TD_AGAIN, "a load is");
	tap_ok(reported(shared(4), 0x1000), "... a violation");
	tap_is(fake_touch(shared(4), STORE), TD_NEXT, "... and goes on as on hardware");
	fake_share(0, 8);
	tap_is(fake_touch(shared(5), STORE), TD_NEXT, "asked for again, and claimed: there to be used");
	fake_power_off();
	tap_is(fake_all_violations(), 1, "... without further ado");
	start((struct td_rule){ .complete = 0, .fail = INVALID, .first = 2 });
	fake_share(0, 8);
	fake_unshare(0, 8);
	tap_is(touch(0, shared(4), 0), TD_AGAIN, "a buffer that could not be taken back is no buffer any more");
	tap_ok(reported(shared(4), 0x1000), "... and its use is told");
	fake_unshare(0, 8);
	tap_is(touch(0, shared(4), 0), TD_AGAIN, "... also when that was refused again");
	tap_is(touch(0, FAKE_PAGE(20), STORE), TD_NEXT, "private memory that is still there is nobody's business");
}

/* On the way back to private: the mapping may be changed last, if the page is accepted then. */
static void test_given_back(void)
{
	for (unsigned int lies = 0; lies < 2; lies++) {
		tap_case(lies != 0 ? "a VMM that lies" : "a VMM that converts");
		start((struct td_rule){ .complete = lies != 0 ? 0 : ALL, .lie = 1, .first = 2, .last = 2 });
		fake_share(0, 8);
		fake_unshare(0, 8);
		touch(0, shared(3), STORE);
		touch(0, shared(3), STORE);
		tap_ok(clean() && fake_class(TD_CLASS_HAZARD) == 1, "given back, and used as if shared: noted");
		fake_power_off();
		tap_ok(reported(shared(3), 0x1000), "... and a violation, as it was never accepted");
	}
	tap_case(NULL);
	start((struct td_rule){ .first = 1000 });
	fake_share(0, 8);
	fake_unshare(0, 8);
	touch(0, shared(3), 0);
	for (uint64_t i = 0; i < 8; i++)
		fake_accept(FAKE_PAGE(i), TDX_LEVEL_4K);
	fake_power_off();
	tap_ok(clean(), "accepted then: the page tables were only not changed yet");
	start((struct td_rule){ .first = 1000 });
	fake_share(0, 8);
	fake_unshare(0, 8);
	touch(0, shared(3), 0);
	fake_share(0, 8);
	tap_ok(reported(shared(3), 0x1000), "shared again instead");
	start_converting((struct td_rule){ .first = 1000 });
	fake_share(0, 8);
	fake_unshare(0, 8);
	tap_is(touch(0, shared(3), STORE), TD_AGAIN, "a VMM that converts silently makes it work");
	tap_is(fake_touch(shared(3), STORE), TD_NEXT, "... on and on");
	fake_power_off();
	tap_ok(reported(shared(3), 0x1000), "... and no better");
	start((struct td_rule){ .complete = 0, .first = 2 });
	fake_share(0, 8);
	fake_unshare(0, 8);
	touch(0, shared(3), STORE);
	fake_share(0, 8);
	tap_ok(reported(shared(3), 0x1000), "asked for back, not done, and used on");
	/* R11 taken as it is, its S with it: half of the buffer is asked back. */
	start((struct td_rule){ .complete = 4, .last = 1, .claim_s = TD_S_FLIP });
	fake_map_gpa(fake_share(0, 8).r11, 4 * TDX_PAGE_SIZE);
	tap_is(td_known(fake.td, FAKE_PAGE(5)), TD_KNOWN_CLAIMED_PRIVATE, "a guest that turned round halfway");
	touch(0, shared(5), STORE);
	fake_power_off();
	tap_ok(reported(shared(5), 0x1000), "... has no buffer there");
}

/* An ACCEPT of what was asked to be shared does not make a use of it good. */
static void test_accepted_unasked(void)
{
	start((struct td_rule){ .complete = 0 });
	fake_share(0, 8);
	touch(0, shared(3), STORE);
	fake_accept(FAKE_PAGE(3), TDX_LEVEL_4K);
	tap_ok(reported(shared(3), 0x1000), "accepted instead");
}

/* PENDING from the start, where that is a #VE: a guest that accepts what it is told of in the handler. */
static void start_lazy(void)
{
	struct td_config c = config((struct td_rule){ .complete = ALL });

	c.platform.attributes = 0;
	c.slots[0].pending = 1;
	fake_start(&c);
}

static void test_lazily(void)
{
	start_lazy();
	tap_is(touch(0, FAKE_PAGE(3) + 8, STORE), TD_VE, "a store to a PENDING page");
	tap_is(touch(1, FAKE_PAGE(3), 0), TD_VE, "... and a load of another vCPU");
	tap_ok(clean() && fake_class(TD_CLASS_HAZARD) == 1, "... are noted");
	fake_accept(FAKE_PAGE(3), TDX_LEVEL_4K);
	tap_is(touch(0, FAKE_PAGE(3) + 8, STORE), TD_AGAIN, "accepted: the repetition is seen");
	tap_is(touch(1, FAKE_PAGE(3), 0), TD_NEXT, "... and no more is looked at");
	fake_share(3, 1);
	fake_unshare(3, 1);
	tap_is(touch(0, FAKE_PAGE(3), 0), TD_VE, "given back after having been shared: the same");
	fake_accept(FAKE_PAGE(3), TDX_LEVEL_4K);
	tap_is(touch(0, FAKE_PAGE(3) + 16, STORE), TD_AGAIN, "whatever comes first is taken for the repetition");
	fake_power_off();
	tap_ok(clean(), "... and all is well");
	start_lazy();
	touch(0, FAKE_PAGE(3), STORE);
	fake_power_off();
	tap_ok(reported(FAKE_PAGE(3), 0x1000), "never accepted");
	start_lazy();
	touch(1, FAKE_PAGE(3), 0);
	fake_accept(FAKE_PAGE(3), TDX_LEVEL_4K);
	fake_accept(FAKE_PAGE(4), TDX_LEVEL_4K);
	tap_is(touch(1, FAKE_PAGE(4), 0), TD_NEXT, "a page that was accepted before it was used is there at once");
	fake_power_off();
	tap_ok(reported(FAKE_PAGE(3), 0x1001), "accepted, and never touched again");
	start_lazy();
	touch(0, FAKE_PAGE(3), STORE);
	fake_accept(FAKE_PAGE(3), TDX_LEVEL_4K);
	fake_share(3, 1);
	tap_ok(reported(FAKE_PAGE(3), 0x1000), "accepted, and shared instead");
	start_lazy();
	touch(0, FAKE_PAGE(3), STORE);
	fake_share(3, 1);
	tap_ok(reported(FAKE_PAGE(3), 0x1000), "shared instead");
	start_lazy();
	tap_is(touch(0, FAKE_PAGE(3), TD_ACCESS_SPLIT), TD_VE, "a load that strayed there is no use");
	fake_power_off();
	tap_ok(clean(), "... and no violation");
	start_lazy();
	touch(0, FAKE_PAGE(3), STORE);
	td_finish(fake.td);
	tap_ok(clean(), "cut off: nobody knows what would have come");
}

/* Both aliases of one page at a time; and what only looks like a page to be accepted. */
static void test_lazily_or_not(void)
{
	struct td_regs regs = { 0 };

	start_lazy();
	fake_share(3, 1);
	fake_unshare(3, 1);
	touch(0, shared(3), 0);
	touch(0, FAKE_PAGE(3), 0);
	tap_is(fake_class(TD_CLASS_HAZARD), 2, "each alias is a use of its own");
	fake_accept(FAKE_PAGE(3), TDX_LEVEL_4K);
	tap_is(touch(0, FAKE_PAGE(3), 0), TD_AGAIN, "accepted, and touched");
	fake_power_off();
	tap_ok(clean(), "... which is the end of both");
	start_lazy();
	fake.td->mem->config.behaviour.rules[0] = (struct td_rule){ .complete = ALL, .fail = INVALID, .first = 2 };
	fake_share(3, 1);
	fake_unshare(3, 1);
	tap_is(touch(0, FAKE_PAGE(3), 0), TD_VE, "of a page that was refused nobody knows that it is private");
	tap_ok(reported(FAKE_PAGE(3), 0x1000), "... told at once");
	start_lazy();
	fake.td->mem->config.behaviour.rules[0] = (struct td_rule){ .complete = 0, .lie = 1, .first = 2 };
	fake_share(3, 1);
	fake_unshare(3, 1);
	tap_is(touch(0, FAKE_PAGE(3), 0), TD_STOP, "a VMM that lied has no page there to accept");
	tap_ok(clean() && fake_class(TD_CLASS_VMM_CAUSED) == 1, "... through its own fault");
	start_lazy();
	fake.td->mem->config.platform.config_flags = TDX_CONFIG_PAGE_RELEASE;
	touch(0, FAKE_PAGE(3), STORE);
	fake_accept(FAKE_PAGE(3), TDX_LEVEL_4K);
	fake_tdcall(0, TDG_MEM_PAGE_RELEASE, FAKE_PAGE(3), &regs);
	tap_ok(regs.gpr[TD_RAX] == 0 && fake_consistent(), "released before it was touched again");
	touch(0, FAKE_PAGE(3), STORE);
	fake_power_off();
	tap_ok(reported(FAKE_PAGE(3), 0x1000), "... and used, without more ado");
}

static void test_lazily_back_in_time(void)
{
	struct td_config c = config((struct td_rule){ .complete = ALL });
	uint64_t before;

	c.undo_steps = 1000;
	c.platform.attributes = 0;
	c.slots[0].pending = 1;
	fake_start(&c);
	touch(0, FAKE_PAGE(3), STORE);
	fake_accept(FAKE_PAGE(3), TDX_LEVEL_4K);
	before = td_fingerprint(fake.td);
	td_mark(fake.td);
	touch(0, FAKE_PAGE(3), STORE);
	tap_ok(td_mapped(fake.td, FAKE_PAGE(3)) && fake_consistent(), "what was touched again is there");
	td_rollback(fake.td);
	tap_ok(!td_mapped(fake.td, FAKE_PAGE(3)) && td_fingerprint(fake.td) == before && fake_consistent(),
	       "... and in the past it was not");
}

static void test_back_in_time(void)
{
	struct td_config c = config((struct td_rule){ .complete = 2, .last = 1 });
	uint64_t before, used;

	c.undo_steps = 1000;
	fake_start(&c);
	fake_share(0, 8);
	before = td_fingerprint(fake.td);
	td_mark(fake.td);
	touch(0, shared(5), STORE);
	used = td_fingerprint(fake.td);
	tap_ok(used != before, "a use is a part of the state");
	fake_share(2, 6);
	tap_ok(!td_mapped(fake.td, shared(5)) && fake_consistent(), "... and what is withheld for it");
	td_rollback(fake.td);
	tap_ok(td_fingerprint(fake.td) == before && fake_consistent(), "both are taken back");
	fake_share(2, 6);
	tap_ok(td_mapped(fake.td, shared(5)) && fake_consistent(), "... and are not there another time");
	fake_start(&c);
	fake_share(0, 8);
	touch(0, shared(5), STORE);
	td_mark(fake.td);
	fake_unshare(0, 8);
	td_rollback(fake.td);
	tap_is(td_fingerprint(fake.td), used, "one that was told is there again");
	fake_unshare(0, 8);
	tap_is(fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE), 2, "... and is told again");
}

static void test_many(void)
{
	struct td_config c = fake_config(512);

	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .complete = 0, .last = 1 };
	fake_start(&c);
	fake_share(0, 512);
	for (uint64_t i = 0; i < TD_MAX_USES; i++)
		touch(0, shared(i), STORE);
	tap_is(fake_count(TD_EV_UNTRACKED), 0, "as many uses as there is room for");
	touch(0, shared(TD_MAX_USES), STORE);
	tap_ok(fake_count(TD_EV_UNTRACKED) == 1 && fake_last(TD_EV_UNTRACKED)->untracked.gpa == shared(TD_MAX_USES),
	       "one more is not followed, and the journal says so");
	tap_ok(fake_consistent(), "all is sane");
	fake_unshare(0, 512);
	tap_is(fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE), TD_MAX_USES, "the others are all told");
}

int main(void)
{
	test_however_it_ends();
	test_repeated();
	test_not_refused();
	test_unknown();
	test_given_back();
	test_accepted_unasked();
	test_lazily();
	test_lazily_or_not();
	test_back_in_time();
	test_lazily_back_in_time();
	test_many();
	return tap_done();
}
