/* SPDX-License-Identifier: MIT */
/* The MapGPA loop: what the VMM claims, checked for sense, within a budget. */
#include "abi/tdx.h"
#include "internal.h"

/* MapGPA calls that a request of this size may take. */
/*@ requires bytes <= 0x8000000000000;
  @ assigns \nothing;
  @ ensures \result == max_calls(budget, bytes);
  @ ensures \result <= 0x100000000000000;
  @*/
uint64_t tdconv_max_calls(struct tdconv_budget budget, uint64_t bytes)
{
	uint64_t pages = bytes / PAGE;

	//@ assert pages <= 0x8000000000;
	//@ assert budget.calls_per_page * pages <= 65535 * pages;
	return budget.calls_per_page * pages + budget.calls_extra;
}

/* R11 of a RETRY comes from the untrusted VMM: a page of what is left to do, or it is no place to go on from. */
/*@ requires \valid_read(tdc) && s_ok(tdc->td.shared_bit) && tdc->td.shared_bit > 0;
  @ requires \valid(next) && \separated(next, tdc);
  @ requires to == TDCONV_PRIVATE || to == TDCONV_SHARED;
  @ assigns *next;
  @ ensures \result == TDCONV_OK <==> credible(tdc->td.shared_bit, tdc->policy.lenient_s != 0, to, r11, from, end);
  @ ensures \result == TDCONV_OK ==> *next == address_of(tdc->td.shared_bit, r11);
  @ ensures \result == TDCONV_OK || TDCONV_E_R11_UNALIGNED <= \result <= TDCONV_E_R11_SHARED_BIT;
  @*/
static enum tdconv_status judge_r11(const struct tdconv *tdc, enum tdconv_to to, uint64_t r11, uint64_t from,
				    uint64_t end, uint64_t *next)
{
	bool shared = r11 >= tdc->td.shared_bit;
	uint64_t address = shared ? r11 - tdc->td.shared_bit : r11;

	if (address % PAGE != 0)
		return TDCONV_E_R11_UNALIGNED;
	if (address < from)
		return TDCONV_E_R11_BEHIND;
	if (address >= end)
		return TDCONV_E_R11_BEYOND;
	if (shared != (to == TDCONV_SHARED) && !tdc->policy.lenient_s)
		return TDCONV_E_R11_SHARED_BIT;
	*next = address;
	return TDCONV_OK;
}

/* An R10 that is neither SUCCESS nor RETRY, each kept apart: they ask for different reactions. */
/*@ assigns \nothing;
  @ ensures TDCONV_E_VMM_INVALID <= \result <= TDCONV_E_VMM_UNKNOWN;
  @*/
static enum tdconv_status refusal(uint64_t r10)
{
	if (r10 == TDVMCALL_INVALID_OPERAND)
		return TDCONV_E_VMM_INVALID;
	if (r10 == TDVMCALL_GPA_INUSE)
		return TDCONV_E_VMM_INUSE;
	if (r10 == TDVMCALL_ALIGN_ERROR)
		return TDCONV_E_VMM_ALIGN;
	if (r10 == TDVMCALL_SUBFUNC_UNSUPPORTED)
		return TDCONV_E_VMM_UNSUPPORTED;
	return TDCONV_E_VMM_UNKNOWN;
}

/*
 * One MapGPA for [from, end). TDCONV_OK: the answer makes sense and next is the new frontier, which is end if and
 * only if the VMM said SUCCESS.
 */
/*@ requires \valid_read(tdc) && \valid(res) && \valid(next);
  @ requires \separated(tdc, res, next);
  @ requires map_reported(tdc->td.shared_bit, *res);
  @ requires from == tdconv_frontier && from < end <= tdconv_hi && end % 4096 == 0;
  @ requires res->calls < TDCONV_U64_MAX;
  @ assigns *next, MAP_GHOSTS, res->rax, res->r10, res->r11, res->calls, res->retries, res->s_mismatches;
  @ ensures res->calls == tdconv_calls == \old(tdconv_calls) + 1;
  @ ensures \old(res->retries) <= res->retries <= \old(res->retries) + 1;
  @ ensures \result == TDCONV_OK ==> *next == tdconv_frontier && from <= *next <= end && *next % 4096 == 0;
  @ ensures \result == TDCONV_OK && *next == end ==> tdconv_said == end;
  @ ensures \result == TDCONV_OK && *next != end ==> res->retries == \old(res->retries) + 1;
  @ ensures \result != TDCONV_OK ==> tdconv_frontier == from;
  @ ensures \result == TDCONV_OK || TDCONV_E_MODULE <= \result <= TDCONV_E_R11_SHARED_BIT;
  @ ensures TDCONV_E_VMM_INVALID <= \result <= TDCONV_E_VMM_UNKNOWN ==> res->r10 > 1;
  @ ensures \result == TDCONV_E_MODULE <==> res->rax != 0;
  @*/
static enum tdconv_status ask(const struct tdconv *tdc, struct tdconv_result *res, uint64_t from, uint64_t end,
			      uint64_t *next)
{
	struct vmm_answer answer;

	tdconv_ask_vmm(tdc, res->to, from, end, &answer);
	res->calls++;
	res->rax = answer.rax;
	res->r10 = answer.r10;
	res->r11 = answer.r11;
	if (answer.rax != 0)
		return TDCONV_E_MODULE;
	if (answer.r10 == TDVMCALL_SUCCESS) {
		*next = end;
		return TDCONV_OK;
	}
	if (answer.r10 != TDVMCALL_RETRY)
		return refusal(answer.r10);
	res->retries++;
	if ((answer.r11 >= tdc->td.shared_bit) != (res->to == TDCONV_SHARED))
		res->s_mismatches = tdconv_sum(res->s_mismatches, 1);
	return judge_r11(tdc, res->to, answer.r11, from, end, next);
}

/* The bucket of struct tdconv_stats.steps for an answer that claims this many pages. */
/*@ assigns \nothing;
  @ ensures \result < TDCONV_STEPS;
  @*/
static unsigned int bucket(uint64_t pages)
{
	if (pages < 2)
		return (unsigned int)pages;
	if (pages < 8)
		return 2;
	if (pages < 64)
		return 3;
	if (pages < 512)
		return 4;
	if (pages == 512)
		return 5;
	return pages <= 4096 ? 6 : 7;
}

/*
 * A call made no progress. That is legitimate now and then: since 2026 a VMM on KVM may answer so while it moves the
 * TD ([kvm:3e2dec1ede0a]). A second try need not succeed, so the embedder waits in between, and the budget counts.
 */
/*@ requires \valid_read(tdc) && \valid(res) && \separated(tdc, res);
  @ requires res->stalls < res->retries && res->longest_stall <= res->stalls && 0 < run <= res->stalls + 1;
  @ assigns res->stalls, res->longest_stall;
  @ ensures res->stalls == \old(res->stalls) + 1;
  @ ensures res->longest_stall == \max(\old(res->longest_stall), run);
  @ ensures \result == TDCONV_E_STALLED <==> run > allowed;
  @ ensures \result == TDCONV_OK || \result == TDCONV_E_STALLED || \result == TDCONV_E_GIVEN_UP;
  @*/
static enum tdconv_status stall(const struct tdconv *tdc, struct tdconv_result *res, uint64_t run, uint64_t allowed)
{
	res->stalls++;
	if (run > res->longest_stall)
		res->longest_stall = run;
	if (run > allowed)
		return TDCONV_E_STALLED;
	return tdconv_os_pause(tdc->os, TDCONV_WAIT_VMM, run) ? TDCONV_OK : TDCONV_E_GIVEN_UP;
}

/* One call and what follows from it; run counts the calls in a row that made no progress. */
/*@ requires \valid(tdc) && \valid(res) && \valid(run) && \separated(tdc, res, run);
  @ requires map_reported(tdc->td.shared_bit, *res) && tdconv_frontier < end <= tdconv_hi && end % 4096 == 0;
  @ requires res->calls < TDCONV_U64_MAX && *run <= res->stalls;
  @ assigns MAP_FIELDS(res), MAP_GHOSTS, tdc->stats.steps[0 .. TDCONV_STEPS - 1], *run;
  @ ensures map_reported(tdc->td.shared_bit, *res) && res->calls == \old(res->calls) + 1 && *run <= res->stalls;
  @ ensures \old(tdconv_frontier) <= tdconv_frontier <= end;
  @ ensures *run == (tdconv_frontier > \old(tdconv_frontier) ? 0 : *run);
  @ ensures \result == TDCONV_OK ==> *run <= allowed;
  @ ensures \result == TDCONV_OK && tdconv_frontier == end ==> tdconv_said == end;
  @ ensures \result != TDCONV_OK ==> tdconv_frontier < end;
  @ ensures \result == TDCONV_OK || TDCONV_E_MODULE <= \result <= TDCONV_E_STALLED || \result == TDCONV_E_GIVEN_UP;
  @*/
static enum tdconv_status step(struct tdconv *tdc, struct tdconv_result *res, uint64_t end, uint64_t allowed,
			       uint64_t *run)
{
	uint64_t from = res->gpa + res->claimed.bytes;
	uint64_t next = from;
	enum tdconv_status status = ask(tdc, res, from, end, &next);

	if (status != TDCONV_OK)
		return status;
	tdc->stats.steps[bucket((next - from) / PAGE)] = tdconv_sum(tdc->stats.steps[bucket((next - from) / PAGE)], 1);
	if (next == from) {
		*run += 1;
		return stall(tdc, res, *run, allowed);
	}
	*run = 0;
	res->claimed.bytes = next - res->gpa;
	return TDCONV_OK;
}

/* Where the request that starts at from ends: at a multiple of the chunk size, or with the range. */
/*@ requires \valid_read(tdc);
  @ requires from < end <= 0x8000000000000 && from % 4096 == 0 && end % 4096 == 0;
  @ assigns \nothing;
  @ ensures from < \result <= end && \result % 4096 == 0;
  @ ensures tdc->policy.chunk == 0 ==> \result == end;
  @ ensures tdc->policy.chunk >= 4096 ==> \result - from <= tdc->policy.chunk;
  @*/
uint64_t tdconv_chunk_end(const struct tdconv *tdc, uint64_t from, uint64_t end)
{
	uint64_t pages = tdc->policy.chunk / PAGE;
	uint64_t left;

	if (pages == 0)
		return end;
	left = pages - from / PAGE % pages;
	return (end - from) / PAGE <= left ? end : from + left * PAGE;
}

/* Asks for what is left up to end until the VMM claims all of it. The budget is that of the whole request. */
/*@ requires \valid(tdc) && \valid(res) && \separated(tdc, res);
  @ requires map_reported(tdc->td.shared_bit, *res) && tdconv_frontier < end <= tdconv_hi && end % 4096 == 0;
  @ requires res->calls <= max_calls(budget, res->bytes);
  @ assigns MAP_FIELDS(res), MAP_GHOSTS, tdc->stats.steps[0 .. TDCONV_STEPS - 1];
  @ ensures map_reported(tdc->td.shared_bit, *res) && res->calls <= max_calls(budget, res->bytes);
  @ ensures \old(tdconv_frontier) <= tdconv_frontier <= end;
  @ ensures \result == TDCONV_OK ==> tdconv_frontier == end && tdconv_said == end;
  @ ensures \result != TDCONV_OK ==> tdconv_frontier < end;
  @ ensures \result == TDCONV_OK || TDCONV_E_MODULE <= \result <= TDCONV_E_GIVEN_UP;
  @ ensures \result == TDCONV_E_CALLS ==> res->calls == max_calls(budget, res->bytes);
  @*/
enum tdconv_status tdconv_map(struct tdconv *tdc, struct tdconv_result *res, uint64_t end,
			      struct tdconv_budget budget)
{
	uint64_t max_calls = tdconv_max_calls(budget, res->bytes);
	uint64_t run = 0;

	/*@ loop invariant map_reported(tdc->td.shared_bit, *res) && \at(tdconv_frontier, Pre) <= tdconv_frontier <= end;
	  @ loop invariant res->calls <= max_calls && run <= res->stalls && run <= budget.stalls;
	  @ loop invariant tdconv_frontier == end ==> tdconv_said == end;
	  @ loop assigns MAP_FIELDS(res), MAP_GHOSTS, tdc->stats.steps[0 .. TDCONV_STEPS - 1], run;
	  @ loop variant max_calls - res->calls;
	  @*/
	while (res->gpa + res->claimed.bytes < end) {
		enum tdconv_status status;
		uint64_t stop;

		if (res->calls >= max_calls)
			return TDCONV_E_CALLS;
		stop = tdconv_chunk_end(tdc, res->gpa + res->claimed.bytes, end);
		status = step(tdc, res, stop, budget.stalls, &run);
		if (status != TDCONV_OK)
			return status;
	}
	return TDCONV_OK;
}
