/* SPDX-License-Identifier: MIT */
/* What makes a pass, a failure and neither, of journals made by hand. */
#include "cli/verdict/judge_hand.h"

static void test_pass(void)
{
	begin();
	converted(1, POOL | S);
	converted(2, POOL);
	put(EVENT(OPEN, open, 3, 0x1000 | S, 1));
	call(3, 0x1000 | S, 1, TDVMCALL_SUCCESS, 0, 1);
	close_it(3, TD_CLOSE_COMPLETE, 0x1000 | S, 1, 1, 1, 0, 0);
	put(EVENT(ACCEPT, accept, .rcx = POOL, .status = 0));
	put(EVENT(ACCEPT, accept, .rcx = POOL | TDX_LEVEL_2M, .status = 0));
	put(EVENT(ACCEPT, accept, .rcx = POOL | TDX_LEVEL_2M, .status = tdx_status(TDX_PAGE_SIZE_MISMATCH, 1)));
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "every conversion completed", "a good run passes");
	tap_is(j.nconversions, 3, "conversions");
	tap_ok(j.conversions[0].gpa == POOL && j.conversions[0].to_shared && j.conversions[0].done == 1024 &&
		       j.conversions[0].calls == 2 && j.conversions[0].retries == 1 && !j.conversions[1].to_shared,
	       "their facts");
	tap_ok(j.totals.mapgpa_calls == 5 && j.totals.retries == 2 && j.totals.to_shared_pages == 1025 &&
	       j.totals.to_private_pages == 1024 && j.totals.accepts_4k == 1 && j.totals.accepts_2m == 1, "totals");
	tap_is(j.totals.completed, 3, "completed conversions");
	tap_ok(j.exercised[true] && j.exercised[false], "both directions");
	tap_ok(j.exits[EXIT_CPUID] == 5 && j.detected == 1 && j.ended == 19, "exits and times");
	records.all[1].time = 0;
	end.no_tdx = true;
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "one that was detected at once");
	judge_free(&j);
	memset(&j, 0x5a, sizeof(j));
	judge(&j, &records, &console, &behaviour, &config, &device, &end);
	tap_ok(j.verdict == VERDICT_PASS && j.nconversions == 3, "what was in it before is not looked at");
}

static void test_evidence(void)
{
	begin();
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "no conversion was completed",
	       "no conversion");
	begin();
	converted(1, POOL | S);
	power_off();
	console_begin(&console, "n");
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "user space was never reached",
	       "no nonce");
	put(EVENT(MARK, mark, TD_MARK_USER, 0));
	end.nonce_due = true;
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "user space was never reached",
	       "code at CPL 3 does not stand in for a nonce that was to come");
	end.nonce_due = false;
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "but where nobody was to say one it is evidence enough");
	records.all[records.count - 1].time = 0;
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "... at once as well");
	console.stress.wrong = 1;
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "files in memory came back wrong",
	       "files that came back wrong");
	console.stress.wrong = 0;
	end.log_differs = true;
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "event log", "an event log that is not true");
	begin();
	behaviour.contain = 1;
	converted(1, POOL | S);
	put(EVENT(UNRECORDED, unrecorded, .gpa = POOL));
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, TD_UNRECORDED,
	       "what the recorded answers say nothing of");
	begin();
	records.count = 1;
	converted(1, POOL | S);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "no TD was detected", "no TDG.VP.INFO");
	begin();
	converted(1, POOL | S);
	put(EVENT(UNTRACKED, untracked, POOL | S, 2));
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "than tdlab can follow",
	       "a conversion that could not be followed");
	begin();
	converted(1, POOL | S);
	power_off();
	device = (struct device_facts){ true, 512, "aa" };
	feed("tdlab: device none\n");
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "a disk without a driver is no obstacle");
	feed("tdlab: device missing\n");
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "disk never turned up",
	       "one whose driver is there is");
	device.attached = false;
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "no disk was attached: none can turn up");
	device.attached = true;
	console.missing = false;
	console_feed(&console, "tdlab: device vda 512 ab\n", 25, 4);
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "disk's data came back wrong",
	       "wrong data is");
	console_feed(&console, "tdlab: device vda 512 aa\n", 25, 4);
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "right data is not");
	tap_ok(j.device_equal, "and is told");
}

static void test_abandoned(void)
{
	begin();
	put(EVENT(OPEN, open, 1, POOL | S, 16384));
	call(1, POOL | S, 16384, TDVMCALL_RETRY, POOL | S, 0);
	put(EVENT(CALLERS, callers, .address = { 0x333, 0x444 }));
	power_off();
	close_it(1, TD_CLOSE_ABANDONED, POOL | S, 16384, 0, 1, 1, 1);
	put(EVENT(VERDICT, verdict, .violation = TD_V_ABANDONED, .class = TD_CLASS_VIOLATION, .gpa = POOL | S, .pages = 16384,
		  .known = TD_KNOWN_TO_SHARED, .real = TD_REAL_MAPPED));
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL, "was given up although", "an abandoned conversion fails");
	tap_ok(j.nviolations == 1 && j.totals.abandoned_pages == 16384, "with its pages");
	tap_ok(j.findings[0].callers[0] == 0x333, "who made the last call is known");
	tap_is(j.findings[0].record, 4, "and what happened up to there");
	begin();
	converted(1, POOL | S);
	put(EVENT(OPEN, open, 2, POOL, 1024));
	close_it(2, TD_CLOSE_ABANDONED, POOL, 1024, 512, 1, 1, 1);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL, "after 512, although", "one that nobody used misses it too");
	begin();
	converted(1, POOL | S);
	put(EVENT(OPEN, open, 2, POOL, 1024));
	call(2, POOL, 1024, TDVMCALL_RETRY, POOL, 0);
	close_it(2, TD_CLOSE_UNDONE, POOL, 1024, 0, 1, 1, 1);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL, "was undone after 0",
	       "a conversion that was undone misses the expectation");
	behaviour.contain = 1;
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "contained", "unless it is to contain");
	behaviour.contain = 0;
	records.count -= 3;
	converted(3, POOL);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "or makes up for it later");
	records.count -= 8;
	converted(3, POOL + 512 * TDX_PAGE_SIZE);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL, "was undone after 0", "but not for a part of it");
	records.count -= 3;
	converted(4, POOL - 512 * TDX_PAGE_SIZE);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "unless another one does the rest, in any order");
	begin();
	put(EVENT(OPEN, open, 2, POOL, 2048));
	close_it(2, TD_CLOSE_REFUSED, POOL, 2048, 1024, 1, 0, 0);
	converted(3, POOL + 1024 * TDX_PAGE_SIZE);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "and what was done before a refusal is done");
	begin();
	converted(1, POOL | S);
	put(EVENT(OPEN, open, 2, POOL, 1024));
	close_it(2, TD_CLOSE_CUT_OFF, POOL, 1024, 0, 1, 1, 1);
	end.timed_out = true;
	expect(OUTCOME_TIMEOUT, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "did not finish in time",
	       "what the end of time cut off is nobody's fault");
	verdict(TD_CLASS_VIOLATION, TD_V_DOUBLE_ACCEPT, 0x1000);
	expect(OUTCOME_TIMEOUT, VERDICT_FAIL, STATUS_FAIL, "", "a violation before it is the guest's");
	tap_ok(j.unfinished, "... which does not say why it came to no end");
	end.timed_out = false;
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL, "", "the same in one that powers off");
	tap_ok(!j.unfinished, "... has no more to explain");
}

/* What makes up for a conversion: one that came later, was completed, and covers all that counts. */
static void test_made_up_for(void)
{
	begin();
	converted(1, POOL | S);
	put(EVENT(OPEN, open, 2, POOL, 1024));
	close_it(2, TD_CLOSE_UNDONE, POOL, 1024, 512, 1, 1, 1);
	put(EVENT(OPEN, open, 3, POOL, 1024));
	close_it(3, TD_CLOSE_UNDONE, POOL, 1024, 1024, 1, 1, 1);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL, "was undone after 512",
	       "one that was undone as well does not");
	begin();
	converted(1, POOL | S);
	put(EVENT(OPEN, open, 2, POOL, 1024));
	close_it(2, TD_CLOSE_UNDONE, POOL, 1024, 512, 1, 1, 1);
	converted(3, POOL + 512 * TDX_PAGE_SIZE);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL, "was undone after 512",
	       "what was done of one that is undone is not done any more");
	begin();
	converted(1, POOL);
	put(EVENT(OPEN, open, 2, POOL, 1024));
	close_it(2, TD_CLOSE_REFUSED, POOL, 1024, 512, 1, 0, 0);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL, "was refused after 512", "nor does what came before");
}

static void test_classes(void)
{
	begin();
	converted(1, POOL | S);
	verdict(TD_CLASS_VMM_CAUSED, TD_V_PENDING_ACCESS, 0x1000);
	verdict(TD_CLASS_HAZARD, TD_V_NONE, 0x2000);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "what the VMM caused does not fail the guest");
	tap_ok(j.nfindings == 2 && j.nviolations == 0, "but is told");
	begin();
	converted(1, POOL | S);
	verdict(TD_CLASS_VIOLATION, TD_V_DOUBLE_ACCEPT, 0x1000);
	verdict(TD_CLASS_VIOLATION, TD_V_DOUBLE_ACCEPT, 0x2000);
	verdict(TD_CLASS_VIOLATION, TD_V_DOUBLE_ACCEPT, 0x9000);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL,
	       "accepted twice with no MapGPA or RELEASE over it in between, and 1 more", "violations");
	tap_ok(j.nviolations == 2 && j.findings[0].pages == 2, "neighbours are one");
	begin();
	converted(1, POOL | S);
	verdict(TD_CLASS_VIOLATION, TD_V_DOUBLE_ACCEPT, 0x1000);
	end.signal = 2;
	expect(OUTCOME_INTERRUPTED, VERDICT_FAIL, 130, "in between", "Ctrl-C keeps what was seen");
	tap_ok(strcmp(j.why, td_violation_sentence(TD_V_DOUBLE_ACCEPT)) == 0, "one is one");
	begin();
	behaviour.contain = 1;
	call(1, POOL | S, 512, TDVMCALL_GPA_INUSE, POOL | S, 0);
	put(EVENT(MARK, mark, TD_MARK_IDLE, 0));
	console_begin(&console, "n");
	expect(OUTCOME_IDLE, VERDICT_PASS, STATUS_PASS, "contained", "a guest that stops for good contains");
	records.count--;
	put(EVENT(MARK, mark, TD_MARK_RESET, 1));
	expect(OUTCOME_TRIPLE_FAULT, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "", "a triple fault does not");
	records.count--;
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "user space",
	       "one that went on must show that it did");
	begin();
	behaviour.contain = 1;
	converted(1, POOL | S);
	records.count -= 4;
	call(1, POOL | S, 512, TDVMCALL_SUCCESS, 0, 512);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "never came to misbehave",
	       "a script that never disturbed");
	records.count--;
	call(0, (POOL | S) + 1, 512, TDVMCALL_ALIGN_ERROR, POOL | S, 0);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "never came to misbehave",
	       "a request that any VMM refuses is not the script's doing");
}

static void test_accept_abandoned(void)
{
	begin();
	converted(1, POOL | S);
	put(EVENT(ACCEPT, accept, .rcx = 0x3000, .status = 0x8000020000000001));
	records.all[records.count - 1].rip = 0x777;
	put(EVENT(ACCEPT, accept, .rcx = 0x5000, .status = 0x8000020000000001));
	verdict(TD_CLASS_VIOLATION, TD_V_ACCEPT_ABANDONED, 0x3000);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_FAIL, STATUS_FAIL, "ACCEPT was given up", "an ACCEPT that was given up");
	tap_ok(j.findings[0].rip == 0x777, "who made it is known");
}

/* The disk is the VMM's. */
static void test_bad_disk(void)
{
	begin();
	converted(1, POOL | S);
	power_off();
	device = (struct device_facts){ .attached = true, .bytes = 1 };
	console.device = true;
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "every conversion", "a disk of which nobody knows the data");
	device.sha256[0] = 'a';
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "data came back wrong", "a wrong disk");
	behaviour.contain = 1;
	put(EVENT(VMM_ACT, act, TD_ACT_REMOVED, 0x4000, 2));
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "contained", "is no fault where the guest need only contain");
	behaviour.contain = 0;
	console.device = false;
	feed("tdlab: failed use the network\ntdlab: failed read the event log\n");
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "could not use the network", "a failed step");
	behaviour.contain = 1;
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "contained", "unless it need only contain");
	behaviour.contain = 0;
	feed("tdlab: failed read vda\n");
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "disk could not be read", "the disk's is");
}

/* It asked for more than one step of its VMM, came to the end of the first, and elsewhere asked for no more. */
static void test_exercised(void)
{
	begin();
	behaviour.nrules = 1;
	behaviour.rules[0] = (struct td_rule){ .complete = 512 };
	put(EVENT(OPEN, open, 1, POOL | S, 1024));
	call(1, POOL | S, 1024, TDVMCALL_RETRY, (POOL | S) + 0x200000, 512);
	close_it(1, TD_CLOSE_CUT_OFF, POOL | S, 1024, 512, 1, 1, 0);
	converted(2, POOL);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "", "a VMM with steps, and two of them to private");
	tap_ok(!j.exercised[true] && j.exercised[false], "... is told");
	behaviour.rules[0].direction = TD_MATCH_TO_SHARED;
	expect(OUTCOME_POWER_OFF, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "not exercised: no conversion to shared",
	       "a VMM with steps to shared is not met by one of them");
	begin();
	behaviour.nrules = 1;
	behaviour.rules[0] = (struct td_rule){ .complete = 512 };
	converted(1, POOL | S);
	put(EVENT(OPEN, open, 2, 0x1000 | S, 1));
	close_it(2, TD_CLOSE_COMPLETE, 0x1000 | S, 1, 1, 1, 0, 0);
	power_off();
	expect(OUTCOME_POWER_OFF, VERDICT_PASS, STATUS_PASS, "to private not exercised",
	       "the largest of each direction counts");
	tap_ok(j.exercised[true] && !j.exercised[false], "... and none is none");
}

int main(void)
{
	test_exercised();
	test_pass();
	test_evidence();
	test_abandoned();
	test_made_up_for();
	test_classes();
	test_accept_abandoned();
	test_bad_disk();
	records_free(&records);
	judge_free(&j);
	return tap_done();
}
