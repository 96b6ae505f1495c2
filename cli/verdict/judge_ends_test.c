/* SPDX-License-Identifier: MIT */
/* How a run may end, and what each end is worth. */
#include "cli/verdict/judge_hand.h"

/* A run that ended like this, and nothing else was wrong with it. */
static void ended(unsigned int mark, uint64_t value, enum outcome outcome, int status, const char *name)
{
	begin();
	converted(1, POOL | S);
	put(EVENT(STOP, stop, TD_STOP_ENGINE, 0));
	put(EVENT(MARK, mark, mark, value));
	expect(outcome, status == STATUS_FAIL ? VERDICT_FAIL : status ? VERDICT_INCONCLUSIVE : VERDICT_PASS, status, "", name);
}

static void test_ends(void)
{
	ended(TD_MARK_SHUTDOWN, 0, OUTCOME_ENDED, STATUS_PASS, "a payload's good end");
	ended(TD_MARK_SHUTDOWN, 3, OUTCOME_PAYLOAD_FAILED, STATUS_FAIL, "a payload's bad end");
	tap_has(j.why, "ended with status 3: it failed by its own word", "... and its status");
	ended(TD_MARK_SHUTDOWN, 77, OUTCOME_PAYLOAD_SKIPPED, STATUS_INCONCLUSIVE, "one that skipped its tests");
	ended(TD_MARK_SUSPENDED, 3, OUTCOME_SUSPENDED, STATUS_UNFINISHED, "a guest that sleeps");
	ended(TD_MARK_RESET, 0, OUTCOME_RESET, STATUS_PASS, "a reboot");
	ended(TD_MARK_RESET, 1, OUTCOME_TRIPLE_FAULT, STATUS_UNFINISHED, "a triple fault");
	ended(TD_MARK_IDLE, 20000, OUTCOME_IDLE, STATUS_UNFINISHED, "a hang");
	ended(TD_MARK_NO_TDX, 0, OUTCOME_NO_TDX, STATUS_INCONCLUSIVE, "a kernel that takes a #VE for nothing");
	console_feed(&console, "Kernel panic - x\n", 17, 4);
	records.count--;
	put(EVENT(MARK, mark, TD_MARK_RESET, 0));
	expect(OUTCOME_PANIC, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "panicked", "a panic");
	behaviour.contain = 1;
	expect(OUTCOME_PANIC, VERDICT_PASS, STATUS_PASS, "contained", "a panic contains");
	begin();
	put(EVENT(FATAL, fatal, "hell"));
	put(EVENT(STOP, stop, TD_STOP_FATAL_ERROR, 0));
	expect(OUTCOME_FATAL_ERROR, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "ReportFatalError", "ReportFatalError");
	tap_ok(strcmp(j.fatal, "hell") == 0, "with its text");
	behaviour.contain = 1;
	call(1, POOL | S, 512, TDVMCALL_GPA_INUSE, POOL | S, 0);
	expect(OUTCOME_FATAL_ERROR, VERDICT_PASS, STATUS_PASS, "contained", "contains");
	begin();
	put(EVENT(FATAL, fatal, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	put(EVENT(FATAL, fatal, "b"));
	put(EVENT(STOP, stop, TD_STOP_FATAL_ERROR, 0));
	expect(OUTCOME_FATAL_ERROR, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "", "a longer text");
	tap_ok(strlen(j.fatal) == 41 && j.fatal[40] == 'b', "is of two records");
	begin();
	put(EVENT(FATAL, fatal, "a\b\a\1a\33b\33"));
	expect(OUTCOME_QEMU, VERDICT_INCONCLUSIVE, STATUS_ENVIRONMENT, "", "a text that a terminal would obey");
	tap_ok(strcmp(j.fatal, "a???a?b?") == 0, "is made harmless");
	begin();
	put(EVENT(STOP, stop, TD_STOP_BAD_GPA, 0x5000));
	expect(OUTCOME_STOPPED, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "bad-gpa at GPA 0x5000", "the module ends it");
	tap_ok(!j.unfinished, "... for what the guest did, which says why it came to no other end");
	begin();
	converted(1, POOL | S);
	end.expected = true;
	console.expect = "login: ";
	expect(OUTCOME_EXPECTED, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "never came", "it was another text");
	console.expected = true;
	expect(OUTCOME_EXPECTED, VERDICT_PASS, STATUS_PASS, "every conversion", "what was waited for");
	begin();
	end.no_boot = true;
	expect(OUTCOME_NO_BOOT, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "nothing that it could start", "nothing to boot");
	begin();
	expect(OUTCOME_QEMU, VERDICT_INCONCLUSIVE, STATUS_ENVIRONMENT, "QEMU ended", "QEMU dies");
	snprintf(end.message, sizeof(end.message), "out of luck");
	end.monitor_failed = true;
	expect(OUTCOME_MONITOR, VERDICT_INCONCLUSIVE, STATUS_ENVIRONMENT, "out of luck", "the monitor fails");
	end.monitor_failed = false;
	put(EVENT(MARK, mark, TD_MARK_MISDEED, 0));
	expect(OUTCOME_MISDEED, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "the guest out of luck",
	       "the guest breaks its machine: no fault of the environment's");
	begin();
	records.count = 1;
	end.no_tdx = true;
	expect(OUTCOME_NO_TDX, VERDICT_INCONCLUSIVE, STATUS_INCONCLUSIVE, "CONFIG_INTEL_TDX_GUEST",
	       "a kernel without TDX");
}

/* Nothing happens any more: a hang, unless the guest says that it halted, or its console takes input. */
static void idle(enum monitor_doing doing, bool halted, bool input, enum outcome outcome, int status, const char *name)
{
	begin();
	converted(1, POOL | S);
	end.vcpus[0].doing = doing;
	end.console_input = input;
	console.halted = halted;
	put(EVENT(STOP, stop, TD_STOP_ENGINE, 0));
	put(EVENT(MARK, mark, TD_MARK_IDLE, 20000));
	expect(outcome, status ? VERDICT_INCONCLUSIVE : VERDICT_PASS, status, "", name);
}

static void test_idle(void)
{
	idle(MONITOR_PARKED, true, true, OUTCOME_HALTED, STATUS_PASS, "halt -f");
	idle(MONITOR_PARKED, false, true, OUTCOME_IDLE, STATUS_UNFINISHED, "a kernel that died with interrupts off");
	idle(MONITOR_HALTED, true, false, OUTCOME_IDLE, STATUS_UNFINISHED, "one that says so and waits for interrupts");
	idle(MONITOR_HALTED, false, true, OUTCOME_INPUT, STATUS_UNFINISHED, "an installer that waits for a key");
	idle(MONITOR_HALTED, false, false, OUTCOME_IDLE, STATUS_UNFINISHED, "one whose console takes no input");
}

/* The module ends a TD for what the VMM did: that is all the containment there can be. */
static void test_ended_by_vmm(void)
{
	begin();
	behaviour.contain = 1;
	converted(1, POOL | S);
	put(EVENT(VMM_ACT, act, TD_ACT_REMOVED, 0x4000, 2));
	verdict(TD_CLASS_VMM_CAUSED, TD_V_PENDING_ACCESS, 0x5008);
	put(EVENT(STOP, stop, TD_STOP_PRIVATE_LOST, 0x5008));
	expect(OUTCOME_STOPPED, VERDICT_PASS, STATUS_PASS, "ended the TD for what the VMM had done", "a page that was taken");
	records.all[records.count - 2].verdict.gpa = 0x3000;
	records.all[records.count - 2].verdict.pages = 3;
	expect(OUTCOME_STOPPED, VERDICT_PASS, STATUS_PASS, "ended the TD for what the VMM had done", "the last of three");
	behaviour.contain = 0;
	expect(OUTCOME_STOPPED, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "private-lost", "unless it was to complete");
	behaviour.contain = 1;
	records.count--;
	put(EVENT(STOP, stop, TD_STOP_PRIVATE_LOST, 0x6000));
	expect(OUTCOME_STOPPED, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "private-lost", "or it ended elsewhere");
	records.count -= 2;
	put(EVENT(STOP, stop, TD_STOP_PRIVATE_LOST, 0x5008));
	expect(OUTCOME_STOPPED, VERDICT_INCONCLUSIVE, STATUS_UNFINISHED, "private-lost", "or nobody knows whose doing it was");
	records.count--;
	verdict(TD_CLASS_VIOLATION, TD_V_PENDING_ACCESS, 0x5008);
	put(EVENT(STOP, stop, TD_STOP_PRIVATE_LOST, 0x5008));
	expect(OUTCOME_STOPPED, VERDICT_FAIL, STATUS_FAIL, "before it was accepted", "or it was the guest's");
}

int main(void)
{
	test_ends();
	test_idle();
	test_ended_by_vmm();
	records_free(&records);
	judge_free(&j);
	return tap_done();
}
