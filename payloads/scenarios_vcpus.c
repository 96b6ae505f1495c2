/* SPDX-License-Identifier: MIT */
/* Sound guests of two vCPUs: what they do at once, and what one begins and the other goes on with. */
#include "payloads/scenario.h"

#define CHUNK	SCENE_CHUNK
#define SECRET	0x5ec4e75ec4e75ec4ull

static uint64_t of(const struct scene *s, uint64_t first, uint64_t second)
{
	return scene_page(s, s->cpu == 0 ? first : second);
}

/* Two vCPUs convert at once: ranges apart, then ranges that touch, then each the other's back. */
static int twocpu(struct scene *s)
{
	uint64_t value;

	scene_meet(s);
	SCENE_NEEDS(s, scene_share(s, of(s, 0, 8192), 4 * CHUNK));
	scene_meet(s);
	SCENE_NEEDS(s, scene_share(s, of(s, 4096, 4096 + 2 * CHUNK + 3), 2 * CHUNK + 3));
	scene_meet(s);
	SCENE_NEEDS(s, scene_store(s, of(s, 8192, 0) + s->shared, SECRET));
	SCENE_NEEDS(s, scene_unshare(s, of(s, 8192, 0), 4 * CHUNK));
	SCENE_NEEDS(s, scene_load(s, of(s, 8192, 0), &value) && value == 0);
	scene_meet(s);
	SCENE_NEEDS(s, scene_unshare(s, of(s, 4096 + 2 * CHUNK + 3, 4096), 2 * CHUNK + 3));
	return 0;
}

/* One vCPU starts a conversion, the other goes on with it: a thread that was moved in between. */
static int moved(struct scene *s)
{
	struct map_answer a;

	if (s->cpu == 0) {
		a = scene_map(s, s->window, 3 * CHUNK, TO_SHARED);
		SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY);
		s->mail->value = a.r11 - s->shared;
	}
	scene_meet(s);
	if (s->cpu == 1)
		SCENE_NEEDS(s, scene_share(s, s->mail->value, 2 * CHUNK));
	scene_meet(s);
	SCENE_NEEDS(s, scene_store(s, of(s, 0, 3 * CHUNK - 1) + s->shared, SECRET));
	return 0;
}

/* One vCPU begins, and both do a half of what is left, the second half first. */
static int shared_work(struct scene *s)
{
	if (s->cpu == 0)
		SCENE_NEEDS(s, scene_begin(s, 5 * CHUNK));
	scene_meet(s);
	if (s->cpu == 1)
		SCENE_NEEDS(s, scene_share(s, scene_page(s, 3 * CHUNK), 2 * CHUNK));
	scene_meet(s);
	if (s->cpu == 0)
		SCENE_NEEDS(s, scene_share(s, scene_page(s, CHUNK), 2 * CHUNK));
	scene_meet(s);
	SCENE_NEEDS(s, scene_store(s, of(s, 2 * CHUNK, 5 * CHUNK - 1) + s->shared, SECRET));
	return 0;
}

/* The same at one time: which half is done first is a matter of luck, and of no importance. */
static int shared_work_at_once(struct scene *s)
{
	if (s->cpu == 0)
		SCENE_NEEDS(s, scene_begin(s, 9 * CHUNK));
	scene_meet(s);
	SCENE_NEEDS(s, scene_share(s, of(s, CHUNK, 5 * CHUNK), 4 * CHUNK));
	scene_meet(s);
	SCENE_NEEDS(s, scene_store(s, of(s, 8 * CHUNK, CHUNK) + s->shared, SECRET));
	return 0;
}

const struct scenario scenarios_vcpus[] = {
	{ "twocpu", twocpu, 2 },
	{ "moved", moved, 2 },
	{ "shared-work", shared_work, 2 },
	{ "shared-work-at-once", shared_work_at_once, 2 },
	{ 0, 0, 0 },
};
