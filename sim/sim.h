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

#define SIM_RAM		0x40000000ull	/* the RAM slot; a 1 GiB boundary, so that every ACCEPT size can be tried */
#define SIM_MAX_PAGES	65536

/* Why a sequence of answers was stopped before the guest was done. */
enum sim_over {
	SIM_DONE,
	SIM_TDCALLS,	/* more TDCALLs than allowed: the guest does not bound its calls */
	SIM_STOPPED,	/* td ended the TD */
};

struct sim {
	struct td *td;
	uint64_t tdcalls, max_tdcalls;
	enum sim_over over;
	jmp_buf leave;			/* out of a guest that must not go on */
	bool running;

	uint32_t violations;		/* of the guest, in this sequence; ABANDONED not among them */
	enum td_violation first;
	uint32_t abandoned;
	bool bad_request;		/* a MapGPA that no VMM would take: unaligned, outside, both sides of S */
	struct td_choices *watch;	/* NULL, or where the sequence is kept as it grows, for when the guest crashes */
	struct td_event *log;		/* NULL, or where events go */
	uint32_t logged, log_size;

	_Alignas(16) unsigned char storage[];
};

/* A TD with `pages` of private RAM at SIM_RAM. NULL without memory, or for 0 or too many pages. */
struct sim *sim_new(uint32_t pages, const struct td_behaviour *behaviour);
void sim_free(struct sim *sim);

/* One TDCALL of the guest. Does not return when the guest has to be stopped. */
void sim_tdcall(struct sim *sim, struct td_regs *regs);

/* The guest uses memory through an alias (gpa with S for the shared one). */
void sim_touch(struct sim *sim, uint64_t gpa_with_s, bool write);

/* Runs fn(arg) as the guest. Returns why it was stopped, SIM_DONE if it came back by itself. */
enum sim_over sim_run(struct sim *sim, void (*fn)(void *), void *arg);

/* Forgets what the last sequence left in struct sim; td_rollback() does the rest. */
void sim_reset(struct sim *sim);

/* The GPA space of td and of the sequence's guest. */
uint64_t sim_shared_bit(const struct sim *sim);

#endif
