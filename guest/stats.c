/* SPDX-License-Identifier: MIT */
/* Counting. Nothing here changes what the library does. */
#include "internal.h"

/* Counters stop at their maximum. */
/*@ assigns \nothing;
  @ ensures \result == \min(a + b, TDCONV_U64_MAX);
  @*/
uint64_t tdconv_sum(uint64_t a, uint64_t b)
{
	return b <= TDCONV_U64_MAX - a ? a + b : TDCONV_U64_MAX;
}

/*@ requires \valid(stats);
  @ assigns *stats;
  @ ensures \forall integer i; 0 <= i < TDCONV_STATUSES ==> stats->by_status[i] == 0;
  @ ensures \forall integer i; 0 <= i < TDCONV_STEPS ==> stats->steps[i] == 0;
  @ ensures stats->shared_pages == 0 && stats->unshared_pages == 0;
  @*/
void tdconv_stats_clear(struct tdconv_stats *stats)
{
	unsigned int i;

	/*@ loop invariant i <= TDCONV_STATUSES;
	  @ loop invariant \forall integer j; 0 <= j < i ==> stats->by_status[j] == 0;
	  @ loop assigns i, stats->by_status[0 .. TDCONV_STATUSES - 1];
	  @ loop variant TDCONV_STATUSES - i;
	  @*/
	for (i = 0; i < TDCONV_STATUSES; i++)
		stats->by_status[i] = 0;
	/*@ loop invariant i <= TDCONV_STEPS;
	  @ loop invariant \forall integer j; 0 <= j < i ==> stats->steps[j] == 0;
	  @ loop assigns i, stats->steps[0 .. TDCONV_STEPS - 1];
	  @ loop variant TDCONV_STEPS - i;
	  @*/
	for (i = 0; i < TDCONV_STEPS; i++)
		stats->steps[i] = 0;
	stats->conversions = 0;
	stats->failed = 0;
	stats->calls = 0;
	stats->retries = 0;
	stats->stalls = 0;
	stats->longest_stall = 0;
	stats->s_mismatches = 0;
	stats->accepts = 0;
	stats->releases = 0;
	stats->busy = 0;
	stats->mismatches = 0;
	stats->already_pages = 0;
	stats->accepted_pages = 0;
	stats->quarantined_pages = 0;
	stats->undone = 0;
	stats->undo_failed = 0;
	stats->shared_pages = 0;
	stats->unshared_pages = 0;
}

/*@ requires \valid(sum) && \valid_read(one) && \separated(sum, one);
  @ assigns *sum;
  @ ensures sum->longest_stall == \max(\old(sum->longest_stall), one->longest_stall);
  @ ensures sum->calls == \min(\old(sum->calls) + one->calls, TDCONV_U64_MAX);
  @ ensures sum->shared_pages == \min(\old(sum->shared_pages) + one->shared_pages, TDCONV_U64_MAX);
  @ ensures sum->unshared_pages == \min(\old(sum->unshared_pages) + one->unshared_pages, TDCONV_U64_MAX);
  @*/
void tdconv_stats_add(struct tdconv_stats *sum, const struct tdconv_stats *one)
{
	unsigned int i;

	/*@ loop invariant i <= TDCONV_STATUSES;
	  @ loop assigns i, sum->by_status[0 .. TDCONV_STATUSES - 1];
	  @ loop variant TDCONV_STATUSES - i;
	  @*/
	for (i = 0; i < TDCONV_STATUSES; i++)
		sum->by_status[i] = tdconv_sum(sum->by_status[i], one->by_status[i]);
	/*@ loop invariant i <= TDCONV_STEPS;
	  @ loop assigns i, sum->steps[0 .. TDCONV_STEPS - 1];
	  @ loop variant TDCONV_STEPS - i;
	  @*/
	for (i = 0; i < TDCONV_STEPS; i++)
		sum->steps[i] = tdconv_sum(sum->steps[i], one->steps[i]);
	sum->conversions = tdconv_sum(sum->conversions, one->conversions);
	sum->failed = tdconv_sum(sum->failed, one->failed);
	sum->calls = tdconv_sum(sum->calls, one->calls);
	sum->retries = tdconv_sum(sum->retries, one->retries);
	sum->stalls = tdconv_sum(sum->stalls, one->stalls);
	if (one->longest_stall > sum->longest_stall)
		sum->longest_stall = one->longest_stall;
	sum->s_mismatches = tdconv_sum(sum->s_mismatches, one->s_mismatches);
	sum->accepts = tdconv_sum(sum->accepts, one->accepts);
	sum->releases = tdconv_sum(sum->releases, one->releases);
	sum->busy = tdconv_sum(sum->busy, one->busy);
	sum->mismatches = tdconv_sum(sum->mismatches, one->mismatches);
	sum->already_pages = tdconv_sum(sum->already_pages, one->already_pages);
	sum->accepted_pages = tdconv_sum(sum->accepted_pages, one->accepted_pages);
	sum->quarantined_pages = tdconv_sum(sum->quarantined_pages, one->quarantined_pages);
	sum->undone = tdconv_sum(sum->undone, one->undone);
	sum->undo_failed = tdconv_sum(sum->undo_failed, one->undo_failed);
	sum->shared_pages = tdconv_sum(sum->shared_pages, one->shared_pages);
	sum->unshared_pages = tdconv_sum(sum->unshared_pages, one->unshared_pages);
}

/*@ requires \valid_read(sum);
  @ assigns \nothing;
  @ ensures \result == \max(sum->shared_pages - sum->unshared_pages, 0);
  @*/
uint64_t tdconv_stats_shared_now(const struct tdconv_stats *sum)
{
	return sum->shared_pages > sum->unshared_pages ? sum->shared_pages - sum->unshared_pages : 0;
}
