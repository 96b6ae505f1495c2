/* SPDX-License-Identifier: MIT */
/*
 * What a kernel's set_memory_decrypted() does to a vmalloc() buffer: contiguous for the CPU, scattered in memory. The
 * range is made of RUNS runs of 1 to 5 pages, the later ones at lower addresses, so that no two are neighbours.
 */
#include "payloads/lib/payload.h"
#include "payloads/builtin.h"

#define RUNS		24u
#define RUN_PAGES(n)	((n) % 5 + 1)
#define RUN_ROOM	8u		/* pages from the start of one run to the next */
#define FIRST		64u		/* page of the patchwork where the range begins */

#define ROOM		(RUNS + 8)
#define DIRECT_PAGES	6u		/* of the direct map, half of them in one 2 MiB leaf, half in the next */

static struct tdconv_extent extents[ROOM];
static struct tdconv_lost list[BUILTIN_LOST];

/* Maps the runs; the number of bytes of the range. */
static uint64_t scatter(uint64_t gpa)
{
	unsigned int page = FIRST;

	for (unsigned int run = 0; run < RUNS; run++)
		for (unsigned int i = 0; i < RUN_PAGES(run); i++)
			paging_patch_set(page++, gpa + ((RUNS - 1 - run) * RUN_ROOM + i) * TDX_PAGE_SIZE);
	return (page - FIRST) * TDX_PAGE_SIZE;
}

static uint64_t secret(uint64_t va)
{
	return 0x5ec4e75ec4e70000ull ^ va;
}

static void write_secrets(uint64_t va, uint64_t bytes)
{
	for (uint64_t at = va; at < va + bytes; at += TDX_PAGE_SIZE)
		*(volatile uint64_t *)(uintptr_t)at = secret(at);
}

/*
 * Pages that hold the secret (leak) or anything but zero (!leak), or cannot be used although nobody but the module has
 * a say in it. That a VMM calls shared what is not is told.
 */
static uint64_t bad_pages(uint64_t va, uint64_t bytes, bool leak)
{
	uint64_t bad = 0, refused = 0, value;

	for (uint64_t at = va; at < va + bytes; at += TDX_PAGE_SIZE) {
		volatile uint64_t *page = (volatile uint64_t *)(uintptr_t)at;

		if (!guarded_load(page, &value) || !guarded_store(page, 1))
			refused++;
		else
			bad += leak ? value == secret(at) : value != 0;
	}
	if (leak && refused != 0)
		builtin_note("pages that the VMM called shared and that are not", refused);
	return bad + (leak ? 0 : refused);
}

/* Extents before the one that failed were shared and taken back; those behind it were never touched. */
static uint64_t wrong_pages(const struct tdconv_set *set)
{
	uint64_t wrong = 0, value;

	for (uint32_t i = 0; i < set->count; i++) {
		const struct tdconv_extent *e = &set->extents[i];

		for (uint64_t at = e->va; i != set->failed && at < e->va + e->bytes; at += TDX_PAGE_SIZE)
			wrong += !guarded_load((void *)(uintptr_t)at, &value) ||
				 (i < set->failed ? value != 0 : value != secret(at));
	}
	return wrong;
}

static struct tdconv_set fresh_set(void)
{
	return (struct tdconv_set){ .extents = extents, .room = ROOM, .lost = { list, BUILTIN_LOST, 0 } };
}

static bool there_and_back(struct worker *w, uint64_t va, uint64_t bytes, uint32_t count)
{
	struct tdconv_set set = fresh_set();
	enum tdconv_status status;

	write_secrets(va, bytes);
	status = tdconv_set_memory(&w->tdc, va, bytes, TDCONV_SHARED, 0, &set);
	if (status != TDCONV_OK) {
		builtin_note(tdconv_strstatus(status), set.cause.r10);
		builtin_skip("to shared");
		return false;
	}
	builtin_is(set.count, count, "it has as many extents as it was given");
	builtin_ok(builtin_mapped_shared(va) && bad_pages(va, bytes, true) == 0, "it is shared, and shows nothing");
	set = fresh_set();
	status = tdconv_set_memory(&w->tdc, va, bytes, TDCONV_PRIVATE, 0, &set);
	if (status != TDCONV_OK) {
		builtin_note(tdconv_strstatus(status), set.cause.r10);
		builtin_skip("to private");
		return false;
	}
	builtin_ok(!builtin_mapped_shared(va) && bad_pages(va, bytes, false) == 0, "it is private again, and zero");
	return true;
}

/* The VMM refuses the tenth extent: the nine before are taken back. */
static void fails_in_the_middle(struct worker *w, uint64_t va, uint64_t bytes)
{
	struct tdconv_set set = fresh_set();
	enum tdconv_status status;

	write_secrets(va, bytes);
	w->inject = (struct inject){ .after = 9, .times = 1, .r10 = TDVMCALL_INVALID_OPERAND };
	w->tdc.policy.chunk = 0;
	status = tdconv_set_memory(&w->tdc, va, bytes, TDCONV_SHARED, 0, &set);
	w->inject.times = 0;
	builtin_is(status, TDCONV_E_VMM_INVALID, "a scattered range that fails in the middle");
	if (set.lost.count != 0) {
		builtin_skip("it is undone: this VMM does not let us");
		return;
	}
	builtin_is(set.failed, 9, "the extent that failed is named");
	builtin_ok(!builtin_mapped_shared(va), "the mapping is private again");
	builtin_is(wrong_pages(&set), 0, "what was shared is zero, and what was not is as it was");
}

static void test_gate(struct worker *w, uint64_t va, uint64_t bytes)
{
	struct tdconv_set set = fresh_set();

	builtin_stopped = true;
	builtin_is(tdconv_set_memory(&w->tdc, va, bytes, TDCONV_SHARED, 0, &set), TDCONV_E_STOPPED,
		   "no conversion while they are stopped");
	builtin_stopped = false;
}

/* Before a kexec: whatever is shared becomes private, found by walking the page tables. */
static void test_unshare_all(struct worker *w, uint64_t va, uint64_t bytes)
{
	struct tdconv_set set = fresh_set();
	struct tdconv_unshare res;
	enum tdconv_status status;

	status = tdconv_set_memory(&w->tdc, va, bytes, TDCONV_SHARED, 0, &set);
	if (status != TDCONV_OK) {
		builtin_skip("everything shared is made private before a kexec");
		return;
	}
	status = tdconv_unshare_all(&w->tdc, va, va + bytes, bytes / TDX_PAGE_SIZE, &res);
	if (status == TDCONV_E_LEFT_SHARED) {
		builtin_is(w->left_shared / TDX_PAGE_SIZE, res.failed_pages, "what stays shared was reported");
		return;
	}
	builtin_is(status, TDCONV_OK, "everything shared is made private before a kexec");
	builtin_is(res.pages, bytes / TDX_PAGE_SIZE, "it found all of it");
}

void builtin_set(struct worker *w, uint64_t gpa)
{
	uint64_t va = (uint64_t)(uintptr_t)paging_patch(FIRST), bytes = scatter(gpa);
	uint64_t direct = gpa / TDX_2M_SIZE * TDX_2M_SIZE + TDX_2M_SIZE - DIRECT_PAGES / 2 * TDX_PAGE_SIZE;

	test_gate(w, va, bytes);
	builtin_note("pages of a scattered range", bytes / TDX_PAGE_SIZE);
	if (!there_and_back(w, va, bytes, RUNS))
		return;
	builtin_note("pages of the direct map, across two large leaves", DIRECT_PAGES);
	if (!there_and_back(w, direct, DIRECT_PAGES * TDX_PAGE_SIZE, 1))
		return;
	fails_in_the_middle(w, va, bytes);
	bytes = scatter(gpa + RUNS * RUN_ROOM * TDX_PAGE_SIZE);
	test_unshare_all(w, va, bytes);
}
