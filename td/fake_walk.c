/* SPDX-License-Identifier: MIT */
#include "td/fake_walk.h"
#include "td/explore.h"

#define FIRST	508	/* RAM from here on: a few pages, 2 MiB, a few pages */
#define LAST	1060	/* beyond all near slots */
#define FAR	(1ull << 45)

static uint64_t next_bytes(struct fake_walk *w, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes && w->left > 0; i++, w->left--)
		value |= (uint64_t)*w->data++ << 8 * i;
	return value;
}

static uint64_t below(struct fake_walk *w, uint64_t n)
{
	return next_bytes(w, n > 256 ? 2 : 1) % n;
}

/* Mostly the values at which something changes. */
static uint64_t pages(struct fake_walk *w)
{
	static const uint16_t some[] = { 1, 1, 2, 3, 4, 8, 511, 512, 513, 0, 600, 16 };

	return some[below(w, sizeof(some) / sizeof(some[0]))];
}

static uint64_t page(struct fake_walk *w)
{
	switch (below(w, 8)) {
	case 0:
		return FAKE_PAGE(512);
	case 1:
		return FAKE_PAGE(FIRST) + below(w, LAST - FIRST) * TDX_PAGE_SIZE;
	case 2:
		return below(w, 2) != 0 ? FAR : FAKE_S - TDX_PAGE_SIZE;
	case 3:
		return FAKE_PAGE(1020 + below(w, 40));
	default:
		return FAKE_PAGE(FIRST + below(w, 16));
	}
}

static uint64_t address(struct fake_walk *w)
{
	uint64_t gpa = page(w), how = below(w, 16);

	if (how == 0)
		return next_bytes(w, 8);
	if (how < 3)
		gpa += below(w, TDX_PAGE_SIZE);
	return how & 1 ? gpa | FAKE_S : gpa;
}

static struct td_rule rule(struct fake_walk *w)
{
	static const uint64_t fails[] = { 0, 0, 0, 0, TDVMCALL_RETRY, TDVMCALL_INVALID_OPERAND, TDVMCALL_GPA_INUSE, 0xdead };
	static const uint64_t refusals[] = { 0, 0, TDX_OPERAND_BUSY, TDX_PAGE_SIZE_MISMATCH };
	struct td_rule r = { .complete = below(w, 4) != 0 ? pages(w) : UINT64_MAX };

	r.direction = (uint32_t)below(w, 3);
	r.first = (uint32_t)below(w, 4);
	r.last = (uint32_t)(below(w, 2) * below(w, 16));
	r.step = (uint32_t)below(w, 4);
	r.min_pages = below(w, 4);
	r.chunk = (uint32_t)below(w, 3);
	r.chance = (uint32_t)below(w, 256);
	r.stalls = (uint32_t)(below(w, 2) * below(w, 4));
	r.lie = below(w, 8) == 0;
	r.remove = (uint32_t)(below(w, 4) == 0 ? pages(w) : 0);
	r.readd = (uint32_t)below(w, 2);
	r.on = below(w, 4) == 0 ? TD_ON_ACCEPT : TD_ON_MAPGPA;
	r.fail = r.on == TD_ON_ACCEPT ? refusals[below(w, 4)] : fails[below(w, 8)];
	r.shift = below(w, 8) == 0 ? (int64_t)below(w, 32) - 16 : 0;
	r.claim_base = (uint32_t)below(w, 5);
	r.claim_s = (uint32_t)below(w, 3);
	r.claim_pages = below(w, 4) == 0 ? (int64_t)below(w, 16) - 8 : 0;
	r.claim_bytes = below(w, 8) == 0 ? (int64_t)next_bytes(w, 8) : 0;
	return r;
}

void fake_walk_start(struct fake_walk *w, const uint8_t *data, size_t bytes, uint32_t undo_steps)
{
	struct td_config c = fake_config(1);
	uint64_t bits;

	*w = (struct fake_walk){ .data = data, .left = bytes };
	bits = next_bytes(w, 2);
	c.slots[0] = (struct td_slot){ FAKE_PAGE(FIRST), 520, TD_SLOT_RAM, bits & 1 };
	c.slots[1] = (struct td_slot){ FAKE_PAGE(1028), 4, TD_SLOT_ROM, 0 };
	c.slots[2] = (struct td_slot){ FAKE_PAGE(1032), 8, TD_SLOT_RAM, bits >> 1 & 1 };
	c.slots[3] = (struct td_slot){ FAKE_PAGE(1044), 8, TD_SLOT_MMIO, 0 };
	c.slots[4] = (struct td_slot){ FAR, (FAKE_S - FAR) / TDX_PAGE_SIZE, TD_SLOT_MMIO, 0 };
	c.nslots = 5;
	c.vcpus = 2;
	c.platform.attributes = bits & 4 ? TDX_ATTR_SEPT_VE_DISABLE : 0;
	c.platform.config_flags = (bits & 8 ? TDX_CONFIG_PAGE_RELEASE : 0) | (bits & 16 ? TDX_CONFIG_FLEXIBLE_PENDING_VE : 0);
	c.behaviour.implicit = bits >> 5 & 1;
	c.behaviour.aug = bits >> 6 & 1 ? TD_AUG_4K : bits >> 12 & 1 ? TD_AUG_MIXED : TD_AUG_2M;
	c.behaviour.contain = bits >> 7 & 1;
	c.behaviour.nrules = bits >> 8 & 3;
	c.behaviour.align = bits >> 10 & 1;
	c.behaviour.contents = bits >> 11 & 1;
	for (uint32_t i = 0; i < c.behaviour.nrules; i++)
		c.behaviour.rules[i] = rule(w);
	c.seed = bits;
	c.undo_steps = undo_steps;
	fake_start(&c);
	w->next = FAKE_PAGE(FIRST);
	w->end = FAKE_PAGE(FIRST + 8);
}

static bool map(struct fake_walk *w, bool go_on)
{
	struct fake_answer a;
	bool stopped = td_stopped(fake.td) != TD_RUNNING;

	if (!go_on) {
		w->next = address(w);
		w->end = w->next + pages(w) * TDX_PAGE_SIZE;
	}
	a = fake_map_gpa(w->next, w->end - w->next);
	if (a.r10 == TDVMCALL_RETRY)
		w->next = a.r11;
	return a.action == TD_STOP || (a.action == TD_NEXT && !stopped);
}

static bool may_follow(enum td_action action, uint32_t allowed)
{
	return (allowed >> action & 1) != 0 && (action == TD_STOP) == (td_stopped(fake.td) != TD_RUNNING);
}

/* Any registers at all. Those that a VMCALL does not select are the guest's, whatever happens. */
static bool raw_tdcall(struct fake_walk *w)
{
	static const uint16_t leaves[] = { 0, 0, 0, 1, 3, 4, 6, 7, 8, 11, 30, 2 };
	struct td_regs regs = { .rip = 0x2000, .long_mode = true }, before;
	enum td_action action;

	for (unsigned int i = 0; i < TD_GPRS; i++)
		regs.gpr[i] = below(w, 3) == 0 ? next_bytes(w, 8) : address(w);
	regs.gpr[TD_RAX] = below(w, 16) == 0 ? next_bytes(w, 8) : leaves[below(w, 12)];
	if (below(w, 8) != 0 && regs.gpr[TD_RAX] == TDG_VP_VMCALL) {
		regs.gpr[TD_RCX] = below(w, 4) != 0 ? 0xffcc : next_bytes(w, 4);
		regs.gpr[TD_R10] = 0;
		regs.gpr[TD_R11] = below(w, 2) != 0 ? 0x10000 + below(w, 8) : below(w, 66);
		regs.gpr[TD_R12] = below(w, 2) != 0 ? below(w, 9) : regs.gpr[TD_R12];
	}
	if (regs.gpr[TD_R11] == GHCI_REPORT_FATAL_ERROR && below(w, 8) != 0)
		return true;	/* else every walk ends here */
	regs.cpl = below(w, 16) == 0 ? 3 : 0;
	before = regs;
	action = td_tdcall(fake.td, (unsigned int)below(w, 2), &regs);
	for (unsigned int i = TD_RCX; i < TD_GPRS && before.gpr[TD_RAX] == TDG_VP_VMCALL; i++)
		if (regs.gpr[i] != before.gpr[i] && !(before.gpr[TD_RCX] >> i & 1))
			return false;
	return regs.rip == before.rip && may_follow(action, 1 << TD_NEXT | 1 << TD_GP | 1 << TD_STOP | 1 << TD_VE |
						    1 << TD_DF | 1 << TD_HALT | 1 << TD_PARK);
}

/* Most accesses that would end the TD are left out, and what waits to be read is read, or walks would be short. */
static bool access_address(struct fake_walk *w, uint64_t *gpa)
{
	struct td_regs regs = { 0 };

	*gpa = address(w);
	if (below(w, 16) == 0)
		return true;
	fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
	fake_tdcall(1, TDG_VP_VEINFO_GET, 0, &regs);
	return *gpa >= FAKE_S ? *gpa < 2 * FAKE_S : td_real(fake.td, *gpa) == TD_REAL_MAPPED;
}

static bool touch(struct fake_walk *w)
{
	uint64_t gpa;

	return !access_address(w, &gpa) || fake_touch(gpa, (uint32_t)below(w, 16)) != TD_NATIVE;
}

static bool raw_access(struct fake_walk *w)
{
	struct td_access a = { .rip = 0x3000 };

	if (!access_address(w, &a.gpa))
		return true;
	a.gla = next_bytes(w, 1);
	a.flags = (uint32_t)below(w, 16);
	return may_follow(td_access(fake.td, (unsigned int)below(w, 2), &a),
			  1 << TD_AGAIN | 1 << TD_VE | 1 << TD_DF | 1 << TD_STOP);
}

static bool instruction(struct fake_walk *w)
{
	static const uint8_t reasons[] = { VE_CPUID, VE_HLT, VE_IO, VE_RDMSR, VE_WRMSR, VE_WBINVD, 99 };
	struct td_instruction in = { .reason = reasons[below(w, 7)], .length = 2, .index = (uint32_t)next_bytes(w, 4) };

	in.subleaf = (uint32_t)next_bytes(w, 1);
	if (below(w, 2) != 0)
		in.index &= 0x8fff;
	return may_follow(td_instruction(fake.td, (unsigned int)below(w, 2), &in), 1 << TD_NATIVE | 1 << TD_VE | 1 << TD_GP |
			  1 << TD_DF | 1 << TD_STOP);
}

/* As with accesses: seldom where nothing is, which ends the TD unless the VMM converts. */
static bool accept(struct fake_walk *w)
{
	uint64_t gpa = address(w), level = below(w, 3);
	enum td_real real = td_real(fake.td, gpa);

	if (real == TD_REAL_MAPPED || real == TD_REAL_PENDING || below(w, 16) == 0)
		fake_accept(gpa, level);
	return true;
}

static void device(struct fake_walk *w)
{
	struct fake_page *p = fake_page(page(w));

	if (p != NULL)
		p->dirty = true;
}

bool fake_walk_step(struct fake_walk *w)
{
	static const char *const names[] = { "MapGPA", "MapGPA", "MapGPA", "MapGPA, going on", "MapGPA, going on", "ACCEPT",
					     "ACCEPT", "RELEASE", "VEINFO.GET", "VEINFO.GET", "touch", "access", "TDCALL",
					     "instruction", "DMA", "explore" };
	uint64_t kind = below(w, 16);
	struct td_regs regs = { 0 };

	w->step = names[kind];
	switch (kind) {
	case 0: case 1: case 2: case 3: case 4:
		return map(w, kind >= 3);
	case 5: case 6:
		return accept(w);
	case 7:
		return fake_tdcall(0, TDG_MEM_PAGE_RELEASE, address(w) | below(w, 2), &regs) != TD_VE;
	case 8: case 9:
		return may_follow(fake_tdcall((unsigned int)(kind - 8), TDG_VP_VEINFO_GET, 0, &regs), 1 << TD_NEXT | 1 << TD_STOP);
	case 10:
		return touch(w);
	case 11:
		return raw_access(w);
	case 12:
		return raw_tdcall(w);
	case 13:
		return instruction(w);
	case 14:
		device(w);
		return true;
	default:
		if (td_explore_choices(fake.td)->limit == 0 || !td_explore_next(fake.td))
			td_explore_begin(fake.td, below(w, 4) != 0 ? 0 : (uint32_t)below(w, 70));
		return true;
	}
}
