/* SPDX-License-Identifier: MIT */
/* Whether the VMM has disturbed the guest yet, read from the journal's records. */
#include "abi/tdx.h"
#include "td/td.h"

/* There is no smaller page to be tried. */
static bool is_sizeless(const struct td_record_accept *accept)
{
	return tdx_code(accept->status) == TDX_PAGE_SIZE_MISMATCH && accept->rcx % TDX_PAGE_SIZE == TDX_LEVEL_4K;
}

/*
 * That a page is mapped in another size is the VMM's doing only where no smaller one is left; that one is there already
 * which the guest had shared, and was told it has back, always.
 */
static bool accept_disturbs(const struct td_record_accept *accept)
{
	uint32_t code = tdx_code(accept->status);

	return code == TDX_OPERAND_BUSY ||
	       is_sizeless(accept) ||
	       (code == TDX_PAGE_ALREADY_ACCEPTED && accept->known == TD_KNOWN_CLAIMED_PRIVATE);
}

bool td_event_disturbs(const struct td_event *event)
{
	const struct td_record_mapgpa *call = &event->mapgpa;

	switch (event->type) {
	case TD_EV_MAPGPA:	/* with a conversion: one without was refused for what it is, or is not followed any more */
		return call->conversion != 0 && (call->r10 != TDVMCALL_SUCCESS || call->done < call->bytes / TDX_PAGE_SIZE);
	case TD_EV_ACCEPT:
		return accept_disturbs(&event->accept);
	default:
		return event->type == TD_EV_VMM_ACT;
	}
}

static bool is_refusal(uint64_t r10)
{
	return r10 == TDVMCALL_INVALID_OPERAND || r10 == TDVMCALL_GPA_INUSE || r10 == TDVMCALL_SUBFUNC_UNSUPPORTED;
}

/* RETRY at a page of the request, and what lies before it was done. */
static bool is_fair_retry(uint64_t gpa, uint64_t pages, uint64_t r11, uint64_t done)
{
	uint64_t claimed = (r11 - gpa) / TDX_PAGE_SIZE;

	return r11 % TDX_PAGE_SIZE == 0 && r11 >= gpa && claimed < pages && claimed <= done;
}

/* Of an error: R11 says that more was done than was. */
static bool is_false_progress(const struct td_record_mapgpa *call)
{
	return call->r11 > call->gpa && call->r11 - call->gpa <= call->bytes &&
	       (call->r11 - call->gpa) / TDX_PAGE_SIZE > call->done;
}

void td_answers_add(struct td_answers *answers, const struct td_event *event)
{
	const struct td_record_mapgpa *call = &event->mapgpa;
	uint64_t pages = call->bytes / TDX_PAGE_SIZE;
	bool fair;

	answers->hostile |= event->type == TD_EV_VMM_ACT;
	answers->refused |= event->type == TD_EV_ACCEPT && is_sizeless(&event->accept);
	if (event->type != TD_EV_MAPGPA || call->conversion == 0)	/* no conversion: any VMM refuses what it was asked */
		return;
	fair = call->r10 == TDVMCALL_RETRY && is_fair_retry(call->gpa, pages, call->r11, call->done);
	answers->stalls = fair && call->r11 == call->gpa ? answers->stalls + 1 : 0;
	if (answers->stalls > answers->longest)
		answers->longest = answers->stalls;
	if (call->r10 == TDVMCALL_SUCCESS)
		answers->hostile |= call->done < pages;
	else if (is_refusal(call->r10) && call->done < pages)
		answers->refused = true;
	else
		answers->hostile |= !fair;
	answers->hostile |= is_refusal(call->r10) && is_false_progress(call);
}

static enum td_cause cause_now(const struct td_found *found)
{
	return found->answers.hostile ? TD_CAUSE_HOSTILE : TD_CAUSE_PERMITTED;
}

void td_found_violation(struct td_found *found, enum td_violation violation)
{
	if (violation == TD_V_ABANDONED || violation == TD_V_ACCEPT_ABANDONED) {
		found->given_up = found->given_up != TD_V_NONE ? found->given_up : violation;
	} else if (found->first == TD_V_NONE) {
		found->first = violation;
		found->cause = cause_now(found);
	}
}

void td_found_add(struct td_found *found, const struct td_event *event)
{
	enum td_violation violation = (enum td_violation)event->verdict.violation;

	td_answers_add(&found->answers, event);
	if (event->type != TD_EV_VERDICT)
		return;
	found->vmm_caused |= event->verdict.class == TD_CLASS_VMM_CAUSED;
	if (event->verdict.class == TD_CLASS_HAZARD && found->flaw == TD_V_NONE)
		found->flaw = violation;
	if (event->verdict.class == TD_CLASS_VIOLATION)
		td_found_violation(found, violation);
}

enum td_cause td_found_cause(const struct td_found *found, enum td_violation finding)
{
	if (found->first != TD_V_NONE && finding == found->first)
		return found->cause;
	if (found->flaw != TD_V_NONE && finding == found->flaw)
		return TD_CAUSE_CALLER;
	return cause_now(found);
}
