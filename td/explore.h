/* SPDX-License-Identifier: MIT */
/*
 * Every answer that a VMM can give: instead of following rules, the VMM takes the next branch of a tree. One sequence
 * of answers is a string of choices; the strings are enumerated depth first, so a string is a seed, a bookmark and a
 * replay at once. An engine starts the guest, lets it run to the end of the sequence, takes it back (td_rollback()),
 * calls td_explore_next() and starts it again.
 *
 * Switched on by td_explore_begin(), from then on the rules of the behaviour are not used.
 */
#ifndef TD_EXPLORE_H
#define TD_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#define TD_EXPLORE_DEPTH 64

/*
 * The alphabet: at least one representative of each class of (R10, R11) that a guest can tell apart, at the boundary
 * values, and what is truly converted. n is the number of pages in the request.
 *
 * Each has the two labels of a behaviour (behaviours/, where the sources are): whether GHCI permits it, or a VMM that
 * is known does it; and whether the VMM would go on, so that the guest has to complete, or not, so that it has to
 * contain what was not done.
 *
 * TD_ANSWER(identifier, name, permitted or hostile, complete or contain, meaning)
 */
#define TD_ANSWERS(TD_ANSWER) \
	TD_ANSWER(OK, "ok", PERMITTED, COMPLETE, "SUCCESS; all n pages converted") \
	TD_ANSWER(STALL, "stall", PERMITTED, COMPLETE, "RETRY, R11 = start; nothing converted") \
	TD_ANSWER(FIRST, "first", PERMITTED, COMPLETE, "RETRY after 1 page; n > 1") \
	TD_ANSWER(HALF, "half", PERMITTED, COMPLETE, "RETRY after n/2 pages; n > 3") \
	TD_ANSWER(LAST, "last", PERMITTED, COMPLETE, "RETRY after n-1 pages; n > 2") \
	TD_ANSWER(END, "end", HOSTILE, CONTAIN, "RETRY, R11 = end; all n pages converted") \
	TD_ANSWER(BEYOND, "beyond", HOSTILE, CONTAIN, "RETRY, R11 = end + 1 page") \
	TD_ANSWER(BELOW, "below", HOSTILE, CONTAIN, "RETRY, R11 = start - 1 page") \
	TD_ANSWER(ZERO, "zero", HOSTILE, CONTAIN, "RETRY, R11 = 0") \
	TD_ANSWER(UNALIGNED, "unaligned", HOSTILE, CONTAIN, "RETRY, R11 = start + 1 byte") \
	TD_ANSWER(OTHER_S, "other-s", HOSTILE, CONTAIN, \
		  "RETRY, R11 = start + 1 page with the other shared bit, 1 page converted; n > 1") \
	TD_ANSWER(INVALID, "invalid", PERMITTED, CONTAIN, "INVALID_OPERAND; nothing converted") \
	TD_ANSWER(INVALID_AFTER, "invalid-after", PERMITTED, CONTAIN, "INVALID_OPERAND after 1 page; n > 1") \
	TD_ANSWER(INUSE, "inuse", PERMITTED, CONTAIN, "GPA_INUSE; nothing converted") \
	TD_ANSWER(ALIGN, "align", HOSTILE, CONTAIN, "ALIGN_ERROR; nothing converted") \
	TD_ANSWER(UNSUPPORTED, "unsupported", PERMITTED, CONTAIN, "SUBFUNC_UNSUPPORTED; nothing converted") \
	TD_ANSWER(UNKNOWN, "unknown", HOSTILE, CONTAIN, "a code that GHCI does not have; nothing converted") \
	TD_ANSWER(LIE, "lie", HOSTILE, CONTAIN, "SUCCESS; nothing converted")

enum td_answer {
#define TD_ANSWER(id, name, ghci, expect, meaning) TD_ANSWER_##id,
	TD_ANSWERS(TD_ANSWER)
#undef TD_ANSWER
	TD_ANSWER_KINDS
};

#define TD_EXPLORE_STATE(real, known) ((real) * 8u + (known))

struct td_choices {
	uint8_t taken[TD_EXPLORE_DEPTH];	/* index among the answers that were possible there */
	uint8_t width[TD_EXPLORE_DEPTH];	/* how many were */
	uint8_t answer[TD_EXPLORE_DEPTH];	/* enum td_answer */
	uint32_t limit;		/* answers chosen in one sequence; 0: not exploring */
	uint32_t depth;		/* choices on record: a prefix to be followed, then what was added */
	uint32_t at;		/* the next one to be used by the present sequence */
	uint32_t fixed;		/* the first so many never change: a shard, or a replay */
	uint32_t named;		/* of the first so many, answer[] is given and taken[] follows from it: a replay */
	uint64_t random;	/* not 0: choices that are added are drawn from this instead of being the first */
	uint64_t seed, count, number;	/* count not 0: so many sequences are drawn, each from seed and its number */
	uint32_t shard, shards, split;	/* td_explore_shard() */
	uint64_t dealt;			/* prefixes of at most split answers that were begun before the present one */
	bool ours;			/* the present sequence belongs to this shard */
	uint64_t states;	/* what pages have been in meanwhile: bit TD_EXPLORE_STATE(real, known) */
	uint32_t cut;		/* answers beyond limit that the present sequence asked for: the last one again if it brought
				 * nothing, so that a loop without end shows, else "ok" */
};

struct td;

/* Starts with the first sequence. limit: 1 .. TD_EXPLORE_DEPTH answers in one; 0 goes back to the rules. */
void td_explore_begin(struct td *td, uint32_t limit);

/* Where an engine sees and sets the present sequence. */
struct td_choices *td_explore_choices(struct td *td);

/* The next sequence in order; false when all have been taken. Call between sequences, at = 0 afterwards. */
bool td_explore_next(struct td *td);

/*
 * One of so many shards (shard < shards) of the sequences. Those that begin alike, in at most split answers, are dealt
 * out together and in turn, so the shards are disjoint and together all there is, whatever the guest does, as long as
 * it does the same each time. What a shard must run only to see how the tree goes on is not ours. With a count,
 * numbers are dealt out. Call after td_explore_begin() and td_explore_random(), before the first sequence.
 */
void td_explore_shard(struct td *td, uint32_t shard, uint32_t shards);

/* Sequences are drawn instead of enumerated: count of them, the same for the same seed. */
void td_explore_random(struct td *td, uint64_t seed, uint64_t count);

/* A drawn sequence becomes the present one: where a run before this one had come to. */
void td_explore_number(struct td *td, uint64_t number);

/* Whether there is a first sequence: more shards than numbers leave some with nothing to do. */
bool td_explore_any(struct td *td);

/* A request of fewer pages does not tell this answer from others, and is not given it. */
uint64_t td_explore_least_pages(enum td_answer answer);

/* How many answers are possible for a request of so many pages. */
uint32_t td_explore_width(uint64_t pages);

#endif
