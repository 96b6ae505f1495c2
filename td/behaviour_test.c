/* SPDX-License-Identifier: MIT */
/* Behaviours: each field of a rule by what it does. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define S	FAKE_S
#define ALL	UINT64_MAX
#define INVALID	TDVMCALL_INVALID_OPERAND
#define RETRY	TDVMCALL_RETRY
#define PAGES	8

static void start(struct td_rule rule)
{
	fake_start_rule(1024, &rule);
}

/* Which of calls 1 to 12 the rule meets, as a string of digits and dots. It stalls where it does. */
static const char *met(struct td_rule rule, uint64_t pages, bool to_shared)
{
	static char text[13];

	rule.complete = 0;
	start(rule);
	for (uint64_t i = 0; i < 12; i++) {
		struct fake_answer a = to_shared ? fake_share(32 * i, pages) : fake_unshare(32 * i, pages);

		text[i] = a.r10 == RETRY ? 'x' : '.';
	}
	return text;
}

static void is_text(const char *got, const char *want, const char *name)
{
	if (!tap_ok(strcmp(got, want) == 0, name))
		printf("# got %s, want %s\n", got, want);
}

/* Stalls by chance: some calls stall, some do not, never two in a row at one frontier, and each request completes. */
static void test_stalls_by_chance(void)
{
	unsigned int stalls = 0, run = 0, longest = 0, wrong = 0;

	start((struct td_rule){ .stalls = 1, .chance = 64, .complete = ALL });
	for (uint64_t i = 0; i < 64;) {
		struct fake_answer a = fake_share(4 * i, 4);
		bool stalled = a.r10 == RETRY && a.r11 == (S | FAKE_PAGE(4 * i));

		wrong += !stalled && a.r10 != 0;
		stalls += stalled;
		run = stalled ? run + 1 : 0;
		longest = run > longest ? run : longest;
		i += !stalled;
	}
	tap_is(wrong, 0, "stalls by chance: every answer is SUCCESS or a stall");
	tap_ok(stalls > 4 && stalls < 32, "stalls by chance: about one request in four");
	tap_is(longest, 1, "stalls by chance: never more in a row than the rule says");
}

static void test_match(void)
{
	is_text(met((struct td_rule){ 0 }, 8, true), "xxxxxxxxxxxx", "a rule without a match meets all");
	is_text(met((struct td_rule){ .first = 3 }, 8, true), "..xxxxxxxxxx", "first");
	is_text(met((struct td_rule){ .last = 3 }, 8, true), "xxx.........", "last");
	is_text(met((struct td_rule){ .first = 3, .last = 9, .step = 2 }, 8, true), "..x.x.x.x...", "step");
	is_text(met((struct td_rule){ .step = 3 }, 8, true), "x..x..x..x..", "step from the first call on");
	is_text(met((struct td_rule){ .first = 2, .step = 1 }, 8, true), ".xxxxxxxxxxx", "step 1");
	is_text(met((struct td_rule){ .min_pages = 8 }, 8, true), "xxxxxxxxxxxx", "as many pages");
	is_text(met((struct td_rule){ .min_pages = 9 }, 8, true), "............", "fewer pages");
	is_text(met((struct td_rule){ .direction = TD_MATCH_TO_SHARED }, 8, true), "xxxxxxxxxxxx", "to shared, shared");
	is_text(met((struct td_rule){ .direction = TD_MATCH_TO_SHARED }, 8, false), "............", "to shared, private");
	is_text(met((struct td_rule){ .direction = TD_MATCH_TO_PRIVATE }, 8, true), "............", "to private, shared");
	is_text(met((struct td_rule){ .direction = TD_MATCH_TO_PRIVATE }, 8, false), "xxxxxxxxxxxx", "to private, private");
	start((struct td_rule){ .first = 2 });
	fake_share(0, 0);
	tap_is(fake_share(0, 8).r10, RETRY, "invalid requests are calls too");
}

static void test_first_rule_decides(void)
{
	struct td_config c = fake_config(64);

	c.behaviour.nrules = 3;
	c.behaviour.rules[0] = (struct td_rule){ .first = 2, .last = 2, .complete = 1 };
	c.behaviour.rules[1] = (struct td_rule){ .first = 2, .last = 3, .complete = 2 };
	c.behaviour.rules[2] = (struct td_rule){ .first = 2, .last = 4, .complete = 3 };
	fake_start(&c);
	tap_is(fake_share(0, 8).r10, 0, "no rule: everything");
	tap_is(fake_share(8, 8).r11, FAKE_PAGE(9) | S, "three rules: the first");
	tap_is(fake_share(16, 8).r11, FAKE_PAGE(18) | S, "two: the first of them");
	tap_is(fake_share(24, 8).r11, FAKE_PAGE(27) | S, "one");
	tap_is(fake_share(32, 8).r10, 0, "none again");
}

static void test_complete(void)
{
	start((struct td_rule){ .complete = 5 });
	tap_is(fake_share(0, 8).r10, RETRY, "complete 5 of 8: RETRY");
	tap_is(fake_real_pages(TD_REAL_SHARED), 5, "... 5 converted");
	tap_is(fake_share(5, 3).r10, 0, "3 of 3: SUCCESS");
	tap_is(fake_share(16, 5).r10, 0, "5 of 5: SUCCESS");
	tap_is(fake_real_pages(TD_REAL_SHARED), 13, "... all converted");
}

static void test_fail(void)
{
	struct fake_answer a;

	start((struct td_rule){ .complete = 3, .fail = TDVMCALL_GPA_INUSE });
	a = fake_share(0, 8);
	tap_ok(a.r10 == TDVMCALL_GPA_INUSE && a.r11 == (FAKE_PAGE(3) | S), "fail: the code, with R11");
	tap_is(fake_real_pages(TD_REAL_SHARED), 3, "... after so many pages");
	start((struct td_rule){ .complete = ALL, .fail = INVALID });
	tap_is(fake_share(0, 8).r10, INVALID, "also when all was converted");
	tap_is(fake_real_pages(TD_REAL_SHARED), 8, "... which stays");
	start((struct td_rule){ .complete = 3, .stalls = 2, .fail = INVALID });
	tap_ok(fake_share(0, 8).r10 == RETRY && fake_share(0, 8).r10 == RETRY, "stalls come before the failure");
	tap_is(fake_real_pages(TD_REAL_SHARED), 0, "... with nothing done");
	tap_is(fake_share(0, 8).r10, INVALID, "... then it fails");
}

/* eagain: counted at each frontier, and at each anew. */
static void test_stalls(void)
{
	uint64_t at = 0, calls[4] = { 0 };
	const struct td_record_close *close;

	start((struct td_rule){ .complete = 2, .stalls = 3 });
	while (at < 8) {
		struct fake_answer a = fake_share(at, 8 - at);

		calls[at / 2]++;
		at = a.r10 == 0 ? 8 : ((a.r11 & ~S) - FAKE_RAM) / TDX_PAGE_SIZE;
	}
	tap_ok(calls[0] == 4 && calls[1] == 4 && calls[2] == 4 && calls[3] == 4, "3 stalls at each of 4 frontiers");
	close = &fake_last(TD_EV_CLOSE)->close;
	tap_ok(close->calls == 16 && close->retries == 15 && close->stalls == 12 && close->longest == 3,
	       "16 calls, 15 RETRY, 12 stalls, 3 in a row");
	start((struct td_rule){ .complete = 2, .stalls = 2 });
	fake_share(0, 8);
	fake_share(16, 8);
	fake_share(0, 8);
	fake_share(16, 8);
	tap_is(fake_share(0, 8).r11, FAKE_PAGE(2) | S, "two conversions in turn: each has its own count");
	fake_share(2, 6);
	fake_share(0, 8);
	tap_is(fake_share(0, 8).r11, FAKE_RAM | S, "a restart goes back to another frontier: counted anew");
	tap_is(fake_share(0, 8).r11, FAKE_PAGE(2) | S, "... to the end");
}

static void test_lie(void)
{
	start((struct td_rule){ .complete = 2, .lie = 1 });
	tap_is(fake_share(0, 8).r10, 0, "lie: SUCCESS");
	tap_is(fake_real_pages(TD_REAL_SHARED), 2, "... for 2 pages of 8");
	tap_is(fake_known_pages(TD_KNOWN_CLAIMED_SHARED), 8, "... and the guest has to believe it");
	tap_is(fake_touch(FAKE_PAGE(5) | S, 0), TD_VE, "a touch of the others");
	fake_power_off();
	tap_is(fake_class(TD_CLASS_VMM_CAUSED), 1, "... is the VMM's fault");
	tap_is(fake_all_violations(), 0, "... and not the guest's");
	start((struct td_rule){ .stalls = 2, .complete = ALL, .lie = 1 });
	tap_is(fake_share(0, 8).r10, 0, "it also lies instead of stalling");
	tap_is(fake_real_pages(TD_REAL_SHARED), 0, "... with nothing done");
}

static void test_remove(void)
{
	start((struct td_rule){ .complete = ALL, .remove = 4, .last = 1 });
	fake_share(10, 2);
	fake_share(0, 8);
	tap_is(fake_real_pages(TD_REAL_REMOVED), 4, "remove: 4 pages");
	tap_ok(td_real(fake.td, FAKE_PAGE(12)) == TD_REAL_REMOVED && td_real(fake.td, FAKE_PAGE(15)) == TD_REAL_REMOVED,
	       "... right behind the request");
	tap_is(td_known(fake.td, FAKE_PAGE(12)), TD_KNOWN_PRIVATE, "... of which the guest knows nothing");
	tap_ok(!fake_page(FAKE_PAGE(12))->mapped[TD_PRIVATE], "... and which it cannot reach");
	start((struct td_rule){ .complete = ALL, .remove = 4 });
	fake_share(12, 2);
	fake_share(8, 2);
	tap_is(fake_real_pages(TD_REAL_SHARED), 4, "shared pages are not taken away");
	tap_is(fake_real_pages(TD_REAL_REMOVED), 6, "... private ones are");
	start((struct td_rule){ .complete = ALL, .remove = 1, .readd = 1 });
	fake_share(0, 8);
	tap_is(td_real(fake.td, FAKE_PAGE(8)), TD_REAL_PENDING, "readd: an empty page in its place");
	tap_is(fake_accept(FAKE_PAGE(8), TDX_LEVEL_4K), 0, "... which can be accepted");
	tap_is(fake_all_violations(), 0, "... once, as the page from the start never was");
	start((struct td_rule){ .complete = ALL, .remove = 600 });
	fake_share(508, 4);
	tap_is(fake_real_pages(TD_REAL_REMOVED), 512, "no further than RAM goes");
	tap_ok(fake_consistent(), "page tables and states agree");
}

static void test_double_accept_after_readd(void)
{
	struct td_config c = fake_config(16);

	c.platform.attributes = 0;
	c.slots[0].pending = 1;
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .complete = ALL, .remove = 1, .readd = 1 };
	fake_start(&c);
	fake_accept(FAKE_PAGE(8), TDX_LEVEL_4K);
	fake_share(0, 8);
	tap_is(fake_touch(FAKE_PAGE(8), 0), TD_VE, "a page that was swapped for an empty one is a #VE");
	tap_is(fake_accept(FAKE_PAGE(8), TDX_LEVEL_4K), 0, "a guest that accepts it then has lost its data");
	tap_is(fake_violations(TD_V_DOUBLE_ACCEPT), 1, "... and that is double-accept, although the module took it");
}

static void test_claims(void)
{
	static const struct { enum td_claim_base base; int64_t pages, bytes; enum td_claim_s s; uint64_t shared, private; }
	rows[] = {
		{ TD_CLAIM_FRONTIER, 0, 0, TD_S_ECHO, FAKE_PAGE(2) | S, FAKE_PAGE(2) },
		{ TD_CLAIM_FRONTIER, 1, 0, TD_S_ECHO, FAKE_PAGE(3) | S, FAKE_PAGE(3) },
		{ TD_CLAIM_FRONTIER, -1, 0, TD_S_ECHO, FAKE_PAGE(1) | S, FAKE_PAGE(1) },
		{ TD_CLAIM_FRONTIER, 0, 1, TD_S_ECHO, FAKE_PAGE(2) | S | 1, FAKE_PAGE(2) | 1 },
		{ TD_CLAIM_START, 0, 0, TD_S_ECHO, FAKE_RAM | S, FAKE_RAM },
		{ TD_CLAIM_START, 0, -1, TD_S_ECHO, (FAKE_RAM - 1) | S, FAKE_RAM - 1 },
		{ TD_CLAIM_START, -1, 4095, TD_S_ECHO, (FAKE_RAM - 1) | S, FAKE_RAM - 1 },
		{ TD_CLAIM_END, 0, 0, TD_S_ECHO, FAKE_PAGE(8) | S, FAKE_PAGE(8) },
		{ TD_CLAIM_END, 4, 0, TD_S_ECHO, FAKE_PAGE(12) | S, FAKE_PAGE(12) },
		{ TD_CLAIM_END, 0, -8, TD_S_ECHO, (FAKE_PAGE(8) - 8) | S, FAKE_PAGE(8) - 8 },
		{ TD_CLAIM_ZERO, 0, 0, TD_S_ECHO, S, 0 },
		{ TD_CLAIM_ZERO, 3, 5, TD_S_ECHO, S | 0x3005, 0x3005 },
		{ TD_CLAIM_FRONTIER, 0, 0, TD_S_STRIP, FAKE_PAGE(2), FAKE_PAGE(2) },
		{ TD_CLAIM_FRONTIER, 0, 0, TD_S_FLIP, FAKE_PAGE(2), FAKE_PAGE(2) | S },
		{ TD_CLAIM_ZERO, 0, 0, TD_S_STRIP, 0, 0 },
		{ TD_CLAIM_END, 0, 0, TD_S_FLIP, FAKE_PAGE(8), FAKE_PAGE(8) | S },
	};
	char name[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct td_rule rule = { .complete = 2, .claim_base = rows[i].base, .claim_pages = rows[i].pages,
					.claim_bytes = rows[i].bytes, .claim_s = rows[i].s };

		snprintf(name, sizeof(name), "claim: base %d, %d pages, %d bytes, S %d", (int)rows[i].base,
			 (int)rows[i].pages, (int)rows[i].bytes, (int)rows[i].s);
		start(rule);
		tap_is(fake_share(0, PAGES).r11, rows[i].shared, name);
		start(rule);
		tap_is(fake_unshare(0, PAGES).r11, rows[i].private, "... to private");
		tap_is(fake_real_pages(TD_REAL_MAPPED), 1024, "... which changes nothing that was private");
	}
}

/* What the guest may believe of a RETRY: a page address within the request claims the pages before it, nothing else. */
static void test_belief(void)
{
	static const struct { enum td_claim_base base; int64_t pages, bytes; enum td_claim_s s; uint64_t claimed; } rows[] = {
		{ TD_CLAIM_FRONTIER, 0, 0, TD_S_ECHO, 2 }, { TD_CLAIM_FRONTIER, 0, 0, TD_S_STRIP, 2 },
		{ TD_CLAIM_FRONTIER, -1, 0, TD_S_ECHO, 1 }, { TD_CLAIM_END, -1, 0, TD_S_ECHO, 7 },
		{ TD_CLAIM_END, 0, 0, TD_S_ECHO, 0 }, { TD_CLAIM_END, 0, -1, TD_S_ECHO, 0 },
		{ TD_CLAIM_START, 0, 0, TD_S_ECHO, 0 }, { TD_CLAIM_START, -1, 0, TD_S_ECHO, 0 },
		{ TD_CLAIM_START, 0, 1, TD_S_ECHO, 0 }, { TD_CLAIM_ZERO, 0, 0, TD_S_ECHO, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_case_number("row", i);
		start((struct td_rule){ .complete = 2, .claim_base = rows[i].base, .claim_pages = rows[i].pages,
					.claim_bytes = rows[i].bytes, .claim_s = rows[i].s });
		fake_share(0, PAGES);
		tap_is(fake_known_pages(TD_KNOWN_CLAIMED_SHARED), rows[i].claimed, "what is claimed counts");
		tap_is(fake_real_pages(TD_REAL_SHARED), 2, "... whatever was done");
	}
	tap_case(NULL);
}

/* The KVM behaviour: a fingerprint of the R11s of one request of 1024 pages, gone through to its end. */
static uint64_t kvm_run(uint64_t seed, uint32_t chunk, uint32_t chance, uint64_t *calls, uint64_t *odd)
{
	struct td_config c = fake_config(1024);
	uint64_t print = 0, at = 0;

	c.seed = seed;
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .complete = ALL, .chunk = chunk, .chance = chance };
	fake_start(&c);
	*calls = *odd = 0;
	for (struct fake_answer a = { .r10 = RETRY }; a.r10 == RETRY && *calls < 2000; ++*calls) {
		a = fake_share(at, 1024 - at);
		print = print * 31 + a.r11;
		if (a.r10 != RETRY)
			break;
		*odd += ((a.r11 & ~S) - FAKE_PAGE(at)) % (chunk * TDX_PAGE_SIZE) != 0 || a.r11 == (FAKE_PAGE(at) | S);
		at = ((a.r11 & ~S) - FAKE_RAM) / TDX_PAGE_SIZE;
	}
	++*calls;
	return fake_real_pages(TD_REAL_SHARED) == 1024 ? print : 0;
}

static void test_chance(void)
{
	uint64_t calls, odd, first = kvm_run(1, 8, 64, &calls, &odd), different = 0;

	tap_ok(first != 0, "kvm: gone through to the end");
	tap_ok(calls > 16 && calls < 64, "... RETRY after about every fourth of 128 slices");
	tap_is(odd, 0, "... always at a whole slice, never without one");
	tap_is(kvm_run(1, 8, 64, &calls, &odd), first, "the same seed: the same answers");
	for (uint64_t seed = 2; seed < 66; seed++)
		different += kvm_run(seed, 8, 64, &calls, &odd) != first;
	tap_is(different, 64, "64 other seeds: other answers");
	tap_is(kvm_run(1, 1, 64, &calls, &odd), 0xe389b3d3311c4001, "a seed means the same in every build: journals name it");
	kvm_run(1, 8, 256, &calls, &odd);
	tap_is(calls, 128, "chance 256: after every slice");
	kvm_run(1, 8, 0, &calls, &odd);
	tap_is(calls, 1, "chance 0: never");
	kvm_run(1, 1000, 256, &calls, &odd);
	tap_is(calls, 2, "the last slice is what is left");
}

/* Rules and settings of a VMM in one; what a rule may leave out is 0. */
static void start_vmm(struct td_behaviour b)
{
	struct td_config c = fake_config(1024);

	c.behaviour = b;
	c.platform.config_flags = b.old == TD_OLD_KEPT ? TDX_CONFIG_PAGE_RELEASE : 0;
	fake_start(&c);
}

static uint64_t accept_page(uint64_t page, uint64_t level)
{
	return tdx_code(fake_accept(FAKE_PAGE(page), level));
}

/* One ACCEPT of 4 KiB, and its 2 MiB are small for good; those beside them are not. */
static void test_aug_accept(void)
{
	start_vmm((struct td_behaviour){ .aug = TD_AUG_ACCEPT });
	fake_share(0, 1024);
	fake_unshare(0, 1024);
	tap_is(accept_page(512, TDX_LEVEL_2M), 0, "aug accept: 2 MiB, if that is what is asked first");
	tap_is(accept_page(7, TDX_LEVEL_4K), 0, "... 4 KiB too");
	fake_share(0, 1024);
	fake_unshare(0, 1024);
	tap_is(accept_page(0, TDX_LEVEL_2M), TDX_PAGE_SIZE_MISMATCH, "... but then never 2 MiB there, though all is PENDING");
	tap_is(accept_page(512, TDX_LEVEL_2M), 0, "... and elsewhere as before");
	tap_is(accept_page(0, TDX_LEVEL_4K), 0, "... by pages it can be had");
	start_vmm((struct td_behaviour){ .aug = TD_AUG_2M });
	fake_share(0, 512);
	fake_unshare(0, 512);
	accept_page(7, TDX_LEVEL_4K);
	fake_share(0, 512);
	fake_unshare(0, 512);
	tap_is(accept_page(0, TDX_LEVEL_2M), 0, "aug 2m: forgets it");
}

static void test_implicit_stop(void)
{
	start_vmm((struct td_behaviour){ .implicit = TD_IMPLICIT_STOP });
	fake_share(0, 1);
	tap_is(fake_touch(S | FAKE_PAGE(0), 0), TD_NEXT, "implicit stop: what is shared can be used");
	tap_is(fake_touch(S | FAKE_PAGE(1), 0), TD_STOP, "... what is not ends the TD");
	tap_is(td_stopped(fake.td), TD_STOP_IMPLICIT, "... for that");
	tap_is(fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE), 1, "... and whoever did it is named");
	start_vmm((struct td_behaviour){ .implicit = TD_IMPLICIT_STOP, .nrules = 2,
					 .rules = { { .first = 1, .last = 1, .step = 1, .lie = 1 }, { .complete = 4 } } });
	fake_share(0, 8);
	fake_share(16, 8);
	tap_is(fake_touch(S | FAKE_PAGE(0), 0), TD_STOP, "implicit stop: a guest that was lied to");
	td_finish(fake.td);
	tap_is(fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE), 0, "... is not to blame");
	tap_is(fake_closed(TD_CLOSE_CUT_OFF), 1, "... nor for the conversion that was open");
}

/* A kept page is there again; one that the guest released, or that never was, is PENDING as ever. */
static void test_old_page(void)
{
	struct td_regs regs = { 0 };

	start_vmm((struct td_behaviour){ .old = TD_OLD_KEPT, .aug = TD_AUG_4K });
	fake_tdcall(0, TDG_MEM_PAGE_RELEASE, FAKE_PAGE(1), &regs);
	tap_is(regs.gpr[TD_RAX], 0, "a page is released");
	fake_share(0, 2);
	tap_is(fake_real_pages(TD_REAL_SHARED), 2, "old page kept: shared all the same");
	tap_ok(!fake_page(FAKE_PAGE(0))->mapped[TD_PRIVATE], "... where a use of the private alias is seen");
	fake_unshare(0, 2);
	tap_is(accept_page(0, TDX_LEVEL_4K), TDX_PAGE_ALREADY_ACCEPTED, "... and there again afterwards");
	tap_ok(td_event_disturbs(fake_last(TD_EV_ACCEPT)), "... which is the VMM's doing");
	tap_ok(fake_page(FAKE_PAGE(0))->fill[TD_PRIVATE] == 0, "... with all that it held");
	tap_is(accept_page(1, TDX_LEVEL_4K), 0, "a page that was released is accepted");
	tap_ok(fake_consistent(), "page tables agree");
	tap_is(accept_page(1, TDX_LEVEL_4K), TDX_PAGE_ALREADY_ACCEPTED, "accepted twice");
	tap_ok(!td_event_disturbs(fake_last(TD_EV_ACCEPT)), "... is not the VMM's doing");
	fake_power_off();
	tap_is(fake_all_violations(), 1, "... and the only fault here");
	regs = (struct td_regs){ 0 };
	start_vmm((struct td_behaviour){ 0 });
	fake_tdcall(0, TDG_MEM_PAGE_RELEASE, FAKE_PAGE(1), &regs);
	tap_is(tdx_code(regs.gpr[TD_RAX]), TDX_OPERAND_INVALID, "without the flag there is no RELEASE");
}

/* A page of which an ACCEPT was refused is marked as one that is kept is; shared once more, it is neither. */
static void test_tried_is_not_kept(void)
{
	struct td_behaviour b = { .nrules = 1, .rules = { { .on = TD_ON_ACCEPT, .stalls = 1 } } };

	start_vmm(b);
	fake_share(0, 1);
	fake_unshare(0, 1);
	tap_is(accept_page(0, TDX_LEVEL_4K), TDX_OPERAND_BUSY, "an ACCEPT that is refused");
	fake_share(0, 1);
	fake_unshare(0, 1);
	tap_is(td_real(fake.td, FAKE_PAGE(0)), TD_REAL_PENDING, "... leaves no page to be kept");
	b = (struct td_behaviour){ .old = TD_OLD_KEPT };
	start_vmm(b);
	fake_share(0, 1);
	fake_power_off();
	tap_is(fake_violations(TD_V_ACCEPT_ABANDONED), 0, "a page that is kept was not tried");
}

static void test_registers(void)
{
	struct td_regs regs = { .gpr = { [TD_R11] = GHCI_MAP_GPA, [TD_R12] = S | FAKE_RAM, [TD_R13] = 2 * TDX_PAGE_SIZE,
					 [TD_R14] = 14, [TD_R15] = 15, [TD_RBX] = 3 } };

	start_vmm((struct td_behaviour){ .nrules = 1, .rules = { { .complete = 1, .registers = TD_REGISTERS_CHANGED } } });
	fake_tdcall(0, TDG_VP_VMCALL, 0x7c00, &regs);
	tap_ok(regs.gpr[TD_R10] == RETRY && regs.gpr[TD_R11] == (S | FAKE_PAGE(1)), "registers changed: not the answer");
	tap_ok(regs.gpr[TD_R12] != (S | FAKE_RAM) && regs.gpr[TD_R13] != 2 * TDX_PAGE_SIZE && regs.gpr[TD_R14] != 14,
	       "... the others of the mask");
	tap_ok(regs.gpr[TD_R15] == 15 && regs.gpr[TD_RBX] == 3 && regs.gpr[TD_RCX] == 0x7c00, "... and no other");
	regs = (struct td_regs){ .gpr = { [TD_R11] = GHCI_MAP_GPA, [TD_R12] = S | FAKE_PAGE(1), [TD_R13] = TDX_PAGE_SIZE } };
	fake_tdcall(0, TDG_VP_VMCALL, TDX_MASK_R10_R13, &regs);
	tap_ok(regs.gpr[TD_R10] == 0 && regs.gpr[TD_R11] != GHCI_MAP_GPA, "... R11 of a SUCCESS is none");
	regs = (struct td_regs){ .gpr = { [TD_R11] = GHCI_GET_TDVMCALL_INFO, [TD_R15] = 15 } };
	fake_tdcall(0, TDG_VP_VMCALL, 0x8c00, &regs);
	tap_is(regs.gpr[TD_R15], 15, "... of other calls the VMM changes nothing but its answer");
}

static void test_hole(void)
{
	start((struct td_rule){ .complete = ALL, .hole = 2 });
	fake_share(0, 4);
	tap_is(fake_real_pages(TD_REAL_SHARED), 3, "hole: a page is not there");
	tap_is(fake_count(TD_EV_VMM_ACT), 1, "... which is on record");
	tap_is(fake_touch(S | FAKE_PAGE(1), 0), TD_VE, "... its use is a #VE");
	tap_is(fake_touch(S | FAKE_PAGE(2), 0), TD_NEXT, "... that of others is none");
	fake_unshare(0, 4);
	tap_is(accept_page(1, TDX_LEVEL_4K), 0, "... to private all come back");
	fake_share(8, 1);
	tap_is(fake_real_pages(TD_REAL_SHARED), 1, "a request that has no such page");
	fake_power_off();
	tap_is(fake_all_violations(), 0, "the guest did nothing wrong");
	tap_ok(fake_consistent(), "page tables agree");
}

int main(void)
{
	test_match();
	test_stalls_by_chance();
	test_first_rule_decides();
	test_complete();
	test_fail();
	test_stalls();
	test_lie();
	test_remove();
	test_double_accept_after_readd();
	test_claims();
	test_belief();
	test_chance();
	test_aug_accept();
	test_implicit_stop();
	test_old_page();
	test_tried_is_not_kept();
	test_registers();
	test_hole();
	return tap_done();
}
