/* SPDX-License-Identifier: MIT */
/* What a guest is, when it rests, and whose turn it is. */
#include "payloads/guests.h"

#define MAX_STEPS	200000u	/* far beyond any guest that ends by itself */
#define LARGE_ONE_IN	8

const char *const defect_names[DEFECT_KINDS] = {
#define DEFECT(id, name, what) [DEFECT_##id] = name,
	DEFECTS(DEFECT)
#undef DEFECT
};

/* xorshift64*: the same in both worlds. */
uint64_t guest_draw(struct guest *g, uint64_t below)
{
	uint64_t x = g->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	g->random = x;
	return (x * 0x2545f4914f6cdd1dull >> 32) % below;
}

uint64_t guest_gpa(const struct guest *g, const struct scene *s, uint64_t page)
{
	return scene_page(s, g->base + page);
}

/* Each task has a part of the guest's pages; the first may have 2 MiB and more. Those of a sound guest may touch. */
static void place(struct guest *g, unsigned int n)
{
	static const uint64_t parts[GUEST_TASKS] = { 0, 1280, 1664 };
	struct guest_task *t = &g->tasks[n];

	t->first = parts[n] + 64 + guest_draw(g, 32);
	t->pages = 1 + guest_draw(g, guest_draw(g, 2) ? 8 : 48);
	if (n == 0 && (g->defect == DEFECT_LARGE_ONLY || guest_draw(g, LARGE_ONE_IN) == 0)) {
		t->first = TDX_2M_PAGES - (guest_draw(g, 2) ? guest_draw(g, 8) : 0);
		t->pages = 2 * TDX_2M_PAGES - t->first + guest_draw(g, 64);
	}
	if (n == 2 && g->defect == DEFECT_NONE && guest_draw(g, 3) == 0)
		t->first = g->tasks[1].first + g->tasks[1].pages;
}

void guest_init(struct guest *g, uint64_t seed, uint64_t base, unsigned int cpus, enum defect defect)
{
	*g = (struct guest){ .base = base, .random = seed * 0x9e3779b97f4a7c15ull + 1, .cpus = cpus, .defect = defect };
	for (unsigned int i = 0; i < 8; i++)
		guest_draw(g, 2);
	g->ntasks = 1 + (unsigned int)guest_draw(g, GUEST_TASKS);
	for (unsigned int i = 0; i < g->ntasks; i++) {
		place(g, i);
		g->tasks[i].rounds = 2 + (unsigned int)guest_draw(g, 5);
	}
}

int guest_next(struct guest *g)
{
	unsigned int alive = 0, pick;

	for (unsigned int i = 0; i < g->ntasks; i++)
		alive += g->tasks[i].doing != GUEST_IS_OVER;
	if (alive == 0 || g->steps++ > MAX_STEPS)
		return -1;
	pick = (unsigned int)guest_draw(g, alive);
	for (g->next = g->tasks; g->next->doing == GUEST_IS_OVER || pick-- > 0; g->next++)
		;
	if (g->next->then.what != THEN_NOTHING)
		return (int)(g->next->then.elsewhere ? 1 - g->next->cpu : g->next->cpu);
	return (int)guest_draw(g, g->cpus);
}

bool guest_use(struct guest *g, struct scene *s, uint64_t page, enum alias alias, bool write)
{
	uint64_t gpa = guest_gpa(g, s, page) + 8 * guest_draw(g, 512) + (alias == TO_SHARED ? s->shared : 0), value;

	return write ? scene_store(s, gpa, g->steps) : scene_load(s, gpa, &value);
}

static void then_do(struct guest *g, struct guest_task *t, struct scene *s)
{
	struct guest_then_do then = t->then;

	t->then = (struct guest_then_do){ 0 };
	if (then.what == THEN_DEVICE)
		scene_device(s, guest_gpa(g, s, then.page), DEVICE_WRITES);
	else if (then.what == THEN_ACCEPT)
		scene_accept(s, guest_gpa(g, s, then.page), TDX_LEVEL_4K);
	else if (then.what == THEN_RETURN && scene_unshare(s, guest_gpa(g, s, then.page), 1))
		t->then = (struct guest_then_do){ THEN_STORE, TO_SHARED, then.page, false, true };
	else
		guest_use(g, s, then.page, then.alias, then.what == THEN_STORE);
	if (then.last)
		t->doing = GUEST_IS_OVER;
}

/* A few uses, and now and then a conversion. A #VE here is the VMM's doing: who can tell what it has done besides? */
static void rest(struct guest *g, struct guest_task *t, struct scene *s)
{
	if (defect_at_rest(g, t))
		return;
	if (t->is == TO_SHARED && guest_draw(g, 16) == 0) {
		scene_device(s, guest_gpa(g, s, t->first + guest_draw(g, t->pages)), DEVICE_WRITES);
	} else if (guest_draw(g, 3) != 0) {
		if (!guest_use(g, s, t->first + guest_draw(g, t->pages), t->is, guest_draw(g, 2)))
			t->doing = GUEST_IS_OVER;
	} else if (t->rounds-- == 0) {
		t->doing = GUEST_IS_OVER;
	} else {
		guest_begin(g, t, t->is == TO_SHARED ? TO_PRIVATE : TO_SHARED);
	}
}

void guest_step(struct guest *g, struct scene *s)
{
	struct guest_task *t = g->next;

	t->cpu = s->cpu;
	if (t->then.what != THEN_NOTHING)
		then_do(g, t, s);
	else if (t->doing == GUEST_ASKS)
		guest_ask(g, t, s);
	else if (t->doing == GUEST_ACCEPTS)
		guest_accept(g, t, s);
	else
		rest(g, t, s);
}
