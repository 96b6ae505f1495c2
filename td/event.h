/* SPDX-License-Identifier: MIT */
/*
 * The journal: what happened, in fixed records of 64 bytes, little endian, in the order in which it happened. It is
 * output only. td fills a record, the engine adds time and keeps it, and the command turns it into reports.
 */
#ifndef TD_EVENT_H
#define TD_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#define TD_ANSWERS_EACH	19	/* answers in a record */

enum td_event_type {
#define TD_RECORD(TYPE, member, text, meaning) TD_EV_##TYPE,
#include "td/records.def"
	TD_EV_TYPES
};

struct td_event {
	uint64_t time;		/* TSC ticks since the TD started; filled in by the engine */
	uint16_t type;		/* enum td_event_type */
	uint16_t vcpu;
	uint32_t sequence;	/* 0, 1, 2, ... over the run; filled in by the engine */
	uint64_t rip;		/* of the guest, 0 where there is none */
	union {			/* records.def: the member of its type */
		uint64_t all[5];	/* so that one can be cleared */
#define TD_RECORD(TYPE, member, text, meaning) struct td_record_##member {
#define TD_FIELD(member, kind, type, name, meaning) type name;
#define TD_ARRAY(member, kind, type, count, name, meaning) type name[count];
#define TD_GAP(member, bytes) uint8_t gap[bytes];
#define TD_RECORD_END(member) } member;
#include "td/records.def"
	};
};

_Static_assert(sizeof(struct td_event) == 64, "journal records are 64 bytes");

#define TD_RECORD(TYPE, member, text, meaning) _Static_assert(0
#define TD_FIELD(member, kind, type, name, meaning) + sizeof(type)
#define TD_ARRAY(member, kind, type, count, name, meaning) + sizeof(type) * (count)
#define TD_GAP(member, bytes) + (bytes)
#define TD_RECORD_END(member) == sizeof(((struct td_event *)0)->member), "a gap in " #member);
#include "td/records.def"

/* One with nothing in it yet: every byte of it is written. */
static inline struct td_event td_event_new(enum td_event_type type, unsigned int vcpu, uint64_t rip)
{
	return (struct td_event){ .type = (uint16_t)type, .vcpu = (uint16_t)vcpu, .rip = rip, .all = { 0 } };
}

/* An enumeration from its table, X(identifier, name shown, meaning). */
#define TD_ACTS(X) \
	X(REMOVED, "removed", "private pages were taken away") \
	X(EMPTIED, "emptied", "and empty ones put in their place") \
	X(HIDDEN, "hid", "pages that it had just shared: they are not mapped, and a use of them is a #VE") \
	X(MISCONVERTED, "misconverted", "these were converted, and not those that it was asked for; S of the GPA: to shared")

/* How a conversion ended. */
#define TD_CLOSES(X) \
	X(COMPLETE, "complete", "every page claimed") \
	X(REFUSED, "refused", "the VMM answered with an error") \
	X(UNDONE, "undone", "the guest asked for the opposite direction over it") \
	X(ABANDONED, "abandoned", "pages left, and the guest used the range, ended or went idle") \
	X(MERGED, "merged", "a later request of the same direction reached over it and took it in") \
	X(CUT_OFF, "cut-off", "pages left when the run was cut off from outside: says nothing about the guest")

/* Verdict of one observation. Only violations, and a missed expectation, fail a run. */
#define TD_CLASSES(X) \
	X(OK, "ok", "nothing is wrong") \
	X(VIOLATION, "violation", "the guest broke a rule") \
	X(VMM_CAUSED, "vmm-caused", "the VMM had misled the guest") \
	X(HAZARD, "hazard", "odd, and no harm came of it")

/*
 * Everything that a run can find, under one name in every engine and every verb. The first list is what td itself sees;
 * a guest that was led into one of them by an answer which GHCI does not permit is judged by what it did all the same,
 * and the finding has a class (enum td_cause). The second list is what is seen around a guest: by whoever runs it.
 *
 * TD_VIOLATION(identifier, name shown, one sentence)
 */
#define TD_VIOLATIONS(TD_VIOLATION) \
	TD_VIOLATION(NONE, "none", "nothing is wrong") \
	TD_VIOLATION(PENDING_ACCESS, "pending-access", "private memory was used before it was accepted") \
	TD_VIOLATION(PRIVATE_ALIAS_OF_SHARED, "private-alias-of-shared", \
		     "memory that the guest had asked to share was used through its private alias") \
	TD_VIOLATION(SHARED_ALIAS_OF_PRIVATE, "shared-alias-of-private", \
		     "memory that the guest had no reason to believe shared was used through its shared alias") \
	TD_VIOLATION(ACCEPT_UNREQUESTED, "accept-unrequested", \
		     "memory that the guest had shared was accepted without asking for it back") \
	TD_VIOLATION(DOUBLE_ACCEPT, "double-accept", \
		     "memory was accepted twice with no MapGPA or RELEASE over it in between") \
	TD_VIOLATION(SKIPPED_PAGES, "skipped-pages", \
		     "a conversion went on beyond pages that were not converted, and never came back for them") \
	TD_VIOLATION(ABANDONED, "abandoned", "a conversion was given up although the VMM had only asked to retry") \
	TD_VIOLATION(ACCEPT_ABANDONED, "accept-abandoned", \
		     "an ACCEPT was given up although it had only to be repeated, or done page by page") \
	TD_VIOLATION(RUNAWAY, "runaway", "MapGPA was repeated without bound although no page was newly converted") \
	TD_VIOLATION(DMA_TO_PRIVATE, "dma-to-private", \
		     "a device read or wrote the shared twin of private memory") \
	TD_VIOLATION(UNALIGNED_REQUEST, "unaligned-request", "MapGPA was asked for what is not whole pages") \
	TD_VIOLATION(EMPTY_REQUEST, "empty-request", "MapGPA was asked for no bytes at all") \
	TD_VIOLATION(WRAPPING_REQUEST, "wrapping-request", "MapGPA was asked for a range that ends below its start") \
	TD_VIOLATION(BEYOND_GPAW, "beyond-gpaw", "MapGPA was asked for addresses that the guest does not have") \
	TD_VIOLATION(CROSSES_SHARED_BIT, "crosses-shared-bit", \
		     "MapGPA was asked for a range that begins private and ends shared") \
	TD_VIOLATION(TD_LOST, "td-lost", \
		     "the guest ended its own TD: it accepted memory that the VMM had not given back, or that is not there") \
	TD_VIOLATION(HALT_BLOCKED, "halt-blocked", \
		     "a vCPU halted with the word that interrupts were blocked, which they were not: nothing wakes it")

#define TD_OTHER_FINDINGS(TD_VIOLATION) \
	TD_VIOLATION(FALSE_SUCCESS, "false-success", "success was reported that the VMM or the module did not give") \
	TD_VIOLATION(OUTSIDE_REQUEST, "outside-request", \
		     "memory was converted or accepted that the request does not cover") \
	TD_VIOLATION(UNBOUNDED, "unbounded", "the guest's TDCALLs had no end") \
	TD_VIOLATION(GUEST_DIED, "guest-died", "the guest crashed, or ended itself where it had to go on") \
	TD_VIOLATION(GUEST_HUNG, "guest-hung", "the guest did not come back, or nothing could happen in it any more") \
	TD_VIOLATION(MODEL_MISMATCH, "model-mismatch", "the guest asked for something else than its reference model")

enum td_violation {
#define TD_VIOLATION(id, name, sentence) TD_V_##id,
	TD_VIOLATIONS(TD_VIOLATION)
	TD_VIOLATION_KINDS,	/* of td's own */
	TD_V_LAST_OWN = TD_VIOLATION_KINDS - 1,
	TD_OTHER_FINDINGS(TD_VIOLATION)
#undef TD_VIOLATION
	TD_FINDING_KINDS
};

const char *td_violation_name(unsigned int violation);
const char *td_violation_sentence(unsigned int violation);

/* What the guest had been answered before it did what was found: the class of a finding. */
enum td_cause {
	TD_CAUSE_PERMITTED,	/* nothing but what GHCI, or the source of the VMM's behaviour, permits */
	TD_CAUSE_HOSTILE,	/* something that no VMM may say or do */
	TD_CAUSE_CALLER,	/* nothing: whoever called the guest's code asked for what cannot be had */
	TD_CAUSES
};

const char *td_cause_name(unsigned int cause);

/* What an UNTRACKED record means for a result. */
#define TD_UNTRACKED "more conversions were open at a time, or more of their memory used, than tdlab can follow"

/* ... and an UNRECORDED one. */
#define TD_UNRECORDED "the guest asked for something else than was recorded: these answers say nothing of it"

/*
 * Whether the record shows the VMM doing what a willing one would not. A run without one says nothing about a guest
 * that was to contain a VMM, and neither does a request that any VMM refuses.
 */
bool td_event_disturbs(const struct td_event *event);

/*
 * What a guest was answered so far, from the MAPGPA records (and VMM_ACTs) of a sequence: whether it has to complete,
 * and whether it was lied to. A guest has to live through so many RETRYs in a row that bring nothing (behaviour
 * eagain-thrice); an attacker's go on for ever (behaviour stall), so that a guest must stop some time.
 */
#define TD_STALLS 3

struct td_answers {
	uint32_t stalls, longest;	/* RETRYs in a row that brought nothing: now, and at most */
	bool refused;			/* with a code that GHCI has for it */
	bool hostile;
};

void td_answers_add(struct td_answers *answers, const struct td_event *event);

/* As long as it lives through so many stalls. */
static inline bool td_answers_complete(const struct td_answers *answers, uint32_t stalls)
{
	return !answers->refused && !answers->hostile && answers->longest <= stalls;
}

/*
 * What the records of a run, or of one sequence, say of the guest: the one place that names what was found and says
 * what it had been answered before. Whether it is excused for what it gave up, its answers say in the end.
 */
struct td_found {
	struct td_answers answers;
	enum td_violation first;	/* violation, or TD_V_NONE; but for those that the answers may excuse: */
	enum td_violation given_up;
	enum td_violation flaw;		/* of a request that it was not led to */
	enum td_cause cause;		/* of the first violation */
	bool vmm_caused;		/* something came of what the VMM had done before */
};

void td_found_add(struct td_found *found, const struct td_event *event);

/* A violation that an engine has seen by itself. */
void td_found_violation(struct td_found *found, enum td_violation violation);

/* The class of any finding in it. */
enum td_cause td_found_cause(const struct td_found *found, enum td_violation finding);

/* Marks that an engine sets. */
#define TD_MARKS(X) \
	X(DETECTED, "detected", "first TDG.VP.INFO") \
	X(POWER_OFF, "power-off", "ACPI S5; value = PM1 register") \
	X(RESET, "reset", "reset port, triple fault of a vCPU: value 0 port, 1 triple fault") \
	X(IDLE, "idle", "nothing can happen any more: value = guest ms without an event") \
	X(PANIC, "monitor-panic", "the monitor itself failed; value = line") \
	X(NO_TDX, "no-tdx", "the guest took a #VE that it has no handler for before it asked what it is") \
	X(SHUTDOWN, "shutdown", "payload asked to end; value = its status") \
	X(USER, "user-space", "the first exit from code at CPL 3") \
	X(SUSPENDED, "suspended", "ACPI sleep; value = 3 or 4, for S3 and S4") \
	X(MISDEED, "misdeed", "the guest broke its machine: monitor_status.message says how")

#define TD_ENUM_ACT(id, name, meaning) TD_ACT_##id,
#define TD_ENUM_CLOSE(id, name, meaning) TD_CLOSE_##id,
#define TD_ENUM_CLASS(id, name, meaning) TD_CLASS_##id,
#define TD_ENUM_MARK(id, name, meaning) TD_MARK_##id,

enum td_act { TD_ACTS(TD_ENUM_ACT) TD_ACT_KINDS };
enum td_close { TD_CLOSES(TD_ENUM_CLOSE) TD_CLOSE_KINDS };
enum td_class { TD_CLASSES(TD_ENUM_CLASS) TD_CLASS_KINDS };
enum td_mark_kind { TD_MARKS(TD_ENUM_MARK) TD_MARK_KINDS };

#endif
