/* SPDX-License-Identifier: MIT */
/* The scripted VMM: what it does with a valid MapGPA request, what it says about it, and how it disturbs ACCEPT. */
#include "td/state.h"

#define BUSY_OPERANDS 2	/* so many times as long for a vCPU that tries several by turns */

/* xorshift64*: small, and the same everywhere. Only the behaviour draws from it. */
static uint64_t draw(struct td *td)
{
	uint64_t x = td->mem->now.random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	td->mem->now.random = x;
	return x * 0x2545f4914f6cdd1dull;
}

static bool matches(const struct td_rule *rule, uint64_t call, uint64_t pages, bool to_shared)
{
	if (rule->direction != TD_MATCH_ANY && (rule->direction == TD_MATCH_TO_SHARED) != to_shared)
		return false;
	if (call < rule->first || (rule->last != 0 && call > rule->last) || pages < rule->min_pages)
		return false;
	return rule->step <= 1 || (call - (rule->first != 0 ? rule->first : 1)) % rule->step == 0;
}

uint64_t td_call_number(const struct td *td)
{
	uint64_t calls = td->mem->now.mapgpa_calls, before = td->mem->config.behaviour.before;

	return calls > before ? calls - before : 0;
}

static const struct td_rule *find_rule(const struct td *td, enum td_on on, uint64_t call, uint64_t pages,
				       bool to_shared)
{
	const struct td_behaviour *b = &td->mem->config.behaviour;

	for (uint32_t i = 0; i < b->nrules; i++)
		if (b->rules[i].on == on && matches(&b->rules[i], call, pages, to_shared))
			return &b->rules[i];
	return NULL;
}

/* rule->chance: with a chunk, that the VMM stops after it; without, that it stalls. */
static bool stalls(struct td *td, const struct td_rule *rule, uint32_t stalled)
{
	return stalled < rule->stalls && (rule->chance == 0 || rule->chunk != 0 || draw(td) >> 56 < rule->chance);
}

/* KVM works in slices and looks for pending events after each ([kvm:__tdx_map_gpa]). */
static uint64_t pages_done(struct td *td, const struct td_rule *rule, uint64_t pages, uint32_t stalled)
{
	uint64_t limit = rule->complete < pages ? rule->complete : pages;

	if (stalls(td, rule, stalled))
		return 0;
	if (rule->chunk == 0 || rule->chance == 0)
		return limit;
	for (uint64_t done = rule->chunk; done < limit; done += rule->chunk)
		if (draw(td) >> 56 < rule->chance)
			return done;
	return limit;
}

bool td_changes_registers(const struct td *td, uint64_t gpa, uint64_t pages)
{
	const struct td_rule *rule = find_rule(td, TD_ON_MAPGPA, td_call_number(td), pages, gpa & td->mem->s);

	return rule != NULL && rule->registers == TD_REGISTERS_CHANGED;
}

static uint64_t claim(const struct td *td, const struct td_rule *rule, uint64_t gpa, uint64_t size, uint64_t done)
{
	uint64_t address = gpa & ~td->mem->s;
	uint64_t s = gpa & td->mem->s;

	if (rule->claim_base == TD_CLAIM_FRONTIER)
		address += done * TDX_PAGE_SIZE - address % TDX_PAGE_SIZE;
	else if (rule->claim_base == TD_CLAIM_END)
		address += size;
	else if (rule->claim_base == TD_CLAIM_ZERO)
		address = 0;
	address += (uint64_t)rule->claim_pages * TDX_PAGE_SIZE + (uint64_t)rule->claim_bytes;
	address &= ~td->mem->s;
	if (rule->claim_s == TD_S_STRIP)
		return address;
	return rule->claim_s == TD_S_ECHO ? address | s : address | (td->mem->s ^ s);
}

/*
 * gpa and size are page aligned unless the behaviour ignores that; a page that is touched in part is one to be
 * converted then, but does not make the request larger for a rule.
 */
struct td_plan td_behave(struct td *td, uint64_t gpa, uint64_t size, uint32_t stalled)
{
	uint64_t pages = (gpa % TDX_PAGE_SIZE + size + TDX_PAGE_SIZE - 1) / TDX_PAGE_SIZE;
	const struct td_rule *rule = find_rule(td, TD_ON_MAPGPA, td_call_number(td), size / TDX_PAGE_SIZE,
					       gpa & td->mem->s);
	struct td_plan plan = { .pages = pages, .r10 = TDVMCALL_SUCCESS };

	if (rule == NULL) {
		td_recorded(td, gpa, size, &plan);
		return plan;
	}
	plan.pages = pages_done(td, rule, pages, stalled);
	if (rule->fail != 0 && stalled >= rule->stalls)
		plan.r10 = rule->fail;
	else if (plan.pages < pages && !rule->lie)
		plan.r10 = TDVMCALL_RETRY;
	plan.remove = rule->remove;
	plan.removed = rule->readd ? TD_REAL_PENDING : TD_REAL_REMOVED;
	plan.shift = rule->shift;
	plan.changes = rule->registers == TD_REGISTERS_CHANGED;
	plan.hole = gpa & td->mem->s ? rule->hole : 0;
	plan.keeps_r11 = rule->claim_base == TD_CLAIM_KEPT;
	plan.r11 = claim(td, rule, gpa, size, plan.pages);
	return plan;
}

/*
 * Somebody holds the lock of the page's entry: another vCPU of the TD, or a SEAMCALL of the VMM's. It is never held
 * longer than the rule says, so that a guest that goes on asking gets through, also one that accepts several pages by
 * turns.
 */
static bool held(struct td *td, const struct td_rule *rule, uint64_t rcx)
{
	struct td_busy *busy = &td->mem->now.busy[td->mem->now.vcpu];
	uint32_t run = busy->rcx == rcx ? busy->run : 0;
	bool hold = run < rule->stalls && busy->row / BUSY_OPERANDS < rule->stalls &&
		    (rule->chance == 0 || draw(td) >> 56 < rule->chance);

	*busy = (struct td_busy){ rcx, hold ? run + 1 : 0, hold ? busy->row + 1 : 0 };
	return hold;
}

void td_take_away(struct td *td, uint64_t gpa, const struct td_plan *plan)
{
	td_vmm_act(td, plan->removed == TD_REAL_PENDING ? TD_ACT_EMPTIED : TD_ACT_REMOVED, gpa,
		   td_sept_remove(td, gpa, plan->remove, plan->removed));
}

/* 0: the module answers what is true. */
uint64_t td_disturb_accept(struct td *td, uint64_t rcx, uint64_t pages, struct td_plan *plan)
{
	const struct td_rule *rule = find_rule(td, TD_ON_ACCEPT, ++td->mem->now.accept_calls, pages, false);
	uint64_t status = 0;

	*plan = (struct td_plan){ 0 };
	if (td->mem->now.meddling.answer != 0)
		status = td_explore_accept(td, rcx & ~(TDX_PAGE_SIZE - 1), rcx % TDX_PAGE_SIZE, pages);
	if (status != 0 || rule == NULL)
		return status;
	if (held(td, rule, rcx) || rule->fail == TDX_OPERAND_BUSY)
		return tdx_status(TDX_OPERAND_BUSY, TD_RCX);
	plan->remove = rule->remove;
	plan->removed = rule->readd ? TD_REAL_PENDING : TD_REAL_REMOVED;
	return rule->fail != 0 ? tdx_status(rule->fail, rcx % TDX_PAGE_SIZE) : 0;
}
