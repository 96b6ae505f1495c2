/* SPDX-License-Identifier: MIT */
/*
 * TDG.MEM.PAGE.ACCEPT and TDG.MEM.PAGE.RELEASE: the module's word, with its exact codes and the level in the low bits
 * ([mod:tdg_mem_page_accept]). RELEASE is newer than module 1.5.06, whose code is what is public; its answers here are
 * those that its public user reads ([openvmm:release_pages]).
 */
#include "td/state.h"

struct census {
	uint64_t pages, mapped, pending, absent;	/* absent: shared, or taken away */
	uint64_t rom;					/* mapped too, but not to be given back */
	uint64_t accepted, known_shared;
	uint64_t claimed;				/* to be private */
	struct td_page first;
};

/* RCX is GPA | level; the GPA private, aligned to the level. False: OPERAND_INVALID. */
static bool decode(const struct td *td, uint64_t rcx, uint64_t *gpa, uint64_t *level)
{
	*level = rcx & 7;
	*gpa = rcx & ~7ull;
	return *level <= TDX_LEVEL_2M && *gpa < td->mem->s &&
	       *gpa % (*level == TDX_LEVEL_2M ? TDX_2M_SIZE : TDX_PAGE_SIZE) == 0;
}

static bool is_rom(const struct td *td, uint64_t gpa)
{
	const struct td_slot *slot = td_slot_of(td, gpa);

	return slot != NULL && slot->kind == TD_SLOT_ROM;
}

static struct census count(const struct td *td, uint64_t gpa, uint64_t pages)
{
	struct census c = { .pages = pages };

	for (uint64_t i = 0; i < pages; i++) {
		const struct td_page *page = td_page_at(td, gpa + i * TDX_PAGE_SIZE);

		if (page == NULL) {
			c.rom += is_rom(td, gpa + i * TDX_PAGE_SIZE);
			continue;
		}
		if (i == 0)
			c.first = *page;
		c.mapped += td_page_real(page) == TD_REAL_MAPPED;
		c.pending += td_page_real(page) == TD_REAL_PENDING;
		c.absent += td_page_real(page) == TD_REAL_SHARED || td_page_real(page) == TD_REAL_REMOVED;
		c.accepted += (page->real_marks & PAGE_ACCEPTED) != 0;
		c.known_shared += page->known == TD_KNOWN_CLAIMED_SHARED;
		c.claimed += page->known == TD_KNOWN_CLAIMED_PRIVATE || page->known == TD_KNOWN_PRIVATE;
	}
	return c;
}

/* A range of which only a part is wrong is none: a loop tries 2 MiB and then goes page by page. */
static void judge(struct td *td, uint64_t gpa, const struct census *c, uint64_t rip)
{
	if (c->accepted == c->pages)
		td_violation(td, TD_V_DOUBLE_ACCEPT, gpa, c->pages, rip, 0);
	if (c->known_shared == c->pages)
		td_violation(td, TD_V_ACCEPT_UNREQUESTED, gpa, c->pages, rip, 0);
}

/*
 * Nothing is there: the TDCALL exits to the VMM and runs again once it has mapped a page. A VMM that converts on such
 * an exit does; any other leaves the vCPU stuck, and whose fault that is depends on what the guest was told. What is
 * known to be shared was judged before.
 */
static bool absent(struct td *td, uint64_t gpa, const struct census *c, uint64_t rip)
{
	struct td_judgement j = { TD_CLASS_VIOLATION, TD_V_TD_LOST };

	if (td->mem->config.behaviour.implicit == TD_IMPLICIT_CONVERT) {
		td_sept_convert(td, gpa, c->pages, false);
		return false;
	}
	if (c->claimed == c->pages) {
		j = (struct td_judgement){ TD_CLASS_VMM_CAUSED, TD_V_PENDING_ACCESS };
		td->mem->now.blameless = 1;
	} else if (c->known_shared == c->pages) {
		j = (struct td_judgement){ TD_CLASS_HAZARD, TD_V_NONE };
	}
	td_report(td, j, gpa, c->pages, rip, 0);
	td_end(td, TD_STOP_PRIVATE_LOST, gpa, rip);
	return true;
}

/* Of 2 MiB: its word and its bit in td_state.small. */
static uint64_t *small_word(struct td *td, uint64_t gpa)
{
	return &td->mem->now.small[gpa / TDX_2M_SIZE / 64 % TD_SMALL_WORDS];
}

static uint64_t small_bit(uint64_t gpa)
{
	return 1ull << gpa / TDX_2M_SIZE % 64;
}

/* Whether the VMM maps the private memory of this 2 MiB page by page. */
static bool in_small_pages(struct td *td, uint64_t gpa)
{
	switch (td->mem->config.behaviour.aug) {
	case TD_AUG_4K:
		return true;
	case TD_AUG_MIXED:
		return gpa / TDX_2M_SIZE % 2 != 0;
	case TD_AUG_ACCEPT:
		return *small_word(td, gpa) & small_bit(gpa);
	default:
		return false;
	}
}

/* An ACCEPT of 4 KiB that is not there yet leaves to the VMM, with its level ([mail:kvm-huge-accept]). */
static void follow_level(struct td *td, uint64_t gpa, uint64_t level)
{
	if (td->mem->config.behaviour.aug == TD_AUG_ACCEPT && level == TDX_LEVEL_4K)
		*small_word(td, gpa) |= small_bit(gpa);
}

/* A 2 MiB request needs a 2 MiB leaf, which the VMM only offers if it works at that size. */
static uint64_t accept_status(struct td *td, uint64_t gpa, uint64_t level, const struct census *c)
{
	bool small = level == TDX_LEVEL_2M && in_small_pages(td, gpa);

	if (c->mapped + c->rom == c->pages && (level == TDX_LEVEL_4K || td_is_large(td, gpa)))
		return tdx_status(TDX_PAGE_ALREADY_ACCEPTED, td_is_large(td, gpa));
	if (c->pending != c->pages || small)
		return tdx_status(TDX_PAGE_SIZE_MISMATCH, level);
	return tdx_status(TDX_SUCCESS, 0);
}

enum td_action td_page_accept(struct td *td, struct td_regs *regs)
{
	uint64_t rcx = regs->gpr[TD_RCX], gpa, level, status, disturbed;
	struct census c = { 0 };
	struct td_plan plan = { 0 };

	if (!decode(td, rcx, &gpa, &level)) {
		status = tdx_status(TDX_OPERAND_INVALID, TD_RCX);
		goto done;
	}
	c = count(td, gpa, level == TDX_LEVEL_2M ? TDX_2M_PAGES : 1);
	if (c.mapped + c.rom + c.pending == 0 && c.absent != c.pages) {	/* where a 4 KiB page is, 2 MiB are a mismatch only */
		td_violation(td, TD_V_TD_LOST, gpa, c.pages, regs->rip, 0);
		return td_end(td, TD_STOP_BAD_GPA, gpa, regs->rip);
	}
	/* The lock comes before anything that it protects; but above a larger leaf the walk ends, and nothing is locked. */
	disturbed = level == TDX_LEVEL_4K && td_is_large(td, gpa) ? 0 : td_disturb_accept(td, rcx, c.pages, &plan);
	if (tdx_code(disturbed) == TDX_OPERAND_BUSY) {
		td_sept_tried(td, gpa, c.pages);
		status = disturbed;
		goto done;
	}
	judge(td, gpa, &c, regs->rip);
	if (c.absent == c.pages) {
		if (absent(td, gpa, &c, regs->rip))
			return TD_STOP;
		c = count(td, gpa, c.pages);
	}
	status = accept_status(td, gpa, level, &c);
	if (tdx_code(status) == TDX_SUCCESS)
		follow_level(td, gpa, level);
	if (tdx_code(status) == TDX_SUCCESS && disturbed != 0)
		status = disturbed;
	if (tdx_code(status) == TDX_PAGE_SIZE_MISMATCH)
		td_sept_tried(td, gpa, c.pages);
	if (tdx_code(status) == TDX_SUCCESS)
		td_sept_accept(td, gpa, c.pages);
	else if (tdx_code(status) == TDX_PAGE_ALREADY_ACCEPTED)	/* the module's word that it is private */
		td_sept_known(td, gpa, c.pages, 0xff, TD_KNOWN_PRIVATE);
done:
	regs->gpr[TD_RAX] = status;
	td_emit(td, ACCEPT, accept, regs->rip, .rcx = rcx, .status = status, .known = c.first.known,
		.real = (uint8_t)td_page_real(&c.first));
	if (tdx_code(status) == TDX_SUCCESS)
		td_take_away(td, gpa, &plan);
	return TD_NEXT;
}

/*
 * Why there is nothing to release, as the leaf's only public user reads it ([openvmm:release_pages]): RCX then has the
 * level at which memory is mapped, or says what it is instead. A page of ROM is neither; no bit is our choice. RELEASE
 * takes a leaf whole: neither 2 MiB of small pages nor 4 KiB out of a large one.
 */
static uint64_t release_status(struct td *td, uint64_t gpa, uint64_t level, const struct census *c, uint64_t *rcx)
{
	bool small = in_small_pages(td, gpa);
	uint64_t real = td_is_large(td, gpa) && !small ? TDX_LEVEL_2M : TDX_LEVEL_4K;

	if (level == TDX_LEVEL_2M && c->pending == c->pages && !small)
		real = TDX_LEVEL_2M;
	if (level != real && c->mapped + c->pending > 0) {
		*rcx = real;
		return tdx_status(TDX_PAGE_SIZE_MISMATCH, level);
	}
	if (c->mapped == c->pages)
		return 0;
	if (c->absent > 0) {
		*rcx = 0;
		return tdx_status(TDX_EPT_ENTRY_FREE, TD_RCX);
	}
	*rcx = c->pending > 0 ? TDX_RELEASE_PENDING : c->rom > 0 ? 0 : TDX_RELEASE_MMIO;
	return tdx_status(TDX_EPT_ENTRY_STATE_INCORRECT, TD_RCX);
}

enum td_action td_page_release(struct td *td, struct td_regs *regs)
{
	uint64_t rcx = regs->gpr[TD_RCX], gpa, level;
	struct census c;

	if (!(td_config_flags(td) & TDX_CONFIG_PAGE_RELEASE)) {	/* this module does not have the leaf */
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, TD_RAX);
		return TD_NEXT;
	}
	if (!decode(td, rcx, &gpa, &level)) {
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, TD_RCX);
		return TD_NEXT;
	}
	c = count(td, gpa, level == TDX_LEVEL_2M ? TDX_2M_PAGES : 1);
	regs->gpr[TD_RAX] = release_status(td, gpa, level, &c, &regs->gpr[TD_RCX]);
	if (regs->gpr[TD_RAX] == 0)
		td_sept_release(td, gpa, c.pages);
	return TD_NEXT;
}
