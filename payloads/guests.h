/* SPDX-License-Identifier: MIT */
/*
 * Guests made by seed. Each converts ranges of its own back and forth in ways that GHCI allows: in chunks from either
 * end, several at a time, on either vCPU, again from the start after a RETRY or from R11 on, with a change of mind in
 * between; it uses memory only as it was answered for, and leaves alone for good what was refused or looks hostile. It
 * keeps its own books from the answers alone. So a guest is sound by construction, and the judge must not blame it.
 *
 * A guest with a defect is the same guest with one mistake in it. The judge must name that.
 *
 * The source knows the ABI and the hooks of scenario.h, so it runs in a process (guests_test.c) and as a tiny TD
 * (guests_main.c). One step is one TDCALL or one access: whoever runs a guest decides which vCPU does what, in one
 * order.
 */
#ifndef PAYLOADS_GUESTS_H
#define PAYLOADS_GUESTS_H

#include "payloads/scenario.h"

#define GUEST_PAGES	2048ull	/* of the window, for each guest: whole 4 MiB, so that aug-mixed is the same for all */
#define GUEST_TASKS	3
#define GUEST_CPUS	2

/* DEFECT(identifier, name, what the guest does) */
#define DEFECTS(DEFECT) \
	DEFECT(NONE, "none", "nothing wrong") \
	/* answers misread */ \
	DEFECT(RETRY_IS_SUCCESS, "retry-is-success", "takes RETRY for SUCCESS, and stores through S") \
	DEFECT(RETRY_RETURNED, "retry-returned", "takes RETRY for SUCCESS, stores through S, and gives all back later") \
	DEFECT(RETRY_LOADS, "retry-loads", "takes RETRY for SUCCESS, and loads through S") \
	DEFECT(ERROR_IS_SUCCESS, "error-is-success", "takes an error for SUCCESS, and stores through S") \
	DEFECT(NEVER_LOOKS, "never-looks", "looks at no answer") \
	DEFECT(ODD_R11_IS_DONE, "odd-r11-is-done", "takes a RETRY whose R11 is not in the request for the end of it") \
	DEFECT(TAKES_S, "takes-s", "takes S of its next request from R11") \
	DEFECT(ROUNDS_UP, "rounds-up", "rounds an R11 that is no page address up") \
	/* the loop */ \
	DEFECT(SKIPS_PAGE, "skips-page", "goes on one page behind R11, to shared") \
	DEFECT(SKIPS_PRIVATE, "skips-private", "goes on one page behind R11, to private") \
	DEFECT(KEEPS_LENGTH, "keeps-length", "asks for the whole length again, from R11 on") \
	DEFECT(ASKS_SHORT, "asks-short", "asks only for as many pages again as were done, and for no more") \
	DEFECT(TWO_CALLS, "two-calls", "makes two calls and no more") \
	DEFECT(IMPATIENT, "impatient", "gives up at the first RETRY without progress, to shared") \
	DEFECT(IMPATIENT_BACK, "impatient-back", "gives up at the first RETRY without progress, to private") \
	DEFECT(THREE_STALLS, "three-stalls", "gives up at the third RETRY without progress") \
	DEFECT(UNBOUNDED, "unbounded", "never gives up") \
	DEFECT(STARTS_OVER, "starts-over", "starts over after every RETRY") \
	/* uses */ \
	DEFECT(STORES_EARLY, "stores-early", "stores through S behind R11, then converts that too") \
	DEFECT(LOADS_EARLY, "loads-early", "loads through S behind R11, then converts that too") \
	DEFECT(EARLY_ELSEWHERE, "early-elsewhere", "the other vCPU stores through S behind R11") \
	DEFECT(PRIVATE_ALIAS, "private-alias", "uses shared memory without S") \
	DEFECT(PRIVATE_EARLY, "private-early", "uses without S what R11 says is shared") \
	DEFECT(USES_PENDING, "uses-pending", "uses what it got back before it accepts it") \
	DEFECT(STALE_S, "stale-s", "stores through S to what it got back and accepted") \
	DEFECT(STALE_LOAD, "stale-load", "loads through S from what it got back and accepted") \
	DEFECT(STALE_PENDING, "stale-pending", "stores through S to what it got back and did not accept") \
	DEFECT(STALE_ELSEWHERE, "stale-elsewhere", "the other vCPU stores through S to what was got back") \
	DEFECT(NEVER_ASKED, "never-asked", "stores through S to memory that it never asked to share") \
	DEFECT(RETURNS_ONE, "returns-one", "gives one page of a buffer back and goes on with all of it") \
	/* ACCEPT */ \
	DEFECT(ACCEPTS_TAIL, "accepts-tail", "accepts only what the last call converted") \
	DEFECT(ACCEPTS_HEAD, "accepts-head", "accepts only what the first call converted") \
	DEFECT(ACCEPTS_NONE, "accepts-none", "accepts nothing") \
	DEFECT(ACCEPTS_SHORT, "accepts-short", "does not accept the last page") \
	DEFECT(ACCEPTS_TWICE, "accepts-twice", "accepts a page twice") \
	DEFECT(BOTH_ACCEPT, "both-accept", "both vCPUs accept a page") \
	DEFECT(ACCEPTS_SHARED, "accepts-shared", "accepts shared memory that it did not ask back") \
	DEFECT(ACCEPTS_REFUSED, "accepts-refused", "accepts what the VMM would not give back") \
	DEFECT(BUSY_IS_FAILURE, "busy-is-failure", "gives up at OPERAND_BUSY") \
	DEFECT(LARGE_ONLY, "large-only", "gives up where 2 MiB cannot be accepted at once") \
	/* ranges */ \
	DEFECT(SHARES_SHORT, "shares-short", "asks for all but the last page of its buffer") \
	DEFECT(SHARES_LATE, "shares-late", "asks for all but the first page of its buffer") \
	DEFECT(SHARES_LONG, "shares-long", "asks for the page behind its buffer too, and goes on using that as private") \
	DEFECT(SHARES_BEFORE, "shares-before", "asks for the page in front of its buffer too") \
	DEFECT(RETURNS_SHORT, "returns-short", "gives all but the last page of its buffer back") \
	/* devices */ \
	DEFECT(DMA_PRIVATE, "dma-private", "has a device write to memory that it never shared") \
	DEFECT(DMA_RETURNED, "dma-returned", "has a device write to memory that it got back") \
	DEFECT(DMA_EARLY, "dma-early", "has a device write behind R11, and gives up") \
	/* after a failure */ \
	DEFECT(NO_UNDO, "no-undo", "gives up after a RETRY and uses the buffer as private") \
	DEFECT(HALF_UNDO, "half-undo", "gives up after a RETRY and asks back only what was not done") \
	DEFECT(UNDO_UNACCEPTED, "undo-unaccepted", "gives up after a RETRY, asks all back and accepts none") \
	DEFECT(FREES_REFUSED, "frees-refused", "uses as private what it was refused to share") \
	DEFECT(FREES_STUCK, "frees-stuck", "uses as private what it was refused to get back")

enum defect {
#define DEFECT(id, name, what) DEFECT_##id,
	DEFECTS(DEFECT)
#undef DEFECT
	DEFECT_KINDS
};

extern const char *const defect_names[DEFECT_KINDS];

enum guest_doing { GUEST_RESTS, GUEST_ASKS, GUEST_ACCEPTS, GUEST_IS_OVER };
enum guest_then { THEN_NOTHING, THEN_LOAD, THEN_STORE, THEN_DEVICE, THEN_ACCEPT, THEN_RETURN };

/* One range, and what is being done with it. Pages are counted from the start of the guest's part of the window. */
struct guest_task {
	uint64_t first, pages;
	enum guest_doing doing;
	enum alias is;			/* at rest: how all of it may be used */
	unsigned int rounds;		/* times that it rests, at most */

	/* A conversion: chunks of it one by one, each asked for until it is done. */
	enum alias to;
	bool downwards;			/* the last chunk first */
	bool tail_first;		/* what is left after a RETRY is asked for from its end */
	bool overlaps;			/* asks for the page in front of a chunk again */
	bool undoes;			/* this conversion gives back what another one left */
	bool strict;			/* an R11 without S is hostile */
	uint64_t chunk, slice;		/* pages of a chunk; of a call after a RETRY, 0: all that is left */
	uint64_t done;			/* pages of chunks that are done */
	uint64_t from, at, end;		/* of the chunk; the next call begins at `at` */
	uint64_t own;			/* pages of the chunk that are not asked for again */
	uint64_t first_did, last_call;	/* end of what the first call converted; where the last one began */
	unsigned int calls, stalls, restarts, changes_mind;

	/* ACCEPT */
	uint64_t accepted, accept_end;
	bool large, backwards;
	unsigned int busy;

	/* What a defect does next, before anything else, and on which vCPU. */
	struct guest_then_do {
		enum guest_then what;
		enum alias alias;
		uint64_t page;
		bool elsewhere, last;	/* last: nothing follows */
	} then;
	uint64_t mark;			/* a page to be misused like this once all is answered for, or accepted; 0: none */
	enum alias mark_alias;
	bool other_way;			/* the next request has S the wrong way round */
	unsigned int cpu;		/* that did the last step */
};

struct guest {
	uint64_t base;			/* first page in the window */
	uint64_t random;
	unsigned int cpus, ntasks, steps;
	enum defect defect;
	unsigned int planted;		/* how often the defect was acted out */
	unsigned int contained;		/* conversions that were given up, in order */
	struct guest_task tasks[GUEST_TASKS], *next;
};

/*
 * guest_init(): the guest of a seed, in pages [base, base + GUEST_PAGES) of the window. cpus: 1 or 2.
 * guest_next(): the vCPU that has to do the next step; -1: there is none.
 * guest_step(): does it, on that vCPU, whose scene s is.
 */
void guest_init(struct guest *g, uint64_t seed, uint64_t base, unsigned int cpus, enum defect defect);
int guest_next(struct guest *g);
void guest_step(struct guest *g, struct scene *s);

/* Inside of it: guests.c, guests_convert.c, guests_defects.c. */
uint64_t guest_draw(struct guest *g, uint64_t below);
uint64_t guest_gpa(const struct guest *g, const struct scene *s, uint64_t page);
bool guest_use(struct guest *g, struct scene *s, uint64_t page, enum alias alias, bool write);
void guest_begin(struct guest *g, struct guest_task *t, enum alias to);
void guest_ask(struct guest *g, struct guest_task *t, struct scene *s);
void guest_accept(struct guest *g, struct guest_task *t, struct scene *s);

/* Where a defect may come in. True: it did, and the step is over. */
bool defect_at_rest(struct guest *g, struct guest_task *t);
void defect_in_plan(struct guest *g, struct guest_task *t);
void defect_in_chunk(struct guest *g, struct guest_task *t);
bool defect_in_answer(struct guest *g, struct guest_task *t, struct scene *s, struct map_answer *a, uint64_t pages);
void defect_before_accept(struct guest *g, struct guest_task *t);
bool defect_in_accept(struct guest *g, struct guest_task *t, uint64_t page, uint64_t status);
void defect_accepted(struct guest *g, struct guest_task *t);
bool defect_patient(const struct guest *g);	/* without end */

#endif
