/* SPDX-License-Identifier: MIT */
/*
 * What a kernel does for its swiotlb: one large range to shared, and back. The vCPUs take a part each and work at the
 * same time; what they found is reported by the first, so that the TAP comes in order.
 */
#include "payloads/lib/payload.h"
#include "payloads/builtin.h"

struct round {
	struct worker *worker;
	uint64_t gpa, bytes;
	struct tdconv_result shared, back, undone;
	uint64_t leaked, refused, dirty;
	struct tdconv_lost list[BUILTIN_LOST];
	struct tdconv_quarantine lost;
	volatile unsigned int done;
};

static struct round rounds[MAX_CPUS];

static void contain(struct round *r, const struct tdconv_result *failed)
{
	if (failed->rest_state == TDCONV_STATE_UNKNOWN)
		tdconv_undo(&r->worker->tdc, failed, &r->lost, &r->undone);
	r->dirty = contents_dirty_outside(r->gpa, r->bytes, &r->lost);
}

static void go_round(unsigned int cpu)
{
	struct round *r = &rounds[cpu];
	struct tdconv *tdc = &r->worker->tdc;

	contents_secret(r->gpa, r->bytes);
	if (tdconv_convert(tdc, r->gpa, r->bytes, TDCONV_SHARED, &r->shared) != TDCONV_OK) {
		contain(r, &r->shared);
	} else {
		r->leaked = contents_leaked(r->gpa, r->bytes, &r->refused);
		if (tdconv_convert(tdc, r->gpa, r->bytes, TDCONV_PRIVATE, &r->back) != TDCONV_OK)
			contain(r, &r->back);
		else
			r->dirty = contents_dirty(r->gpa, r->bytes);
	}
	__atomic_store_n(&r->done, 1, __ATOMIC_RELEASE);
}

static void report_failure(const struct round *r, const struct tdconv_result *failed)
{
	builtin_note(tdconv_strstatus(failed->status), failed->r10);
	builtin_is(r->undone.proven.bytes + r->undone.lost, r->bytes, "every page is proven private or in quarantine");
	builtin_note("pages in quarantine", r->undone.lost / TDX_PAGE_SIZE);
	builtin_is(r->dirty, 0, "what is proven private is zero");
}

static void report(const struct round *r)
{
	builtin_note("vCPU", r->worker->cpu);
	builtin_note("pages", r->bytes / TDX_PAGE_SIZE);
	if (r->shared.status != TDCONV_OK) {
		report_failure(r, &r->shared);
		return;
	}
	builtin_ok(r->shared.claimed.bytes == r->bytes, "all of it was converted to shared");
	builtin_is(r->leaked, 0, "no shared page shows what was private");
	if (r->refused != 0)
		builtin_note("pages that the VMM called shared and that are not", r->refused);
	if (r->back.status != TDCONV_OK) {
		report_failure(r, &r->back);
		return;
	}
	builtin_ok(r->back.proven.bytes == r->bytes, "all of it was converted back, and is proven private");
	builtin_is(r->dirty, 0, "every accepted page is zero");
}

void builtin_range(struct worker workers[MAX_CPUS], uint64_t gpa, uint64_t bytes)
{
	unsigned int cpus = payload_info.vcpus < MAX_CPUS ? payload_info.vcpus : MAX_CPUS;
	uint64_t part = bytes / cpus / TDX_2M_SIZE * TDX_2M_SIZE;

	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		struct round *r = &rounds[cpu];

		r->worker = &workers[cpu];
		r->gpa = gpa + cpu * part;
		r->bytes = cpu + 1 < cpus ? part : bytes - cpu * part;
		r->lost = (struct tdconv_quarantine){ r->list, BUILTIN_LOST, 0 };
		if (cpu > 0)
			builtin_ok(payload_start_cpu(cpu, go_round), "another vCPU runs");
	}
	go_round(0);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		while (__atomic_load_n(&rounds[cpu].done, __ATOMIC_ACQUIRE) == 0)
			__builtin_ia32_pause();
		report(&rounds[cpu]);
	}
}
