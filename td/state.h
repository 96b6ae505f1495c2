/* SPDX-License-Identifier: MIT */
/* Inside of td: what td.h hides. Only td/ and its tests include this. */
#ifndef TD_STATE_H
#define TD_STATE_H

#include "td/engine.h"
#include "td/explore.h"
#include "td/sha384.h"
#include "td/td.h"

#define TD_MAX_CONVERSIONS 1024
#define TD_MAX_USES	64
#define TD_SMALL_WORDS	32	/* 4 GiB; 2 MiB that are so far apart share a bit */

/*
 * Two bytes a page. LARGE stands on the first page of a 2 MiB leaf that the module holds MAPPED, for all 512. DECEIVED:
 * the VMM said that the page is shared when it was not, so whoever had devices write to it since is not to blame.
 * TRIED: an ACCEPT of the PENDING page was refused that has only to be repeated, or to be done in smaller pages.
 * WITHHELD: the page is SHARED, and its shared alias is not mapped all the same: the guest has no answer that would let
 * it use that, so that a use is to be seen. Or it is MAPPED, and its private alias is not: it was used before it was
 * accepted, and the repetition is to be seen. Thereafter it is mapped, and the guest goes on as on hardware. KEPT: the
 * page is SHARED, and the VMM has left its private page where it was, MAPPED. A use of that ends the TD all the same:
 * it is the guest's fault, and seen.
 */
enum { PAGE_REAL = 0x07, PAGE_LARGE = 0x08, PAGE_ACCEPTED = 0x10, PAGE_DECEIVED = 0x20, PAGE_TRIED = 0x40,
       PAGE_KEPT = 0x40, PAGE_WITHHELD = 0x80 };

struct td_page {
	uint8_t real_marks;	/* enum td_real | PAGE_*; ACCEPTED: the last ACCEPT succeeded, and nothing was asked since */
	uint8_t known;		/* enum td_known */
};

/*
 * One conversion, as the guest has to see it: from its first MapGPA until every page is claimed, or not. Keyed by
 * direction and range, never by vCPU: a loop may migrate.
 */
struct td_conversion {
	uint64_t start, end;	/* GPA without S; start == end: free */
	uint64_t frontier;	/* first byte that the VMM has not claimed */
	uint64_t reached;	/* the furthest that the frontier has ever been: a restart does not lower it */
	uint64_t beyond;	/* a request passed over what is left of it: where it ended before, 0: none did, or it was
				 * asked for since */
	uint64_t went_on_rip;
	uint32_t id;
	uint32_t calls, retries, stalls, stall_run, longest_run;
	bool to_shared;
};

/*
 * A use of a page through its shared alias that the guest had no completed answer for, or of a PENDING one through its
 * private alias, of which it is not known yet whether it did any harm: see uses.c. One for an alias of a page.
 */
struct td_use {
	uint64_t gpa;		/* with S if it was through the shared alias */
	uint64_t rip;
	uint32_t vcpu;
	bool write;
	bool several;		/* there was more than one access, and not always the same */
};

/*
 * The length is of an instruction that the module raised a #VE for. It stays, because a CPU that converts an EPT
 * violation writes none ([mod:tdvps_ve_info_t]): such a #VE has that of another instruction.
 */
struct td_ve_info {
	uint64_t qualification, gla, gpa;
	uint32_t reason, length;
	uint32_t valid;
};

/* The last ACCEPT of a vCPU that a rule was about; how often in a row that one was OPERAND_BUSY, and how often any. */
struct td_busy {
	uint64_t rcx;
	uint32_t run, row;
};

/* Whether a guest that goes on from the last answer is led: by an R11, or by what it took for unchanged. */
enum td_misleads { TD_MISLEADS_NOT, TD_MISLEADS_R11, TD_MISLEADS_REGISTERS };

/* While exploring, what an answer to private does to the ACCEPTs after it: td/explore.h. */
struct td_meddling {
	uint64_t gpa;		/* the page in the middle of the request */
	uint32_t answer;	/* enum td_answer; 0: nothing */
};

/* Everything that changes, apart from the pages: td_mark() keeps a copy. */
struct td_state {
	struct td_ve_info ve[TD_MAX_VCPUS];
	uint64_t random;
	uint64_t td_ctls, notify_enables;
	uint32_t cpuid_ve[TD_MAX_VCPUS];	/* TDG.VP.CPUIDVE.SET: bit 0 at CPL 0, bit 1 above */
	uint8_t rtmr[TD_RTMRS][TD_SHA384_BYTES];
	uint64_t mapgpa_calls, accept_calls;
	uint64_t small[TD_SMALL_WORDS];	/* TD_AUG_ACCEPT: a bit for each 2 MiB of which 4 KiB were accepted */
	struct td_busy busy[TD_MAX_VCPUS];
	struct td_meddling meddling;
	uint64_t misled;	/* R11 of the last answer, if that was RETRY and no page of the request */
	uint32_t misleads;	/* enum td_misleads */
	uint64_t fruitless_calls;	/* consecutive MapGPA calls without a newly claimed page, */
	uint64_t fruitless_pages;	/* and the pages of the largest of them */
	uint64_t last_refused;	/* mask of a VMCALL, so that a loop over it is one record */
	uint64_t last_verdict;	/* so that a loop over one page is one record */
	uint32_t open_to;	/* conversions from here on are free: what keeps the searches short */
	uint32_t next_id;
	uint32_t stop;		/* enum td_stop */
	uint32_t blameless;	/* the TD was ended by something that the VMM did */
	uint32_t finished;
	uint32_t vcpu;		/* whose exit is being handled: stamped on events */
	uint32_t untracked;	/* a conversion or a use found no room: the run proves nothing */
	uint32_t unrecorded;	/* the guest asked for something else than was recorded: so does this */
	uint32_t nuses;
	struct td_use uses[TD_MAX_USES];	/* the last two: copies leave out what is free */
	struct td_conversion conversions[TD_MAX_CONVERSIONS];
};

struct td_undo {
	uint32_t page;		/* index over all RAM slots ... */
	uint32_t pages;		/* ... of the first of so many, which were in one state */
	struct td_page old;
};

/* All that td keeps. There is no pointer in it, so it may be copied, moved, and shared with another process. */
struct td_storage {
	struct td_config config;
	uint64_t s;			/* shared bit */
	uint32_t first_page[TD_MAX_SLOTS];	/* index of the slot's first page; RAM only */
	uint32_t pages;			/* over all RAM slots */
	uint32_t undo_used;
	uint32_t undo_lost;		/* more changes than the log holds: no way back */
	uint32_t marked;
	struct td_choices choices;	/* survives a rollback */
	struct td_sha384 build;		/* MRTD until the TD is finalized */
	uint8_t mrtd[TD_SHA384_BYTES];
	struct td_state now, then;
	/* struct td_page[pages], then struct td_undo[undo_steps] */
};

/* platform.c: CONFIG_FLAGS as the TD reads them, and whether there can be such a TD. */
uint64_t td_config_flags(const struct td *td);
bool td_platform_ok(const struct td_platform *platform);

/* undo.c: every change of a page, so that it can be taken back. */
void td_set_pages(struct td *td, struct td_page *page, uint64_t n, unsigned int real_marks, unsigned int known);
uint64_t td_alike(const struct td_page *page, uint64_t most);	/* how many are in the state of the first */

/* sept.c: pages. */
struct td_page *td_page_at(const struct td *td, uint64_t gpa);	/* NULL outside RAM */
struct td_page *td_next_stretch(const struct td *td, uint64_t *gpa, uint64_t end, uint64_t *pages);
bool td_is_large(const struct td *td, uint64_t gpa);
void td_demote(struct td *td, uint64_t gpa);
bool td_sept_private(struct td *td, uint64_t gpa);	/* the module finds a private page there, RAM or ROM, and uses it */
void td_sept_accept(struct td *td, uint64_t gpa, uint64_t pages);
void td_sept_convert(struct td *td, uint64_t gpa, uint64_t pages, bool to_shared);
void td_sept_misconvert(struct td *td, uint64_t gpa, uint64_t pages, bool to_shared);
uint64_t td_sept_remove(struct td *td, uint64_t gpa, uint64_t pages, enum td_real real);
/* For the journal: what a VMM does to memory that nobody asked it to touch. */
void td_vmm_act(struct td *td, enum td_act act, uint64_t gpa, uint64_t pages);
void td_sept_hide(struct td *td, uint64_t gpa);		/* a hostile VMM does not map a page that it has shared */
void td_sept_release(struct td *td, uint64_t gpa, uint64_t pages);
void td_sept_known(struct td *td, uint64_t gpa, uint64_t pages, unsigned int from_mask, enum td_known known);
uint64_t td_sept_known_to(const struct td *td, uint64_t gpa, uint64_t end, unsigned int known_mask);
bool td_sept_any_ram(const struct td *td, uint64_t gpa, uint64_t end);
void td_sept_check_twins(struct td *td, uint64_t gpa, uint64_t end);
void td_sept_show(struct td *td, uint64_t gpa);		/* the alias of a page that was withheld */
void td_sept_withhold(struct td *td, uint64_t gpa, enum td_alias alias);
void td_sept_tried(struct td *td, uint64_t gpa, uint64_t pages);
void td_sept_check_tried(struct td *td);
void td_sept_init(struct td *td);

static inline struct td_page *td_pages(const struct td *td)
{
	return (struct td_page *)(td->mem + 1);
}

static inline enum td_real td_page_real(const struct td_page *page)
{
	return (enum td_real)(page->real_marks & PAGE_REAL);
}

static inline bool td_page_mapped(const struct td_page *page, enum td_alias alias)
{
	return (page->real_marks & (PAGE_REAL | PAGE_WITHHELD)) == (alias == TD_PRIVATE ? TD_REAL_MAPPED : TD_REAL_SHARED);
}

/* conversion.c. gpa without S. */
struct td_conversion *td_conversion_request(struct td *td, uint64_t gpa, uint64_t size, bool to_shared, uint64_t rip);
void td_conversion_answer(struct td *td, struct td_conversion *conv, uint64_t gpa_with_s, uint64_t size, uint64_t r10,
			  uint64_t r11);
bool td_conversions_finish(struct td *td);	/* the run was cut off */
void td_conversions_left(struct td *td);

/* behaviour.c: what the VMM does with a valid request, before anything is done. */
struct td_plan {
	uint64_t pages;		/* to convert from the start of the request ... */
	int64_t shift;		/* ... or from so many pages behind it */
	uint64_t r10;
	uint64_t r11;
	bool keeps_r11;		/* R11 is not written */
	bool changes;		/* every register of the mask that is no result comes back changed */
	uint32_t hole;		/* of the request: the page, from 1 on, that is converted and not mapped; 0: none */
	uint64_t remove;	/* private pages behind the request to take away afterwards ... */
	enum td_real removed;	/* ... and what they become */
};

struct td_plan td_explore_plan(struct td *td, uint64_t gpa_with_s, uint64_t size);	/* explore.c */
uint64_t td_explore_accept(struct td *td, uint64_t gpa, uint64_t level, uint64_t pages);	/* 0: the module's word */
struct td_plan td_behave(struct td *td, uint64_t gpa_with_s, uint64_t size, uint32_t stalled);
uint64_t td_call_number(const struct td *td);	/* of the present MapGPA, as rules count them; 0: of none of those */
bool td_changes_registers(const struct td *td, uint64_t gpa_with_s, uint64_t pages);	/* a rule does */
uint64_t td_disturb_accept(struct td *td, uint64_t rcx, uint64_t pages, struct td_plan *after);

/*
 * recorded.c: the plan of a VMM that knows nothing else becomes the answer that was recorded for the present call, if
 * there is one (any more).
 */
void td_recorded(struct td *td, uint64_t gpa_with_s, uint64_t size, struct td_plan *plan);

/* ... and what it does when all is done, behind the guest's back. */
void td_take_away(struct td *td, uint64_t gpa, const struct td_plan *plan);

/* verdict.c. */
struct td_judgement {
	enum td_class class;
	enum td_violation violation;
};

struct td_judgement td_judge(enum td_real real, enum td_known known, enum td_alias alias, uint32_t access);
/*
 * uses.c: td_use() is the verdict on an access through the shared alias, td_use_pending() on one to a PENDING page that
 * is a #VE; td_use_accepted(): it was accepted, and is touched. The others: pages have come to be known so.
 */
struct td_judgement td_use(struct td *td, unsigned int vcpu, const struct td_access *a, bool refused);
struct td_judgement td_use_pending(struct td *td, unsigned int vcpu, const struct td_access *a);
void td_use_accepted(struct td *td, uint64_t gpa);
void td_uses_known(struct td *td, uint64_t gpa, uint64_t end, unsigned int from_mask, enum td_known known);
void td_uses_claimed(struct td *td, uint64_t gpa, uint64_t end, enum td_alias alias);
struct td_use td_uses_take(struct td *td, uint64_t gpa, uint64_t end);	/* all are forgotten; the first of them */
void td_uses_finish(struct td *td);
void td_untracked(struct td *td, uint64_t gpa_with_s, uint64_t pages, uint64_t rip);

void td_report(struct td *td, struct td_judgement j, uint64_t gpa_with_s, uint64_t pages, uint64_t rip,
	       uint64_t detail);
void td_violation(struct td *td, enum td_violation v, uint64_t gpa_with_s, uint64_t pages, uint64_t rip,
		  uint64_t detail);

/*
 * event.c: a record of the vCPU whose exit is being handled, td_emit(td, OPEN, open, rip, .gpa = gpa, .pages = 1).
 * What is not given is 0, and so is every byte of it that no field has.
 */
void td_event(struct td *td, struct td_event *event);

#define td_emit_record(td, TYPE, member, at, record) \
	do { \
		struct td_event event_ = td_event_new(TD_EV_##TYPE, 0, at); \
		event_.member = (record); \
		td_event(td, &event_); \
	} while (0)
#define td_emit(td, TYPE, member, at, ...) \
	td_emit_record(td, TYPE, member, at, ((struct td_record_##member){ __VA_ARGS__ }))

/* module.c, instruction.c, ghci.c, accept.c, metadata.c */
enum td_action td_raise_ve(struct td *td, unsigned int vcpu, struct td_ve_info ve);
void td_veinfo_get(struct td *td, unsigned int vcpu, struct td_regs *regs);
enum td_action td_end(struct td *td, enum td_stop why, uint64_t detail, uint64_t rip);
enum td_action td_ghci(struct td *td, unsigned int vcpu, struct td_regs *regs);
enum td_action td_page_accept(struct td *td, struct td_regs *regs);
enum td_action td_page_release(struct td *td, struct td_regs *regs);
enum td_action td_report_leaf(struct td *td, struct td_regs *regs);	/* measure.c */
enum td_action td_verify_leaf(struct td *td, struct td_regs *regs);
/* The EPT violation of a leaf's operand that is not mapped. */
enum td_action td_unmapped(struct td *td, uint64_t gpa, uint64_t rip, bool write);
enum td_action td_partition_leaf(struct td *td, struct td_regs *regs);	/* partition.c */
enum td_action td_rtmr_extend(struct td *td, struct td_regs *regs);
void td_vm_rd(struct td *td, struct td_regs *regs);
void td_vm_wr(struct td *td, struct td_regs *regs);
void td_vp_rd(struct td *td, struct td_regs *regs);
void td_vp_wr(struct td *td, struct td_regs *regs);
void td_sys_rd(struct td *td, struct td_regs *regs);
enum td_action td_sys_rdall(struct td *td, struct td_regs *regs);

#endif
