/* SPDX-License-Identifier: MIT */
/*
 * The world of the fuzz target: a VMM, a module and an embedder whose every answer is a byte of the input, and the
 * promises of libtdconv, checked with arithmetic of their own (S by masks, where the library adds and subtracts).
 */
#ifndef GUEST_FUZZ_H
#define GUEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tdconv_os.h"

#define FUZZ_BASE	0x40000000ull
#define FUZZ_PAGES	2048u			/* four 2 MiB units */
#define FUZZ_VA		0x7f0000000000ull
#define FUZZ_GPA(n)	(FUZZ_BASE + (uint64_t)(n) * 4096)
#define FUZZ_VADDR(n)	(FUZZ_VA + (uint64_t)(n) * 4096)

/* What a careful reader of the answers knows of a page. */
enum fuzz_page {
	PAGE_PROVEN,		/* private: nobody ever asked for anything else, or accepted */
	PAGE_NEVER,		/* not accepted yet */
	PAGE_ASKED_SHARED,	/* MapGPA named it, and the VMM did not say that it was done */
	PAGE_ASKED_PRIVATE,
	PAGE_SHARED,		/* claimed */
	PAGE_PRIVATE,		/* claimed, to be accepted */
	PAGE_RELEASED,
};

enum { FUZZ_TLB = 1, FUZZ_CACHE = 2 };

enum fuzz_op { OP_SHARE, OP_UNSHARE, OP_ACCEPT, OP_UNDO, OP_SET };

struct fuzz {
	const uint8_t *data;
	size_t left;
	struct tdconv tdc;
	uint64_t s, config_flags;
	enum fuzz_page page[FUZZ_PAGES];
	enum tdconv_pte pte[FUZZ_PAGES];	/* by physical page: the frames are a permutation */
	uint32_t frame[FUZZ_PAGES];
	uint8_t scatter;

	/* The operation that runs, and what it may still do. */
	enum fuzz_op op;
	uint64_t lo, hi, frontier, cursor, limit;
	uint64_t zero, may_zero;	/* bytes that must (may) be zeroed before anything else is asked */
	uint64_t release_rax;
	bool map_over, releasing, reaccepting, never;
	enum tdconv_status expect;
	struct tdconv_budget budget;

	/* Counted by the world; the result and the statistics must agree. */
	struct tdconv_result seen;
	struct tdconv_stats total;
	uint64_t run, module_run;
	uint64_t maybe_busy;		/* answers "busy" of which the world cannot tell whether they were survived */
	bool said, pte_failed, stopped, walking;
	uint32_t inside, quiet;		/* quiet: page calls that work before next_answer */
	uint8_t next_answer;
	unsigned int stale;		/* FUZZ_TLB, FUZZ_CACHE */
	bool bad_translation;
	uint64_t walked, left_shared;	/* pages, extents */
	uint64_t va_end;		/* of the operation on virtual memory */
	uint64_t walk_at;		/* where the walk of page tables must go on */
	int64_t shared;			/* pages, as the statistics count them, before the operation */
};

extern struct fuzz fuzz;

/* A promise was broken: says which and ends the process. */
#define PROMISE(holds, text) do { if (!(holds)) fuzz_broken(text, __LINE__); } while (0)
_Noreturn void fuzz_broken(const char *promise, int line);

uint8_t fuzz_byte(void);	/* 0 when there are no more: the world is willing from then on */
uint64_t fuzz_word(unsigned int bytes);
void fuzz_ends(enum tdconv_status why);		/* what was answered last ends the operation, or the page */
void fuzz_page_ends(enum tdconv_status why);
void fuzz_set_pages(uint64_t from, uint64_t to, enum fuzz_page state);
void fuzz_map_gpa(struct tdconv_regs *r);
void fuzz_page_call(struct tdconv_regs *r);
void fuzz_op_starts(enum fuzz_op op, uint64_t gpa, uint64_t bytes);
void fuzz_check_mapping(bool shared, uint64_t gpa, uint64_t end);

#define OLD_ENTRIES	1u	/* of others, in every quarantine list */
struct tdconv_quarantine fuzz_new_list(uint32_t room);
bool fuzz_listed(const struct tdconv_quarantine *list, uint64_t gpa);
void fuzz_check_list(const struct tdconv_quarantine *list);
void fuzz_check_shared(uint64_t bytes, bool grown);
void fuzz_range(uint32_t *first, uint32_t *pages);
void fuzz_set_memory(enum tdconv_to to);
void fuzz_unshare_all(void);

int fuzz_one(const uint8_t *data, size_t bytes);

#endif
