/* SPDX-License-Identifier: MIT */
/*
 * td in an ordinary process: the guest is a C function whose TDCALLs come here, by a call or by executing the real
 * instruction (trap.c). There are no page tables: the page states decide what an access does.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "td/explore.h"
#include "td/td.h"

#define SIM_RAM		0x40000000ull	/* of the RAM slot; a 1 GiB boundary, so that every ACCEPT size can be tried */
#define SIM_MAX_PAGES	(1u << 17)
#define SIM_MAX_UNIT	(64ull << 20)

/* Why a run was stopped before the guest was done. */
enum sim_over {
	SIM_DONE,
	SIM_TDCALLS,	/* more TDCALLs than allowed: the guest does not bound its calls */
	SIM_STOPPED,	/* td ended the TD */
	SIM_ENDED,	/* the guest gave up and ended itself */
	SIM_MERGED,	/* the search has been in this state before */
};

/* How the guest took it: what its functions returned, 0 being success. */
struct sim_attempt {
	int converted, undone;	/* 1 also if it did not come back */
	bool tried_undo;
	uint64_t done;		/* bytes from the start that a conversion which failed is said to have converted */
};

/* What is seen of the guest in one run. */
struct sim_seen {
	uint64_t tdcalls;
	uint64_t calls;			/* MapGPA */
	enum sim_over over;
	uint64_t dma;			/* GPA of the page that a device wrote to, 0: none */
	struct td_found found;
	bool in_unit;			/* it asked for memory outside the request, within the guest's unit */
	bool untracked;			/* more was open at a time than td can follow */
	bool unrecorded;		/* a request is none that the recorded answer belongs to */
	bool disturbed;			/* the VMM answered other than with plain success */
	bool undoing;
	struct sim_attempt attempt;
};

struct sim_range {
	uint64_t start, end;		/* GPA without S */
};

struct sim {
	struct td td;
	struct sim_range request, unit;	/* what the guest is to convert, and that in units of its own; 0: not told */
	struct sim_seen seen;
	uint64_t max_tdcalls;
	int journal;			/* of sim_setup */
	uint32_t journalled;
	int journal_error;		/* errno, if an event could not be kept */
	bool second_thread;		/* made a TDCALL: that ended the process */
	bool thread_left;		/* a second thread was there when something was found: trap.h */
	char last_words[96];		/* of a guest that ended itself */
	char crash[480];		/* of a guest that crashed: crash.h */
	uint64_t asked[TD_EXPLORE_DEPTH];	/* of the present sequence: what each chosen answer was given to */
	struct match *match;		/* NULL, or who chooses the answers: match.h */
	struct td_config config;
	bool exploring;			/* guests whose budgets can be chosen take small ones, to be exhausted soon */
	jmp_buf leave;			/* out of a guest that must not go on */
	size_t bytes;
	_Alignas(16) unsigned char storage[];
};

struct sim_setup {
	uint64_t ram;			/* where it lies; 0: SIM_RAM */
	uint32_t pages;			/* of private RAM */
	uint32_t gpaw;			/* in place of the platform's, if not 0 */
	uint64_t seed;			/* 0: 1 */
	uint64_t runaway_calls;		/* MapGPA calls in a row that bring nothing; 0: what suits exploring, for this and the next */
	uint64_t max_tdcalls;
	int journal;			/* 0, or a descriptor: every event goes there */
	struct td_behaviour behaviour;
	struct td_platform platform;	/* all zero: td_platform_kvm() */
};

/*
 * NULL without memory, or for 0 or too many pages. The memory is shared with processes that are forked afterwards, so
 * that the state of the TD and what was seen are known when the guest has taken its process down.
 */
struct sim *sim_new(const struct sim_setup *setup);
void sim_free(struct sim *sim);

/* One TDCALL of the guest. Does not return when the guest has to be stopped. */
void sim_tdcall(struct sim *sim, struct td_regs *regs);

/* Ends the present run from within a TDCALL. */
_Noreturn void sim_leave(struct sim *sim, enum sim_over why);

/* The guest uses memory through an alias (gpa with S for the shared one). */
void sim_touch(struct sim *sim, uint64_t gpa_with_s, bool write);

/* A line of the guest's, for the journal. */
void sim_note(struct sim *sim, const char *text);

/* A device writes to the shared twin of that page. */
void sim_dma(struct sim *sim, uint64_t gpa);

/* The guest powers off: what it left undone is judged. */
void sim_power_off(struct sim *sim);

/* Runs fn(sim, arg) as the guest. Returns why it was stopped, SIM_DONE if it came back by itself. */
enum sim_over sim_run(struct sim *sim, void (*fn)(struct sim *, const void *), const void *arg);

/* The GPA space of td and of the sequence's guest. */
uint64_t sim_shared_bit(const struct sim *sim);

#endif
