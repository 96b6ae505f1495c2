/* SPDX-License-Identifier: MIT */
/*
 * The built-in payload: `tdlab boot` without a kernel. Words of the command line: convert=MIB, how much memory the
 * large conversion is about (1024, Linux's largest swiotlb, or what there is); chunk=PAGES, how much of it per MapGPA.
 */
#include "payloads/builtin.h"
#include "payloads/lib/payload.h"
#include "wire/evidence.h"

static void tap_puts(const char *text)
{
	console_puts(text);
}

#include "wire/tap.h"

#define SCRATCH		0x2000000ull	/* 32 MiB, behind the image (payload.lds): for the small tests */
#define LARGE		0x2400000ull	/* and the large range */
#define MIB		0x100000ull

static struct worker workers[MAX_CPUS];

bool builtin_ok(bool good, const char *name)
{
	return tap_ok(good, name);
}

bool builtin_is(uint64_t got, uint64_t want, const char *name)
{
	return tap_is(got, want, name);
}

void builtin_number(uint64_t value)
{
	tap_number(value, 10);
}

void builtin_skip(const char *name)
{
	tap_puts("ok ");
	tap_number(++tap_count, 10);
	tap_puts(" - ");
	tap_puts(name);
	tap_puts(" # SKIP the VMM would not convert\n");
}

void builtin_note(const char *what, uint64_t value)
{
	tap_puts("# ");
	tap_puts(what);
	tap_puts(": ");
	tap_number(value, 10);
	tap_puts("\n");
}

static uint64_t builtin_argument(const char *name, uint64_t otherwise)
{
	char text[24];
	uint64_t value = 0;

	if (!payload_argument(name, text, sizeof(text)))
		return otherwise;
	for (const char *p = text; *p >= '0' && *p <= '9'; p++)
		value = value * 10 + (uint64_t)(*p - '0');
	return value;
}

static uint64_t large_bytes(void)
{
	uint64_t room = payload_ram_end(LARGE), want = builtin_argument("convert", 1024) * MIB;

	room = room > LARGE ? room - LARGE : 0;
	return (want < room ? want : room) / TDX_2M_SIZE * TDX_2M_SIZE;
}

/* Old KVM strips S from R11. That is against GHCI and harmless, so a guest that wants to run anywhere takes it. */
static bool start_workers(void)
{
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++) {
		workers[cpu].cpu = cpu;
		if (tdconv_init(&workers[cpu].tdc, &workers[cpu]) != TDCONV_OK)
			return false;
		workers[cpu].tdc.policy.lenient_s = true;
		workers[cpu].tdc.policy.chunk = builtin_argument("chunk", 0) * TDX_PAGE_SIZE;
	}
	return true;
}

void builtin_contain(struct worker *w, const struct tdconv_result *failed)
{
	static struct tdconv_lost list[BUILTIN_LOST];
	struct tdconv_quarantine lost = { list, BUILTIN_LOST, 0 };
	struct tdconv_result undone;

	builtin_note(tdconv_strstatus(failed->status), failed->r10);
	if (failed->rest_state == TDCONV_STATE_UNKNOWN)
		tdconv_undo(&w->tdc, failed, &lost, &undone);
}

static void show_statistics(void)
{
	struct tdconv_stats sum = { 0 };

	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
		tdconv_stats_add(&sum, &workers[cpu].tdc.stats);
	builtin_note("conversions", sum.conversions);
	builtin_note("failed", sum.failed);
	builtin_note("MapGPA calls", sum.calls);
	builtin_note("RETRYs", sum.retries);
	builtin_note("of those without progress", sum.stalls);
	builtin_note("R11 without S", sum.s_mismatches);
	builtin_note("ACCEPTs", sum.accepts);
	builtin_note("pages accepted", sum.accepted_pages);
	builtin_note("pages in quarantine", sum.quarantined_pages);
	builtin_note("pages shared now", tdconv_stats_shared_now(&sum));
}

int payload_main(void)
{
	uint64_t bytes = large_bytes();
	int status;

	if (!tap_ok(start_workers(), "the module says what this TD is") ||
	    !tap_ok(bytes != 0, "there is memory to convert"))
		return tap_done();
	tap_is(workers[0].tdc.td.shared_bit, payload_info.shared, "the shared bit is where VP.INFO says");
	builtin_range(workers, LARGE, bytes);
	builtin_failures(&workers[0], SCRATCH);
	builtin_set(&workers[0], SCRATCH + MIB);
	builtin_disk(&workers[0], SCRATCH + 3 * MIB);
	show_statistics();
	status = tap_done();
	tap_puts(EVIDENCE_PREFIX EVIDENCE_DONE "\n");
	return status;
}
