/* SPDX-License-Identifier: MIT */
/*
 * The other end for the unit tests of libtdconv: a small VMM that follows a script, a module that knows each page's
 * state, and an embedder with a page table of one level. It checks by itself what a guest must never do, and counts it.
 */
#ifndef GUEST_FAKE_H
#define GUEST_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/tdx.h"
#include "tdconv_os.h"

#define FAKE_BASE	0x40000000ull	/* GPA of the first page */
#define FAKE_PAGES	4096u		/* 16 MiB */
#define FAKE_VA		0x7f0000000000ull
#define FAKE_S		(1ull << 47)
#define GPA(n)		(FAKE_BASE + (uint64_t)(n) * 4096)
#define VA(n)		(FAKE_VA + (uint64_t)(n) * 4096)
#define BYTES(n)	((uint64_t)(n) * 4096)

enum fake_state { FAKE_MAPPED, FAKE_PENDING, FAKE_SHARED };

/* R11 of an answer: base plus pages and bytes, then S. */
enum fake_base { FROM_START, FROM_END, FROM_ZERO };
enum fake_s { S_ECHO, S_FLIP };

struct fake_answer {
	uint32_t times;		/* 0: ends the script; from then on everything is converted at once */
	uint64_t r10;
	uint32_t pages_done;	/* truly converted before the answer */
	enum fake_base base;
	int64_t pages, bytes;
	enum fake_s s;
	uint64_t rax;
};

struct fake_call {
	uint64_t leaf, address, size;	/* MapGPA: R12, R13; ACCEPT, RELEASE: RCX */
};

struct fake {
	/* What a test sets. */
	uint64_t gpaw, config_flags, info_rax;
	struct fake_answer script[8];
	bool host_4k;			/* the VMM maps private memory at 4 KiB only */
	uint32_t large_from;		/* from this page on private memory is mapped at 2 MiB: RELEASE takes no less */
	bool takes_1g;			/* ACCEPT of 1 GiB works, as it does in no module */
	bool keep_private;		/* to private: the VMM leaves a page that is private as it is */
	uint64_t page_status[FAKE_PAGES];	/* what ACCEPT and RELEASE answer for this page instead, ... */
	uint32_t page_times[FAKE_PAGES];	/* ... this many times */
	uint64_t page_leaf[FAKE_PAGES];	/* ... when this leaf is asked; 0: both */
	uint64_t pauses_allowed;
	enum tdconv_record record[FAKE_PAGES];
	uint32_t frame[FAKE_PAGES];	/* the page behind a virtual page; FAKE_PAGES: nothing */
	bool contiguous;		/* translate() gives all that goes on, not one page at a time */
	const struct tdconv_run *says;		/* what translate() says of any address instead */
	const struct tdconv_extent *finds;	/* and next_shared(), once */
	bool stopped;			/* the gate */
	uint32_t pte_fails, pte_fails_again;	/* set_pte() refuses these calls, counted from 1 */

	/* What came of it. */
	enum fake_state state[FAKE_PAGES];
	uint32_t accepted[FAKE_PAGES], zeroed[FAKE_PAGES];
	enum tdconv_pte pte[FAKE_PAGES];
	struct fake_call calls[20000];
	uint32_t ncalls, map_calls, accepts, releases, records;
	uint64_t pauses, longest_pause;
	uint32_t entered, left, set_ptes, flushes, cache_flushes, left_shared;
	char order[64];			/* T flush TLB, C caches, P S N page tables, M MapGPA, A accept, R release */

	/* What must never happen. */
	uint32_t bad_requests;		/* a MapGPA that is empty, unaligned, wraps or shows more than R10 to R13 */
	uint32_t private_over_unproven;	/* a private mapping of a page that is not MAPPED */
};

extern struct fake fake;

/* Everything private, a willing VMM, GPAW 48, an embedder without records, page n at virtual page n. */
struct tdconv *fake_start(void);
void fake_share_all(void);	/* as a conversion to shared would have left it */
uint32_t fake_pages_in(enum fake_state state, uint32_t first, uint32_t pages);
bool fake_good(void);		/* nothing happened that must not */

#endif
