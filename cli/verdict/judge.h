/* SPDX-License-Identifier: MIT */
/*
 * From the journal, the console and how QEMU ended, to an outcome (how the guest came to its end) and a verdict (what
 * is to be said of it).
 */
#ifndef CLI_JUDGE_H
#define CLI_JUDGE_H

#include "cli/verdict/console.h"
#include "cli/verdict/records.h"
#include "cli/verdict/totals.h"
#include "cli/verdict/verdict.h"
#include "td/td.h"
#include "wire/exits.h"
#include "wire/status.h"

#define CALLERS 5

struct conversion {
	uint32_t id;
	uint64_t gpa;		/* without S */
	bool to_shared;
	bool closed;
	enum td_close how;
	uint64_t pages, done;
	uint64_t device;	/* of those done, where there is no RAM */
	uint64_t calls, retries, stalls, longest_run;
	uint64_t callers[CALLERS];	/* of its last call */
	size_t record;		/* index behind its last call */
};

/* One row per violation; pages that follow one another are one row. */
struct finding {
	unsigned int kind;	/* enum td_violation */
	unsigned int class;	/* enum td_class */
	enum td_cause cause;
	uint64_t gpa;		/* with S */
	uint64_t pages;
	uint64_t rip;
	uint64_t callers[CALLERS];
	unsigned int real, known;
	uint64_t detail;
	size_t record;		/* index of its first record; of an abandoned conversion: behind its last call */
};

/* OUTCOME(identifier, name, sentence, whether the guest came to its end by itself) */
#define OUTCOMES(OUTCOME) \
	OUTCOME(POWER_OFF, "power-off", "the guest powered off", 1) \
	OUTCOME(ENDED, "ended", "the payload ended with status 0", 1) \
	OUTCOME(EXPECTED, "expected", "the guest printed what was waited for", 1) \
	OUTCOME(RESET, "reset", "the guest reset the machine", 1) \
	OUTCOME(SUSPENDED, "suspended", "the guest went to sleep and was not woken (ACPI S3 or S4)", 0) \
	OUTCOME(HALTED, "halted", "the guest's kernel halted the machine", 1) \
	OUTCOME(PAYLOAD_FAILED, "payload-failed", "the payload ended with a status that is not 0", 0) \
	OUTCOME(PAYLOAD_SKIPPED, "payload-skipped", "the payload skipped what it was to test (status 77)", 0) \
	OUTCOME(PANIC, "panic", "the guest's kernel panicked", 0) \
	OUTCOME(FATAL_ERROR, "fatal-error", "the guest called ReportFatalError", 0) \
	OUTCOME(STOPPED, "stopped", "the TDX module ended the TD", 0) \
	OUTCOME(TRIPLE_FAULT, "triple-fault", "a vCPU triple-faulted", 0) \
	OUTCOME(MISDEED, "misdeed", "the guest broke its machine", 0) \
	OUTCOME(INPUT, "input", "the guest waits for input on its console", 0) \
	OUTCOME(IDLE, "idle", "the guest hung: nothing could happen in it any more", 0) \
	OUTCOME(NO_BOOT, "no-boot", "the firmware found nothing that it could start", 0) \
	OUTCOME(TIMEOUT, "timeout", "the guest did not finish in time", 0) \
	OUTCOME(NO_TDX, "no-tdx", "the guest does not know TDX", 0) \
	OUTCOME(INTERRUPTED, "interrupted", "the run was interrupted", 0) \
	OUTCOME(MONITOR, "monitor-failed", "tdlab's monitor could not go on", 0) \
	OUTCOME(QEMU, "qemu-failed", "QEMU ended before the guest did", 0)

enum outcome {
#define OUTCOME(id, name, sentence, finished) OUTCOME_##id,
	OUTCOMES(OUTCOME)
#undef OUTCOME
};

/* What the run itself knows. */
struct run_end {
	bool timed_out;
	bool saved;		/* not its end: it waits for orders, and was saved */
	bool no_boot;		/* the firmware gave up */
	bool expected;		/* the text came that was waited for */
	uint64_t hung_ms;	/* so long the guest used its CPU and did nothing that could be seen; 0: it did not */
	bool nonce_due;		/* tdlab's own program was to say that user space was reached */
	int signal;		/* that ended the command, or 0 */
	bool log_differs;	/* the RTMRs are not what the guest's event log says */
	bool no_tdx;		/* the kernel's file shows no sign of TDX support */
	bool monitor_failed;	/* message says why */
	bool misdeed;		/* the guest brought QEMU to its end; message says how */
	bool console_input;	/* as monitor_status has it */
	struct monitor_vcpu vcpus[TD_MAX_VCPUS];	/* as they were last seen */
	char message[256];	/* of the monitor, or QEMU's last words; OUTCOME_MISDEED: what the guest did */
};

struct device_facts {
	bool attached;
	uint64_t bytes;
	char sha256[65];
};

struct judgement {
	struct conversion *conversions;
	size_t nconversions;
	struct finding *findings;	/* in their order */
	size_t nfindings;
	size_t nviolations;		/* of class violation */
	struct totals totals;
	uint64_t exits[EXIT_KINDS];
	double detected, user, ended;	/* TDG.VP.INFO, code at CPL 3, its end; seconds of guest time; negative: never */
	unsigned int stop;		/* enum td_stop; TD_RUNNING: td did not end it */
	uint64_t stop_detail;
	bool marked;			/* a mark says how the run ended: */
	unsigned int mark;		/* enum td_mark_kind */
	uint64_t end_value;
	char fatal[96];			/* what ReportFatalError said */
	bool disturbed;			/* the VMM answered other than with plain success */
	bool untracked;			/* more was open at a time than td can follow */
	bool unrecorded;		/* a request is none that the recorded answer belongs to */
	bool exercised[2];		/* [to_shared]: see ground_exercised() */
	bool device_equal;
	bool unfinished;		/* it did not come to its end, and no finding ended it */
	enum outcome outcome;
	enum verdict verdict;
	int status;
	char why[200];			/* the verdict in words */
};

void judge(struct judgement *judgement, const struct records *records, const struct console *console,
	   const struct td_behaviour *behaviour, const struct td_config *config, const struct device_facts *device,
	   const struct run_end *end);
void judge_free(struct judgement *judgement);

/*
 * Every violation of the run, of that many kinds and classes, is known for this guest under this behaviour: so it
 * says.
 */
struct known;
void judge_known(struct judgement *judgement, struct known *known, const char *guest, const char *under);

/* The last conversion that covered the finding's first page before it, s being the shared bit; NULL: none did. */
const struct conversion *finding_conversion(const struct judgement *judgement, const struct finding *finding,
					    uint64_t s);

const char *outcome_name(enum outcome outcome);
const char *outcome_sentence(enum outcome outcome);
bool outcome_finished(enum outcome outcome);

#endif
