/* SPDX-License-Identifier: MIT */
/*
 * What conversions cost: libtdconv against td in one process, counted, not timed.
 *
 *	guest_cost				the promises about 1 GiB, as tests
 *	guest_cost HOST DIRECTION PAGES		one conversion, for a profiler; prints its TDCALLs
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/plain_os.h"
#include "td/td.h"
#include "wire/tap.h"

#define RAM	0x40000000ull
#define GIB	0x40000000ull
#define PAGE	4096ull

/* Hosts: how much a call completes, and how large private pages are. */
static const struct host {
	const char *name;
	uint64_t complete;
	uint32_t aug;
} hosts[] = {
	{ "willing", UINT64_MAX, TD_AUG_2M },		/* all in one call */
	{ "willing-4k", UINT64_MAX, TD_AUG_4K },	/* likewise, and private memory comes in 4 KiB pages only */
	{ "kvm", 512, TD_AUG_4K },			/* 2 MiB per call */
	{ "page-a-call", 1, TD_AUG_2M },
};

struct cost {
	enum tdconv_status status;
	uint64_t map, accept, tdcalls;		/* TDCALLs: counted here, not by the library */
	uint64_t wrong;				/* pages that are not what the library says */
};

static struct td td;
static uint64_t leaves[64], violations;

void tdconv_os_tdcall(void *os, struct tdconv_regs *r)
{
	struct td_regs regs = { .long_mode = true };
	uint64_t *g = regs.gpr;

	(void)os;
	leaves[r->rax % 64]++;
	g[TD_RAX] = r->rax, g[TD_RCX] = r->rcx, g[TD_RDX] = r->rdx, g[TD_R8] = r->r8, g[TD_R9] = r->r9;
	g[TD_R10] = r->r10, g[TD_R11] = r->r11, g[TD_R12] = r->r12, g[TD_R13] = r->r13;
	if (td_tdcall(&td, 0, &regs) != TD_NEXT)
		abort();
	r->rax = g[TD_RAX], r->rcx = g[TD_RCX], r->rdx = g[TD_RDX], r->r8 = g[TD_R8], r->r9 = g[TD_R9];
	r->r10 = g[TD_R10], r->r11 = g[TD_R11], r->r12 = g[TD_R12], r->r13 = g[TD_R13];
}

/* The engine: memory that nobody looks at. */
static void emit(struct td *t, struct td_event *event)
{
	(void)t;
	violations += event->type == TD_EV_VERDICT && event->verdict.class == TD_CLASS_VIOLATION;
}

static const struct td_engine engine = { .emit = emit };

static void *start(const struct host *host, uint64_t bytes)
{
	struct td_config c = { .platform = { .gpaw = 48, .attributes = TDX_ATTR_SEPT_VE_DISABLE }, .vcpus = 1,
			       .tsc_hz = 1000000000,
			       .seed = 1, .runaway_calls = 1000, .nslots = 1 };
	size_t size;
	void *storage;

	c.slots[0] = (struct td_slot){ RAM, bytes / PAGE, TD_SLOT_RAM, 0 };
	c.behaviour.aug = host->aug;
	if (host->complete != UINT64_MAX) {
		c.behaviour.nrules = 1;
		c.behaviour.rules[0] = (struct td_rule){ .complete = host->complete };
	}
	size = td_size(&c);
	storage = malloc(size);
	td = (struct td){ .engine = &engine };
	if (!storage || !td_init(&td, storage, size, &c))
		abort();
	return storage;
}

/* To private: the range is made shared first, and that is not counted. */
static struct cost convert(const struct host *host, enum tdconv_to to, uint64_t bytes)
{
	void *storage = start(host, bytes);
	struct tdconv_result res;
	struct tdconv tdc;
	struct cost cost = { 0 };

	violations = 0;
	if (tdconv_init(&tdc, NULL) != TDCONV_OK)
		abort();
	if (to == TDCONV_PRIVATE && tdconv_convert(&tdc, RAM, bytes, TDCONV_SHARED, &res) != TDCONV_OK)
		abort();
	memset(leaves, 0, sizeof(leaves));
	cost.status = tdconv_convert(&tdc, RAM, bytes, to, &res);
	cost.map = leaves[TDG_VP_VMCALL];
	cost.accept = leaves[TDG_MEM_PAGE_ACCEPT];
	for (unsigned int i = 0; i < 64; i++)
		cost.tdcalls += leaves[i];
	for (uint64_t gpa = RAM; gpa < RAM + bytes; gpa += PAGE)
		cost.wrong += td_real(&td, gpa) != (to == TDCONV_SHARED ? TD_REAL_SHARED : TD_REAL_MAPPED);
	td_finish(&td);
	cost.wrong += violations;
	free(storage);
	return cost;
}

static int one(const char *name, const char *direction, const char *pages)
{
	for (unsigned int i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct cost cost;

		if (strcmp(hosts[i].name, name) != 0)
			continue;
		cost = convert(&hosts[i], strcmp(direction, "shared") == 0 ? TDCONV_SHARED : TDCONV_PRIVATE,
			       strtoull(pages, NULL, 0) * PAGE);
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", cost.map, cost.accept, cost.tdcalls);
		return cost.status != TDCONV_OK || cost.wrong != 0;
	}
	fprintf(stderr, "guest_cost: no host %s\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	struct cost cost;

	if (argc == 4)
		return one(argv[1], argv[2], argv[3]);
	cost = convert(&hosts[0], TDCONV_SHARED, GIB);
	tap_is(cost.status, TDCONV_OK, "1 GiB becomes shared");
	tap_is(cost.wrong, 0, "all of it, and td has nothing to say against it");
	tap_is(cost.tdcalls, 1, "with one MapGPA if the VMM is willing");
	cost = convert(&hosts[0], TDCONV_PRIVATE, GIB);
	tap_is(cost.status, TDCONV_OK, "and private again");
	tap_is(cost.wrong, 0, "... all of it, and td has nothing to say against it");
	tap_is(cost.map, 1, "with one MapGPA");
	tap_is(cost.accept, 512, "and 512 ACCEPTs where 2 MiB pages work");
	cost = convert(&hosts[1], TDCONV_PRIVATE, GIB);
	tap_is(cost.status, TDCONV_OK, "where the host has 4 KiB pages only");
	tap_is(cost.wrong, 0, "all of it becomes private, too");
	tap_ok(cost.tdcalls >= 262144 && cost.tdcalls <= 262144 + 8, "with at most 8 TDCALLs more than there are pages");
	return tap_done();
}
