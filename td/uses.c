/* SPDX-License-Identifier: MIT */
/*
 * Uses of memory before the guest had the answer that makes them right, which turn out well or not. Through the shared
 * alias:
 *
 *	to shared, one that was refused (#VE), if it is repeated when the page has been claimed. One that was not refused
 *	is a violation at once: it went to memory of which nobody had said that it is shared, and cannot be repeated;
 *
 *	to private, one of a page that is accepted then: the mapping is what Linux changes last
 *	([linux:tdx_enc_status_change_prepare]).
 *
 * Through the private alias, of a PENDING page that a completed answer, or the TD's creation, has made the guest's:
 *
 *	where that is a #VE, if the page is accepted then, and touched again. Else the TD is at its end (access.c).
 *
 * What has not turned out yet is kept here, whatever becomes of the conversion; no further request clears it. It is a
 * violation when the page can no longer come to the state that was missing, or the guest ends.
 *
 * Of the repetition only the first access after the claim can be seen: from then on the page is mapped. If just
 * one store was refused, and the first access of that vCPU afterwards is not that store again, its data was lost. All
 * else is believed. Of a page that was accepted any access is taken for the repetition: an interrupt may come first,
 * and push its frame there.
 */
#include "td/state.h"

static const struct td_judgement hazard = { TD_CLASS_HAZARD, TD_V_NONE };
static const struct td_judgement bad = { TD_CLASS_VIOLATION, TD_V_SHARED_ALIAS_OF_PRIVATE };
static const struct td_judgement never_accepted = { TD_CLASS_VIOLATION, TD_V_PENDING_ACCESS };

static uint64_t page_of(const struct td *td, uint64_t gpa)
{
	return (gpa & ~td->mem->s) / TDX_PAGE_SIZE * TDX_PAGE_SIZE;
}

static struct td_use *find(struct td *td, uint64_t gpa)
{
	for (uint32_t i = 0; i < td->mem->now.nuses; i++)
		if (td->mem->now.uses[i].gpa / TDX_PAGE_SIZE == gpa / TDX_PAGE_SIZE)
			return &td->mem->now.uses[i];
	return NULL;
}

/* What is free is zero: copies of the state are compared. */
static void keep(struct td *td, uint32_t n)
{
	while (td->mem->now.nuses > n)
		td->mem->now.uses[--td->mem->now.nuses] = (struct td_use){ 0 };
}

static void forget(struct td *td, struct td_use *use)
{
	if (use == NULL)
		return;
	*use = td->mem->now.uses[td->mem->now.nuses - 1];
	keep(td, td->mem->now.nuses - 1);
}

static bool is_shared(const struct td *td, const struct td_use *use)
{
	return use->gpa & td->mem->s;
}

static void report(struct td *td, const struct td_use *use)
{
	td_report(td, is_shared(td, use) ? bad : never_accepted, use->gpa, 1, use->rip, 0);
}

void td_untracked(struct td *td, uint64_t gpa, uint64_t pages, uint64_t rip)
{
	if (!td->mem->now.untracked)
		td_emit(td, UNTRACKED, untracked, rip, .gpa = gpa, .pages = pages);
	td->mem->now.untracked = 1;
}

/* A vCPU that asks again and again is one record. */
static struct td_judgement note(struct td *td, unsigned int vcpu, const struct td_access *a)
{
	bool write = a->flags & TD_ACCESS_WRITE;
	struct td_use *use = find(td, a->gpa);

	if (use != NULL) {
		use->several |= use->gpa != a->gpa || use->write != write || use->vcpu != vcpu;
		return (struct td_judgement){ TD_CLASS_OK, TD_V_NONE };
	}
	if (td->mem->now.nuses == TD_MAX_USES)
		td_untracked(td, a->gpa, 1, a->rip);
	else
		td->mem->now.uses[td->mem->now.nuses++] = (struct td_use){ a->gpa, a->rip, vcpu, write, false };
	return hazard;
}

static bool repeats(const struct td_use *use, unsigned int vcpu, const struct td_access *a)
{
	if (use->several || use->vcpu != vcpu || !use->write)
		return true;
	return use->gpa == a->gpa && (a->flags & TD_ACCESS_WRITE);
}

/*
 * A load that began on the page before and only strayed into this one is no use of it: Linux's load_unaligned_zeropad()
 * does that and recovers from the #VE. Where it is the first access after the claim, the repetition cannot be seen.
 */
struct td_judgement td_use(struct td *td, unsigned int vcpu, const struct td_access *a, bool refused)
{
	enum td_known known = td_known(td, a->gpa);
	struct td_judgement j = td_judge(td_real(td, a->gpa), known, TD_SHARED, a->flags);
	bool stray = (a->flags & TD_ACCESS_SPLIT) && !(a->flags & TD_ACCESS_WRITE);
	struct td_use *use = find(td, a->gpa);

	if (known == TD_KNOWN_CLAIMED_SHARED && use != NULL) {
		if (!stray && !repeats(use, vcpu, a))
			j = bad;
		forget(td, use);
		return j;
	}
	if (stray || j.class != TD_CLASS_HAZARD)
		return j;
	if (known == TD_KNOWN_TO_SHARED && !refused) {
		forget(td, use);
		return bad;
	}
	return note(td, vcpu, a);
}

struct td_judgement td_use_pending(struct td *td, unsigned int vcpu, const struct td_access *a)
{
	if ((a->flags & TD_ACCESS_SPLIT) && !(a->flags & TD_ACCESS_WRITE))
		return hazard;
	return note(td, vcpu, a);
}

void td_use_accepted(struct td *td, uint64_t gpa)
{
	forget(td, find(td, gpa));
	td_sept_show(td, page_of(td, gpa));
}

/* Which alias the guest has, or asked for; neither if it cannot know. */
static unsigned int side(enum td_known known)
{
	switch (known) {
	case TD_KNOWN_PRIVATE:
	case TD_KNOWN_CLAIMED_PRIVATE:
	case TD_KNOWN_TO_PRIVATE:
		return TD_PRIVATE;
	case TD_KNOWN_CLAIMED_SHARED:
	case TD_KNOWN_TO_SHARED:
		return TD_SHARED;
	default:
		return TD_SHARED + 1;
	}
}

/* Before what is known of pages changes. */
void td_uses_known(struct td *td, uint64_t gpa, uint64_t end, unsigned int from, enum td_known known)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < td->mem->now.nuses; i++) {
		struct td_use use = td->mem->now.uses[i];
		uint64_t page = page_of(td, use.gpa);
		enum td_known old = td_known(td, page);
		bool changes = page >= gpa && page < end && (from & (1u << old));

		if (changes && side(old) != side(known))
			report(td, &use);
		else if (!changes || known != TD_KNOWN_PRIVATE || !is_shared(td, &use))
			td->mem->now.uses[kept++] = use;
	}
	keep(td, kept);
}

/* Pages can be used through this alias, and uses of the other are done with: the repetition is to be seen. */
void td_uses_claimed(struct td *td, uint64_t gpa, uint64_t end, enum td_alias alias)
{
	for (uint32_t i = 0; i < td->mem->now.nuses; i++) {
		uint64_t page = page_of(td, td->mem->now.uses[i].gpa);

		if (page >= gpa && page < end)
			td_sept_withhold(td, page, alias);
	}
}

struct td_use td_uses_take(struct td *td, uint64_t gpa, uint64_t end)
{
	struct td_use first = { 0 };
	uint32_t kept = 0;

	for (uint32_t i = 0; i < td->mem->now.nuses; i++) {
		struct td_use use = td->mem->now.uses[i];
		uint64_t page = page_of(td, use.gpa);

		if (page < gpa || page >= end)
			td->mem->now.uses[kept++] = use;
		else if (first.gpa == 0)
			first = use;
	}
	keep(td, kept);
	return first;
}

void td_uses_finish(struct td *td)
{
	for (uint32_t i = 0; i < td->mem->now.nuses; i++)
		report(td, &td->mem->now.uses[i]);
	keep(td, 0);
}
