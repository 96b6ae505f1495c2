/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "td/fake.h"

struct fake fake;

static const struct td_engine fake_engine;


struct td_config fake_config(uint64_t pages)
{
	struct td_config c = { .platform = td_platform_kvm(), .vcpus = 1, .tsc_hz = 1000000000, .seed = 1,
			       .runaway_calls = 1000, .nslots = 2 };

	c.platform.config_flags = 0;
	c.platform.topology = 0;
	c.slots[0] = (struct td_slot){ FAKE_RAM, pages, TD_SLOT_RAM, 0 };
	c.slots[1] = (struct td_slot){ FAKE_MMIO, 0x40000, TD_SLOT_MMIO, 0 };
	return c;
}

struct td *fake_start(const struct td_config *config)
{
	free(fake.storage);
	memset(fake.pages, 0, sizeof(fake.pages));
	fake.nevents = 0;
	fake.config = *config;
	fake.bytes = td_size(config);
	fake.storage = malloc(fake.bytes + !fake.bytes);	/* exactly, so that a sanitizer sees a step beyond it */
	if (fake.storage == NULL)
		abort();
	fake.handle = (struct td){ .engine = &fake_engine };
	fake.td = td_init(&fake.handle, fake.storage, fake.bytes, config) ? &fake.handle : NULL;
	return fake.td;
}

struct td *fake_start_rule(uint64_t pages, const struct td_rule *rule)
{
	struct td_config c = fake_config(pages);

	c.behaviour.nrules = 1;
	c.behaviour.rules[0] = *rule;
	return fake_start(&c);
}

/* RAM and ROM of all slots, one after the other. */
struct fake_page *fake_page(uint64_t gpa)
{
	uint64_t first = 0;

	for (uint32_t i = 0; i < fake.config.nslots; i++) {
		const struct td_slot *slot = &fake.config.slots[i];
		uint64_t page = (gpa - slot->gpa) / TDX_PAGE_SIZE;

		if (slot->kind == TD_SLOT_MMIO)
			continue;
		if (gpa >= slot->gpa && page < slot->pages)
			return first + page < FAKE_MAX_PAGES ? &fake.pages[first + page] : NULL;
		first += slot->pages;
	}
	return NULL;
}

enum td_action fake_tdcall(unsigned int vcpu, uint64_t leaf, uint64_t rcx, struct td_regs *regs)
{
	regs->gpr[TD_RAX] = leaf;
	regs->gpr[TD_RCX] = rcx;
	regs->long_mode = true;
	return td_tdcall(fake.td, vcpu, regs);
}

struct fake_answer fake_map_gpa(uint64_t gpa, uint64_t bytes)
{
	struct td_regs regs = { 0 };
	struct fake_answer answer;

	tdx_map_gpa(regs.gpr, gpa, bytes);
	answer.action = fake_tdcall(0, TDG_VP_VMCALL, TDX_MASK_R10_R15, &regs);
	answer.r10 = regs.gpr[TD_R10];
	answer.r11 = regs.gpr[TD_R11];
	return answer;
}

struct fake_answer fake_share(uint64_t first, uint64_t pages)
{
	return fake_map_gpa(FAKE_PAGE(first) | td_shared_bit(fake.td), pages * TDX_PAGE_SIZE);
}

struct fake_answer fake_unshare(uint64_t first, uint64_t pages)
{
	return fake_map_gpa(FAKE_PAGE(first), pages * TDX_PAGE_SIZE);
}

uint64_t fake_accept(uint64_t gpa, uint64_t level)
{
	struct td_regs regs = { 0 };

	if (fake_tdcall(0, TDG_MEM_PAGE_ACCEPT, gpa | level, &regs) != TD_NEXT)
		return ~0ull;
	return regs.gpr[TD_RAX];
}

enum td_action fake_touch(uint64_t gpa, uint32_t flags)
{
	struct td_access access = { .gpa = gpa, .gla = 0xffff888000000000ull | gpa, .rip = 0x1234, .flags = flags };
	uint64_t s = td_shared_bit(fake.td);
	const struct fake_page *page = fake_page(gpa & ~s);

	if (page != NULL && page->mapped[(gpa & s) != 0])
		return TD_NEXT;
	return td_access(fake.td, 0, &access);
}

uint32_t fake_count(enum td_event_type type)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < fake.nevents; i++)
		n += fake.events[i].type == type;
	return n;
}

static uint32_t count_verdicts(int class, int violation)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < fake.nevents; i++) {
		const struct td_event *e = &fake.events[i];

		if (e->type == TD_EV_VERDICT && (class < 0 || e->verdict.class == (uint32_t)class) &&
		    (violation < 0 || e->verdict.violation == (uint32_t)violation))
			n++;
	}
	return n;
}

uint32_t fake_violations(enum td_violation v)
{
	return count_verdicts(TD_CLASS_VIOLATION, (int)v);
}

uint32_t fake_all_violations(void)
{
	return count_verdicts(TD_CLASS_VIOLATION, -1);
}

uint32_t fake_class(enum td_class class)
{
	return count_verdicts((int)class, -1);
}

const struct td_event *fake_last(enum td_event_type type)
{
	static const struct td_event none = { .type = TD_EV_TYPES };

	for (uint32_t i = fake.nevents; i > 0; i--)
		if (fake.events[i - 1].type == type)
			return &fake.events[i - 1];
	return &none;
}

void fake_power_off(void)
{
	td_stop(fake.td, TD_STOP_ENGINE);
	td_finish(fake.td);
}

uint32_t fake_closed(enum td_close how)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < fake.nevents; i++)
		n += fake.events[i].type == TD_EV_CLOSE && fake.events[i].close.how == how;
	return n;
}

static uint64_t count_pages(int real, int known)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < fake.config.nslots; i++) {
		const struct td_slot *slot = &fake.config.slots[i];

		for (uint64_t k = 0; slot->kind == TD_SLOT_RAM && k < slot->pages; k++) {
			uint64_t gpa = slot->gpa + k * TDX_PAGE_SIZE;

			n += (real < 0 || (int)td_real(fake.td, gpa) == real) &&
			     (known < 0 || (int)td_known(fake.td, gpa) == known);
		}
	}
	return n;
}

uint64_t fake_real_pages(enum td_real real)
{
	return count_pages((int)real, -1);
}

uint64_t fake_known_pages(enum td_known known)
{
	return count_pages(-1, (int)known);
}

static bool slot_consistent(const struct td_slot *slot)
{
	for (uint64_t i = 0; i < slot->pages; i++) {
		const struct fake_page *page = fake_page(slot->gpa + i * TDX_PAGE_SIZE);
		uint64_t gpa = slot->gpa + i * TDX_PAGE_SIZE, shared = gpa | td_shared_bit(fake.td);
		bool private = td_real(fake.td, gpa) == TD_REAL_MAPPED || slot->kind == TD_SLOT_ROM;

		if (page == NULL || page->mapped[TD_PRIVATE] != td_mapped(fake.td, gpa) ||
		    (page->mapped[TD_PRIVATE] && !private) ||
		    page->mapped[TD_SHARED] != td_mapped(fake.td, shared) ||
		    (page->mapped[TD_SHARED] && td_real(fake.td, gpa) != TD_REAL_SHARED))
			return false;
	}
	return true;
}

bool fake_consistent(void)
{
	for (uint32_t i = 0; i < fake.config.nslots; i++)
		if (fake.config.slots[i].kind != TD_SLOT_MMIO && !slot_consistent(&fake.config.slots[i]))
			return false;
	return td_sane(fake.td);
}

static struct fake_page *page_at(uint64_t gpa)
{
	struct fake_page *page = fake_page(gpa);

	if (page == NULL || gpa % TDX_PAGE_SIZE != 0)
		abort();	/* td asked for something that is not a page of RAM or ROM */
	return page;
}

/* An engine is never asked for nothing: it may have no page there. */
static void some(uint64_t pages)
{
	if (pages == 0)
		abort();
}

static void map(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	(void)td;
	some(pages);
	for (uint64_t i = 0; i < pages; i++)
		page_at(gpa + i * TDX_PAGE_SIZE)->mapped[alias] = true;
}

static void unmap(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	(void)td;
	some(pages);
	for (uint64_t i = 0; i < pages; i++)
		page_at(gpa + i * TDX_PAGE_SIZE)->mapped[alias] = false;
}

static void fill(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias, enum td_fill what)
{
	(void)td;
	some(pages);
	for (uint64_t i = 0; i < pages; i++) {
		struct fake_page *page = page_at(gpa + i * TDX_PAGE_SIZE);

		page->fill[alias] = (uint8_t)(what + 1);
		if (alias == TD_SHARED)
			page->dirty = false;
	}
}

static uint64_t poisoned(struct td *td, uint64_t gpa, uint64_t pages)
{
	uint64_t n = 0;

	(void)td;
	some(pages);
	while (n < pages && !page_at(gpa + n * TDX_PAGE_SIZE)->dirty)
		n++;
	return n;
}

static void shared(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write)
{
	(void)td;
	if (write)
		memcpy(fake.shared_page + gpa % TDX_PAGE_SIZE, data, bytes);
	else
		memcpy(data, fake.shared_page + gpa % TDX_PAGE_SIZE, bytes);
}

static void private(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write)
{
	(void)td;
	if (write)
		memcpy(fake.private_page + gpa % TDX_PAGE_SIZE, data, bytes);
	else
		memcpy(data, fake.private_page + gpa % TDX_PAGE_SIZE, bytes);
}

static bool port(struct td *td, uint16_t port, unsigned int size, bool write, uint32_t *value)
{
	(void)td;
	(void)size;
	if (port == 0xbad)	/* one that the VMM refuses */
		return false;
	if (write)
		fake.port_value = (uint64_t)port << 32 | *value;
	else
		*value = (uint32_t)fake.port_value;
	return true;
}

static bool mmio(struct td *td, uint64_t gpa, unsigned int size, bool write, uint64_t *value)
{
	const struct td_slot *slot = td_slot_of(td, gpa);

	if (slot == NULL || slot->kind == TD_SLOT_RAM || (gpa - slot->gpa) + size > slot->pages * TDX_PAGE_SIZE)
		abort();
	fake.mmio_gpa = gpa;
	fake.mmio_calls++;
	if (write)
		fake.mmio_value = size == 8 ? *value : *value & ((1ull << 8 * size) - 1);
	else
		*value = fake.mmio_value;
	return true;
}

static bool msr(struct td *td, unsigned int vcpu, uint32_t msr, bool write, uint64_t *value)
{
	(void)td;
	(void)vcpu;
	if (msr == 0x8b)	/* one that the VMM refuses */
		return false;
	if (write)
		fake.msr_value = *value;
	else
		*value = fake.msr_value;
	return true;
}

static void cpuid(struct td *td, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	(void)td;
	for (uint32_t i = 0; i < 4; i++)
		out[i] = leaf + subleaf + i;
}

static void emit(struct td *td, struct td_event *event)
{
	(void)td;
	event->sequence = fake.nevents;
	event->time = fake.nevents;
	if (fake.nevents < FAKE_EVENTS)
		fake.events[fake.nevents++] = *event;
}

static const struct td_engine fake_engine = {
	.map = map,
	.unmap = unmap,
	.fill = fill,
	.poisoned = poisoned,
	.private = private,
	.shared = shared,
	.port = port,
	.mmio = mmio,
	.msr = msr,
	.cpuid = cpuid,
	.emit = emit,
};
