/* SPDX-License-Identifier: MIT */
/*
 * The rules: for each alias a table from (what the module holds, what the guest may believe) to a verdict on an access,
 * and td_report(), which every finding passes.
 *
 * The guest answers for what it knew, so one that was lied to is not to blame. Only accesses that found no mapping are
 * looked up; an access that works is never judged. A shared alias that the guest has no answer for is not mapped for
 * it, so that it makes no difference to the verdict what the VMM did behind the guest's back.
 */
#include "td/state.h"

#define OK		{ TD_CLASS_OK, TD_V_NONE }
#define HAZARD		{ TD_CLASS_HAZARD, TD_V_NONE }
#define VMM(v)		{ TD_CLASS_VMM_CAUSED, TD_V_##v }
#define BAD(v)		{ TD_CLASS_VIOLATION, TD_V_##v }
#define COLUMNS		(TD_KNOWN_UNKNOWN + 1)

/*
 * Private alias. PENDING, and pages that are still or again the VMM's: whoever has shared the page, or asked to, may
 * not use its private alias; whoever asked for it back must accept it first; whoever did neither lost it to the VMM.
 */
static const struct td_judgement private_use[][COLUMNS] = {
	[TD_REAL_PENDING] = {
		[TD_KNOWN_PRIVATE]	    = VMM(PENDING_ACCESS),
		[TD_KNOWN_CLAIMED_SHARED]   = BAD(PRIVATE_ALIAS_OF_SHARED),
		[TD_KNOWN_CLAIMED_PRIVATE]  = BAD(PENDING_ACCESS),
		[TD_KNOWN_TO_SHARED]	    = BAD(PRIVATE_ALIAS_OF_SHARED),
		[TD_KNOWN_TO_PRIVATE]	    = BAD(PENDING_ACCESS),
		[TD_KNOWN_UNKNOWN]	    = BAD(PENDING_ACCESS),
	},
	[TD_REAL_SHARED] = {
		[TD_KNOWN_PRIVATE]	    = VMM(PRIVATE_ALIAS_OF_SHARED),
		[TD_KNOWN_CLAIMED_SHARED]   = BAD(PRIVATE_ALIAS_OF_SHARED),
		[TD_KNOWN_CLAIMED_PRIVATE]  = BAD(PENDING_ACCESS),
		[TD_KNOWN_TO_SHARED]	    = BAD(PRIVATE_ALIAS_OF_SHARED),
		[TD_KNOWN_TO_PRIVATE]	    = BAD(PENDING_ACCESS),
		[TD_KNOWN_UNKNOWN]	    = BAD(PRIVATE_ALIAS_OF_SHARED),
	},
	[TD_REAL_REMOVED] = {
		[TD_KNOWN_PRIVATE]	    = VMM(PENDING_ACCESS),
		[TD_KNOWN_CLAIMED_SHARED]   = BAD(PRIVATE_ALIAS_OF_SHARED),
		[TD_KNOWN_CLAIMED_PRIVATE]  = BAD(PENDING_ACCESS),
		[TD_KNOWN_TO_SHARED]	    = BAD(PRIVATE_ALIAS_OF_SHARED),
		[TD_KNOWN_TO_PRIVATE]	    = BAD(PENDING_ACCESS),
		[TD_KNOWN_UNKNOWN]	    = BAD(PENDING_ACCESS),
	},
};

/*
 * Shared alias, the same for whatever the module holds there. Hazards turn out well or not: see uses.c. While a
 * conversion is open the page table may already, or still, say shared; before the page is accepted it may still do so
 * ([linux:tdx_enc_status_change_prepare] and _finish).
 */
static const struct td_judgement shared_use[COLUMNS] = {
	[TD_KNOWN_PRIVATE]	    = BAD(SHARED_ALIAS_OF_PRIVATE),
	[TD_KNOWN_CLAIMED_SHARED]   = VMM(SHARED_ALIAS_OF_PRIVATE),
	[TD_KNOWN_CLAIMED_PRIVATE]  = HAZARD,
	[TD_KNOWN_TO_SHARED]	    = HAZARD,
	[TD_KNOWN_TO_PRIVATE]	    = HAZARD,
	[TD_KNOWN_UNKNOWN]	    = BAD(SHARED_ALIAS_OF_PRIVATE),
};

/*
 * A load that began on the page before and only strayed into this one through the shared alias is no use of it: Linux's
 * load_unaligned_zeropad() does that and recovers from the #VE.
 */
struct td_judgement td_judge(enum td_real real, enum td_known known, enum td_alias alias, uint32_t access)
{
	static const struct td_judgement fine = OK, hazard = HAZARD;

	if (real == TD_REAL_NONE || known == TD_KNOWN_NONE)
		return fine;
	if (alias == TD_PRIVATE)
		return real == TD_REAL_MAPPED ? fine : private_use[real][known];
	if (real == TD_REAL_SHARED && known == TD_KNOWN_CLAIMED_SHARED)
		return fine;
	if ((access & TD_ACCESS_SPLIT) && !(access & TD_ACCESS_WRITE))
		return hazard;
	return shared_use[known];
}

/* One record per page and verdict in a row: a guest that loops over one page says it once. */
void td_report(struct td *td, struct td_judgement j, uint64_t gpa_with_s, uint64_t pages, uint64_t rip, uint64_t detail)
{
	uint64_t page = gpa_with_s & ~(TDX_PAGE_SIZE - 1);
	uint64_t key = page | (uint64_t)j.class << 8 | j.violation;

	if (j.class == TD_CLASS_OK || key == td->mem->now.last_verdict)
		return;
	td->mem->now.last_verdict = key;
	td_emit(td, VERDICT, verdict, rip, .violation = j.violation, .class = j.class, .gpa = gpa_with_s, .pages = pages,
		.known = (uint8_t)td_known(td, page), .real = (uint8_t)td_real(td, page), .detail = detail);
}

void td_violation(struct td *td, enum td_violation v, uint64_t gpa_with_s, uint64_t pages, uint64_t rip,
		  uint64_t detail)
{
	struct td_judgement j = { TD_CLASS_VIOLATION, v };

	td_report(td, j, gpa_with_s, pages, rip, detail);
}
