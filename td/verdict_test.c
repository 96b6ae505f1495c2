/* SPDX-License-Identifier: MIT */
/* The whole verdict table, each cell reached by calls that a guest and a VMM can make; then what happens to the TD. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define PAGE	FAKE_PAGE(8)
#define BEFORE	FAKE_PAGE(7)	/* a conversion of it lets the VMM take PAGE away behind it */
#define INVALID	TDVMCALL_INVALID_OPERAND
#define ALL	UINT64_MAX

/*
 * How a guest gets to a state of PAGE: one letter a step. Capitals ask for shared, small letters for private: S (p)
 * does it, L lies about it, T stalls, F fails with nothing done, E fails with all done, X retries at the start with all
 * done. R releases the page, I touches its shared alias while the VMM converts silently, N takes the page away behind a
 * conversion of the page before, M puts an empty one there.
 */
struct cell {
	const char *steps;
	enum td_real real;
	enum td_known known;
	char private, shared;	/* the verdict on each alias, see expect() */
};

static const struct cell cells[] = {
	{ "",   TD_REAL_MAPPED,  TD_KNOWN_PRIVATE,	   '.', 'S' },
	{ "L",  TD_REAL_MAPPED,  TD_KNOWN_CLAIMED_SHARED,  '.', 's' },
	{ "p",  TD_REAL_MAPPED,  TD_KNOWN_CLAIMED_PRIVATE, '.', 'h' },
	{ "T",  TD_REAL_MAPPED,  TD_KNOWN_TO_SHARED,	   '.', 'h' },
	{ "t",  TD_REAL_MAPPED,  TD_KNOWN_TO_PRIVATE,	   '.', 'h' },
	{ "F",  TD_REAL_MAPPED,  TD_KNOWN_UNKNOWN,	   '.', 'S' },
	{ "M",  TD_REAL_PENDING, TD_KNOWN_PRIVATE,	   'p', 'S' },
	{ "RL", TD_REAL_PENDING, TD_KNOWN_CLAIMED_SHARED,  'A', 's' },
	{ "R",  TD_REAL_PENDING, TD_KNOWN_CLAIMED_PRIVATE, 'P', 'h' },
	{ "RT", TD_REAL_PENDING, TD_KNOWN_TO_SHARED,	   'A', 'h' },
	{ "Rt", TD_REAL_PENDING, TD_KNOWN_TO_PRIVATE,	   'P', 'h' },
	{ "RF", TD_REAL_PENDING, TD_KNOWN_UNKNOWN,	   'P', 'S' },
	{ "I",  TD_REAL_SHARED,  TD_KNOWN_PRIVATE,	   'a', '.' },
	{ "S",  TD_REAL_SHARED,  TD_KNOWN_CLAIMED_SHARED,  'A', '.' },
	{ "Sl", TD_REAL_SHARED,  TD_KNOWN_CLAIMED_PRIVATE, 'P', 'h' },
	{ "X",  TD_REAL_SHARED,  TD_KNOWN_TO_SHARED,	   'A', 'S' },
	{ "St", TD_REAL_SHARED,  TD_KNOWN_TO_PRIVATE,	   'P', 'h' },
	{ "E",  TD_REAL_SHARED,  TD_KNOWN_UNKNOWN,	   'A', 'S' },
	{ "N",  TD_REAL_REMOVED, TD_KNOWN_PRIVATE,	   'p', 'S' },
	{ "LN", TD_REAL_REMOVED, TD_KNOWN_CLAIMED_SHARED,  'A', 's' },
	{ "pN", TD_REAL_REMOVED, TD_KNOWN_CLAIMED_PRIVATE, 'P', 'h' },
	{ "TN", TD_REAL_REMOVED, TD_KNOWN_TO_SHARED,	   'A', 'h' },
	{ "tN", TD_REAL_REMOVED, TD_KNOWN_TO_PRIVATE,	   'P', 'h' },
	{ "FN", TD_REAL_REMOVED, TD_KNOWN_UNKNOWN,	   'P', 'S' },
};

static struct td_rule rule_of(char step)
{
	struct td_rule r = { .complete = ALL };

	switch (step) {
	case 'L': case 'l':
		r.lie = 1;	/* fall through */
	case 'T': case 't':
		r.complete = 0;
		break;
	case 'F': case 'f':
		r.complete = 0;	/* fall through */
	case 'E':
		r.fail = INVALID;
		break;
	case 'X':
		r.fail = TDVMCALL_RETRY;
		r.claim_base = TD_CLAIM_START;
		break;
	case 'N': case 'M':
		r.remove = 1;
		r.readd = step == 'M';
		break;
	}
	return r;
}

static void do_step(char step)
{
	struct td_regs regs = { 0 };

	if (step == 'R')
		fake_tdcall(0, TDG_MEM_PAGE_RELEASE, PAGE, &regs);
	else if (step == 'I')
		fake_touch(PAGE | FAKE_S, 0);
	else if (step == 'N' || step == 'M')
		fake_map_gpa(BEFORE | FAKE_S, TDX_PAGE_SIZE);
	else
		fake_map_gpa(step >= 'a' ? PAGE : PAGE | FAKE_S, TDX_PAGE_SIZE);
}

/* The TD in the cell's state, with no verdict given yet. */
static bool reach(const struct cell *cell)
{
	struct td_config c = fake_config(512);
	uint32_t calls = 0;

	c.behaviour.aug = TD_AUG_4K;	/* RELEASE of one page of a 2 MiB leaf would be a mismatch */
	c.platform.config_flags = TDX_CONFIG_PAGE_RELEASE;
	for (const char *s = cell->steps; *s != '\0'; s++) {
		struct td_rule *rule = &c.behaviour.rules[calls];

		if (*s == 'I')
			c.behaviour.implicit = TD_IMPLICIT_CONVERT;
		if (*s == 'I' || *s == 'R')
			continue;
		*rule = rule_of(*s);
		rule->first = rule->last = ++calls;
	}
	c.behaviour.nrules = calls;
	if (fake_start(&c) == NULL)
		return false;
	for (const char *s = cell->steps; *s != '\0'; s++)
		do_step(*s);
	fake.nevents = 0;
	return td_real(fake.td, PAGE) == cell->real && td_known(fake.td, PAGE) == cell->known && fake_consistent();
}

static bool verdict_is(enum td_class class, enum td_violation violation)
{
	const struct td_event *e = fake_last(TD_EV_VERDICT);

	return fake_count(TD_EV_VERDICT) == 1 && e->verdict.class == class && e->verdict.violation == violation;
}

/* '.' works and never comes here, 'h' hazard; capitals the guest's fault, small letters the VMM's. */
static bool expect(char verdict, enum td_action action, enum td_action refused)
{
	switch (verdict) {
	case '.':
		return fake.nevents == 0 && action == TD_NEXT;
	case 'h':
		return verdict_is(TD_CLASS_HAZARD, TD_V_NONE) && action == refused;
	case 'P':
		return verdict_is(TD_CLASS_VIOLATION, TD_V_PENDING_ACCESS) && action == refused;
	case 'p':
		return verdict_is(TD_CLASS_VMM_CAUSED, TD_V_PENDING_ACCESS) && action == refused;
	case 'A':
		return verdict_is(TD_CLASS_VIOLATION, TD_V_PRIVATE_ALIAS_OF_SHARED) && action == refused;
	case 'a':
		return verdict_is(TD_CLASS_VMM_CAUSED, TD_V_PRIVATE_ALIAS_OF_SHARED) && action == refused;
	case 'S':
		return verdict_is(TD_CLASS_VIOLATION, TD_V_SHARED_ALIAS_OF_PRIVATE) && action == refused;
	case 's':
		return verdict_is(TD_CLASS_VMM_CAUSED, TD_V_SHARED_ALIAS_OF_PRIVATE) && action == refused;
	}
	return false;
}

static bool event_names_the_page(const struct cell *cell, uint64_t gpa)
{
	const struct td_event *e = fake_last(TD_EV_VERDICT);

	return e->type == TD_EV_TYPES || (e->verdict.gpa == gpa && e->verdict.pages == 1 && e->rip == 0x1234 &&
			     e->verdict.real == cell->real && e->verdict.known == cell->known);
}

static void test_cell(const struct cell *cell)
{
	static const char *const names[] = { "none", "mapped", "pending", "shared", "removed" };
	static const char *const knowledge[] = { "none", "private", "claimed-shared", "claimed-private", "to-shared",
						 "to-private", "unknown" };
	enum td_action refused = cell->real == TD_REAL_SHARED ? TD_AGAIN : TD_VE;	/* what is there is let through */
	char name[96];
	bool good;

	snprintf(name, sizeof(name), "%s, known %s: reached by \"%s\"", names[cell->real], knowledge[cell->known],
		 cell->steps);
	tap_ok(reach(cell), name);
	good = expect(cell->private, fake_touch(PAGE + 8, 0), TD_STOP) && event_names_the_page(cell, PAGE + 8);
	tap_ok(good, "... private alias");
	reach(cell);
	good = expect(cell->private, fake_touch(PAGE, TD_ACCESS_WRITE), TD_STOP);
	tap_ok(good, "... private alias, write");
	reach(cell);
	good = expect(cell->shared, fake_touch(PAGE | FAKE_S, 0), refused) && event_names_the_page(cell, PAGE | FAKE_S);
	tap_ok(good, "... shared alias");
	tap_ok(fake_consistent() && (refused == TD_VE || fake_touch(PAGE | FAKE_S, 0) == TD_NEXT),
	       "... which is there from then on, if the page is shared");
	reach(cell);
	good = expect(cell->shared == '.' ? '.' : 'h', fake_touch(PAGE | FAKE_S, TD_ACCESS_SPLIT), refused);
	tap_ok(good, "... shared alias, a load that strayed into it");
	reach(cell);
	good = expect(cell->shared, fake_touch(PAGE | FAKE_S, TD_ACCESS_SPLIT | TD_ACCESS_WRITE), refused);
	tap_ok(good, "... shared alias, a store that strayed into it");
}

static void test_records(void)
{
	struct td_config c = fake_config(16);

	fake_start(&c);
	for (int i = 0; i < 3; i++) {
		struct td_regs regs = { 0 };

		fake_touch(PAGE | FAKE_S, 0);
		fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
	}
	tap_is(fake_count(TD_EV_VERDICT), 1, "a loop over one page is one record");
	for (int i = 0; i < 2; i++) {
		struct td_regs regs = { 0 };

		fake_touch(FAKE_PAGE(9 - i) | FAKE_S, 0);
		fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
	}
	tap_is(fake_count(TD_EV_VERDICT), 3, "another page is another record, also when it comes back");
	tap_is(fake_all_violations(), fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE), "and all are counted as what they are");
}

/* The same fault of the same page, first the VMM's and then the guest's: both are told. */
static void test_records_of_both(void)
{
	struct td_config c = fake_config(16);
	struct td_regs regs = { 0 };

	c.behaviour.nrules = 2;
	c.behaviour.rules[0] = (struct td_rule){ .lie = 1, .last = 1 };
	c.behaviour.rules[1] = (struct td_rule){ .fail = INVALID };
	fake_start(&c);
	fake_share(8, 1);
	fake_touch(PAGE | FAKE_S, 0);
	fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
	fake_share(8, 1);
	fake_touch(PAGE | FAKE_S, 0);
	tap_ok(fake_class(TD_CLASS_VMM_CAUSED) == 1 && fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE) == 1,
	       "a use that the VMM had led to, and the next one that it had not");
}

/* Taken away, asked for, and given again. */
static void test_comes_back(void)
{
	reach(&(struct cell){ "N", TD_REAL_REMOVED, TD_KNOWN_PRIVATE, 0, 0 });
	fake_map_gpa(PAGE, TDX_PAGE_SIZE);
	tap_is(td_real(fake.td, PAGE), TD_REAL_PENDING, "a page that was taken away comes back when it is asked for");
	tap_is(fake_accept(PAGE, TDX_LEVEL_4K), 0, "... and can be accepted");
	tap_is(fake_touch(PAGE, 0), TD_NEXT, "... and used");
	tap_ok(fake_consistent(), "... as the page tables say");
}

/* How the TD ends, as the module would end it. */
static void test_ends(void)
{
	struct td_config c = fake_config(16);

	reach(&(struct cell){ "R", TD_REAL_PENDING, TD_KNOWN_CLAIMED_PRIVATE, 0, 0 });
	tap_is(fake_touch(PAGE, 0), TD_STOP, "PENDING with SEPT_VE_DISABLE ends the TD");
	tap_is(td_stopped(fake.td), TD_STOP_PENDING_ACCESS, "... for that reason");
	tap_is(fake_touch(PAGE | FAKE_S, 0), TD_STOP, "and nothing runs after it");
	reach(&(struct cell){ "N", TD_REAL_REMOVED, TD_KNOWN_PRIVATE, 0, 0 });
	fake_touch(PAGE, 0);
	tap_is(td_stopped(fake.td), TD_STOP_PRIVATE_LOST, "a removed page ends it: EPT violation exit");
	reach(&(struct cell){ "S", TD_REAL_SHARED, TD_KNOWN_CLAIMED_SHARED, 0, 0 });
	fake_touch(PAGE, 0);
	tap_is(td_stopped(fake.td), TD_STOP_PRIVATE_LOST, "so does the private alias of a shared page");
	c.platform.attributes = 0;
	c.slots[0].pending = 1;
	fake_start(&c);
	tap_is(fake_touch(PAGE + 0x18, TD_ACCESS_WRITE), TD_VE, "PENDING without SEPT_VE_DISABLE is a #VE");
	tap_is(td_stopped(fake.td), TD_RUNNING, "... and the TD goes on");
	tap_is(fake_touch(PAGE, 0), TD_DF, "if the last one was not read, it is #DF: the module raises it");
	tap_is(td_stopped(fake.td), TD_RUNNING, "... and the TD goes on");
	tap_is(fake_touch(FAKE_MMIO | FAKE_S, 0), TD_STOP, "not so of shared memory: the CPU raises it");
	tap_is(td_stopped(fake.td), TD_STOP_NESTED_VE, "... and while it does not, the exit has no answer");
}

static void test_outside_ram(void)
{
	struct td_config c = fake_config(16);

	c.slots[2] = c.slots[1];
	c.slots[1] = (struct td_slot){ FAKE_PAGE(16), 4, TD_SLOT_ROM, 0 };
	c.nslots = 3;
	fake_start(&c);
	tap_is(fake_touch(FAKE_PAGE(17), 0), TD_NEXT, "the ROM window is private and readable");
	tap_is(fake_touch(FAKE_PAGE(17) | FAKE_S, 0), TD_VE, "its shared alias is a #VE");
	fake_start(&c);
	tap_is(fake_touch(FAKE_MMIO | FAKE_S, TD_ACCESS_WRITE), TD_VE, "shared MMIO is a #VE");
	c.behaviour.implicit = TD_IMPLICIT_CONVERT;
	fake_start(&c);
	tap_is(fake_touch(FAKE_MMIO | FAKE_S, 0), TD_VE, "also under a VMM that converts silently");
	fake_start(&c);
	tap_is(fake_touch(0x200000000ull | FAKE_S, 0), TD_VE, "a shared hole is a #VE");
	tap_is(fake_count(TD_EV_VERDICT), 0, "no verdict on any of these");
	fake_start(&c);
	fake_touch(FAKE_MMIO, 0);
	tap_is(td_stopped(fake.td), TD_STOP_BAD_GPA, "private MMIO ends the TD");
	fake_start(&c);
	fake_touch(0x200000000ull, 0);
	tap_is(td_stopped(fake.td), TD_STOP_BAD_GPA, "a private hole ends it");
	fake_start(&c);
	fake_touch(PAGE | FAKE_S << 1, 0);
	tap_is(td_stopped(fake.td), TD_STOP_BAD_GPA, "a GPA beyond its width ends it, even if the low bits are RAM");
	fake_start(&c);
	fake_touch(PAGE | FAKE_S | FAKE_S << 1, 0);
	tap_is(td_stopped(fake.td), TD_STOP_BAD_GPA, "... with S too");
}

/* Two vCPUs fault on one page; the first makes the VMM map it. */
static void test_again(void)
{
	struct td_access private = { .gpa = PAGE }, shared = { .gpa = PAGE | FAKE_S };
	struct td_config c = fake_config(16);

	c.vcpus = 2;
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .first = 2 };
	fake_start(&c);
	tap_is(td_access(fake.td, 0, &private), TD_AGAIN, "a private page that is there: again");
	fake_share(8, 1);
	fake.nevents = 0;
	tap_is(td_access(fake.td, 1, &shared), TD_AGAIN, "a shared one: the same");
	tap_is(fake.nevents, 0, "nothing is said of it");
	fake_share(8, 1);
	tap_is(td_access(fake.td, 1, &shared), TD_AGAIN, "one that is asked for again, and stalls: the same, it is mapped");
	tap_is(fake_all_violations(), 0, "nothing is said of that either");
	shared.gpa += TDX_PAGE_SIZE;
	td_access(fake.td, 1, &shared);
	tap_is(fake_last(TD_EV_VERDICT)->vcpu, 1, "records name the vCPU of the access");
}

/* Who is lied to is not to blame, also for what it leaves behind when it dies of it. */
static void test_blame(void)
{
	reach(&(struct cell){ "TN", TD_REAL_REMOVED, TD_KNOWN_TO_SHARED, 0, 0 });
	td_stop(fake.td, TD_STOP_ENGINE);
	td_finish(fake.td);
	tap_is(fake_violations(TD_V_ABANDONED), 1, "a stalled conversion that the guest leaves is abandoned");
	reach(&(struct cell){ "TM", TD_REAL_PENDING, TD_KNOWN_TO_SHARED, 0, 0 });
	fake_map_gpa(FAKE_PAGE(3) | FAKE_S, TDX_PAGE_SIZE);
	tap_is(fake_all_violations(), 0, "taking a page away is no violation of the guest's");
	reach(&(struct cell){ "M", TD_REAL_PENDING, TD_KNOWN_PRIVATE, 0, 0 });
	fake_touch(PAGE, 0);
	td_finish(fake.td);
	tap_is(fake_all_violations(), 0, "nor is it when the guest dies of it");
}

/* Even if it lives on: a #VE on a page that was swapped, then faults of its own, then the end. */
static void test_blame_stays(void)
{
	struct td_config c = fake_config(32);
	struct td_regs regs = { 0 };

	c.platform.attributes = 0;
	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = (struct td_rule){ .remove = 1, .readd = 1 };
	c.slots[1] = (struct td_slot){ FAKE_PAGE(32), 1, TD_SLOT_RAM, 1 };
	fake_start(&c);
	fake_share(0, 8);
	tap_is(fake_touch(PAGE, 0), TD_VE, "a #VE that the VMM caused");
	fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
	tap_is(fake_touch(FAKE_PAGE(32), 0), TD_VE, "one of memory that the guest has not accepted yet");
	fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
	tap_is(fake_touch(FAKE_PAGE(20) | FAKE_S, 0), TD_VE, "one that the guest caused");
	fake_power_off();
	tap_is(fake_violations(TD_V_SHARED_ALIAS_OF_PRIVATE), 1, "... is a violation");
	tap_is(fake_closed(TD_CLOSE_CUT_OFF), 1, "but what is still open is not held against it");
}

static void test_dma(void)
{
	struct td_config c = fake_config(16);

	fake_start(&c);
	fake_page(BEFORE)->dirty = true;
	fake_page(PAGE)->dirty = true;
	td_finish(fake.td);
	td_finish(fake.td);
	tap_is(fake_violations(TD_V_DMA_TO_PRIVATE), 2, "DMA to private pages is seen at the end, once");
	tap_is(fake_last(TD_EV_VERDICT)->verdict.gpa, PAGE | FAKE_S, "... with the alias that the device used");
	fake_start(&c);
	fake_page(BEFORE)->dirty = true;
	fake_page(PAGE)->dirty = true;
	fake_share(0, 16);
	tap_is(fake_violations(TD_V_DMA_TO_PRIVATE), 2, "DMA before the pages were shared is seen at conversion");
	fake_start(&c);
	fake_map_gpa(PAGE | FAKE_S, TDX_PAGE_SIZE);
	fake_page(PAGE)->dirty = true;
	fake_map_gpa(PAGE, TDX_PAGE_SIZE);
	fake_accept(PAGE, TDX_LEVEL_4K);
	td_finish(fake.td);
	tap_is(fake_all_violations(), 0, "DMA while the page was shared is none");
	fake_start(&c);
	fake_map_gpa(PAGE | FAKE_S, TDX_PAGE_SIZE);
	fake_map_gpa(PAGE, TDX_PAGE_SIZE);
	fake_page(PAGE)->dirty = true;
	td_finish(fake.td);
	tap_is(fake_violations(TD_V_DMA_TO_PRIVATE), 1, "DMA after the page was taken back is one");
	fake_start_rule(16, &(struct td_rule){ .last = 1, .complete = ALL, .remove = 2 });
	fake_map_gpa(BEFORE | FAKE_S, TDX_PAGE_SIZE);
	fake_page(FAKE_PAGE(9))->dirty = true;
	fake_map_gpa(PAGE, 2 * TDX_PAGE_SIZE);
	td_finish(fake.td);
	tap_is(fake_violations(TD_V_DMA_TO_PRIVATE), 1, "... also of one that the VMM took away and gives again");
}

static void test_dma_of_the_deceived(void)
{
	reach(&(struct cell){ "L", TD_REAL_MAPPED, TD_KNOWN_CLAIMED_SHARED, 0, 0 });
	fake_page(PAGE)->dirty = true;
	td_finish(fake.td);
	tap_ok(fake_all_violations() == 0 && fake_class(TD_CLASS_VMM_CAUSED) == 1,
	       "DMA to a page of which the VMM said that it is shared is the VMM's fault");
	reach(&(struct cell){ "L", TD_REAL_MAPPED, TD_KNOWN_CLAIMED_SHARED, 0, 0 });
	fake_page(PAGE)->dirty = true;
	fake_map_gpa(PAGE, TDX_PAGE_SIZE);
	fake_accept(PAGE, TDX_LEVEL_4K);
	td_finish(fake.td);
	tap_is(fake_all_violations(), 0, "... also after the guest took the page back");
	reach(&(struct cell){ "RL", TD_REAL_PENDING, TD_KNOWN_CLAIMED_SHARED, 0, 0 });
	fake_page(PAGE)->dirty = true;
	fake_map_gpa(PAGE, TDX_PAGE_SIZE);
	tap_is(fake_accept(PAGE, TDX_LEVEL_4K), 0, "... or took it back and accepted it");
	td_finish(fake.td);
	tap_ok(fake_all_violations() == 0 && fake_class(TD_CLASS_VMM_CAUSED) == 1, "... which does not make it the guest's");
	reach(&(struct cell){ "LS", TD_REAL_SHARED, TD_KNOWN_CLAIMED_SHARED, 0, 0 });
	fake_map_gpa(PAGE, TDX_PAGE_SIZE);
	fake_accept(PAGE, TDX_LEVEL_4K);
	fake_page(PAGE)->dirty = true;
	td_finish(fake.td);
	tap_is(fake_violations(TD_V_DMA_TO_PRIVATE), 1, "... but an old lie does not excuse what comes after");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		test_cell(&cells[i]);
	test_records();
	test_records_of_both();
	test_comes_back();
	test_ends();
	test_outside_ram();
	test_again();
	test_blame();
	test_blame_stays();
	test_dma();
	test_dma_of_the_deceived();
	return tap_done();
}
