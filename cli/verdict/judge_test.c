/* SPDX-License-Identifier: MIT */
/* Journals made by hand, and what is to be said of them. */
#include "abi/tdx.h"
#include "cli/testing.h"
#include "cli/verdict/judge.h"
#include "td/td.h"

#define S	(1ull << 47)
#define HZ	1000000ull
#define POOL	0x3aa00000ull

static struct records records;
static struct console console;
static struct td_behaviour behaviour;
static struct device_facts device;
static struct run_end end;
static struct judgement j;
static const struct td_config config = { .platform.gpaw = 48, .nslots = 1,
					 .slots = { { .pages = 0x40000, .kind = TD_SLOT_RAM } } };

static void put(struct td_event e)
{
	e.time = records.count * HZ;
	e.sequence = (uint32_t)records.count;
	e.rip = 0xffffffff81000000;
	records_add(&records, &e, 1);
}

/* The start of a run in which everything is as it should be. */
static void begin(void)
{
	records_free(&records);
	judge_free(&j);
	behaviour = (struct td_behaviour){ 0 };
	device = (struct device_facts){ 0 };
	end = (struct run_end){ 0 };
	console_begin(&console, "n");
	console_feed(&console, "tdlab: init n\n", 14, 3.5);
	put(EVENT(START, start, 48, 1, 262144, 7, HZ));
	put(EVENT(MARK, mark, TD_MARK_DETECTED, 0));
}

static void feed(const char *text)
{
	console_feed(&console, text, strlen(text), 4);
}

static void call(uint32_t id, uint64_t gpa, uint64_t pages, uint64_t r10, uint64_t r11, uint64_t done)
{
	put(EVENT(MAPGPA, mapgpa, .gpa = gpa, .bytes = pages * TDX_PAGE_SIZE, .r10 = r10, .r11 = r11, .done = (uint32_t)done,
		  .conversion = id));
}

static void close_it(uint32_t id, enum td_close how, uint64_t gpa, uint32_t pages, uint32_t done, uint32_t calls,
		     uint32_t retries, uint32_t stalls)
{
	put(EVENT(CLOSE, close, .how = how, .conversion = id, .gpa = gpa, .done = done, .pages = pages, .retries = retries,
		  .calls = calls, .longest = stalls, .stalls = stalls));
}

/* A conversion of 1024 pages in two calls. */
static void converted(uint32_t id, uint64_t gpa)
{
	put(EVENT(OPEN, open, id, gpa, 1024));
	call(id, gpa, 1024, TDVMCALL_RETRY, gpa + 0x200000, 512);
	put(EVENT(CALLERS, callers, .address = { 0x111, 0x222 }));
	call(id, gpa + 0x200000, 512, TDVMCALL_SUCCESS, 0, 512);
	close_it(id, TD_CLOSE_COMPLETE, gpa, 1024, 1024, 2, 1, 0);
}

static void power_off(void)
{
	put(EVENT(STOP, stop, TD_STOP_ENGINE, 0));
	put(EVENT(MARK, mark, TD_MARK_POWER_OFF, 0x2001));
	put(EVENT(COUNT, count, EXIT_CPUID, 5));
}

static void expect(enum outcome outcome, enum verdict verdict, int status, const char *why, const char *name)
{
	judge_free(&j);
	judge(&j, &records, &console, &behaviour, &config, &device, &end);
	if (!tap_ok(j.outcome == outcome && j.verdict == verdict && j.status == status && strstr(j.why, why), name))
		printf("# %s, %s, %d: %s\n", outcome_name(j.outcome), verdict_name(j.verdict), j.status, j.why);
}

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

static void verdict(unsigned int class, unsigned int kind, uint64_t gpa)
{
	put(EVENT(VERDICT, verdict, .violation = kind, .class = class, .gpa = gpa, .pages = 1,
		  .known = TD_KNOWN_CLAIMED_SHARED, .real = TD_REAL_MAPPED));
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
	test_ends();
	test_idle();
	test_ended_by_vmm();
	test_accept_abandoned();
	test_bad_disk();
	records_free(&records);
	judge_free(&j);
	return tap_done();
}
