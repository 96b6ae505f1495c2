/* SPDX-License-Identifier: MIT */
/*
 * Both ends in one process: libtdconv as the guest, td/ as the module and the VMM, and td's verdict on what the guest
 * did. Seeded behaviours, from willing to hostile: ends_test [RUNS [SEED]]. A failure names its seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "tdconv_linux.h"
#include "tdconv_os.h"
#include "wire/tap.h"

#define PAGES	2048u
#define RUNS	3000ull
#define ENTRIES	8u

static uint64_t state;		/* of the generator */
static bool patient;		/* this VMM asks for nothing but patience: whoever gives up abandons */
static bool stopped;		/* the TD is over: from then on nothing the guest gets is meant seriously */

static uint64_t roll(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 16) % below;
}

void tdconv_os_tdcall(void *os, struct tdconv_regs *r)
{
	struct td_regs regs = { .long_mode = true };
	enum td_action action = TD_AGAIN;

	(void)os;
	regs.gpr[TD_RAX] = r->rax;
	regs.gpr[TD_RCX] = r->rcx;
	regs.gpr[TD_RDX] = r->rdx;
	regs.gpr[TD_R8] = r->r8;
	regs.gpr[TD_R9] = r->r9;
	regs.gpr[TD_R10] = r->r10;
	regs.gpr[TD_R11] = r->r11;
	regs.gpr[TD_R12] = r->r12;
	regs.gpr[TD_R13] = r->r13;
	for (unsigned int i = 0; action == TD_AGAIN && i < 10000; i++)
		action = td_tdcall(fake.td, 0, &regs);
	stopped |= action != TD_NEXT;
	r->rax = stopped ? 0xc000010000000000 : regs.gpr[TD_RAX];
	r->rcx = regs.gpr[TD_RCX];
	r->rdx = regs.gpr[TD_RDX];
	r->r8 = regs.gpr[TD_R8];
	r->r9 = regs.gpr[TD_R9];
	r->r10 = regs.gpr[TD_R10];
	r->r11 = regs.gpr[TD_R11];
	r->r12 = regs.gpr[TD_R12];
	r->r13 = regs.gpr[TD_R13];
}

bool tdconv_os_pause(void *os, enum tdconv_wait why, uint64_t run)
{
	(void)os;
	(void)why;
	(void)run;
	return true;
}

enum tdconv_record tdconv_os_record(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os;
	(void)gpa;
	(void)bytes;
	return TDCONV_RECORD_NONE;
}

static void touch(uint64_t gpa, uint64_t bytes, bool shared)
{
	for (uint64_t at = gpa; at < gpa + bytes && !stopped; at += TDX_PAGE_SIZE) {
		enum td_action action = fake_touch(at | (shared ? FAKE_S : 0), TD_ACCESS_WRITE);

		stopped |= action == TD_STOP;
	}
}

void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os;
	touch(gpa, bytes, false);
}

static struct td_rule rule(void)
{
	static const uint64_t codes[] = { TDVMCALL_INVALID_OPERAND, TDVMCALL_GPA_INUSE, TDVMCALL_ALIGN_ERROR, 2 };
	struct td_rule r = { .complete = UINT64_MAX, .direction = (uint32_t)roll(3) };

	if (roll(3))
		r.complete = roll(4) ? 1 + roll(700) : roll(3);
	if (roll(3) == 0)
		r.stalls = (uint32_t)roll(6);
	if (roll(3) == 0) {
		r.first = 1 + (uint32_t)roll(5);
		r.last = r.first + (uint32_t)roll(3);
	}
	if (roll(5) == 0)
		r.fail = codes[roll(4)];
	if (roll(6) == 0)
		r.lie = 1;
	if (roll(8) == 0) {
		r.remove = (uint32_t)roll(3);
		r.readd = (uint32_t)roll(2);
	}
	if (roll(4) == 0) {
		r.claim_base = (uint32_t)roll(4);
		r.claim_s = (uint32_t)roll(3);
		r.claim_pages = (int64_t)roll(5) - 2;
		r.claim_bytes = roll(4) ? 0 : (int64_t)roll(3) - 1;
	}
	return r;
}

static void start(uint64_t seed)
{
	struct td_config c = fake_config(PAGES);

	state = seed * 0x9e3779b97f4a7c15ull + 1;
	stopped = false;
	c.seed = seed;
	c.runaway_calls = 100000;
	c.platform.config_flags = roll(2) ? TDX_CONFIG_PAGE_RELEASE : 0;
	c.behaviour.aug = (uint32_t)roll(2);
	c.behaviour.nrules = (uint32_t)roll(4);
	patient = true;
	for (uint32_t i = 0; i < c.behaviour.nrules; i++) {
		struct td_rule *r = &c.behaviour.rules[i];

		*r = rule();
		patient &= r->complete > 0 && !r->claim_base && !r->claim_s && !r->claim_pages && !r->claim_bytes;
	}
	fake_start(&c);
}

/* What the guest does with pages that were not lost: it uses them. */
static void use_proven(const struct tdconv_result *res, const struct tdconv_quarantine *lost)
{
	uint64_t at = res->gpa;

	for (uint32_t i = 0; i < lost->count; i++) {
		touch(at, lost->list[i].lost_gpa - at, false);
		at = lost->list[i].lost_gpa + lost->list[i].lost_bytes;
	}
	touch(at, res->gpa + res->bytes - at, false);
}

/* The module's word holds: what the library calls proven is mapped, unless the VMM takes it away later. */
static bool proven_is_mapped(const struct tdconv_result *res)
{
	for (uint64_t at = res->gpa; at < res->gpa + res->head; at += TDX_PAGE_SIZE)
		if (res->head_state == TDCONV_STATE_PRIVATE && td_real(fake.td, at) != TD_REAL_MAPPED)
			return false;
	return true;
}

/* There and back; what fails is undone, and only what is known is used. False: the library said what is not so. */
static bool there_and_back(struct tdconv *tdc, uint64_t gpa, uint64_t bytes)
{
	struct tdconv_lost entries[ENTRIES];
	struct tdconv_quarantine lost = { entries, 1 + (uint32_t)roll(ENTRIES), 0 };
	struct tdconv_result res, undone;
	bool good = true;

	if (tdconv_convert(tdc, gpa, bytes, TDCONV_SHARED, &res) == TDCONV_OK) {
		touch(gpa, bytes, true);
		tdconv_convert(tdc, gpa, bytes, TDCONV_PRIVATE, &res);
	}
	good &= stopped || proven_is_mapped(&res);
	if (res.rest_state == TDCONV_STATE_UNKNOWN) {
		tdconv_undo(tdc, &res, &lost, &undone);
		good &= undone.proven.bytes + undone.lost == bytes;
		res = undone;
	}
	if (res.status == TDCONV_OK || res.status == TDCONV_E_QUARANTINE)
		use_proven(&res, &lost);
	return good;
}

/* Nothing may be held against the guest, whatever the VMM did. */
static bool run(uint64_t seed)
{
	struct tdconv tdc;
	uint64_t first = 0;
	bool good = true;

	start(seed);
	if (tdconv_init(&tdc, NULL) != TDCONV_OK)
		return false;
	tdc.policy.work.stalls = 6;
	tdc.policy.lenient_s = roll(2);
	tdc.policy.chunk = roll(3) ? 0 : roll(2) ? TDCONV_2M : 5 * 4096;
	for (unsigned int i = 0; i < 3 && !stopped && first < PAGES - 700; i++) {
		uint64_t pages = 1 + roll(roll(2) ? 20 : 700);

		first += roll(30);
		good &= there_and_back(&tdc, FAKE_PAGE(first), pages * TDX_PAGE_SIZE);
		first += pages;
	}
	fake_power_off();
	if (fake_all_violations() != (patient ? 0 : fake_violations(TD_V_ABANDONED)))
		good = false;
	return good && fake_consistent();
}

/* The same engine and verdict, and a guest that does not survive this VMM: the test can fail. */
static void control(void)
{
	struct td_rule r = { .complete = UINT64_MAX, .stalls = 3, .direction = TD_MATCH_TO_SHARED };
	struct tdconv tdc;
	struct tdconv_linux linux_res;
	struct tdconv_result res;

	stopped = false;
	fake_start_rule(PAGES, &r);
	tdconv_init(&tdc, NULL);
	tap_ok(!tdconv_linux_convert(&tdc, FAKE_PAGE(0), FAKE_PAGE(600), TDCONV_SHARED, TDCONV_LINUX_TRIES, &linux_res),
	       "three stalls: the rules of Linux 6.12 give up");
	touch(FAKE_PAGE(0), 4096, true);
	fake_power_off();
	tap_ok(fake_violations(TD_V_ABANDONED) > 0, "... and td says that it abandoned the conversion");
	stopped = false;
	fake_start_rule(PAGES, &r);
	tdconv_init(&tdc, NULL);
	tap_is(tdconv_convert(&tdc, FAKE_PAGE(0), 600 * 4096, TDCONV_SHARED, &res), TDCONV_OK, "... the library does not");
	touch(FAKE_PAGE(0), 4096, true);
	fake_power_off();
	tap_is(fake_all_violations(), 0, "... and td has nothing against it");
}

int main(int argc, char **argv)
{
	uint64_t runs = argc > 1 ? strtoull(argv[1], NULL, 0) : RUNS;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	uint64_t ended = 0, last = seed + runs;
	char name[80];

	control();
	while (seed < last && run(seed)) {
		ended += stopped;
		seed++;
	}
	snprintf(name, sizeof(name), "%llu behaviours: nothing against the guest", (unsigned long long)runs);
	if (!tap_ok(seed == last, name)) {
		printf("# seed %llu\n", (unsigned long long)seed);
		for (uint32_t i = 0; i < fake.nevents; i++)
			if (fake.events[i].type == TD_EV_VERDICT)
				printf("# class %u violation %u gpa %#llx pages %llu real %u known %u\n",
				       fake.events[i].verdict.class, fake.events[i].verdict.violation,
				       (unsigned long long)fake.events[i].verdict.gpa,
				       (unsigned long long)fake.events[i].verdict.pages, fake.events[i].verdict.real,
				       fake.events[i].verdict.known);
	}
	printf("# in %llu of them the VMM ended the TD\n", (unsigned long long)ended);
	return tap_done();
}
