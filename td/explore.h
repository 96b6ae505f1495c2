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
 * values, and what is truly converted; what may become of the other registers that the guest showed the VMM; and what
 * the VMM can make of the ACCEPTs that follow. n is the number of pages in the request.
 *
 * Each has the two labels of a behaviour (behaviours/, where the sources are): whether GHCI permits it, or a VMM that
 * is known does it; and whether the VMM would go on, so that the guest has to complete, or not, so that it has to
 * contain what was not done.
 *
 * A request of fewer than `least` pages does not tell the answer from others, and is not given it; what is about
 * ACCEPT is given to requests to private only. done: the pages that are truly converted, of n. R11 is the page behind
 * them where the meaning does not say something else.
 *
 * TD_ANSWER(identifier, name, permitted or hostile, complete or contain, class, least, done, R10, meaning)
 */
#define TD_ANSWERS(TD_ANSWER) \
	TD_ANSWER(OK, "ok", PERMITTED, COMPLETE, SUCCESS, 1, n, SUCCESS, "SUCCESS; all n pages converted") \
	TD_ANSWER(STALL, "stall", PERMITTED, COMPLETE, STALL, 1, 0, RETRY, "RETRY, R11 = start; nothing converted") \
	TD_ANSWER(FIRST, "first", PERMITTED, COMPLETE, PARTIAL, 2, 1, RETRY, "RETRY after 1 page; n > 1") \
	TD_ANSWER(HALF, "half", PERMITTED, COMPLETE, PARTIAL, 4, n / 2, RETRY, "RETRY after n/2 pages; n > 3") \
	TD_ANSWER(LAST, "last", PERMITTED, COMPLETE, PARTIAL, 3, n - 1, RETRY, "RETRY after n-1 pages; n > 2") \
	TD_ANSWER(END, "end", HOSTILE, CONTAIN, R11, 1, n, RETRY, "RETRY, R11 = end; all n pages converted") \
	TD_ANSWER(BEYOND, "beyond", HOSTILE, CONTAIN, R11, 1, 0, RETRY, "RETRY, R11 = end + 1 page") \
	TD_ANSWER(BELOW, "below", HOSTILE, CONTAIN, R11, 1, 0, RETRY, "RETRY, R11 = start - 1 page") \
	TD_ANSWER(ZERO, "zero", HOSTILE, CONTAIN, R11, 1, 0, RETRY, "RETRY, R11 = 0") \
	TD_ANSWER(UNALIGNED, "unaligned", HOSTILE, CONTAIN, R11, 1, 0, RETRY, "RETRY, R11 = start + 1 byte") \
	TD_ANSWER(OTHER_S, "other-s", HOSTILE, CONTAIN, R11, 2, 1, RETRY, \
		  "RETRY, R11 = start + 1 page with the other shared bit, 1 page converted; n > 1") \
	TD_ANSWER(INVALID, "invalid", PERMITTED, CONTAIN, ERROR, 1, 0, INVALID_OPERAND, \
		  "INVALID_OPERAND; nothing converted") \
	TD_ANSWER(INVALID_AFTER, "invalid-after", PERMITTED, CONTAIN, ERROR, 2, 1, INVALID_OPERAND, \
		  "INVALID_OPERAND after 1 page; n > 1") \
	TD_ANSWER(INUSE, "inuse", PERMITTED, CONTAIN, ERROR, 1, 0, GPA_INUSE, "GPA_INUSE; nothing converted") \
	TD_ANSWER(ALIGN, "align", HOSTILE, CONTAIN, ERROR, 1, 0, ALIGN_ERROR, "ALIGN_ERROR; nothing converted") \
	TD_ANSWER(UNSUPPORTED, "unsupported", PERMITTED, CONTAIN, ERROR, 1, 0, SUBFUNC_UNSUPPORTED, \
		  "SUBFUNC_UNSUPPORTED; nothing converted") \
	TD_ANSWER(UNKNOWN, "unknown", HOSTILE, CONTAIN, ERROR, 1, 0, UNKNOWN, \
		  "a code that GHCI does not have; nothing converted") \
	TD_ANSWER(LIE, "lie", HOSTILE, CONTAIN, SUCCESS, 1, 0, SUCCESS, "SUCCESS; nothing converted") \
	TD_ANSWER(OK_CHANGED, "ok-changed", PERMITTED, COMPLETE, REGISTERS, 1, n, SUCCESS, \
		  "SUCCESS; all n pages converted, every other register of the mask changed") \
	TD_ANSWER(FIRST_CHANGED, "first-changed", PERMITTED, COMPLETE, REGISTERS, 2, 1, RETRY, \
		  "RETRY after 1 page, every other register of the mask changed; n > 1") \
	TD_ANSWER(INVALID_END, "invalid-end", HOSTILE, CONTAIN, ERROR, 1, 0, INVALID_OPERAND, \
		  "INVALID_OPERAND, R11 = end; nothing converted") \
	TD_ANSWER(BUSY, "busy", PERMITTED, COMPLETE, ACCEPT, 1, n, SUCCESS, \
		  "SUCCESS; all n pages converted; to private: the first ACCEPT that has the page in the middle is OPERAND_BUSY") \
	TD_ANSWER(NO_SIZE, "no-size", PERMITTED, CONTAIN, ACCEPT, 1, n, SUCCESS, \
		  "SUCCESS; all n pages converted; to private: each ACCEPT of the page in the middle is PAGE_SIZE_MISMATCH") \
	TD_ANSWER(SMALL, "small", PERMITTED, COMPLETE, ACCEPT, 512, n, SUCCESS, \
		  "SUCCESS; all n pages converted; to private: each ACCEPT of 2 MiB is PAGE_SIZE_MISMATCH; n > 511")

/* What a guest was not seen under, if no answer of a class was given. */
#define TD_ANSWER_CLASSES(X) \
	X(SUCCESS, "success") \
	X(STALL, "no progress") \
	X(PARTIAL, "partial completion") \
	X(R11, "an R11 that cannot be") \
	X(ERROR, "an error") \
	X(REGISTERS, "changed registers") \
	X(ACCEPT, "a disturbed ACCEPT")

enum td_answer {
#define TD_ANSWER(id, ...) TD_ANSWER_##id,
	TD_ANSWERS(TD_ANSWER)
#undef TD_ANSWER
	TD_ANSWER_KINDS
};

#define TD_ENUM_ANSWER_CLASS(id, name) TD_ANSWERS_##id,
enum td_answer_class { TD_ANSWER_CLASSES(TD_ENUM_ANSWER_CLASS) TD_ANSWER_CLASS_KINDS };

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
	uint64_t met;		/* a bit for each answer of the present sequence: an ACCEPT was disturbed as it says */
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

enum td_answer_class td_explore_class(enum td_answer answer);

/* Whether a request of so many pages can be given this answer, and how many answers it can be given. */
bool td_explore_possible(enum td_answer answer, uint64_t pages, bool to_shared);
uint32_t td_explore_width(uint64_t pages, bool to_shared);

/*
 * Of a replay: the first of the answers that were named which the guest was not given, from 1 on, since what it did
 * there has no place for it; 0 if there is none. named: as answer[] was before the sequence.
 */
uint32_t td_explore_not_given(const struct td_choices *choices, const uint8_t named[TD_EXPLORE_DEPTH]);

/* It brings nothing, so that beyond the limit it is said again. */
bool td_explore_is_fruitless(enum td_answer answer);

#endif
