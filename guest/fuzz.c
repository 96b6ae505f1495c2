/* SPDX-License-Identifier: MIT */
/*
 * For libFuzzer: the bytes are a policy, a few operations, and every answer of VMM, module and embedder. What
 * libtdconv promises is checked after each operation here, and during it in fuzz_world.c and fuzz_map.c.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "guest/fuzz.h"
#include "tdconv_set.h"

#define MAX_OPS		4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct tdconv_quarantine fuzz_new_list(uint32_t room)
{
	struct tdconv_quarantine list = { malloc((room + OLD_ENTRIES) * sizeof(struct tdconv_lost)),
					  room + OLD_ENTRIES, OLD_ENTRIES };

	list.list[0] = (struct tdconv_lost){ FUZZ_BASE, 4096 };
	return list;
}

bool fuzz_listed(const struct tdconv_quarantine *list, uint64_t gpa)
{
	for (uint32_t i = OLD_ENTRIES; i < list->count; i++)
		if (gpa >= list->list[i].lost_gpa && gpa - list->list[i].lost_gpa < list->list[i].lost_bytes)
			return true;
	return false;
}

void fuzz_check_list(const struct tdconv_quarantine *list)
{
	PROMISE(list->count >= OLD_ENTRIES && list->count <= list->room, "the list is not overrun");
	PROMISE(list->list[0].lost_gpa == FUZZ_BASE && list->list[0].lost_bytes == 4096, "other entries stay");
}

static void check_counts(const struct tdconv_result *res)
{
	const struct tdconv_result *seen = &fuzz.seen;
	uint64_t pages = res->bytes / 4096;

	PROMISE(res->rax == (res->status == TDCONV_E_RELEASE ? fuzz.release_rax : seen->rax), "rax is the module's");
	PROMISE(res->r10 == seen->r10 && res->r11 == seen->r11, "r10 and r11 are the VMM's, raw");
	PROMISE(res->calls == seen->calls && res->retries == seen->retries, "calls and retries are counted");
	PROMISE(res->stalls == seen->stalls && res->longest_stall == seen->longest_stall, "stalls are counted");
	PROMISE(res->s_mismatches == seen->s_mismatches, "wrong S is counted");
	PROMISE(res->accepts == seen->accepts && res->releases == seen->releases, "page calls are counted");
	PROMISE(res->busy == seen->busy && res->mismatches == seen->mismatches, "busy and mismatches are counted");
	PROMISE(res->already == seen->already, "what was accepted already is counted");
	PROMISE(res->calls <= fuzz.budget.calls_per_page * pages + fuzz.budget.calls_extra, "calls are bounded");
	PROMISE(res->busy <= fuzz.budget.busy, "busy is bounded");
	PROMISE(res->accepts <= 2 * pages + res->busy + 2 + (fuzz.op == OP_UNDO ? pages : 0), "ACCEPT is bounded");
}

/* After tdconv_convert() and tdconv_accept(). */
static void check_result(enum tdconv_status status, enum tdconv_to to, const struct tdconv_result *res)
{
	bool share = fuzz.op == OP_SHARE;
	uint64_t proven = share && !fuzz.reaccepting && fuzz.expect != TDCONV_E_RELEASE ? 0 : fuzz.cursor - fuzz.lo;
	bool unknown = status != TDCONV_OK && status != TDCONV_E_RELEASE && fuzz.op != OP_ACCEPT;

	PROMISE(res->status == status && res->to == to, "the result says what was returned");
	PROMISE(res->gpa == fuzz.lo && res->bytes == fuzz.hi - fuzz.lo && res->lost == 0, "and what was asked");
	check_counts(res);
	PROMISE(res->claimed.bytes == fuzz.frontier - fuzz.lo, "claimed is what the VMM claimed");
	PROMISE(res->proven.bytes == proven, "proven is what the module said");
	if (status == TDCONV_OK)
		PROMISE(fuzz.expect == TDCONV_OK && (fuzz.op == OP_ACCEPT || fuzz.said) &&
			(share || fuzz.cursor == fuzz.hi), "success is claimed (to shared) or proven (to private)");
	else if (status == TDCONV_E_CALLS)
		PROMISE(fuzz.expect == TDCONV_OK && fuzz.frontier < fuzz.hi &&
			res->calls == fuzz.budget.calls_per_page * (res->bytes / 4096) + fuzz.budget.calls_extra,
			"the budget is used up before it is said to be");
	else
		PROMISE(status == fuzz.expect, "the status says why it ended");
	PROMISE(res->head == (status == TDCONV_OK ? res->bytes : proven), "the head is what is known");
	PROMISE(res->head_state == (status == TDCONV_OK && share ? TDCONV_STATE_SHARED : TDCONV_STATE_PRIVATE),
		"and it is shared or private");
	PROMISE(res->rest_state == (unknown ? TDCONV_STATE_UNKNOWN : TDCONV_STATE_UNTOUCHED), "the rest is unknown");
	for (uint64_t at = fuzz.lo; at < fuzz.lo + proven; at += 4096)
		PROMISE(fuzz.page[(at - FUZZ_BASE) / 4096] == PAGE_PROVEN, "every page of the head was accepted");
}

/* What the statistics say of shared memory has grown, or shrunk, by this. */
void fuzz_check_shared(uint64_t bytes, bool grown)
{
	int64_t now = (int64_t)(fuzz.tdc.stats.shared_pages - fuzz.tdc.stats.unshared_pages);
	int64_t pages = (int64_t)(bytes / 4096);

	PROMISE(now - fuzz.shared == (grown ? pages : -pages), "shared pages are counted");
}

static void undo(const struct tdconv_result *failed)
{
	struct tdconv_quarantine list = fuzz_new_list(fuzz_byte() % 4);
	struct tdconv_result res;
	enum tdconv_status status;
	uint64_t sum = 0;
	uint32_t i;

	fuzz_op_starts(OP_UNDO, failed->gpa, failed->bytes);
	status = tdconv_undo(&fuzz.tdc, failed, &list, &res);
	fuzz_check_list(&list);
	PROMISE(res.to == TDCONV_PRIVATE && res.gpa == failed->gpa && res.bytes == failed->bytes, "undo is to private");
	if (list.room == OLD_ENTRIES || failed->rest_state != TDCONV_STATE_UNKNOWN) {
		PROMISE(status == TDCONV_E_ARGUMENT && fuzz.seen.calls + fuzz.seen.accepts == 0, "nothing is undone");
		free(list.list);
		return;
	}
	PROMISE(status == (res.lost == 0 ? TDCONV_OK : TDCONV_E_QUARANTINE), "undo says whether something is lost");
	PROMISE(res.proven.bytes + res.lost == res.bytes, "proven + lost = bytes");
	PROMISE(res.claimed.bytes == fuzz.frontier - fuzz.lo, "undo claims what the VMM claimed");
	PROMISE(res.head == (res.lost == 0 ? res.bytes : 0), "what undo proves is no prefix");
	check_counts(&res);
	for (i = OLD_ENTRIES; i < list.count; i++) {
		sum += list.list[i].lost_bytes;
		PROMISE(list.list[i].lost_gpa >= fuzz.lo && list.list[i].lost_bytes > 0 &&
			list.list[i].lost_gpa + list.list[i].lost_bytes <= fuzz.hi, "entries lie in the range");
		PROMISE(i == OLD_ENTRIES || list.list[i].lost_gpa >
			list.list[i - 1].lost_gpa + list.list[i - 1].lost_bytes, "entries are sorted and apart");
	}
	PROMISE(sum == res.lost, "what is lost is listed");
	fuzz_check_shared(failed->to == TDCONV_SHARED ? 0 :
		     failed->bytes - failed->head < res.proven.bytes ? failed->bytes - failed->head : res.proven.bytes,
		     false);
	for (uint64_t at = fuzz.lo; at < fuzz.hi; at += 4096)
		PROMISE(fuzz_listed(&list, at) || fuzz.page[(at - FUZZ_BASE) / 4096] == PAGE_PROVEN,
			"every page is accepted or listed");
	for (i = OLD_ENTRIES; i < list.count && list.count < list.room; i++)
		for (uint64_t at = list.list[i].lost_gpa; at < list.list[i].lost_gpa + list.list[i].lost_bytes;
		     at += 4096)
			PROMISE(at >= fuzz.frontier || fuzz.page[(at - FUZZ_BASE) / 4096] != PAGE_PROVEN,
				"no good page is listed in vain");
	free(list.list);
}

void fuzz_range(uint32_t *first, uint32_t *pages)
{
	uint8_t where = fuzz_byte();

	*first = where < 128 ? where % 4 * 512u : where * 8u % FUZZ_PAGES + where % 8;
	*pages = 1 + (uint32_t)fuzz_word(2) % 1200;
	if (*first + *pages > FUZZ_PAGES)
		*pages = FUZZ_PAGES - *first;
}

static void convert(enum fuzz_op op)
{
	static const enum fuzz_page from[] = { PAGE_PROVEN, PAGE_SHARED, PAGE_NEVER };
	enum tdconv_to to = op == OP_SHARE ? TDCONV_SHARED : TDCONV_PRIVATE;
	struct tdconv_result res;
	enum tdconv_status status;
	uint32_t first, pages;

	fuzz_range(&first, &pages);
	for (uint32_t i = first; i < first + pages; i++)
		fuzz.page[i] = from[op];
	memset(&res, 0xa5, sizeof(res));
	fuzz_op_starts(op, FUZZ_GPA(first), pages * 4096ull);
	if (op == OP_ACCEPT)
		status = tdconv_accept(&fuzz.tdc, fuzz.lo, fuzz.hi - fuzz.lo, &res);
	else
		status = tdconv_convert(&fuzz.tdc, fuzz.lo, fuzz.hi - fuzz.lo, to, &res);
	check_result(status, to, &res);
	if (op == OP_SHARE)
		fuzz_check_shared(status == TDCONV_OK ? res.bytes : 0, true);
	else
		fuzz_check_shared(op == OP_ACCEPT ? 0 : res.proven.bytes, false);
	if (op != OP_ACCEPT)
		undo(&res);
}

/* Requests that are none are refused before anything is asked. */
static void nonsense(void)
{
	uint64_t gpa = fuzz_word(8), bytes = fuzz_word(8), to = fuzz_byte() % 4;
	bool good = gpa % 4096 == 0 && bytes % 4096 == 0 && bytes > 0 && gpa < fuzz.s && bytes <= fuzz.s - gpa && to < 2;
	struct tdconv_result res;

	if (good && fuzz.tdc.td.shared_bit != 0)
		return;
	fuzz_op_starts(OP_SHARE, 0, 0);
	PROMISE(tdconv_convert(&fuzz.tdc, gpa, bytes, (enum tdconv_to)to, &res) == TDCONV_E_ARGUMENT &&
		res.status == TDCONV_E_ARGUMENT && res.rest_state == TDCONV_STATE_UNTOUCHED && res.head == 0 &&
		fuzz.seen.calls + fuzz.seen.accepts + fuzz.seen.releases == 0, "nonsense is refused");
	if (to == TDCONV_PRIVATE)
		PROMISE(tdconv_accept(&fuzz.tdc, gpa, bytes, &res) == TDCONV_E_ARGUMENT && fuzz.seen.accepts == 0,
			"nonsense is not accepted");
}

static void check_statistics(void)
{
	const struct tdconv_stats *stats = &fuzz.tdc.stats, *total = &fuzz.total;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < TDCONV_STATUSES; i++)
		sum += stats->by_status[i];
	PROMISE(sum == stats->conversions && sum - stats->by_status[TDCONV_OK] == stats->failed, "each ends once");
	for (unsigned int i = 0; i < TDCONV_STEPS; i++)
		PROMISE(stats->steps[i] == total->steps[i], "steps are counted");
	PROMISE(stats->calls == total->calls && stats->retries == total->retries, "calls add up");
	PROMISE(stats->stalls == total->stalls && stats->s_mismatches == total->s_mismatches, "stalls add up");
	PROMISE(stats->accepts == total->accepts && stats->releases == total->releases, "page calls add up");
	PROMISE(stats->mismatches == total->mismatches && stats->already_pages == total->already_pages,
		"what pages said adds up");
	PROMISE(stats->busy >= total->busy && stats->busy <= total->busy + fuzz.maybe_busy, "busy adds up");
}

static void policy(void)
{
	uint8_t bits = fuzz_byte();
	struct tdconv_policy *p = &fuzz.tdc.policy;
	static const uint64_t chunks[] = { 0, 0x1000, 0x3000, 0x200000 };

	p->lenient_s = bits & 1;
	p->no_release = bits & 2;
	p->already = bits / 4 % 4 % 3;
	p->already_boot = bits / 16 % 4 % 3;
	p->chunk = chunks[bits / 64];
	bits = fuzz_byte();
	p->work = (struct tdconv_budget){ bits % 4, bits / 4 % 4, bits / 16 % 4, bits / 64 % 4 };
	bits = fuzz_byte();
	p->undo = (struct tdconv_budget){ bits % 4, bits / 4 % 4, bits / 16 % 4, bits / 64 % 4 };
}

static uint32_t frame(uint32_t n, uint8_t scatter)
{
	switch (scatter % 5) {
	case 0: return n;
	case 1: return (FUZZ_PAGES / 8 - 1 - n / 8) * 8 + n % 8;
	case 2: return n ^ 1;
	case 3: return n ^ 512;
	default: return n ^ 64;
	}
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
	bool td;

	memset(&fuzz, 0, sizeof(fuzz));
	memset(&fuzz.tdc, 0xa5, sizeof(fuzz.tdc));
	fuzz.data = data;
	fuzz.left = bytes;
	fuzz.scatter = fuzz_byte();
	fuzz.config_flags = fuzz.scatter & 0x80 ? TDX_CONFIG_PAGE_RELEASE : 0;
	for (uint32_t i = 0; i < FUZZ_PAGES; i++)
		fuzz.frame[i] = frame(i, fuzz.scatter & 0x7f);
	td = tdconv_init(&fuzz.tdc, &fuzz) == TDCONV_OK;
	PROMISE(td == (fuzz.s >= 1ull << 21 && fuzz.s <= 1ull << 51), "a TD is recognised");
	PROMISE(fuzz.tdc.td.shared_bit == (td ? fuzz.s : 0), "S is the topmost bit of the width");
	PROMISE(fuzz.tdc.td.can_release == (td && fuzz.config_flags != 0), "RELEASE is used where it exists");
	PROMISE(fuzz.tdc.policy.chunk == 0 && !fuzz.tdc.policy.lenient_s && !fuzz.tdc.policy.no_release &&
		fuzz.tdc.policy.already == TDCONV_ALREADY_ZERO &&
		fuzz.tdc.policy.already_boot == TDCONV_ALREADY_ERROR, "the default is strict");
	policy();
	for (int i = 0; i < MAX_OPS && fuzz.left > 0; i++) {
		uint8_t op = fuzz_byte() % 7;

		if (op == 6 || fuzz.s < 2 * FUZZ_BASE || !td)
			nonsense();
		else if (op < 3)
			convert((enum fuzz_op)op);
		else if (op < 5)
			fuzz_set_memory(op == 3 ? TDCONV_SHARED : TDCONV_PRIVATE);
		else
			fuzz_unshare_all();
	}
	check_statistics();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	return fuzz_one(data, bytes);
}
