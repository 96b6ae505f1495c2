/* SPDX-License-Identifier: MIT */
/*
 * A VMM behaviour in the packed form that td runs. The text form (behaviours/) is the command's business.
 *
 * A MapGPA call is answered by the first rule that matches it, else as was recorded for it, else the VMM converts
 * everything and says SUCCESS. Rules for ACCEPT are about what a VMM can do to the module's answer: hold the lock of a
 * page, have mapped it in another size, and take it away afterwards. Fixed size, no pointers: an engine may copy it as
 * bytes.
 */
#ifndef TD_BEHAVIOUR_H
#define TD_BEHAVIOUR_H

#include <stdint.h>

#define TD_MAX_RULES	8
#define TD_MAX_RECORDED	256

enum td_on { TD_ON_MAPGPA, TD_ON_ACCEPT };
enum td_match { TD_MATCH_ANY, TD_MATCH_TO_SHARED, TD_MATCH_TO_PRIVATE };

/* R11 of an answer that carries one: base + pages * 4096 + bytes, then S. KEPT: the VMM does not write R11. */
enum td_claim_base { TD_CLAIM_FRONTIER, TD_CLAIM_START, TD_CLAIM_END, TD_CLAIM_ZERO, TD_CLAIM_KEPT };
enum td_claim_s { TD_S_ECHO, TD_S_STRIP, TD_S_FLIP };

enum td_implicit {
	TD_IMPLICIT_VE,		/* a shared touch of a private page is a #VE */
	TD_IMPLICIT_CONVERT,	/* the VMM converts it silently and the data is lost, as KVM's users do */
	TD_IMPLICIT_STOP,	/* the VMM does not expect it, and gives the TD up */
};

/*
 * MIXED: every second 2 MiB of GPA space is mapped in 4 KiB pages, as where the host finds no large page. ACCEPT: as
 * the guest accepts it, and 2 MiB of which it accepted a page of 4 KiB are mapped in such pages for good.
 */
enum td_aug { TD_AUG_2M, TD_AUG_4K, TD_AUG_MIXED, TD_AUG_ACCEPT };

/* What a page holds that has become shared: neither old contents nor zeroes, so that a stale read shows; or zeroes. */
enum td_contents { TD_CONTENTS_SCRAMBLED, TD_CONTENTS_ZEROED };

/* What becomes of the private page when its memory is shared. KEPT: it stays, and is there again afterwards. */
enum td_old { TD_OLD_REMOVED, TD_OLD_KEPT };

/* Registers that the guest shows the VMM in a MapGPA call, and that are no result: CHANGED as the VMM may. */
enum td_registers { TD_REGISTERS_KEPT, TD_REGISTERS_CHANGED };

enum td_align {
	TD_ALIGN_CHECKED,	/* a request that is not page aligned is ALIGN_ERROR, as on KVM */
	TD_ALIGN_IGNORED,	/* it is served, with every page that it touches */
};

struct td_rule {
	/* Match. */
	uint32_t on;		/* enum td_on */
	uint32_t direction;	/* enum td_match; MapGPA only */
	uint32_t first;		/* calls of this kind, counted from 1 over the whole run; 0: from the first */
	uint32_t last;		/* 0: to the last */
	uint32_t step;		/* of the calls from first on, every step-th; 0 or 1: each */
	uint64_t min_pages;	/* requests of at least this size */

	/* Act. On ACCEPT: stalls with chance, remove, readd and fail. */
	uint64_t complete;	/* pages truly converted at most per call; UINT64_MAX: all */
	uint32_t chunk;		/* with chance: pages after which the VMM looks for a reason to stop; 0: never */
	uint32_t chance;	/* of stopping after a chunk, in 1/256; without chunks, and on ACCEPT, of a stall, 0: always */
	uint32_t stalls;	/* RETRY without progress, this many times at each frontier, before anything is done; ACCEPT:
				 * OPERAND_BUSY, at most so many times in a row for one operand */
	uint32_t lie;		/* 1: say SUCCESS whatever was done */
	uint32_t remove;	/* private pages right behind the request that the VMM takes away afterwards; ACCEPT: pages from
				 * the accepted one on */
	uint32_t readd;		/* 1: and puts empty ones, PENDING, in their place */
	uint32_t hole;		/* the page of a request to shared, from 1 on, that is not mapped afterwards: a use is a #VE;
				 * 0: none */
	uint32_t registers;	/* enum td_registers */
	uint64_t fail;		/* 0: SUCCESS or RETRY as the pages say; else this R10 after the pages were converted; ACCEPT:
				 * OPERAND_BUSY or PAGE_SIZE_MISMATCH (enum tdx_code), and nothing is accepted */
	int64_t shift;		/* it is not the pages asked for that are converted, but those so many pages further on */
	uint32_t claim_base;	/* enum td_claim_base */
	uint32_t claim_s;	/* enum td_claim_s */
	int64_t claim_pages;
	int64_t claim_bytes;
};

/*
 * What a VMM answered once, to be answered again. What was asked for may be known: then another request is none that it
 * belongs to, and an R11 within what was asked for moves along with the request. Else it is any that R11 lies in.
 */
struct td_recorded {
	uint64_t r10, r11;
	uint64_t gpa, bytes;	/* R12 and R13 of the request; 0 bytes: not known */
	uint32_t pages;		/* that were converted; TD_AS_ANSWERED: those that the answer says */
	uint32_t keeps_r11;	/* 1: R11 was not written */
};

#define TD_AS_ANSWERED	UINT32_MAX

/* Pages that such an answer says are converted, of a request of so many bytes. */
uint64_t td_pages_answered(uint64_t r10, uint64_t r11, uint64_t gpa, uint64_t bytes);

struct td_behaviour {
	uint32_t hostile;	/* 0: GHCI permits it */
	uint32_t contain;	/* 0: the guest is expected to complete; 1: to contain the damage */
	uint32_t implicit;	/* enum td_implicit */
	uint32_t aug;		/* enum td_aug: level at which private memory appears */
	uint32_t contents;	/* enum td_contents */
	uint32_t align;		/* enum td_align */
	uint32_t old;		/* enum td_old */
	uint32_t nrules;
	struct td_rule rules[TD_MAX_RULES];
	uint32_t before;	/* MapGPA calls that count for nothing here: they were made before the VMM behaved so */
	uint32_t nrecorded;	/* what a call is answered that no rule is about, one after the other */
	struct td_recorded recorded[TD_MAX_RECORDED];
};

#endif
