/* SPDX-License-Identifier: MIT */
#include "monitor/explore.h"
#include "monitor/state.h"

#include "image/bytes.h"
#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/mem.h"
#include "monitor/npt.h"
#include "monitor/panic.h"
#include "td/explore.h"

#define MAX_PAGES		18432	/* that may change in all sequences together: 64 MiB given back, and the rest */
#define INDEX_BITS		16
#define MAX_WINDOW		(MACHINE_MAX_GUEST / TDX_PAGE_SIZE)
#define MAX_TDCALLS		100000	/* of one sequence, and so many for each page: a guest that goes on for ever */
#define PAGE_TDCALLS		8
#define FXSAVE_BYTES		512
#define LAPIC_ISR		0x100u
#define LAPIC_EOI		0xb0u
#define ISR_WORDS		8u

static enum { WAITING, RUNNING, OVER } phase;

/* A page as it was when the guest was remembered. It is put back after each sequence. */
struct saved_page {
	uint64_t *now;
	uint64_t *then;
};

static struct saved_page *pages;
static uint32_t npages;
static uint32_t *page_index;	/* hashed: 1 + a page's number, 0: free */

/* The guest as it was. */
static struct {
	struct vcpu vcpu;
	uint64_t tsc;
	uint64_t first, pages;	/* of the request, without S */
	uint8_t *private;	/* a bit for each of those that were private */
	uint8_t *fpu;
} then;

static uint64_t sequences, tdcalls;
static uint64_t ordered;	/* number of the present order, 0: there are none */
static uint8_t named[TD_EXPLORE_DEPTH];	/* its answers */
static bool counted;		/* the present sequence is a result, and not only run to see how the tree goes on */

bool explore_active(void)
{
	return phase == RUNNING;
}

bool explore_began(void)
{
	return phase != WAITING;
}

static bool is_mapgpa(const struct td_regs *r)
{
	return (uint16_t)r->gpr[TD_RAX] == TDG_VP_VMCALL && r->gpr[TD_R10] == 0 && r->gpr[TD_R11] == GHCI_MAP_GPA;
}

static bool is_wanted(const struct td_regs *r)
{
	bool to_shared = r->gpr[TD_R12] & td_shared_bit(td);

	return is_mapgpa(r) && to_shared == (config.explore.to_shared != 0) &&
	       r->gpr[TD_R13] / TDX_PAGE_SIZE >= config.explore.min_pages;
}

static void fpu_save(void)
{
	__asm__ volatile("fxsave64 (%0)" : : "r"(then.fpu) : "memory");
}

static void fpu_restore(void)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r"(then.fpu) : "memory");
}

static void window_event(const struct vcpu *vcpu)
{
	struct td_event event = td_event_new(TD_EV_WINDOW, vcpu->index, vcpu->regs.rip);

	event.window = (struct td_record_window){ .gpa = vcpu->regs.gpr[TD_R12],
						  .pages = vcpu->regs.gpr[TD_R13] / TDX_PAGE_SIZE };
	journal_put(&event);
}

static void answers_event(const struct vcpu *vcpu, const struct td_choices *c, uint32_t first)
{
	struct td_event event = td_event_new(TD_EV_ANSWERS, vcpu->index, vcpu->regs.rip);
	uint32_t n = c->at - first < TD_ANSWERS_EACH ? c->at - first : TD_ANSWERS_EACH;

	event.answers.first = (uint8_t)first;
	event.answers.count = (uint8_t)n;
	memcpy(event.answers.taken, c->taken + first, n);
	memcpy(event.answers.answer, c->answer + first, n);
	journal_put(&event);
}

static void sequence_event(const struct vcpu *vcpu, enum explore_end end, uint64_t detail)
{
	const struct td_choices *c = td_explore_choices(td);
	struct td_event event = td_event_new(TD_EV_SEQUENCE, vcpu->index, vcpu->regs.rip);

	event.ended = (struct td_record_ended){
		.end = end, .ours = counted, .not_given = (uint8_t)td_explore_not_given(c, named), .detail = detail,
		.count = end == EXPLORE_OVER ? 0 : c->at, .cut = c->cut,
		.number = c->count != 0 ? c->number : c->dealt, .states = c->states,
	};
	journal_put(&event);
	for (uint32_t first = 0; first < event.ended.count; first += TD_ANSWERS_EACH)
		answers_event(vcpu, c, first);
}

/* From now on the VMM says this. */
static void obey(const struct monitor_order *order)
{
	struct td_choices *c = td_explore_choices(td);

	td_explore_begin(td, order->count);
	memcpy(c->answer, order->answers, sizeof(c->answer));
	memcpy(named, order->answers, sizeof(named));
	c->named = c->depth = c->fixed = c->limit;
	ordered = order->number;
}

/* False when there is no other. The command thinks while the guest stands still. */
static bool next_order(void)
{
	volatile struct monitor_order *order = &journal_status()->order;
	struct monitor_order copy;

	while (config.explore.ordered && order->number <= ordered)
		cpu_pause();
	memcpy(&copy, (const void *)order, sizeof(copy));
	if (!config.explore.ordered || copy.count == 0)
		return false;
	obey(&copy);
	return true;
}

static bool begin(void)
{
	const struct monitor_explore *e = &config.explore;
	struct td_choices *c = td_explore_choices(td);

	if (e->order.count != 0) {
		obey(&e->order);
		counted = true;
		return true;
	}
	td_explore_begin(td, e->depth);
	if (e->random != 0)
		td_explore_random(td, e->seed, e->random);
	if (e->shards != 0)
		td_explore_shard(td, e->shard, e->shards);
	if (e->resumed) {
		memcpy(c->taken, e->taken, sizeof(c->taken));
		c->depth = e->depth_then;
		c->dealt = e->dealt;
		c->ours = e->ours;
		td_explore_number(td, e->number);
	}
	counted = c->ours && !e->resumed;
	return td_explore_any(td);
}

static void remember(struct vcpu *vcpu)
{
	uint64_t address = vcpu->regs.gpr[TD_R12] & ~td_shared_bit(td);

	pages = mem_alloc(MAX_PAGES * sizeof(*pages));
	page_index = mem_alloc(sizeof(*page_index) << INDEX_BITS);
	then.fpu = mem_alloc(FXSAVE_BYTES);
	then.vcpu = *vcpu;
	vendor_save(vcpu);
	then.tsc = host_tsc();
	then.first = address;
	then.pages = vcpu->regs.gpr[TD_R13] / TDX_PAGE_SIZE;
	if (then.pages > MAX_WINDOW)
		then.pages = MAX_WINDOW;
	then.private = mem_alloc(MAX_WINDOW / 8);
	for (uint64_t i = 0; i < then.pages; i++)
		if (td_real(td, address + i * TDX_PAGE_SIZE) == TD_REAL_MAPPED)
			then.private[i / 8] |= (uint8_t)(1u << i % 8);
	fpu_save();
	npt_protect();
	if (!td_mark(td))
		panic("td keeps no undo log");
	counted = false;
	window_event(vcpu);
}

static bool in_service(void)
{
	for (uint32_t i = 0; i < ISR_WORDS; i++)
		if (host_lapic_read(LAPIC_ISR + (i << 4)) != 0)
			return true;
	return false;
}

/* Registers that the guest may see changed; what the monitor keeps of its own (counts, generations) goes on. */
static void restore_vcpu(struct vcpu *vcpu)
{
	vcpu->regs = then.vcpu.regs;
	vcpu->rflags = then.vcpu.rflags;
	vcpu->efer = then.vcpu.efer;
	vcpu->cr0 = then.vcpu.cr0;
	vcpu->cr3 = then.vcpu.cr3;
	vcpu->cr4 = then.vcpu.cr4;
	memcpy(vcpu->dr, then.vcpu.dr, sizeof(vcpu->dr));
	vcpu->nmi = then.vcpu.nmi;
	vcpu->ve_seen = then.vcpu.ve_seen;
	vcpu->persona = then.vcpu.persona;
	vendor_restore(vcpu);
	fpu_restore();
}

/* The clock first: the timer is set by it. Interrupts that the sequence was in are over, those that wait may come. */
static void restore_time(struct vcpu *vcpu)
{
	host_tsc_set(then.tsc);
	vendor_set_tsc_offset(vcpu, host_tsc_offset());
	while (in_service())
		host_lapic_write(LAPIC_EOI, 0);
	lapic_rearm(&vcpu->persona);
}

static void roll_back(struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < npages; i++)
		memcpy(pages[i].now, pages[i].then, TDX_PAGE_SIZE);
	if (!td_rollback(td))
		panic("a sequence changed more pages than td can take back");
	restore_vcpu(vcpu);
	restore_time(vcpu);
	tdcalls = 0;
}

/* The guest goes on, and the VMM by its rules. */
static void finish(struct vcpu *vcpu)
{
	counted = false;
	sequence_event(vcpu, EXPLORE_OVER, 0);
	td_explore_begin(td, 0);
	npt_unprotect();
	phase = OVER;
}

static bool next_sequence(void)
{
	bool more = ordered != 0 ? next_order() : td_explore_next(td);

	counted = td_explore_choices(td)->ours;
	return more;
}

static bool next(struct vcpu *vcpu, enum explore_end why, uint64_t detail)
{
	if (why == EXPLORE_END_PORT || why == EXPLORE_END_MAPGPA)	/* it went on to other things */
		td_moved_on(td);
	sequence_event(vcpu, why, detail);
	sequences += counted;
	if ((config.explore.sequences == 0 || sequences < config.explore.sequences) && next_sequence()) {
		roll_back(vcpu);
	} else {
		roll_back(vcpu);
		finish(vcpu);
	}
	return true;
}

static bool on_tdcall(struct vcpu *vcpu)
{
	const struct td_regs *r = &vcpu->regs;

	if (phase == WAITING && config.explore.depth != 0 && is_wanted(r)) {
		remember(vcpu);
		if (begin())
			phase = RUNNING;
		else
			finish(vcpu);
		return false;
	}
	if (phase != RUNNING)
		return false;
	if (++tdcalls > MAX_TDCALLS + PAGE_TDCALLS * then.pages)
		return next(vcpu, EXPLORE_END_LIMIT, tdcalls);
	if ((uint16_t)r->gpr[TD_RAX] == TDG_VP_VMCALL && r->gpr[TD_R10] == 0 && r->gpr[TD_R11] == GHCI_IO)
		return next(vcpu, EXPLORE_END_PORT, r->gpr[TD_R14] << 32 | (uint32_t)r->gpr[TD_R15]);
	if (is_mapgpa(r)) {
		uint64_t gpa = r->gpr[TD_R12] & ~td_shared_bit(td);

		if (gpa < then.first || gpa - then.first >= then.pages * TDX_PAGE_SIZE)
			return next(vcpu, EXPLORE_END_MAPGPA, r->gpr[TD_R12]);
	}
	return false;
}

/* Where this page is in the index, or would be. */
static uint32_t *find(const uint64_t *now)
{
	uint32_t i = (uint32_t)(mem_address(now) / TDX_PAGE_SIZE * 0x9e3779b97f4a7c15ull >> (64 - INDEX_BITS));

	while (page_index[i] != 0 && pages[page_index[i] - 1].now != now)
		i = (i + 1) % (1u << INDEX_BITS);
	return &page_index[i];
}

/* Once: what it becomes later, when it was converted and mapped anew, say, is not what the guest had at first. */
static void keep(uint64_t *now)
{
	uint32_t *at = find(now);

	if (*at != 0)
		return;
	if (npages == MAX_PAGES)
		panic("more than %u pages changed while the guest was explored", MAX_PAGES);
	pages[npages] = (struct saved_page){ now, mem_alloc(TDX_PAGE_SIZE) };
	memcpy(pages[npages].then, now, TDX_PAGE_SIZE);
	*at = ++npages;
}

static bool on_write(const struct vm_exit *e)
{
	uint64_t machine;

	if (phase != RUNNING || !(e->access & TD_ACCESS_WRITE) || !npt_unprotect_page(e->gpa, &machine))
		return false;
	keep(mem_machine(machine));
	return true;
}

bool explore_exit(struct vcpu *vcpu, const struct vm_exit *e)
{
	if (e->insn == INSN_TDCALL)
		return on_tdcall(vcpu);
	return (e->reason == EXIT_EPT_PRIVATE || e->reason == EXIT_EPT_SHARED) && on_write(e);
}

/* What lies behind a page that was shared is nobody's. */
static bool was_nobodys(uint64_t gpa)
{
	uint64_t i = (gpa - then.first) / TDX_PAGE_SIZE;

	return gpa >= then.first && i < then.pages && !(then.private[i / 8] >> i % 8 & 1);
}

void explore_change(uint64_t gpa, uint64_t count, uint64_t machine)
{
	for (; phase == RUNNING && count > 0; count--, gpa += TDX_PAGE_SIZE, machine += TDX_PAGE_SIZE)
		if (!was_nobodys(gpa))
			keep(mem_machine(machine));
}

bool explore_stopped(struct vcpu *vcpu)
{
	return phase == RUNNING && next(vcpu, EXPLORE_END_STOPPED, td_stopped(td));
}

bool explore_idle(struct vcpu *vcpu)
{
	if (phase != RUNNING)
		return false;
	vcpu->parked = 0;
	vcpu->idle_ticks = 0;
	next(vcpu, EXPLORE_END_IDLE, 0);
	npt_sync();
	return true;
}
